//! `env status`

use clap::Args;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::failure::Failure;
use crate::environment::status::status;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env status dev --format json")]
pub struct StatusArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
}

pub async fn run(run: &Run, args: &StatusArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let status = status(&prepared, &engine).await?;
    run.ui.result(&status, || view::status(&status));
    Ok(())
}
