//! Taking over what another tool applied: its history matched with the files of a folder, and
//! recorded without running anything again. The tool's own table is left alone.
//!
//! What does not fit is found all at once by [`adoption`], which is pure, before [`record`] writes
//! anything.

mod history;
mod matching;
#[cfg(test)]
mod tests;

pub use history::{Applied, History, HistoryError, read_history};
pub use matching::{Adopted, AdoptedRepeatable, Adoption, adoption};

use super::record::{insert_migration, ledger_schema, progress_schema, run_own, upsert_repeatable};
use super::{Migration, MigrationError, origin};
use crate::postgres::Connection;
use crate::postgres::quote::literal;

/// Writes the ledger with everything that is adopted, in one transaction. With the lock held, on a
/// database whose ledger is empty.
///
/// # Errors
/// [`MigrationError::Server`]; then nothing was written.
pub async fn record(
    connection: &Connection,
    adoption: &Adoption<'_>,
) -> Result<(), MigrationError> {
    let tool = literal(adoption.tool.name());
    let mut sql = ledger_schema();
    if !adoption.repeatables.is_empty() {
        sql.push_str(&progress_schema());
    }
    for adopted in &adoption.adopted {
        let insert = insert_migration(adopted.migration, &milliseconds(adopted.applied));
        let version = literal(adopted.migration.version.as_str());
        sql.push_str(&format!(
            "{insert};UPDATE poststack.schema_migrations SET tool_version = {tool}{} \
             WHERE version = {version};",
            known(adopted.applied)
        ));
    }
    for adopted in &adoption.repeatables {
        let upsert = upsert_repeatable(adopted.repeatable, &milliseconds(adopted.applied));
        let name = literal(&adopted.repeatable.name);
        sql.push_str(&format!(
            "{upsert};UPDATE poststack.repeatable_migrations SET tool_version = {tool}{} \
             WHERE name = {name};",
            known(adopted.applied)
        ));
    }
    let sent = run_own(connection, &sql).await;
    sent.map_err(MigrationError::Server)
}

/// Writes the ledger with `migrations` as applied now, in one transaction. With the lock held.
///
/// # Errors
/// [`MigrationError::Server`]; then nothing was written.
pub async fn record_baseline<'a>(
    connection: &Connection,
    migrations: impl Iterator<Item = &'a Migration>,
) -> Result<(), MigrationError> {
    let mut sql = ledger_schema();
    for migration in migrations {
        sql.push_str(&insert_migration(migration, "0"));
        sql.push(';');
    }
    let sent = run_own(connection, &sql).await;
    sent.map_err(MigrationError::Server)
}

/// Takes the ledger of the original poststack over, in one transaction. With the lock held.
///
/// # Errors
/// [`MigrationError::Server`]; then nothing was written.
pub async fn record_original(connection: &Connection) -> Result<(), MigrationError> {
    let sent = origin::take_over(connection).await;
    sent.map_err(MigrationError::Server)
}

fn milliseconds(applied: &Applied) -> String {
    applied.milliseconds.unwrap_or_default().to_string()
}

/// What the other tool knows beyond that it was applied.
fn known(applied: &Applied) -> String {
    let at = applied.at.as_deref();
    let at = at.map(|at| format!(", applied_at = {}", literal(at)));
    let by = applied.by.as_deref();
    let by = by.map(|by| format!(", applied_by = {}", literal(by)));
    at.into_iter().chain(by).collect()
}
