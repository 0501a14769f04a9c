//! `db create-rollback`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::{author, files};
use crate::environment::Failure;
use crate::migration::Version;
use crate::ui::authoring;

/// What cannot be derived, above all what a migration destroyed, becomes a line
/// `-- poststack: todo …`: a file with such a line is not run.
#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db create-rollback 003")]
pub(super) struct CreateRollbackArgs {
    /// The migration, by its version
    #[arg(value_name = "VERSION", value_parser = files::version)]
    migration: Version,
    #[command(flatten)]
    environment: OnEnvironment,
    /// Overwrite the rollback file that is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(db: &Db<'_>, args: &CreateRollbackArgs) -> Result<(), Failure> {
    let target = db.files(args.environment.name())?;
    let derived = author::create_rollback(&target, &args.migration, args.force)?;
    db.run.ui.result(&derived, || derived.file.clone());
    if derived.todos > 0 {
        db.run.ui.note(&authoring::left_to_write(&derived));
    }
    Ok(())
}
