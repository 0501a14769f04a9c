//! `env status`

use std::time::Duration;

use clap::Args;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::engine::Engine;
use crate::environment::Prepared;
use crate::environment::failure::Failure;
use crate::environment::prepare::PrepareOptions;
use crate::environment::status::status;
use crate::environment::status::watch::{Look, watch};
use crate::ui::{Watched, view};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack env status dev --format json\n  \
                  poststack env status dev --watch\n\n\
                  With --watch a terminal shows the state until Ctrl-C; elsewhere each change is \
                  written when it comes, with --format json as one object per line.")]
pub struct StatusArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Keep looking, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// With --watch: how long to wait when the engine tells of no change
    #[arg(long, value_name = "DURATION", requires = "watch", default_value = "2s", value_parser = interval)]
    interval: Duration,
}

/// Shortest time between two looks: each logs in to the database.
const SHORTEST: Duration = Duration::from_millis(100);

fn interval(text: &str) -> Result<Duration, String> {
    match crate::units::duration(text)? {
        short if short < SHORTEST => Err(format!("`{text}` is too short; write at least 100ms")),
        interval => Ok(interval),
    }
}

pub async fn run(run: &Run, args: &StatusArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    // What no profile asks for need not run.
    let options = PrepareOptions {
        allow_undefined: true,
        ..PrepareOptions::default()
    };
    let prepared = run.glance_at(&project, environment, &options)?;
    let engine = run.engine().await?;
    if args.watch {
        return keep_looking(run, (&prepared, &engine), args.interval).await;
    }
    let status = status(&prepared, &engine).await?;
    run.ui.result(&status, || view::status(&status));
    Ok(())
}

async fn keep_looking(
    run: &Run,
    (prepared, engine): (&Prepared, &Engine),
    interval: Duration,
) -> Result<(), Failure> {
    let mut watched = Watched::new(&run.ui);
    let mut show = |look: &Look| {
        let status = &look.status;
        watched.show(status, look.has_changed, || view::status(status));
    };
    match watch(prepared, engine, interval, &mut show).await? {}
}
