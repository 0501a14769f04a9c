//! `container health`

use clap::Args;

use crate::cli::run::Run;
use crate::container::verify::{Depth, Request, verify};
use crate::environment::{Failure, Kind};

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container health web")]
pub struct HealthArgs {
    /// Services or containers [default: all that are there]
    #[arg(value_name = "CONTAINER")]
    names: Vec<String>,
}

pub async fn run(run: &Run, args: &HealthArgs) -> Result<(), Failure> {
    look(run, &args.names, Depth::Health).await
}

/// Looks at the project's own containers.
pub(super) async fn look(run: &Run, names: &[String], depth: Depth) -> Result<(), Failure> {
    let mut containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    if there.is_empty() {
        let message = "The project has no containers to look at";
        let failure = Failure::new(Kind::Failed, message);
        return Err(failure
            .hint("poststack container start")
            .hint("for an environment: poststack container verify --env NAME"));
    }
    containers.follow(&there);
    let prepared = containers.glance()?;
    let request = Request {
        prepared: &prepared,
        project: &containers.project,
        names,
        depth,
        required: !names.is_empty(),
    };
    let listener = |event| run.ui.event(&event);
    let verified = verify(&engine, &request, &listener).await?;
    super::verify::show(run, &verified)
}
