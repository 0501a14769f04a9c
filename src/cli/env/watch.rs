//! `env watch`

use clap::Args;

use crate::cli::VariableArgs;
use crate::cli::run::{Run, prepare_options};
use crate::environment::failure::Failure;
use crate::environment::start;
use crate::environment::watch::{Options, watch};
use crate::plan::StartOptions;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack env watch dev\n  poststack env watch dev web --build"
)]
pub struct WatchArgs {
    /// The environment, then services; a first name that is no environment counts as a service
    #[arg(value_name = "ENVIRONMENT|SERVICE")]
    names: Vec<String>,
    #[command(flatten)]
    variables: VariableArgs,
    /// Build images with a build section first, even if they are there
    #[arg(long)]
    build: bool,
}

pub async fn run(run: &Run, args: &WatchArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (named, services) = match args.names.split_first() {
        Some((first, rest)) if project.names().contains(first) => (Some(first.as_str()), rest),
        _ => (None, args.names.as_slice()),
    };
    let (environment, _) = project.environment(named)?;
    let prepared = run.prepare(
        &project,
        environment,
        &prepare_options(&args.variables, true)?,
    )?;
    let engine = run.engine().await?;
    let options = Options {
        services: services.to_vec(),
        start: start::Options {
            plan: StartOptions {
                storage: prepared.environment.postgres.storage,
                ..StartOptions::default()
            },
            build: args.build,
            lock_wait: run.lock_wait(),
            verb: "env watch",
        },
    };
    let listener = |event| run.ui.event(&event);
    watch(&project, &prepared, &engine, &options, &listener).await
}
