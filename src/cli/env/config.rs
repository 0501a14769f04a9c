//! `env config`

use clap::Args;

use crate::cli::EnvironmentArg;
use crate::cli::config::show::as_yaml;
use crate::cli::run::Run;
use crate::environment::Failure;
use crate::environment::describe::describe;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env config dev")]
pub struct ConfigArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
}

pub fn run(run: &Run, args: &ConfigArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let described = describe(&project, Some(environment));
    run.ui.result(&described, || as_yaml(&described));
    Ok(())
}
