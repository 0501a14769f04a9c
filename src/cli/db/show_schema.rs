//! `db show-schema` and `db stats`

use clap::Args;
use serde_json::json;

use super::{Db, OnEnvironment};
use crate::database::show_schema::{sql, stats, tables};
use crate::environment::Failure;
use crate::ui::db as view;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  poststack db show-schema dev\n  \
                        poststack db show-schema --only public.users\n  \
                        poststack db show-schema --sql > schema.sql")]
pub(super) struct ShowSchemaArgs {
    #[command(flatten)]
    environment: OnEnvironment,
    /// Only this schema, this table, or this schema.table
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    only: Option<String>,
    /// As SQL that makes it in an empty database, in the form of pg_dump --schema-only
    #[arg(long)]
    sql: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: poststack db stats staging --format json")]
pub(super) struct StatsArgs {
    #[command(flatten)]
    environment: OnEnvironment,
}

pub(super) async fn run(db: &Db<'_>, args: &ShowSchemaArgs) -> Result<(), Failure> {
    let (_, connection) = db.login(args.environment.name()).await?;
    if args.sql {
        let text = sql(&connection).await?;
        db.run.ui.result(&json!({"sql": text}), || text.clone());
        return Ok(());
    }
    let described = tables(&connection, args.only.as_deref()).await?;
    db.run.ui.result(&described, || view::described(&described));
    Ok(())
}

pub(super) async fn run_stats(db: &Db<'_>, args: &StatsArgs) -> Result<(), Failure> {
    let (_, connection) = db.login(args.environment.name()).await?;
    let stats = stats(&connection).await?;
    db.run.ui.result(&stats, || view::stats(&stats));
    Ok(())
}
