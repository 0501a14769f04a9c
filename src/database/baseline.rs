//! `db baseline`: tells poststack what a database has that others made, by marking migrations as
//! applied without running them.

use serde::Serialize;

use super::Target;
use super::settle::{changed_meanwhile, failed, look};
use crate::environment::{Failure, Kind, migrations};
use crate::migration::adopt::record_baseline;
use crate::migration::{Migration, Version, repair};
use crate::postgres::Connection;

/// What would be marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// `NNN_name` of each, in order.
    pub marked: Vec<String>,
    /// The tables that are there.
    pub tables: i64,
}

/// What [`baseline`] would mark: everything up to `version`.
///
/// # Errors
/// The ledger has entries, no file has the version, or files have faults.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    version: &Version,
) -> Result<Baseline, Failure> {
    let picture = look(target, connection).await?;
    picture.without_faults()?;
    picture.migration(version)?;
    refuse_entries(target, picture.ledger.as_ref())?;
    let files = picture.folder.migrations.iter();
    let marked = files.filter(|migration| migration.version <= *version);
    Ok(Baseline {
        database: target.name(),
        marked: marked.map(Migration::title).collect(),
        tables: repair::count_tables(connection).await.map_err(failed)?,
    })
}

/// Marks what was planned. With the lock held.
///
/// # Errors
/// It is not the same by now, or the server refuses it; then nothing was changed.
pub async fn baseline(
    target: &Target,
    connection: &Connection,
    (version, planned): (&Version, &Baseline),
) -> Result<(), Failure> {
    if plan(target, connection, version).await?.marked != planned.marked {
        return Err(changed_meanwhile());
    }
    let picture = look(target, connection).await?;
    let files = picture.folder.migrations.iter();
    let marked = files.filter(|migration| migration.version <= *version);
    let recorded = record_baseline(connection, marked).await;
    recorded.map_err(|error| migrations::failure(&error))
}

/// That nothing is recorded yet.
///
/// # Errors
/// What is.
pub(super) fn refuse_entries(
    target: &Target,
    ledger: Option<&crate::migration::Ledger>,
) -> Result<(), Failure> {
    let Some(ledger) = ledger else {
        return Ok(());
    };
    let name = target.name();
    if ledger.original {
        let message = format!("The ledger of {name} is that of the original poststack");
        let command = target.command("adopt --from original");
        return Err(Failure::new(Kind::Migration, message).hint(command));
    }
    let entries = ledger.entries.len() + ledger.repeatables.len() + ledger.unfinished.len();
    if entries == 0 {
        return Ok(());
    }
    let newest = ledger.entries.last();
    let newest = newest.map_or_else(String::new, |entry| format!(", up to `{}`", entry.title()));
    let message = format!("The ledger of {name} is not empty: it has {entries} entries{newest}");
    let failure = Failure::new(Kind::Migration, message);
    Err(failure.hint(format!(
        "for one migration: {}",
        target.command("repair mark-applied VERSION")
    )))
}
