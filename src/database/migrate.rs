//! `db migrate`: applies what is pending, or says what that is.

use std::time::Duration;

use serde::Serialize;

use super::{Target, files};
use crate::environment::Failure;
use crate::environment::migrations::{apply, failure};
use crate::event::{Listener, Seconds};
use crate::migration::{self, Folder, Request, Step, plan_migrate};
use crate::postgres::Connection;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub until: migration::Target,
    pub allow_out_of_order: bool,
    /// `--lock-wait`
    pub lock_wait: Option<Duration>,
}

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
#[derive(Debug, Clone, Serialize)]
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
    (folder, wanted): (&Folder, &Wanted),
    listener: Listener<'_>,
) -> Result<Migrated, Failure> {
    let rules = target.rules(wanted.lock_wait);
    let request = Request {
        target: &wanted.until,
        allow_out_of_order: wanted.allow_out_of_order,
        settings: rules.patience(),
        substitute: &|expression, place| rules.value(expression, place),
    };
    let done = apply(connection, folder, &request, listener).await?;
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
    target: &Target,
    connection: &Connection,
    folder: &Folder,
    wanted: &Wanted,
) -> Result<Vec<Planned>, Failure> {
    let rules = target.rules(wanted.lock_wait);
    let request = Request {
        target: &wanted.until,
        allow_out_of_order: wanted.allow_out_of_order,
        settings: rules.patience(),
        substitute: &|expression, place| rules.value(expression, place),
    };
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
