//! `db rollback` and `db redo`: takes the newest migrations back. Whether everything is there that
//! it needs is decided before anything is touched.

use std::time::Duration;

use serde::Serialize;

use super::migrate::{Planned, migrate, planned};
use super::{Target, files, loss};
use crate::environment::Failure;
use crate::environment::migrations::{Rules, Wanted, failure, tell};
use crate::event::{Listener, Seconds};
use crate::migration::{self, Folder, LedgerEntry, plan_rollback};
use crate::postgres::Connection;

/// What a rollback would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Newest first.
    pub migrations: Vec<Planned>,
    /// What is gone afterwards.
    pub lost: Vec<loss::Lost>,
    /// `NNN_name` of the newest that is applied now.
    pub newest: Option<String>,
}

/// What a rollback did.
#[derive(Debug, Clone, Serialize)]
pub struct RolledBack {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// Newest first.
    pub rolled_back: Vec<String>,
    /// `NNN_name` of the newest that is applied now.
    pub newest: Option<String>,
    pub seconds: Seconds,
}

/// What a redo did.
#[derive(Debug, Clone, Serialize)]
pub struct Redone {
    /// The environment, or `host:port/database`.
    pub database: String,
    pub rolled_back: Vec<String>,
    pub applied: Vec<String>,
    pub seconds: Seconds,
}

/// What [`rollback`] would do now.
///
/// # Errors
/// A rollback file is missing or has faults, or the target is unknown.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
) -> Result<Plan, Failure> {
    let ledger = files::ledger(connection).await?;
    let (migrations, lost) = {
        let values = rules.values();
        let request = rules.request(wanted, &values);
        let steps = plan_rollback(folder, ledger.as_ref(), &request);
        let steps = steps.map_err(|error| failure(&error))?;
        let lost = steps.iter().flat_map(|step| loss::of(&step.script));
        let lost: Vec<loss::Lost> = lost.collect();
        (steps.iter().map(planned).collect(), lost)
    };
    let newest = ledger.and_then(|ledger| ledger.entries.last().map(LedgerEntry::title));
    Ok(Plan {
        newest,
        migrations,
        lost: loss::count_rows(target, lost).await,
    })
}

/// Takes migrations back.
///
/// # Errors
/// As [`plan`]; and that a file fails, or another run does not end in time.
pub async fn rollback(
    target: &Target,
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<RolledBack, Failure> {
    let values = rules.values();
    let request = rules.request(wanted, &values);
    let done = migration::rollback(connection, folder, &request, |event| tell(&event, listener));
    let done = done.await.map_err(|error| failure(&error))?;
    let ledger = files::ledger(connection).await?;
    let newest = ledger.and_then(|ledger| ledger.entries.last().map(LedgerEntry::title));
    Ok(RolledBack {
        database: target.name(),
        rolled_back: done.titles,
        newest,
        seconds: Seconds(done.duration),
    })
}

/// Takes migrations back and applies the same ones again.
///
/// # Errors
/// As [`rollback`] and [`migrate`].
pub async fn redo(
    target: &Target,
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<Redone, Failure> {
    let ledger = files::ledger(connection).await?;
    let newest = ledger.and_then(|ledger| ledger.entries.last().map(|row| row.version.clone()));
    let back = rollback(target, connection, (folder, rules, wanted), listener).await?;
    let (mut applied, mut seconds) = (Vec::new(), Duration::ZERO);
    if let Some(newest) = newest.filter(|_| !back.rolled_back.is_empty()) {
        let again = Wanted {
            until: migration::Target::To(newest),
            ..wanted.clone()
        };
        let work = (folder, rules, &again);
        let migrated = migrate(target, connection, work, listener).await?;
        (applied, seconds) = (migrated.applied, migrated.seconds.0);
    }
    Ok(Redone {
        database: back.database,
        rolled_back: back.rolled_back,
        applied,
        seconds: Seconds(back.seconds.0 + seconds),
    })
}
