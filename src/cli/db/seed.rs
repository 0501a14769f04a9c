//! `db seed`

use std::path::PathBuf;

use clap::Args;

use super::{Db, OnEnvironment};
use crate::database::seed::seed;
use crate::environment::Failure;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db seed dev\n  \
                        poststack db seed --file fixtures/orders.sql\n\n\
                        The file is one transaction: all of it or nothing.")]
pub(super) struct SeedArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// The file [default: the first of seeds/ENVIRONMENT.sql, seeds.sql and seed.sql that is there]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) async fn run(db: &Db<'_>, args: &SeedArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let seeded = seed(&target, args.file.as_deref()).await?;
    db.run.ui.end(&seeded, || view::seeded(&seeded));
    Ok(())
}
