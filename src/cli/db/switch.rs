//! `db switch`

use clap::Args;

use super::branch::name;
use super::{Db, OnEnvironment};
use crate::database::switch::switch;
use crate::environment::Failure;
use crate::names::BranchName;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db switch feature/login\n  poststack db switch --main dev\n\n\
                  Commands use the branch at once; services get its address with the next \
                  `poststack env start`.",
    override_usage = "poststack db switch [OPTIONS] <NAME> [ENVIRONMENT]\n       \
                      poststack db switch [OPTIONS] --main [ENVIRONMENT]"
)]
pub(super) struct SwitchArgs {
    /// The branch to use; with --main the environment
    #[arg(value_name = "NAME", required_unless_present = "main")]
    first: Option<String>,
    #[command(flatten)]
    environment: OnEnvironment,
    /// Use the environment's own database again
    #[arg(long, conflicts_with = "environment")]
    main: bool,
}

pub(super) async fn run(db: &Db<'_>, args: &SwitchArgs) -> Result<(), Failure> {
    let (branch, environment) = match (&args.first, args.main) {
        (Some(branch), false) => (Some(parse(branch)?), args.environment.name()),
        (environment, _) => (None, environment.as_deref()),
    };
    let target = db.target(environment)?;
    let switched = switch(&target, branch.as_ref()).await?;
    db.run.ui.end(&switched, || view::switched(&switched));
    Ok(())
}

fn parse(branch: &str) -> Result<BranchName, Failure> {
    name(branch).map_err(|error| {
        let message = format!("`{branch}` is no name of a branch: {error}");
        Failure::new(crate::environment::Kind::Usage, message)
    })
}
