//! `db squash`

use clap::Args;

use super::confirm::{YesArg, change_ledger};
use super::{Db, OnEnvironment};
use crate::database::files;
use crate::database::squash::{plan, squash};
use crate::environment::Failure;
use crate::migration::Version;
use crate::ui::authoring;

/// The file holds the schema as the migrations leave it, and the rows they wrote. Two scratch
/// databases prove that it makes the same before anything is touched. The old files are kept in
/// `.squashed`. Environments that have all of them accept the new file as applied.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db squash --to 003 --dry-run\n  \
                        poststack db squash --to 003")]
pub(super) struct SquashArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// The last migration that becomes part of it
    #[arg(long, value_name = "VERSION", value_parser = files::version)]
    to: Version,
    /// Prove that it can be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, args: &SquashArgs) -> Result<(), Failure> {
    let (target, connection) = db.login(args.environment.name()).await?;
    let planned = plan(&target, &connection, &args.to).await?;
    if !args.dry_run {
        let action = format!("squash everything up to `{}`", args.to);
        let lines = authoring::squash_lines(&planned);
        let work = async || squash(&target, &connection, (&args.to, &planned)).await;
        let asked = (action.as_str(), lines.as_slice());
        change_ledger(db, (&target, &connection), asked, args.yes, work).await?;
    }
    db.run
        .ui
        .result(&planned, || authoring::squashed(&planned, args.dry_run));
    Ok(())
}
