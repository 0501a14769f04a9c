//! `db rollback` and `db redo`: takes the newest migrations back. Whether everything is there that
//! it needs is decided before anything is touched.

use serde::Serialize;

use super::migrate::{Migrated, Planned, Wanted, migrate, planned};
use super::{Target, files, loss};
use crate::environment::Failure;
use crate::environment::migrations::{failure, tell};
use crate::event::{Listener, Seconds};
use crate::migration::{self, Folder, Ledger, Request, Step, Subject, Version, plan_rollback};
use crate::postgres::Connection;

/// What a rollback would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Newest first.
    pub migrations: Vec<Planned>,
    /// What is gone afterwards.
    pub lost: Vec<loss::Lost>,
}

/// What a rollback did.
#[derive(Debug, Clone, Serialize)]
pub struct RolledBack {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// Newest first.
    pub rolled_back: Vec<String>,
    pub seconds: Seconds,
}

/// What a redo did.
#[derive(Debug, Clone, Serialize)]
pub struct Redone {
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
    (folder, wanted): (&Folder, &Wanted),
) -> Result<Plan, Failure> {
    let ledger = files::ledger(connection).await?;
    let found = with_request(target, wanted, |request| {
        steps(folder, ledger.as_ref(), request).map(|steps| {
            let lost = steps.iter().flat_map(|step| loss::of(&step.script));
            let lost: Vec<loss::Lost> = lost.collect();
            (steps.iter().map(planned).collect(), lost)
        })
    });
    let (migrations, lost) = found?;
    Ok(Plan {
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
    (folder, wanted): (&Folder, &Wanted),
    listener: Listener<'_>,
) -> Result<RolledBack, Failure> {
    let rules = target.rules(wanted.lock_wait);
    let request = Request {
        target: &wanted.until,
        allow_out_of_order: wanted.allow_out_of_order,
        settings: rules.patience(),
        substitute: &|expression, place| rules.value(expression, place),
    };
    let done = migration::rollback(connection, folder, &request, |event| tell(&event, listener));
    let done = done.await.map_err(|error| failure(&error))?;
    Ok(RolledBack {
        database: target.name(),
        rolled_back: done.titles,
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
    (folder, wanted): (&Folder, &Wanted),
    listener: Listener<'_>,
) -> Result<Redone, Failure> {
    let newest = newest(files::ledger(connection).await?.as_ref());
    let back = rollback(target, connection, (folder, wanted), listener).await?;
    let Migrated {
        applied, seconds, ..
    } = match newest {
        Some(newest) if !back.rolled_back.is_empty() => {
            let again = Wanted {
                until: migration::Target::To(newest),
                ..wanted.clone()
            };
            migrate(target, connection, (folder, &again), listener).await?
        }
        _ => Migrated {
            database: target.name(),
            applied: Vec::new(),
            seconds: Seconds(std::time::Duration::ZERO),
        },
    };
    Ok(Redone {
        database: back.database,
        rolled_back: back.rolled_back,
        applied,
        seconds: Seconds(back.seconds.0 + seconds.0),
    })
}

/// The newest version that is applied.
fn newest(ledger: Option<&Ledger>) -> Option<Version> {
    ledger?.entries.last().map(|entry| entry.version.clone())
}

fn steps<'a>(
    folder: &'a Folder,
    ledger: Option<&Ledger>,
    request: &Request<'_>,
) -> Result<Vec<Step<'a>>, Failure> {
    let steps = plan_rollback(folder, ledger, request);
    steps.map_err(|error| failure(&error))
}

fn with_request<T>(
    target: &Target,
    wanted: &Wanted,
    work: impl FnOnce(&Request<'_>) -> T,
) -> T {
    let rules = target.rules(wanted.lock_wait);
    work(&Request {
        target: &wanted.until,
        allow_out_of_order: wanted.allow_out_of_order,
        settings: rules.patience(),
        substitute: &|expression, place| rules.value(expression, place),
    })
}

/// The versions of `steps`, as they are written.
#[must_use]
pub fn versions(steps: &[Step<'_>]) -> Vec<String> {
    let versions = steps.iter().filter_map(|step| match step.subject {
        Subject::Migration(migration) => Some(migration.version.to_string()),
        Subject::Repeatable(_) => None,
    });
    versions.collect()
}
