//! `config show`

use clap::Args;
use serde::Serialize;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::Failure;
use crate::environment::describe::describe;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack config show")]
pub struct ShowArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
}

pub(in crate::cli) fn run(run: &Run, args: &ShowArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let only = match &args.environment.environment {
        Some(name) => Some(project.environment(Some(name))?.0),
        None => None,
    };
    let described = describe(&project, only);
    run.ui.result(&described, || as_yaml(&described));
    Ok(())
}

/// `data` as a YAML document.
pub(in crate::cli) fn as_yaml(data: &impl Serialize) -> String {
    serde_yaml::to_string(data).unwrap_or_else(|error| error.to_string())
}
