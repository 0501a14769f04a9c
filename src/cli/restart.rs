//! `restart SERVICE`

use clap::Args;
use serde_json::json;

use super::run::Run;
use crate::environment::Failure;
use crate::environment::stop::{Restart, restart_service};

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack restart web --env dev")]
pub struct RestartArgs {
    /// The service, as its file names it; `postgres` is the database
    service: String,
    /// The environment
    #[arg(short, long, value_name = "ENVIRONMENT")]
    env: Option<String>,
}

pub(super) async fn run(run: &Run, args: &RestartArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.env.as_deref())?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let restart = Restart {
        service: &args.service,
        lock_wait: run.lock_wait(),
    };
    let listener = |event| run.ui.event(&event);
    restart_service(&project, &prepared, &engine, restart, &listener).await?;
    let data = json!({"service": args.service, "environment": environment.name.as_str()});
    run.ui.end(&data, String::new);
    Ok(())
}
