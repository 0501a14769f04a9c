//! `container remove`

use clap::Args;

use crate::cli::run::Run;
use crate::container::stop::{End, Which, end, meant, refuse_running};
use crate::environment::Failure;
use crate::ui::containers::ended;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack container remove myapp-web")]
pub struct RemoveArgs {
    /// Containers, or the services that they run
    #[arg(value_name = "CONTAINER", required = true)]
    names: Vec<String>,
    /// Stop those that run first
    #[arg(short, long)]
    force: bool,
}

pub async fn run(run: &Run, args: &RemoveArgs) -> Result<(), Failure> {
    let containers = super::containers(run)?;
    let engine = run.engine().await?;
    let there = containers.there(&engine).await?;
    let names = meant(&there, Which::Named(&args.names))?;
    if !args.force {
        refuse_running(&there, &names)?;
    }
    let how = End {
        remove: true,
        idle: false,
        networks: false,
        lock_wait: run.lock_wait(),
        verb: "container remove",
    };
    let listener = |event| run.ui.event(&event);
    let removed = end(&containers, &engine, &names, how, &listener).await?;
    run.ui.end(&removed, || ended(&removed));
    Ok(())
}
