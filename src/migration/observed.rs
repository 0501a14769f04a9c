//! One file run so that somebody can look at what its transaction holds: statement by statement,
//! without lock and ledger, on a database of one's own.

use std::time::{Duration, Instant};

use super::failure::MigrationError;
use super::plan::{Settings, Step};
use super::refused::Refused;
use super::run::failed;
use super::runner::{self, Runner, Stopped};
use super::{Statement, lock};
use crate::postgres::Connection;

/// A moment inside the transaction of a file.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The one that is done now.
    pub statement: &'a Statement,
    /// What the statements before it took.
    pub since_begin: Duration,
}

/// Runs `step` and calls `look` after each statement of its transaction, before the commit. A file
/// without a transaction is run as [`super::run_one`] does, and `look` is never called.
///
/// Gives what the statements took, without the looking.
///
/// # Errors
/// A [`MigrationError`] about the file, and what `look` gives; then nothing is committed.
pub async fn run_observed<E: From<MigrationError>>(
    connection: &Connection,
    step: &Step<'_>,
    settings: Settings,
    look: impl AsyncFnMut(Moment<'_>) -> Result<(), E>,
) -> Result<Duration, E> {
    if !step.sent().in_transaction() {
        return Ok(super::run_one(connection, step, settings).await?);
    }
    let runner = Runner::begin(connection, settings, false).await;
    let runner = runner.map_err(MigrationError::Server)?;
    let outcome = transaction(&runner, step, look).await;
    let clean = format!("ROLLBACK;{}", runner.clean_session());
    if let Err((error, _)) = runner.send(&clean).await {
        tracing::debug!("the session keeps what the file left: {error}");
    }
    lock::restore(connection).await;
    outcome
}

async fn transaction<E: From<MigrationError>>(
    runner: &Runner<'_>,
    step: &Step<'_>,
    mut look: impl AsyncFnMut(Moment<'_>) -> Result<(), E>,
) -> Result<Duration, E> {
    let script = step.sent();
    let begin = format!("BEGIN;{}", runner::headers(step, "SET LOCAL"));
    send(runner, step, &begin, None).await?;
    let mut spent = Duration::ZERO;
    for (index, statement) in script.statements.iter().enumerate() {
        if is_own_transaction(step, index) {
            continue;
        }
        let began = Instant::now();
        let sql = script.source.slice(statement.span);
        send(runner, step, sql, Some(index)).await?;
        let since_begin = spent;
        spent += began.elapsed();
        look(Moment {
            statement,
            since_begin,
        })
        .await?;
    }
    let began = Instant::now();
    let end = "RESET SESSION AUTHORIZATION;RESET ROLE;COMMIT";
    send(runner, step, end, None).await?;
    Ok(spent + began.elapsed())
}

/// The author's `BEGIN` and `COMMIT` around the whole file.
fn is_own_transaction(step: &Step<'_>, index: usize) -> bool {
    let script = step.sent();
    let last = script.statements.len().saturating_sub(1);
    script.own_transaction().is_some() && (index == 0 || index == last)
}

async fn send(
    runner: &Runner<'_>,
    step: &Step<'_>,
    sql: &str,
    statement: Option<usize>,
) -> Result<(), MigrationError> {
    let Err((error, _)) = runner.send(sql).await else {
        return Ok(());
    };
    let statements = &step.sent().statements;
    let found = statement.and_then(|index| statements.get(index));
    let refused = Refused {
        error,
        prefix_characters: 0,
        offset: found.map_or(0, |statement| statement.span.start),
        statement,
        torn: false,
    };
    Err(failed(step, Stopped::from(refused), &[], &[]))
}
