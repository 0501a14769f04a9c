//! `db diff`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::diff::{Against, diff};
use crate::database::files::load;
use crate::environment::{Failure, Kind};
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  poststack db diff staging\n  poststack db diff --sql > by-hand.sql\n  \
                  poststack db diff --exit-code\n\n\
                  The files make a scratch database on the same server; its schema is compared with \
                  that of the database.\n\n\
                  Exit codes: 9 a migration failed, 10 there are differences (--exit-code)."
)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Show the DDL alone
    #[arg(long)]
    sql: bool,
    /// End with 10 when there are differences
    #[arg(long)]
    exit_code: bool,
    /// Show what leads from the database back to the files
    #[arg(long)]
    reverse: bool,
    /// Compare with all files, not with those that are applied
    #[arg(long)]
    pending: bool,
}

pub(super) async fn run(db: &Db<'_>, args: &DiffArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    db.run.ui.warnings(&warnings);
    let rules = target.rules(db.run.global.lock_wait);
    let against = if args.pending {
        Against::All
    } else {
        Against::Applied
    };
    let found = diff(&target, (&folder, &rules), against, args.reverse).await?;
    for note in &found.notes {
        db.run.ui.note(note);
    }
    db.run.ui.checked(&found, &[], || match args.sql {
        true => found.sql.clone(),
        false => view::diff(&found),
    });
    match found.differences.len() {
        0 => Ok(()),
        _ if !args.exit_code => Ok(()),
        count => Err(Failure::new(
            Kind::Differences,
            format!("{} found", view::count(count, "difference")),
        )),
    }
}
