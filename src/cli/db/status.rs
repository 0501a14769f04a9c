//! `db migration-status`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::files::load;
use crate::database::status::status;
use crate::environment::Failure;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db status dev\n  \
                        poststack db migration-status --format json")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) async fn run(db: &Db<'_>, args: &StatusArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load(&target)?;
    db.run.ui.warnings(&warnings);
    let connection = db.connect(&target).await?;
    let status = status(&target, &connection, &folder).await?;
    db.run.ui.result(&status, || view::status(&status));
    if !status.faults.is_empty() {
        let verify = target.command("verify");
        let faults = view::count(status.faults.len(), "fault");
        db.run
            .ui
            .note(&format!("{faults} would stop a run: {verify}"));
    }
    Ok(())
}
