//! `completions SHELL`, and the answer to what its scripts ask: which words may stand next.
//!
//! A script holds no words itself, it runs this program with [`VARIABLE`] set to the name of the
//! shell. So the names are those of the project as it is at that moment. The answer never asks an
//! engine or a database, writes nothing, and where there is nothing to offer it is silent.

mod line;
mod names;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;
use serde_json::json;

use super::Cli;
use super::run::Run;
use crate::environment::{Failure, Kind};
use line::Line;

/// Holds the name of the shell when words are asked for.
const VARIABLE: &str = "POSTSTACK_COMPLETE";

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack completions bash > ~/.local/share/bash-completion/completions/poststack\n  \
                  poststack completions zsh > ~/.zfunc/_poststack\n  \
                  poststack completions fish > ~/.config/fish/completions/poststack.fish\n\n\
                  Or read it where the shell starts, as in `source <(poststack completions bash)`; \
                  zsh needs `compinit` before it. Names of environments, services, images, containers and migrations \
                  come from the project at the moment of the key press; no engine is asked."
)]
pub struct CompletionsArgs {
    /// The shell that shall complete
    #[arg(value_parser = ["bash", "zsh", "fish", "powershell", "elvish"])]
    shell: String,
}

pub(super) fn run(run: &Run, args: &CompletionsArgs) -> Result<(), Failure> {
    let shell = &args.shell;
    let script = script(shell).map_err(|error| {
        Failure::new(Kind::Failed, format!("There is no script for {shell}")).because(error)
    })?;
    run.ui
        .result(&json!({"shell": shell, "script": script}), || {
            script.clone()
        });
    Ok(())
}

/// What makes `shell` ask this program.
fn script(shell: &str) -> std::io::Result<String> {
    let program = program(std::env::args_os().next().unwrap_or_default());
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        completer.write_registration(VARIABLE, "poststack", "poststack", &program, &mut script)?;
    }
    Ok(format!("{}\n", String::from_utf8_lossy(&script).trim()))
}

/// How the script calls this program: as it was called itself, if that works in every folder.
fn program(called: OsString) -> String {
    let path = Path::new(&called);
    let absolute = match path.components().count() {
        0 => Ok("poststack".into()),
        1 => Ok(path.to_path_buf()),
        _ => std::path::absolute(path),
    };
    let absolute = absolute.unwrap_or_else(|_| path.to_path_buf());
    absolute.to_string_lossy().into_owned()
}

/// The answer when a shell asks; `None` when nobody does, which is found out by one look at the
/// process environment.
pub(super) fn answer(arguments: &[OsString]) -> Option<ExitCode> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let line = Arc::new(Line::of(arguments));
    let command = || names::offer(Cli::command(), &line);
    let folder = std::env::current_dir().ok();
    let completed = CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .try_complete(arguments, folder.as_deref());
    match completed {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        // A message would stand in the middle of what somebody is typing.
        Err(_) => Some(ExitCode::FAILURE),
    }
}
