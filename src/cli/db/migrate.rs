//! `db migrate`

use clap::Args;
use serde_json::json;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::Target;
use crate::database::files::{load_beside, steps, version};
use crate::database::migrate::{Planned, migrate, plan};
use crate::environment::Failure;
use crate::environment::migrations::{Rules, Wanted, refused, rehearse, rehearse_if_required};
use crate::event::Event;
use crate::migration::{self, Folder, Version};
use crate::ui::db as view;
use crate::units;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db migrate dev\n  poststack db migrate staging --dry-run\n  \
                  poststack db migrate staging --rehearse\n  \
                  poststack db migrate --target-version 003\n\n\
                  Exit codes: 0 everything is applied, 6 no login, 7 another run did not end in \
                  time (--lock-wait), 8 a protected environment needs a confirmation, 9 a \
                  migration failed or does not fit."
)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Apply up to this version
    #[arg(long, value_name = "VERSION", value_parser = version)]
    target_version: Option<Version>,
    /// Apply at most so many files
    #[arg(long, value_name = "COUNT", conflicts_with = "target_version", value_parser = steps)]
    steps: Option<usize>,
    /// Show what would be applied, and touch nothing
    #[arg(long)]
    dry_run: bool,
    /// Try what is pending on a scratch database beside this one, and touch nothing
    #[arg(long, conflicts_with = "dry_run")]
    rehearse: bool,
    /// Rehearse with the data of a database up to this size, such as 5g [default: 1g]
    #[arg(long, value_name = "SIZE", requires = "rehearse", value_parser = size)]
    clone_limit: Option<u64>,
    /// Apply files that come before one that is applied
    #[arg(long)]
    allow_out_of_order: bool,
    #[command(flatten)]
    yes: YesArg,
}

impl MigrateArgs {
    fn wanted(&self) -> Wanted {
        let until = match (&self.target_version, self.steps) {
            (Some(version), _) => migration::Target::To(version.clone()),
            (None, Some(steps)) => migration::Target::Steps(steps),
            (None, None) => migration::Target::All,
        };
        Wanted {
            until,
            allow_out_of_order: self.allow_out_of_order,
        }
    }
}

pub(super) async fn run(db: &Db<'_>, args: &MigrateArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load_beside(&target, args.allow_out_of_order).await?;
    db.run.ui.warnings(&warnings);
    let rules = target.rules(db.run.global.lock_wait);
    let wanted = args.wanted();
    let work = (&folder, &rules, &wanted);
    if args.rehearse {
        return run_rehearsal(db, &target, work, args.clone_limit).await;
    }
    let listener = |event| db.run.ui.event(&event);
    if !args.dry_run {
        target.has_started()?;
        // Before anybody logs in: a database in use cannot be cloned.
        rehearse_if_required(&target.address, &folder, (&rules, &wanted), &listener).await?;
    }
    let connection = db.connect(&target).await?;
    if args.dry_run {
        let planned = plan(&connection, work).await?;
        let data = json!({"database": target.name(), "pending": planned});
        db.run.ui.result(&data, || view::planned(&planned));
        return Ok(());
    }
    if target.protected.is_some() && !args.yes.answers(&target) {
        let planned = plan(&connection, work).await?;
        if !planned.is_empty() {
            let action = format!("apply {}", view::count(planned.len(), "migration"));
            confirm(db, &target, (&action, &lines(&planned)), args.yes).await?;
        }
    }
    let migrated = migrate(&target, &connection, work, &listener).await?;
    db.run.ui.end(&migrated, || view::migrated(&migrated));
    Ok(())
}

async fn run_rehearsal(
    db: &Db<'_>,
    target: &Target,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
    clone_limit: Option<u64>,
) -> Result<(), Failure> {
    target.has_started()?;
    // stdout has one document.
    let listener = |event| {
        if let Event::Note(text) = event {
            db.run.ui.aside(&text);
        }
    };
    let work = (rules, wanted);
    let report = rehearse(&target.address, folder, work, clone_limit, &listener).await?;
    db.run.ui.checked(&report, &[], || view::rehearsed(&report));
    let (errors, remarks): (Vec<_>, Vec<_>) = report.findings().partition(|one| one.is_error());
    for remark in remarks {
        db.run
            .ui
            .diagnostics(std::slice::from_ref(&remark.diagnostic));
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(refused(&report)),
    }
}

/// A size in bytes.
fn size(text: &str) -> Result<u64, String> {
    let bytes = units::bytes(text)?;
    u64::try_from(bytes).map_err(|_| "a size cannot be negative".to_owned())
}

fn lines(planned: &[Planned]) -> Vec<String> {
    { planned.iter() }
        .map(|one| format!("apply {}", one.file))
        .collect()
}
