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

use super::record::{insert_migration, ledger_schema, upsert_repeatable};
use super::{MigrationError, origin};
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
    let mut sql = String::from("BEGIN;");
    sql.push_str(&ledger_schema());
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
    sql.push_str("COMMIT");
    in_transaction(connection, &sql).await
}

/// Takes the ledger of the original poststack over, in one transaction. With the lock held.
///
/// # Errors
/// [`MigrationError::Server`]; then nothing was written.
pub async fn record_original(connection: &Connection) -> Result<(), MigrationError> {
    let begin = format!("BEGIN;{}", ledger_schema());
    in_transaction(connection, &begin).await?;
    if let Err(error) = origin::take_over(connection).await {
        roll_back(connection).await;
        return Err(MigrationError::Server(error));
    }
    in_transaction(connection, "COMMIT").await
}

/// Sends `sql`, and takes back what it began when it fails.
async fn in_transaction(connection: &Connection, sql: &str) -> Result<(), MigrationError> {
    let sent = connection.client().batch_execute(sql).await;
    if let Err(error) = sent {
        roll_back(connection).await;
        return Err(MigrationError::Server(error));
    }
    Ok(())
}

async fn roll_back(connection: &Connection) {
    if let Err(error) = connection.client().batch_execute("ROLLBACK").await {
        tracing::debug!("the session is gone, and its transaction with it: {error}");
    }
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
