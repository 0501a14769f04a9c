//! `db rollback` and `db redo`

use clap::Args;
use serde_json::json;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::Target;
use crate::database::files::{load, steps, version};
use crate::database::rollback::{Plan, plan, redo, redo_plan, rollback};
use crate::environment::Failure;
use crate::environment::migrations::{Wanted, rehearse_redo_if_required};
use crate::migration::{self, Folder, Version};
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db rollback dev\n  poststack db rollback --steps 3 --dry-run\n  \
                  poststack db rollback --target-version 001 --yes\n\n\
                  Exit codes: 8 needs a confirmation, 9 a rollback file is missing, has faults or \
                  failed; nothing is touched before all of them are there."
)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Take back everything after this version; 0 takes back everything
    #[arg(long, value_name = "VERSION", value_parser = version)]
    target_version: Option<Version>,
    /// Take back so many migrations [default: 1]
    #[arg(long, value_name = "COUNT", conflicts_with = "target_version", value_parser = steps)]
    steps: Option<usize>,
    /// Show what would be taken back and lost, and touch nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    yes: YesArg,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db redo dev --yes")]
pub(super) struct RedoArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Take back so many migrations and apply them again
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = steps)]
    steps: usize,
    #[command(flatten)]
    yes: YesArg,
}

impl RollbackArgs {
    fn wanted(&self, folder: &Folder) -> Wanted {
        let until = match &self.target_version {
            // Before the first one there is nothing, whatever that is called.
            Some(version) if is_zero(version) && folder.migration(version).is_none() => {
                migration::Target::All
            }
            Some(version) => migration::Target::To(version.clone()),
            None => migration::Target::Steps(self.steps.unwrap_or(1)),
        };
        Wanted {
            until,
            ..Wanted::default()
        }
    }
}

fn is_zero(version: &Version) -> bool {
    version.as_str().chars().all(|digit| digit == '0')
}

pub(super) async fn run(db: &Db<'_>, args: &RollbackArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    db.run.ui.warnings(&warnings);
    let connection = db.connect(&target).await?;
    let wanted = args.wanted(&folder);
    let rules = target.rules(db.run.global.lock_wait);
    let work = (&folder, &rules, &wanted);
    if args.dry_run {
        let planned = plan(&target, &connection, work).await?;
        let data = json!({"database": target.name(), "rollback": planned});
        db.run.ui.result(&data, || view::rollback_plan(&planned));
        return Ok(());
    }
    let shown = match args.yes.answers(&target) {
        true => None,
        false => Some(plan(&target, &connection, work).await?),
    };
    if let Some(shown) = &shown {
        agree(db, &target, ("roll back", shown), args.yes).await?;
    }
    let listener = |event| db.run.ui.event(&event);
    let done = rollback(&target, &connection, work, (shown.as_ref(), &listener)).await?;
    db.run.ui.end(&done, || view::rolled_back(&done));
    Ok(())
}

pub(super) async fn run_redo(db: &Db<'_>, args: &RedoArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    db.run.ui.warnings(&warnings);
    let wanted = Wanted {
        until: migration::Target::Steps(args.steps),
        ..Wanted::default()
    };
    let rules = target.rules(db.run.global.lock_wait);
    let work = (&folder, &rules, &wanted);
    let listener = |event| db.run.ui.event(&event);
    target.has_started()?;
    // Before anybody logs in: a database in use cannot be cloned.
    let rehearsed = (&rules, &wanted);
    rehearse_redo_if_required(&target.address, &folder, rehearsed, &listener).await?;
    let connection = db.connect(&target).await?;
    let shown = match args.yes.answers(&target) {
        true => None,
        false => Some(redo_plan(&target, &connection, work).await?),
    };
    if let Some(shown) = &shown {
        agree(db, &target, ("roll back and apply again", shown), args.yes).await?;
    }
    let done = redo(&target, &connection, work, (shown.as_ref(), &listener)).await?;
    db.run.ui.end(&done, || view::redone(&done));
    Ok(())
}

/// Returns when the user agrees to `verb` what is planned; nothing needs no agreement.
async fn agree(
    db: &Db<'_>,
    target: &Target,
    (verb, planned): (&str, &Plan),
    yes: YesArg,
) -> Result<(), Failure> {
    if planned.migrations.is_empty() {
        return Ok(());
    }
    let count = view::count(planned.migrations.len(), "migration");
    let action = format!("{verb} {count}");
    let loss = view::rollback_lines(planned);
    confirm(db, target, (&action, &loss), yes).await
}
