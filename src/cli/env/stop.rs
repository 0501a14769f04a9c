//! `env stop`

use clap::Args;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::failure::Failure;
use crate::environment::stop::stop;
use crate::plan::StopOptions;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env stop dev --rm")]
pub struct StopArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Remove the containers and networks as well; volumes are kept
    #[arg(long)]
    rm: bool,
    /// Leave the database running
    #[arg(long)]
    keep_postgres: bool,
}

pub async fn run(run: &Run, args: &StopArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let options = StopOptions {
        remove: args.rm,
        keep_postgres: args.keep_postgres,
    };
    let listener = |event| run.ui.event(&event);
    let options = (options, run.lock_wait());
    let outcome = stop(&project, &prepared, &engine, options, &listener).await?;
    run.ui.end(&outcome, || view::stopped(&outcome));
    Ok(())
}
