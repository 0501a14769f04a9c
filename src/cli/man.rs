//! `man`: the help as manual pages, one of a command or all of them.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use roff::{Roff, roman};
use serde_json::json;

use super::Cli;
use super::help::{self, AfterHelp};
use super::run::Run;
use crate::diagnostic::nearest;
use crate::environment::{Failure, Kind};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack man | man -l -\n  poststack man env start | man -l -\n  \
                  poststack man --output ~/.local/share/man/man1"
)]
pub struct ManArgs {
    /// The command whose page is written, such as `env start` [default: poststack itself]
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(run: &Run, args: &ManArgs) -> Result<(), Failure> {
    let root = documented();
    if let Some(folder) = &args.output {
        let files = write_all(&root, folder).map_err(|error| {
            let message = format!("The pages were not written to {}", folder.display());
            Failure::new(Kind::Failed, message).because(error)
        })?;
        let data = json!({"folder": folder, "files": files});
        run.ui.result(&data, || {
            format!("{} pages in {}", files.len(), folder.display())
        });
        return Ok(());
    }
    let page = page(find(&root, &args.command)?);
    run.ui.result(&json!({"page": page}), || page.clone());
    Ok(())
}

/// The commands with everything that is derived of them, such as their whole names.
fn documented() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn find<'c>(root: &'c Command, names: &[String]) -> Result<&'c Command, Failure> {
    let mut found = root;
    for name in names {
        let below = found.find_subcommand(name);
        found = below.ok_or_else(|| {
            let message = format!("`{found}` has no command `{name}`");
            let known = found.get_subcommands().map(Command::get_name);
            let failure = Failure::new(Kind::Usage, message);
            match nearest(name, known) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("{} --help", whole_name(found))),
            }
        })?;
    }
    Ok(found)
}

/// The name of the program with the words of a command.
fn whole_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or("poststack")
}

/// Writes the page of `command` and of everything below it; the names of the files.
fn write_all(command: &Command, folder: &Path) -> std::io::Result<Vec<String>> {
    fs_err::create_dir_all(folder)?;
    let name = Man::new(command.clone()).get_filename();
    fs_err::write(folder.join(&name), page(command))?;
    let mut written = vec![name];
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        written.extend(write_all(below, folder)?);
    }
    Ok(written)
}

/// The page of `command`, in roff.
fn page(command: &Command) -> String {
    let man = Man::new(command.clone())
        .source(concat!("poststack ", env!("CARGO_PKG_VERSION")))
        .manual("Manual of poststack");
    let mut page = Vec::new();
    let parts = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    // A vector takes everything.
    let _ = parts.iter().try_for_each(|part| part(&man, &mut page));
    if command.get_subcommands().any(|one| !one.is_hide_set()) {
        let _ = man.render_subcommands_section(&mut page);
    }
    let mut page = String::from_utf8_lossy(&page).into_owned();
    // What stands below the options gets sections of its own, in which lines stay lines.
    page.push_str(&last_sections(&help::after(command)).to_roff());
    page
}

fn last_sections(after: &AfterHelp) -> Roff {
    let mut roff = Roff::new();
    if !after.examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for example in &after.examples {
        as_they_stand(&mut roff, example);
    }
    if !after.notes.is_empty() {
        roff.control("SH", ["NOTES"]);
    }
    for note in &after.notes {
        roff.control("PP", []);
        match note.lines().any(|line| line.starts_with(' ')) {
            true => as_they_stand(&mut roff, note),
            false => {
                roff.text([roman(note)]);
            }
        }
    }
    roff
}

/// Lines that are not filled up to the width of the page.
fn as_they_stand(roff: &mut Roff, lines: &str) {
    roff.control("PP", []).control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
