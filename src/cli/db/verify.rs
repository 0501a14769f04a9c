//! `db verify`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::files::load_beside;
use crate::database::verify::verify;
use crate::environment::Failure;
use crate::environment::migrations::conflict;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db verify staging\n\n\
                        Exit code 9 when anything is wrong; everything that is, is listed.")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Files that come before one that is applied are no fault
    #[arg(long)]
    allow_out_of_order: bool,
}

pub(super) async fn run(db: &Db<'_>, args: &VerifyArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, warnings) = load_beside(&target, args.allow_out_of_order).await?;
    let connection = db.connect(&target).await?;
    let (verified, mut found) =
        verify(&target, &connection, &folder, args.allow_out_of_order).await?;
    if verified.valid {
        found.extend(warnings);
        db.run.ui.warnings(&found);
        let show = || view::verified(&verified);
        db.run.ui.checked(&verified, &found, show);
        return Ok(());
    }
    db.run.ui.checked(&verified, &found, String::new);
    let count = view::count(found.len(), "fault");
    Err(conflict(found).saying(format!("{count} in the migrations")))
}
