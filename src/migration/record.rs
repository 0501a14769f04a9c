//! The statements that write the ledger.

use super::files::checksum;
use super::runner::ELAPSED;
use super::{Migration, Repeatable, Version};
use crate::assets;
use crate::postgres::Connection;
use crate::postgres::quote::literal;

const LEDGER: &str = "migrations/001_ledger.sql";
const PROGRESS: &str = "migrations/002_progress.sql";

/// Makes the ledger of migrations: the least a database needs. What is there already stays.
///
/// # Errors
/// What the server answers, for instance that the user may not.
pub async fn create_ledger(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    create(connection, |file| file == LEDGER).await
}

/// Makes room for repeatable files and files without a transaction, beside the ledger.
pub(super) async fn create_progress(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    create(connection, |file| file == PROGRESS).await
}

/// Makes all of the schema `poststack`. What is there already stays.
///
/// # Errors
/// As [`create_ledger`].
pub async fn create_schema(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    create(connection, |file| !file.ends_with(".rollback.sql")).await
}

/// Takes the schema `poststack` away, and with it the knowledge of what was applied.
///
/// # Errors
/// What the server answers, for instance that the user may not.
pub async fn drop_schema(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    let files = assets::MIGRATIONS.iter().rev();
    let downs = files.filter(|(file, _)| file.ends_with(".rollback.sql"));
    let sql: String = downs.map(|(_, sql)| *sql).collect();
    run_own(connection, &sql).await
}

async fn create(
    connection: &Connection,
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), tokio_postgres::Error> {
    run_own(connection, &made_by(is_meant)).await
}

fn made_by(is_meant: impl Fn(&str) -> bool) -> String {
    let files = assets::MIGRATIONS.iter();
    let ups = files.filter(|(file, _)| is_meant(file));
    ups.map(|(_, sql)| *sql).collect()
}

/// The statements of [`create_ledger`], for a transaction that does more.
pub(super) fn ledger_schema() -> String {
    made_by(|file| file == LEDGER)
}

/// The statements that make room for repeatable files, for a transaction that does more.
pub(super) fn progress_schema() -> String {
    made_by(|file| file == PROGRESS)
}

/// In one transaction, whatever the defaults of the user are, and without notices of what is there
/// or gone already.
pub(super) async fn run_own(
    connection: &Connection,
    sql: &str,
) -> Result<(), tokio_postgres::Error> {
    let sql = format!("BEGIN READ WRITE; SET LOCAL client_min_messages = warning;\n{sql}\n;COMMIT");
    let outcome = connection.client().batch_execute(&sql).await;
    if outcome.is_err() {
        // What went wrong is known; a lost session has no transaction any more.
        let _ = connection.client().batch_execute("ROLLBACK").await;
    }
    outcome
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
        "INSERT INTO poststack.schema_migrations (version, name, checksum, applied_at, \
         execution_time_ms, up_sql, down_sql, down_checksum, tool_version) \
         VALUES ({}, {}, {}, pg_catalog.clock_timestamp(), {elapsed}, {}, {rollback}, {})",
        literal(migration.version.as_str()),
        literal(&migration.name),
        literal(&migration.checksum),
        literal(&migration.up.text),
        literal(env!("CARGO_PKG_VERSION")),
    )
}

/// The statement that takes the record of `version` away; its zeros as the ledger has them.
#[must_use]
pub fn delete_migration(version: &Version) -> String {
    let version = literal(version.as_str());
    format!("DELETE FROM poststack.schema_migrations WHERE version = {version}")
}

/// Likewise; fails with a division by zero when there is no such record, since then another run
/// took it back meanwhile. Its row is the milliseconds since the message came.
pub(super) fn take_back(version: &Version) -> String {
    format!(
        "WITH gone AS ({} RETURNING version) SELECT {ELAPSED} / count(*) FROM gone",
        delete_migration(version)
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

/// Has every repeatable file run again: dropping a table may have dropped its views.
pub(super) const FORGET_REPEATABLES: &str =
    "UPDATE poststack.repeatable_migrations SET checksum = '' WHERE checksum <> ''";

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

/// Asks how many statements of `file` are done.
pub(super) fn statements_done(file: &str) -> String {
    let file = literal(file);
    format!("SELECT statements_done FROM poststack.unfinished_migrations WHERE file = {file}")
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
