//! `container start`

use std::time::Duration;

use clap::Args;

use crate::cli::run::Run;
use crate::container::start::{StartDatabase, start_database};
use crate::environment::Failure;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack container start\n  \
                        poststack container start --postgres-port 5433")]
pub struct StartArgs {
    /// Publish PostgreSQL on this port of the host [default: postgres_host_port, 5432]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    postgres_port: Option<u16>,
    /// How long to wait for the first login, in seconds [default: 120]
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u32>,
}

pub async fn run(run: &Run, args: &StartArgs) -> Result<(), Failure> {
    let mut containers = super::containers(run)?;
    let engine = run.engine().await?;
    let timeout = args.wait_timeout.map(u64::from);
    let request = StartDatabase {
        port: args.postgres_port,
        timeout: timeout.map(Duration::from_secs),
        lock_wait: run.lock_wait(),
    };
    let listener = |event| run.ui.event(&event);
    let outcome = start_database(&mut containers, &engine, request, &listener).await?;
    run.ui.end(&outcome, || view::started(&outcome));
    Ok(())
}
