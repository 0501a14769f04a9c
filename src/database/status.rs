//! `db migration-status`: how each migration stands, from files and ledger together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Target, files};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, migrations};
use crate::event::Seconds;
use crate::migration::{
    Assessed, AssessedRepeatable, Folder, Ledger, MigrationError, State, assess, lock_holder,
};
use crate::postgres::Connection;

/// The whole picture.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// The folder of the files, as messages show it.
    pub folder: String,
    /// `poststack`, `original` (that of the original poststack, taken over by the next run), or
    /// `None` when nobody ever migrated the database.
    pub ledger: Option<&'static str>,
    /// Ledgers of other tools beside it, for instance `dbmate (public.schema_migrations)`.
    pub other_ledgers: Vec<String>,
    /// How many versions stand so, by the name of the state.
    pub counts: BTreeMap<&'static str, usize>,
    /// Ordered by version.
    pub migrations: Vec<Entry>,
    /// Ordered by name.
    pub repeatables: Vec<Entry>,
    /// Who migrates the database at this moment.
    pub locked_by: Option<String>,
    /// Why `db migrate` would refuse to run: all reasons.
    #[serde(skip)]
    pub faults: Vec<Diagnostic>,
}

/// One migration.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// `None` for a repeatable one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub name: String,
    /// See [`state_name`].
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<String>,
    /// Whether there is a rollback file; `None` for a repeatable one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<bool>,
}

/// As it is shown and as JSON has it.
#[must_use]
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Applied => "applied",
        State::Pending => "pending",
        State::Edited => "edited",
        State::Missing => "missing",
        State::OutOfOrder => "out of order",
        State::Dirty => "dirty",
    }
}

/// Looks at files and ledger.
///
/// # Errors
/// There is no folder, its files have faults, or the ledger cannot be read.
pub async fn status(
    target: &Target,
    connection: &Connection,
    folder: &Folder,
) -> Result<Status, Failure> {
    let ledger = files::ledger(connection).await?;
    let holder = lock_holder(connection).await;
    let holder = holder.map_err(|error| migrations::failure(&MigrationError::Server(error)))?;
    let assessment = assess(folder, ledger.as_ref(), false);
    let mut counts = BTreeMap::new();
    for entry in &assessment.entries {
        *counts.entry(state_name(entry.state)).or_default() += 1;
    }
    let foreign = ledger.iter().flat_map(|ledger| &ledger.foreign);
    let other_ledgers = foreign.map(|other| format!("{} ({})", other.tool, other.table));
    Ok(Status {
        database: target.name(),
        folder: target.folder.shown.display().to_string(),
        ledger: ledger.as_ref().and_then(ledger_name),
        other_ledgers: other_ledgers.collect(),
        counts,
        migrations: assessment.entries.iter().map(of_version).collect(),
        repeatables: assessment.repeatables.iter().map(of_repeatable).collect(),
        locked_by: holder.map(|session| session.to_string()),
        faults: assessment.faults,
    })
}

fn ledger_name(ledger: &Ledger) -> Option<&'static str> {
    match (ledger.original, ledger.foreign.is_empty()) {
        (true, _) => Some("original"),
        (false, true) => Some("poststack"),
        // What is there is another tool's alone.
        (false, false) => None,
    }
}

fn of_version(entry: &Assessed<'_>) -> Entry {
    Entry {
        version: Some(entry.version.to_string()),
        name: entry.name.to_owned(),
        state: state_name(entry.state),
        applied_at: entry.entry.map(|row| row.applied_at.clone()),
        seconds: entry.entry.map(|row| Seconds(row.execution_time)),
        applied_by: entry.entry.map(|row| row.applied_by.clone()),
        rollback: entry.migration.map(|file| file.rollback.is_some()),
    }
}

fn of_repeatable(entry: &AssessedRepeatable<'_>) -> Entry {
    Entry {
        version: None,
        name: entry.name.to_owned(),
        state: state_name(entry.state),
        applied_at: entry.entry.map(|row| row.applied_at.clone()),
        seconds: entry.entry.map(|row| Seconds(row.execution_time)),
        applied_by: entry.entry.map(|row| row.applied_by.clone()),
        rollback: None,
    }
}
