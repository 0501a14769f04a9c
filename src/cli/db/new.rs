//! `db new`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::author;
use crate::environment::Failure;
use crate::ui::authoring;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db new add_users\n  \
                        $EDITOR $(poststack db new 'add users')")]
pub(super) struct NewArgs {
    /// What it does; spaces and dashes become `_`
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) fn run(db: &Db<'_>, args: &NewArgs) -> Result<(), Failure> {
    let target = db.files(args.environment.name())?;
    let new = author::new(&target.folder, &args.name)?;
    db.run.ui.result(&new, || authoring::new(&new));
    Ok(())
}
