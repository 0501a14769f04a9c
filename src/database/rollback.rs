//! `db rollback` and `db redo`: takes the newest migrations back. Whether everything is there that
//! it needs is decided before anything is touched.

use std::time::Duration;

use serde::Serialize;

use super::migrate::{Planned, planned};
use super::{Target, files, loss, settle};
use crate::environment::Failure;
use crate::environment::migrations::{Rules, Wanted, failure, refuse_dangerous, tell};
use crate::event::{Listener, Seconds};
use crate::migration::{
    self, Event, Folder, LedgerEntry, Redo, Step, plan_redo, plan_rollback, with_lock,
};
use crate::postgres::Connection;

/// What a rollback or a redo would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Newest first.
    pub migrations: Vec<Planned>,
    /// What a redo applies afterwards, in that order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apply: Vec<Planned>,
    /// What is gone afterwards.
    pub lost: Vec<loss::Lost>,
    /// `NNN_name` of the newest that is applied now; a redo does not say.
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

/// What is worked with: the files, what the project says of them, and how far to go.
type Work<'a> = (&'a Folder, &'a Rules<'a>, &'a Wanted);

/// What [`rollback`] would do now.
///
/// # Errors
/// A rollback file is missing or has faults, or the target is unknown.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    work: Work<'_>,
) -> Result<Plan, Failure> {
    let back = Redo {
        back: steps_back(connection, work).await?,
        up: Vec::new(),
    };
    Ok(Plan {
        newest: newest_applied(connection).await?,
        ..with_loss(target, &back).await
    })
}

/// What [`redo`] would do now.
///
/// # Errors
/// As [`plan`]; and what is in the way of applying it again.
pub async fn redo_plan(
    target: &Target,
    connection: &Connection,
    work: Work<'_>,
) -> Result<Plan, Failure> {
    let both = both_ways(connection, work).await?;
    Ok(with_loss(target, &both).await)
}

async fn steps_back<'a>(
    connection: &Connection,
    (folder, rules, wanted): Work<'a>,
) -> Result<Vec<Step<'a>>, Failure> {
    let ledger = files::ledger(connection).await?;
    let values = rules.values();
    let request = rules.request(wanted, &values);
    Ok(plan_rollback(folder, ledger.as_ref(), &request)?)
}

async fn both_ways<'a>(
    connection: &Connection,
    (folder, rules, wanted): Work<'a>,
) -> Result<Redo<'a>, Failure> {
    let ledger = files::ledger(connection).await?;
    let values = rules.values();
    let request = rules.request(wanted, &values);
    Ok(plan_redo(folder, ledger.as_ref(), &request)?)
}

async fn with_loss(target: &Target, steps: &Redo<'_>) -> Plan {
    let lost = steps.back.iter().flat_map(|step| loss::of(&step.script));
    Plan {
        migrations: steps.back.iter().map(planned).collect(),
        apply: steps.up.iter().map(planned).collect(),
        lost: loss::count_rows(target, lost.collect()).await,
        newest: None,
    }
}

/// `NNN_name` of the newest that is applied.
async fn newest_applied(connection: &Connection) -> Result<Option<String>, Failure> {
    let ledger = files::ledger(connection).await?;
    Ok(ledger.and_then(|ledger| ledger.entries.last().map(LedgerEntry::title)))
}

/// That `steps` are what the user was shown and agreed to, where anything was `shown`.
fn refuse_others(shown: Option<&Plan>, steps: &Redo<'_>) -> Result<(), Failure> {
    let same =
        |shown: &[Planned], steps: &[Step<'_>]| shown.iter().cloned().eq(steps.iter().map(planned));
    match shown {
        Some(shown) if !same(&shown.migrations, &steps.back) || !same(&shown.apply, &steps.up) => {
            Err(settle::changed_meanwhile())
        }
        _ => Ok(()),
    }
}

/// Takes migrations back; those that were `shown`, where any were.
///
/// # Errors
/// As [`plan`]; and that a file fails, another run does not end in time, or what was shown is not
/// what would be done by now.
pub async fn rollback(
    target: &Target,
    connection: &Connection,
    work: Work<'_>,
    (shown, listener): (Option<&Plan>, Listener<'_>),
) -> Result<RolledBack, Failure> {
    let alone = async || {
        let back = Redo {
            back: steps_back(connection, work).await?,
            up: Vec::new(),
        };
        refuse_others(shown, &back)?;
        take_back(target, connection, work, listener).await
    };
    locked(connection, work.1, listener, alone).await
}

/// Takes migrations back and applies the same ones again; those that were `shown`, where any were.
/// Nobody else migrates the database meanwhile, and nothing is taken back before it is known that it
/// may be applied again.
///
/// # Errors
/// As [`rollback`] and [`redo_plan`]; where the environment is protected, what lint calls an error.
pub async fn redo(
    target: &Target,
    connection: &Connection,
    work: Work<'_>,
    (shown, listener): (Option<&Plan>, Listener<'_>),
) -> Result<Redone, Failure> {
    let alone = async || {
        let both = both_ways(connection, work).await?;
        refuse_others(shown, &both)?;
        if work.1.protected {
            refuse_dangerous(&both.up, connection.server_major(), listener)?;
        }
        let back = take_back(target, connection, work, listener).await?;
        let (applied, seconds) = match both.back.first().and_then(newest) {
            Some(until) => {
                apply_again((target, connection), (work, until), &back, listener).await?
            }
            None => (Vec::new(), Seconds(Duration::ZERO)),
        };
        Ok(Redone {
            database: back.database,
            rolled_back: back.rolled_back,
            applied,
            seconds: Seconds(back.seconds.0 + seconds.0),
        })
    };
    locked(connection, work.1, listener, alone).await
}

/// The runs inside take the lock once more, which a session may.
async fn locked<T>(
    connection: &Connection,
    rules: &Rules<'_>,
    listener: Listener<'_>,
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let wait = rules.patience().lock_wait;
    let on_wait = |holder: Option<&migration::Session>| tell(&Event::Waiting(holder), listener);
    with_lock(connection, wait, on_wait, work).await
}

async fn take_back(
    target: &Target,
    connection: &Connection,
    (folder, rules, wanted): Work<'_>,
    listener: Listener<'_>,
) -> Result<RolledBack, Failure> {
    let values = rules.values();
    let request = rules.request(wanted, &values);
    let done = migration::rollback(connection, folder, &request, |event| tell(&event, listener));
    let done = done.await?;
    let newest = newest_applied(connection).await?;
    Ok(RolledBack {
        database: target.name(),
        rolled_back: done.titles,
        newest,
        seconds: Seconds(done.duration),
    })
}

fn newest(step: &Step<'_>) -> Option<migration::Target> {
    match step.subject {
        migration::Subject::Migration(migration) => {
            Some(migration::Target::To(migration.version.clone()))
        }
        migration::Subject::Repeatable(_) => None,
    }
}

async fn apply_again(
    (target, connection): (&Target, &Connection),
    ((folder, rules, wanted), until): (Work<'_>, migration::Target),
    back: &RolledBack,
    listener: Listener<'_>,
) -> Result<(Vec<String>, Seconds), Failure> {
    let again = Wanted {
        until,
        ..wanted.clone()
    };
    let values = rules.values();
    let request = rules.request(&again, &values);
    let done = migration::migrate(connection, folder, &request, |event| tell(&event, listener));
    match done.await {
        Ok(done) => Ok((done.titles, Seconds(done.duration))),
        Err(error) => {
            let failure = failure(&error);
            let told = failure.excerpt("Taken back before it:", back.rolled_back.clone());
            let again = target.command("migrate");
            Err(told.hint(format!(
                "what was taken back stays so; mend the file, then: {again}"
            )))
        }
    }
}
