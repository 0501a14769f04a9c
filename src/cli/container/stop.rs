//! `container stop`

use clap::Args;

use crate::cli::run::Run;
use crate::container::stop::{End, Which, end, meant};
use crate::environment::Failure;
use crate::ui::containers::ended;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack container stop postgres\n  \
                        poststack container stop --all")]
pub struct StopArgs {
    /// Containers, or the services that they run
    #[arg(value_name = "CONTAINER", required_unless_present = "all")]
    names: Vec<String>,
    /// Stop everything of the project that the container commands started
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

pub async fn run(run: &Run, args: &StopArgs) -> Result<(), Failure> {
    let which = match args.all {
        true => Which::All,
        false => Which::Named(&args.names),
    };
    stop(run, which, "container stop").await
}

/// Stops what `which` means.
pub(super) async fn stop(run: &Run, which: Which<'_>, verb: &'static str) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    let names = meant(&there, which)?;
    let how = End {
        remove: false,
        idle: false,
        networks: false,
        lock_wait: run.lock_wait(),
        verb,
    };
    let listener = |event| run.ui.event(&event);
    let stopped = end(&containers, &engine, &names, how, &listener).await?;
    run.ui.end(&stopped, || ended(&stopped));
    Ok(())
}
