//! `db repair`

use clap::{Args, Subcommand};

use super::confirm::{YesArg, change_ledger};
use super::{Db, OnEnvironment};
use crate::database::files;
use crate::database::repair::{Key, Wanted, Way, plan, repair};
use crate::environment::Failure;
use crate::migration::Version;
use crate::ui::authoring;

/// Each makes the ledger say what is true by now. No statement of a migration is run.
#[derive(Debug, Subcommand)]
pub(super) enum RepairCommand {
    /// Accept the text of a file that was changed after it was applied
    #[command(after_help = "Example: poststack db repair checksum 003 staging")]
    Checksum(OfVersion),
    /// Record a migration that was applied by hand
    MarkApplied(OfKey),
    /// Forget a migration that was undone by hand
    #[command(after_help = "Example: poststack db repair mark-reverted 003")]
    MarkReverted(OfVersion),
    /// Settle a file without a transaction that stopped half-way; alone it explains the state
    Dirty(DirtyArgs),
}

#[derive(Debug, Args)]
pub(super) struct OfVersion {
    /// The migration, by its version
    #[arg(value_name = "VERSION", value_parser = files::version)]
    migration: Version,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db repair mark-applied 003")]
pub(super) struct OfKey {
    /// The migration, by its version, or `R_name`
    #[arg(value_name = "VERSION", value_parser = Key::parse)]
    key: Key,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db repair dirty 004\n  \
                        poststack db repair dirty 004 --resume-from 3\n\n\
                        Exit code 2 where it explains the state, and the way out is left to choose.")]
pub(super) struct DirtyArgs {
    /// The migration, by its version, or `R_name`
    #[arg(value_name = "VERSION", value_parser = Key::parse)]
    key: Key,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    way: WayArgs,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct WayArgs {
    /// Let the next run begin with this statement; those before it are there
    #[arg(long, value_name = "NUMBER")]
    resume_from: Option<usize>,
    /// All of it is there; of a rollback: nothing was undone
    #[arg(long)]
    mark_applied: bool,
    /// Nothing of it is there; of a rollback: all of it was undone
    #[arg(long)]
    mark_reverted: bool,
}

impl WayArgs {
    fn way(&self) -> Option<Way> {
        match (self.resume_from, self.mark_applied, self.mark_reverted) {
            (Some(number), ..) => Some(Way::ResumeFrom(number)),
            (_, true, _) => Some(Way::MarkApplied),
            (_, _, true) => Some(Way::MarkReverted),
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
struct How {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Show what it would do, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, command: RepairCommand) -> Result<(), Failure> {
    let (wanted, how) = match command {
        RepairCommand::Checksum(args) => (Wanted::Checksum(args.migration), args.how),
        RepairCommand::MarkApplied(args) => (Wanted::MarkApplied(args.key), args.how),
        RepairCommand::MarkReverted(args) => (Wanted::MarkReverted(args.migration), args.how),
        RepairCommand::Dirty(args) => (Wanted::Dirty(args.key, args.way.way()), args.how),
    };
    let (target, connection) = db.login(how.environment.name()).await?;
    let planned = plan(&target, &connection, &wanted).await?;
    if how.dry_run {
        db.run.ui.result(&planned, || authoring::repair(&planned));
        return Ok(());
    }
    let lines = authoring::repair_lines(&planned);
    let work = async || repair(&target, &connection, (&wanted, &planned)).await;
    let asked = (planned.action.as_str(), lines.as_slice());
    change_ledger(db, (&target, &connection), asked, how.yes, work).await?;
    db.run.ui.result(&planned, || authoring::repaired(&planned));
    Ok(())
}
