//! `env diff`

use clap::Args;

use crate::cli::EnvironmentArg;
use crate::cli::run::Run;
use crate::environment::diff::diff;
use crate::environment::{Failure, Kind};
use crate::ui::deploy as view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack env diff dev --exit-code\n\n\
                        What the files say differently by now is no difference: see `env plan`.\n\n\
                        Exit codes: 10 there are differences (--exit-code).")]
pub struct DiffArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// End with 10 when there are differences
    #[arg(long)]
    exit_code: bool,
}

pub async fn run(run: &Run, args: &DiffArgs) -> Result<(), Failure> {
    let project = run.project()?;
    let (environment, _) = project.environment(args.environment.environment.as_deref())?;
    let prepared = run.glance(&project, environment)?;
    let engine = run.engine().await?;
    let found = diff(&project, &prepared, &engine).await?;
    run.ui.checked(&found, &[], || view::diff(&found));
    match found.differences.len() {
        0 => Ok(()),
        _ if !args.exit_code => Ok(()),
        count => {
            let message = format!("{} found", crate::ui::db::count(count, "difference"));
            Err(Failure::new(Kind::Differences, message))
        }
    }
}
