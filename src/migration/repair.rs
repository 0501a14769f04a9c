//! The statements that put a ledger right. Each does one thing that somebody decided; nothing here
//! decides.

use tokio_postgres::SimpleQueryMessage;

use super::assess::done_checksum;
use super::files::checksum;
use super::record::{delete_migration, progress_schema, run_own, upsert_repeatable};
use super::{Migration, MigrationError, Repeatable, Script, Unfinished, Version};
use crate::postgres::Connection;
use crate::postgres::quote::literal;

/// The text of `version` as it was applied; `None` when the ledger does not have it.
///
/// # Errors
/// What the server answers.
pub async fn applied_text(
    connection: &Connection,
    version: &Version,
) -> Result<Option<String>, MigrationError> {
    let sql = format!(
        "SELECT up_sql FROM poststack.schema_migrations WHERE version::numeric = {}",
        version.as_str()
    );
    let asked = async {
        let row = connection.client().query_opt(&sql, &[]).await?;
        row.map(|row| row.try_get(0)).transpose()
    };
    asked.await.map_err(MigrationError::Server)
}

/// Makes the ledger say of `migration` what its files say now; when and by whom it was applied
/// stays.
#[must_use]
pub fn update_migration(migration: &Migration) -> String {
    let rollback = migration.rollback.as_ref();
    let rollback = rollback.map_or_else(
        || "down_sql = NULL, down_checksum = NULL".to_owned(),
        |source| {
            let text = literal(&source.text);
            let checksum = checksum(&source.text);
            format!("down_sql = {text}, down_checksum = '{checksum}'")
        },
    );
    format!(
        "UPDATE poststack.schema_migrations SET name = {}, checksum = '{}', up_sql = {}, \
         {rollback} WHERE version::numeric = {}",
        literal(&migration.name),
        migration.checksum,
        literal(&migration.up.text),
        migration.version.as_str(),
    )
}

/// Makes the next run of a half-run file begin after its first `done` statements, as `script` has
/// them now; `None` when there are fewer.
#[must_use]
pub fn resume_after(unfinished: &Unfinished, script: &Script, done: usize) -> Option<String> {
    let done_checksum = done_checksum(script, done)?;
    Some(format!(
        "UPDATE poststack.unfinished_migrations SET checksum = '{}', statements = {}, \
         statements_done = {done}, done_checksum = '{done_checksum}', in_flight = false, \
         error = NULL WHERE file = {}",
        checksum(&script.source.text),
        script.statements.len(),
        literal(&unfinished.file()),
    ))
}

/// Records `repeatable` as applied in its present text, though nothing repeatable ever was.
#[must_use]
pub fn record_repeatable(repeatable: &Repeatable) -> String {
    format!(
        "{};{}",
        progress_schema(),
        upsert_repeatable(repeatable, "0")
    )
}

/// Takes the rows of all `versions` away.
#[must_use]
pub fn delete_migrations<'a>(versions: impl IntoIterator<Item = &'a Version>) -> String {
    let statements = versions.into_iter().map(delete_migration);
    statements.collect::<Vec<_>>().join(";")
}

/// Runs `sql` as one transaction. With the lock held.
///
/// # Errors
/// What the server answers; then nothing was changed.
pub async fn in_transaction(connection: &Connection, sql: &str) -> Result<(), MigrationError> {
    let ran = run_own(connection, sql).await;
    ran.map_err(MigrationError::Server)
}

/// As [`in_transaction`], and keeps it only when a row was changed; how many were.
///
/// # Errors
/// What the server answers; then nothing was changed.
pub async fn changing_rows(connection: &Connection, sql: &str) -> Result<u64, MigrationError> {
    let client = connection.client();
    let sql = format!("BEGIN READ WRITE; SET LOCAL client_min_messages = warning;\n{sql}");
    let rows = client.simple_query(&sql).await.map(|messages| {
        let rows = messages.iter().map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => *rows,
            _ => 0,
        });
        rows.sum()
    });
    let end = if matches!(rows, Ok(0) | Err(_)) {
        "ROLLBACK"
    } else {
        "COMMIT"
    };
    let ended = client.batch_execute(end).await;
    rows.and_then(|rows| ended.map(|()| rows))
        .map_err(MigrationError::Server)
}

/// How many tables of the user there are.
///
/// # Errors
/// What the server answers.
pub async fn count_tables(connection: &Connection) -> Result<i64, MigrationError> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_class AS class
          JOIN pg_catalog.pg_namespace AS tables ON tables.oid = class.relnamespace
         WHERE class.relkind IN ('r', 'p')
           AND tables.nspname NOT IN ('poststack', 'information_schema')
           AND tables.nspname NOT LIKE 'pg\\_%'";
    let row = connection.client().query_one(sql, &[]).await;
    let count = row.and_then(|row| row.try_get(0));
    count.map_err(MigrationError::Server)
}
