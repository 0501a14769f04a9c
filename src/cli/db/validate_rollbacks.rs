//! `db validate-rollbacks`

use clap::Args;
use serde_json::json;

use super::{Db, OnEnvironment};
use crate::database::files::load;
use crate::database::validate_rollbacks::validate_rollbacks;
use crate::environment::Failure;
use crate::environment::migrations::conflict;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db validate-rollbacks\n\n\
                        Looks at files alone. Exit code 9 when a migration has no way back.")]
pub(super) struct ValidateRollbacksArgs {
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) fn run(db: &Db<'_>, args: &ValidateRollbacksArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, _) = load(&target)?;
    let (ways, faults) = validate_rollbacks(&folder);
    let data = json!({
        "folder": target.folder.shown.display().to_string(),
        "valid": faults.is_empty(),
        "migrations": ways,
    });
    db.run.ui.checked(&data, &faults, || view::ways_back(&ways));
    if faults.is_empty() {
        return Ok(());
    }
    let count = view::count(faults.len(), "fault");
    Err(conflict(faults).saying(format!("{count} in the rollback files")))
}
