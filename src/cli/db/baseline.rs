//! `db baseline`

use clap::Args;

use super::confirm::{YesArg, change_ledger};
use super::{Db, OnEnvironment};
use crate::database::baseline::{baseline, plan};
use crate::database::files;
use crate::environment::Failure;
use crate::migration::Version;
use crate::ui::authoring;

/// Nothing is run. The ledger has to be empty: what poststack applied itself, it knows.
#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db baseline 002 production")]
pub(super) struct BaselineArgs {
    /// The newest migration whose effects the database has
    #[arg(value_name = "VERSION", value_parser = files::version)]
    migration: Version,
    #[command(flatten)]
    environment: OnEnvironment,
    /// Show what would be marked, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, args: &BaselineArgs) -> Result<(), Failure> {
    let (target, connection) = db.login(args.environment.name()).await?;
    let planned = plan(&target, &connection, &args.migration).await?;
    if !args.dry_run {
        let action = format!("mark everything up to `{}` as applied", args.migration);
        let lines = authoring::baseline_lines(&planned);
        let work = async || baseline(&target, &connection, (&args.migration, &planned)).await;
        let asked = (action.as_str(), lines.as_slice());
        change_ledger(db, (&target, &connection), asked, args.yes, work).await?;
    }
    db.run
        .ui
        .result(&planned, || authoring::baselined(&planned, args.dry_run));
    Ok(())
}
