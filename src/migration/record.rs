//! The statements that write the ledger.

use super::files::checksum;
use super::{Migration, Repeatable, Version};
use crate::assets;
use crate::postgres::Connection;
use crate::postgres::quote::literal;

/// Makes the schema `poststack` in one transaction. What is there already stays.
///
/// # Errors
/// What the server answers, for instance that the user may not.
pub async fn create_ledger(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    let sql = format!("BEGIN;{}COMMIT", ledger_schema());
    connection.client().batch_execute(&sql).await
}

/// The statements that make the schema `poststack`, for a transaction that does more.
pub(super) fn ledger_schema() -> String {
    let ups = assets::MIGRATIONS.iter();
    let ups = ups.filter(|(path, _)| !path.ends_with(".rollback.sql"));
    let schema: String = ups.map(|(_, sql)| *sql).collect();
    format!("SET LOCAL client_min_messages = warning;\n{schema}\n;")
}

/// The statement that records `migration` as applied; `elapsed` is an SQL expression in
/// milliseconds.
#[must_use]
pub fn insert_migration(migration: &Migration, elapsed: &str) -> String {
    let rollback = migration.rollback.as_ref();
    let rollback = rollback.map_or_else(
        || "NULL, NULL".to_owned(),
        |source| format!("{}, '{}'", literal(&source.text), checksum(&source.text)),
    );
    format!(
        "INSERT INTO poststack.schema_migrations (version, name, checksum, execution_time_ms, \
         up_sql, down_sql, down_checksum, tool_version) \
         VALUES ({}, {}, {}, {elapsed}, {}, {rollback}, {})",
        literal(migration.version.as_str()),
        literal(&migration.name),
        literal(&migration.checksum),
        literal(&migration.up.text),
        literal(env!("CARGO_PKG_VERSION")),
    )
}

/// The statement that takes the record of `version` away, however its zeros are written.
#[must_use]
pub fn delete_migration(version: &Version) -> String {
    format!(
        "DELETE FROM poststack.schema_migrations WHERE version::numeric = {}",
        version.as_str()
    )
}

/// The statement that records `repeatable` as applied in its present text.
#[must_use]
pub fn upsert_repeatable(repeatable: &Repeatable, elapsed: &str) -> String {
    format!(
        "INSERT INTO poststack.repeatable_migrations \
         (name, checksum, execution_time_ms, sql, tool_version) \
         VALUES ({}, {}, {elapsed}, {}, {}) ON CONFLICT (name) DO UPDATE SET \
         checksum = excluded.checksum, execution_time_ms = excluded.execution_time_ms, \
         sql = excluded.sql, tool_version = excluded.tool_version, \
         applied_at = excluded.applied_at, applied_by = excluded.applied_by",
        literal(&repeatable.name),
        literal(&repeatable.checksum),
        literal(&repeatable.source.text),
        literal(env!("CARGO_PKG_VERSION")),
    )
}

/// How far a file without a transaction is.
pub(super) struct Mark {
    pub file: String,
    pub checksum: String,
    /// Statements.
    pub done: usize,
    pub done_checksum: String,
}

/// The statement that takes the record of a half-run file away; `file` is its name.
#[must_use]
pub fn delete_unfinished(file: &str) -> String {
    let file = literal(file);
    format!("DELETE FROM poststack.unfinished_migrations WHERE file = {file}")
}

/// The file may have had another name when it stopped `before`.
pub(super) fn start_unfinished(mark: &Mark, total: usize, before: Option<&str>) -> String {
    let file = literal(&mark.file);
    let rename = before.map_or_else(String::new, |before| {
        let before = literal(before);
        format!("UPDATE poststack.unfinished_migrations SET file = {file} WHERE file = {before};")
    });
    format!(
        "{rename}INSERT INTO poststack.unfinished_migrations \
         (file, checksum, statements, statements_done, done_checksum) \
         VALUES ({file}, '{checksum}', {total}, {done}, '{done_checksum}') \
         ON CONFLICT (file) DO UPDATE SET checksum = excluded.checksum, \
         statements = excluded.statements, statements_done = excluded.statements_done, \
         done_checksum = excluded.done_checksum;",
        checksum = mark.checksum,
        done = mark.done,
        done_checksum = mark.done_checksum,
    )
}

pub(super) fn mark_in_flight(file: &str) -> String {
    let file = literal(file);
    format!(
        "UPDATE poststack.unfinished_migrations SET in_flight = true, error = NULL \
         WHERE file = {file};"
    )
}

pub(super) fn mark_done(mark: &Mark) -> String {
    format!(
        "UPDATE poststack.unfinished_migrations SET in_flight = false, error = NULL, \
         statements_done = {}, done_checksum = '{}' WHERE file = {};",
        mark.done,
        mark.done_checksum,
        literal(&mark.file)
    )
}

pub(super) fn mark_failed(file: &str, error: &str) -> String {
    let (file, error) = (literal(file), literal(error));
    format!(
        "UPDATE poststack.unfinished_migrations SET in_flight = false, error = {error} \
         WHERE file = {file}"
    )
}
