//! `db create-schema` and `db drop-schema`

use clap::Args;

use super::confirm::{YesArg, confirm};
use super::{Db, OnEnvironment};
use crate::database::schemas::{contents, create, drop};
use crate::environment::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db create-schema reporting dev")]
pub(super) struct CreateSchemaArgs {
    /// The schema, as it will be called: capitals count
    #[arg(value_name = "SCHEMA")]
    name: String,
    #[command(flatten)]
    environment: OnEnvironment,
    /// One that is there is no fault
    #[arg(long)]
    if_not_exists: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db drop-schema reporting dev --yes")]
pub(super) struct DropSchemaArgs {
    /// The schema
    #[arg(value_name = "SCHEMA")]
    name: String,
    #[command(flatten)]
    environment: OnEnvironment,
    #[command(flatten)]
    yes: YesArg,
}

pub(super) async fn run_create(db: &Db<'_>, args: &CreateSchemaArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    db.log(&format!("CREATE SCHEMA {}", args.name));
    let created = create(&target, &args.name, args.if_not_exists).await?;
    db.run.ui.end(&created, || match created.changed {
        true => format!("Schema {} is made in {}", args.name, created.database),
        false => format!("Schema {} was there already", args.name),
    });
    Ok(())
}

pub(super) async fn run_drop(db: &Db<'_>, args: &DropSchemaArgs) -> Result<(), Failure> {
    let target = db.target(args.environment.name())?;
    let contents = contents(&target, &args.name).await?;
    let loss = contents.iter().map(|object| format!("lose {object}"));
    let loss: Vec<String> = loss.collect();
    let action = format!("drop schema {} with everything in it", args.name);
    confirm(db, &target, (&action, &loss), args.yes).await?;
    db.log(&format!("DROP SCHEMA {} CASCADE", args.name));
    let dropped = drop(&target, &args.name).await?;
    let show = || format!("Schema {} is gone from {}", args.name, dropped.database);
    db.run.ui.end(&dropped, show);
    Ok(())
}
