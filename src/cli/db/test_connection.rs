//! `db test-connection`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::test_connection::test_connection;
use crate::environment::Failure;
use crate::ui::db;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db test-connection staging")]
pub(super) struct TestConnectionArgs {
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) async fn run(database: &Db<'_>, args: &TestConnectionArgs) -> Result<(), Failure> {
    let target = database.target(args.environment.name())?;
    let tested = test_connection(&target).await?;
    let show = || db::tested(&tested);
    database.run.ui.result(&tested, show);
    Ok(())
}
