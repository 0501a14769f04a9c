//! `container status`

use clap::Args;

use crate::cli::run::Run;
use crate::environment::Failure;
use crate::environment::status::status;
use crate::ui::view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container status --format json")]
pub struct StatusArgs {}

pub async fn run(run: &Run, _args: &StatusArgs) -> Result<(), Failure> {
    let mut containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    containers.follow(&there);
    let prepared = containers.glance()?;
    let status = status(&prepared, &engine).await?;
    run.ui.result(&status, || view::status(&status));
    Ok(())
}
