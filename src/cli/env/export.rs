//! `env export`

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::run::{Run, prepare_options};
use crate::cli::{EnvironmentArg, VariableArgs};
use crate::environment::{Failure, Kind};
use crate::export::{Export, File, Format, Written, export, write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack env export dev --format docker-compose -o ../without-poststack\n  \
                        eval \"$(poststack env export dev --format env-vars)\""
)]
pub struct ExportArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    variables: VariableArgs,
    /// What the environment becomes; it takes the place of the option of other commands
    // The same name as the option of every command that says how output is written, and so the
    // same type.
    #[arg(long, required = true, value_name = "FORMAT", value_parser = formats())]
    format: String,
    /// The folder to write to [default: the document goes to stdout, without what it refers to]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write into a folder that is not empty
    #[arg(long, requires = "output")]
    force: bool,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(Format::ALL.map(|(name, _)| name))
}

pub fn run(run: &Run, args: &ExportArgs) -> Result<(), Failure> {
    let Some(format) = Format::parse(&args.format) else {
        let message = format!("There is no format `{}`", args.format);
        return Err(Failure::new(Kind::Usage, message));
    };
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = prepare_options(&args.variables, true)?;
    let prepared = run.prepare(&project, environment, &options)?;
    let output = match &args.output {
        Some(output) => Some(Run::working_directory()?.join(output)),
        None => None,
    };
    let made = export(&prepared, format)?;
    run.ui.warnings(&made.diagnostics);
    match output {
        Some(output) => {
            let written = write(&made, &output, args.force)?;
            run.ui.end(&written, || told(&written, format));
        }
        None => show(run, &made),
    }
    Ok(())
}

/// The documents on stdout.
fn show(run: &Run, made: &Export) {
    let shown: Vec<File> = made.shown().into_iter().cloned().collect();
    run.ui.data(&together(&shown));
    if made.is_more_than_shown() {
        run.ui
            .note("it refers to other files; --output DIR writes all of them");
    }
}

/// Several files as one text, each under its name.
pub(super) fn together(files: &[File]) -> String {
    let text = |file: &File| String::from_utf8_lossy(file.content.expose()).into_owned();
    match files {
        [only] => text(only),
        all => {
            let texts = all.iter();
            let texts = texts.map(|file| format!("# --- {}\n{}", file.path.display(), text(file)));
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}

/// What was written, one line for each file.
pub(super) fn listed(written: &Written) -> Vec<String> {
    let count = written.files.len() + written.copied.len();
    let plural = if count == 1 { "" } else { "s" };
    let output = written.output.display();
    let mut lines = vec![format!("Wrote {count} file{plural} to {output}:")];
    for file in written.files.iter().chain(&written.copied) {
        let mark = match written.private.contains(file) {
            true => "  (0600: it holds secrets)",
            false => "",
        };
        lines.push(format!("  {}{mark}", file.display()));
    }
    lines
}

fn told(written: &Written, format: Format) -> String {
    let mut lines = listed(written);
    let how = match format {
        // Its variables point at the database that runs.
        Format::EnvVars => "To use it, in a shell there:",
        _ => "To run it there, once `poststack env stop --rm` has freed ports and data:",
    };
    lines.push(how.to_owned());
    if !written.builds.is_empty() {
        lines.push("  # images that no registry has".to_owned());
    }
    let commands = written.builds.iter().chain(&written.run);
    lines.extend(commands.map(|command| format!("  {command}")));
    lines.join("\n")
}
