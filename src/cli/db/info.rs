//! `db migration-info VERSION`

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::files::{load, version};
use crate::database::info::info;
use crate::environment::Failure;
use crate::migration::Version;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db migration-info 003 staging")]
pub(super) struct InfoArgs {
    /// The version, with or without its leading zeros
    #[arg(value_name = "VERSION", value_parser = version)]
    of: Version,
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) async fn run(db: &Db<'_>, args: &InfoArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let (folder, _) = load(&target)?;
    let connection = db.connect(&target).await?;
    let info = info(&target, &connection, &folder, &args.of).await?;
    db.run.ui.result(&info, || view::info(&info));
    Ok(())
}
