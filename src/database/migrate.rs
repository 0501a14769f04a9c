//! `db migrate`: applies what is pending, or says what that is.

use serde::Serialize;

use super::{Target, files};
use crate::environment::Failure;
use crate::environment::migrations::{Rules, Wanted, apply, failure};
use crate::event::{Listener, Seconds};
use crate::migration::{Folder, Step, plan_migrate};
use crate::postgres::Connection;

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct Migrated {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// `NNN_name` or `R_name` of each file, in the order in which they were run.
    pub applied: Vec<String>,
    pub seconds: Seconds,
}

/// A file that a run would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// `NNN_name` or `R_name`
    pub migration: String,
    /// As messages show it.
    pub file: String,
    pub statements: usize,
    /// Whether the whole file is one transaction.
    pub in_transaction: bool,
    /// How many of its statements an earlier run has done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<usize>,
    pub sql: String,
}

/// Applies what is pending.
///
/// # Errors
/// Files and ledger do not fit, a file fails, or another run does not end in time.
pub async fn migrate(
    target: &Target,
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<Migrated, Failure> {
    let done = apply(connection, folder, (rules, wanted), listener).await?;
    Ok(Migrated {
        database: target.name(),
        applied: done.titles,
        seconds: Seconds(done.duration),
    })
}

/// What [`migrate`] would run now.
///
/// # Errors
/// Files and ledger do not fit.
pub async fn plan(
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
) -> Result<Vec<Planned>, Failure> {
    let values = rules.values();
    let request = rules.request(wanted, &values);
    let ledger = files::ledger(connection).await?;
    let steps = plan_migrate(folder, ledger.as_ref(), &request).map_err(|error| failure(&error))?;
    Ok(steps.iter().map(planned).collect())
}

/// A step as data.
#[must_use]
pub fn planned(step: &Step<'_>) -> Planned {
    let source = &step.script.source;
    Planned {
        migration: step.title(),
        file: source.path.display().to_string(),
        statements: step.script.statements.len(),
        in_transaction: step.script.in_transaction(),
        done: step.unfinished.as_ref().map(|row| row.done),
        sql: source.text.clone(),
    }
}
