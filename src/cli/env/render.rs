//! `env render`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::run::{Run, prepare_options};
use crate::cli::{EnvironmentArg, VariableArgs};
use crate::environment::Failure;
use crate::export::{Export, File, render, write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack env render staging -o rendered\n  \
                        poststack env render dev | less"
)]
pub struct RenderArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    variables: VariableArgs,
    /// The folder to write to, with the files at the same places as in the project [default: the
    /// texts go to stdout]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write into a folder that is not empty
    #[arg(long, requires = "output")]
    force: bool,
}

pub fn run(run: &Run, args: &RenderArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let options = prepare_options(&args.variables, args.output.is_some())?;
    let prepared = run.prepare(&project, environment, &options)?;
    let rendered = render(&project, &prepared, &options)?;
    run.ui.warnings(&rendered.diagnostics);
    let Some(output) = &args.output else {
        show(run, &rendered);
        return Ok(());
    };
    let output = Run::working_directory()?.join(output);
    let written = write(&rendered, &output, args.force)?;
    run.ui
        .end(&written, || super::export::listed(&written).join("\n"));
    Ok(())
}

/// The texts on stdout; of several, each under its name.
fn show(run: &Run, rendered: &Export) {
    let text = |file: &File| String::from_utf8_lossy(file.content.expose()).into_owned();
    let files = rendered.documents.iter();
    let named = files.map(|file| json!({"path": file.path, "text": text(file)}));
    let data = json!({"files": named.collect::<Vec<_>>()});
    run.ui
        .result(&data, || super::export::together(&rendered.documents));
}
