//! `container logs`

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::env::logs::LineArgs;
use crate::cli::run::Run;
use crate::container::stop::{Which, meant};
use crate::environment::{Failure, Kind};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack container logs web -f\n  \
                        poststack container logs postgres --tail 20")]
pub struct LogsArgs {
    /// Containers, or the services that they run [default: all]
    #[arg(value_name = "CONTAINER")]
    names: Vec<String>,
    #[command(flatten)]
    lines: LineArgs,
}

pub async fn run(run: &Run, args: &LogsArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    if there.is_empty() {
        let failure = Failure::new(Kind::Failed, "The project has no containers");
        return Err(failure.hint("poststack container start"));
    }
    let names = meant(&there, Which::Named(&args.names))?;
    let services = there.values().filter(|one| names.contains(&one.name));
    let services: BTreeSet<String> = services.map(|one| one.service().to_owned()).collect();
    let services: Vec<String> = services.into_iter().collect();
    let prepared = containers.glance()?;
    args.lines.show(run, (&prepared, &engine), &services).await
}
