//! `poststack.schema_migrations`: which migrations a database has.

use tokio_postgres::error::SqlState;

use super::{Migration, Version};
use crate::postgres::Connection;
use crate::postgres::quote::literal;

/// poststack's own schema, the ledger in it.
const SCHEMA: &str = include_str!("../../migrations/001_poststack_schema.sql");

const QUESTION: &str = "SELECT version, name, checksum, applied_at::text
    FROM poststack.schema_migrations ORDER BY version::numeric";

/// One applied migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub version: Version,
    pub name: String,
    pub checksum: String,
    /// As the server words it.
    pub applied_at: String,
}

impl LedgerEntry {
    /// `NNN_name`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

/// The ledger in order, or `None` when the database has none yet.
///
/// # Errors
/// What the server answers, except that the table is not there.
pub async fn read(
    connection: &Connection,
) -> Result<Option<Vec<LedgerEntry>>, tokio_postgres::Error> {
    let rows = match connection.client().query_typed(QUESTION, &[]).await {
        Ok(rows) => rows,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        // The table's CHECK admits digits only.
        let Some(version) = Version::parse(row.try_get(0)?) else {
            continue;
        };
        entries.push(LedgerEntry {
            version,
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
            applied_at: row.try_get(3)?,
        });
    }
    Ok(Some(entries))
}

fn is_absent(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME
    })
}

/// Makes the schema `poststack` in one transaction. What is there already stays.
pub(super) async fn create(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    let sql = format!("SET client_min_messages = warning; BEGIN;\n{SCHEMA}\n;COMMIT");
    connection.client().batch_execute(&sql).await
}

/// The statement that records `migration`; `elapsed` is an SQL expression in milliseconds.
pub(super) fn insert(migration: &Migration, elapsed: &str) -> String {
    let rollback = migration
        .rollback
        .as_ref()
        .map_or_else(|| "NULL".to_owned(), |script| literal(&script.source.text));
    format!(
        "INSERT INTO poststack.schema_migrations \
         (version, name, checksum, execution_time_ms, up_sql, down_sql, tool_version) \
         VALUES ({}, {}, {}, {elapsed}, {}, {rollback}, {})",
        literal(migration.version.as_str()),
        literal(&migration.name),
        literal(&migration.checksum),
        literal(&migration.up.source.text),
        literal(env!("CARGO_PKG_VERSION")),
    )
}
