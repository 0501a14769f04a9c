//! `db seed`

use std::path::PathBuf;

use clap::Args;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::seed::{read, seed};
use crate::environment::Failure;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db seed dev\n  \
                        poststack db seed --file fixtures/orders.sql\n\n\
                        The file is one transaction: all of it or nothing. In a protected environment \
                        it needs a confirmation (exit code 8).")]
pub(super) struct SeedArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// The file [default: the first of seeds/ENVIRONMENT.sql, seeds.sql and seed.sql that is there]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run(db: &Db<'_>, args: &SeedArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let seeds = read(&target, args.file.as_deref())?;
    if target.protected.is_some() {
        let statements = view::count(seeds.statements(), "statement");
        let lines = [format!("run {statements} of {}", seeds.file())];
        let action = format!("run `{}`", seeds.file());
        confirm(db, &target, (&action, &lines), args.yes).await?;
    }
    db.log(&format!(
        "{} statements of {}",
        seeds.statements(),
        seeds.file()
    ));
    let seeded = seed(&target, &target.address.database, &seeds).await?;
    db.run.ui.end(&seeded, || view::seeded(&seeded));
    Ok(())
}
