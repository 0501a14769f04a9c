//! `container stop-project`

use clap::Args;

use super::stop::stop;
use crate::cli::run::Run;
use crate::container::stop::Which;
use crate::environment::Failure;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack container stop-project --container web\n  \
                        poststack container stop-project --all-project"
)]
pub struct StopProjectArgs {
    /// Stop only this one
    #[arg(long, value_name = "NAME", required_unless_present = "all_project")]
    container: Option<String>,
    /// Stop all but PostgreSQL
    #[arg(long, conflicts_with = "container")]
    all_project: bool,
}

pub async fn run(run: &Run, args: &StopProjectArgs) -> Result<(), Failure> {
    let names: Vec<String> = args.container.iter().cloned().collect();
    let which = match args.all_project {
        true => Which::Project,
        false => Which::Named(&names),
    };
    stop(run, which, "container stop-project").await
}
