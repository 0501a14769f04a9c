//! `container list`

use clap::Args;

use crate::cli::run::Run;
use crate::container::list::list;
use crate::environment::Failure;
use crate::ui::containers;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container list --format json")]
pub struct ListArgs {}

pub async fn run(run: &Run, _args: &ListArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let engine = run.engine().await?;
    let listed = list(&containers, &engine).await?;
    run.ui.result(&listed, || containers::list(&listed));
    Ok(())
}
