//! Several small files in one message, each still a transaction of its own with its ledger row: a
//! round trip for every file costs more than the file.
//!
//! Only files that cannot leave anything in the session share a message. When one of them fails,
//! the ledger says which are done, and the rest is run one by one: nothing here explains errors.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::Direction;
use super::plan::{Step, Subject};
use super::runner::{ELAPSED, Runner, push_body, recording};
use super::statement::Statement;
use crate::postgres::quote::literal;

/// What is told of progress comes in groups of this size at most.
const MOST_FILES: usize = 10;

/// Of the texts in one message.
const MOST_BYTES: usize = 16 * 1024;

/// How many of the first `steps` may share a message.
pub(super) fn length(runner: &Runner<'_>, steps: &[Step<'_>]) -> usize {
    if !runner.records || runner.has_event_triggers {
        return 0;
    }
    let mut bytes = 0;
    let fits = |step: &&Step<'_>| {
        bytes += step.script.source.text.len();
        bytes <= MOST_BYTES && is_plain(step)
    };
    steps.iter().take(MOST_FILES).take_while(fits).count()
}

fn is_plain(step: &Step<'_>) -> bool {
    let headers = &step.script.headers;
    matches!(step.subject, Subject::Migration(_))
        && step.substituted.is_none()
        && headers.lock_timeout.is_none()
        && headers.statement_timeout.is_none()
        && step.script.in_transaction()
        && step
            .script
            .transaction_statements()
            .iter()
            .all(Statement::leaves_no_trace)
}

/// Runs `steps` in one message; the time that each of those took that are done. They are the first
/// of `steps`, and all of them unless one failed.
pub(super) async fn run(runner: &Runner<'_>, steps: &[Step<'_>]) -> Result<Vec<Duration>, Error> {
    let mut message = String::new();
    let mut before: Option<&Step<'_>> = None;
    for step in steps {
        message.push_str("BEGIN;\n");
        push_body(&mut message, step);
        let record = recording(step, &own_time(before));
        let record = record.trim_end_matches(';');
        let time = match step.direction {
            Direction::Up => format!(" RETURNING {ELAPSED}"),
            Direction::Rollback => String::new(),
        };
        message.push_str(&format!("\n;{record}{time};COMMIT;"));
        before = Some(step);
    }
    let mut times = Vec::with_capacity(steps.len());
    match send(runner, &message, &mut times).await {
        Ok(()) => {}
        Err(error) => {
            runner.roll_back().await;
            let done = count_done(runner, steps).await.map_err(|_| error)?;
            // One that another run took back is not done by this one.
            times.truncate(done);
        }
    }
    let starts = std::iter::once(0.0).chain(times.clone());
    let own = times.iter().zip(starts).map(|(end, start)| end - start);
    let durations = own.map(|time| Duration::try_from_secs_f64(time / 1000.0));
    Ok(durations.map(Result::unwrap_or_default).collect())
}

/// Milliseconds since the message came, or since the file before was recorded.
fn own_time(before: Option<&Step<'_>>) -> String {
    match before.map(|step| (step.direction, step.version())) {
        Some((Direction::Up, Some(version))) => format!(
            "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - (SELECT applied_at \
             FROM poststack.schema_migrations WHERE version = {})) * 1000",
            literal(version.as_str())
        ),
        _ => ELAPSED.to_owned(),
    }
}

/// The only rows are those of the records: since the message came, in milliseconds.
async fn send(runner: &Runner<'_>, message: &str, times: &mut Vec<f64>) -> Result<(), Error> {
    let answers = runner.connection.client().simple_query_raw(message).await?;
    let mut answers = pin!(answers);
    while let Some(answer) = answers.try_next().await? {
        if let SimpleQueryMessage::Row(row) = answer {
            let time = row.get(0).and_then(|text| text.parse().ok());
            times.push(time.unwrap_or_default());
        }
    }
    Ok(())
}

/// How many of the first `steps` the ledger knows as done.
async fn count_done(runner: &Runner<'_>, steps: &[Step<'_>]) -> Result<usize, Error> {
    let versions: Vec<_> = steps.iter().filter_map(Step::recorded_version).collect();
    let versions: Vec<_> = versions.iter().map(|version| version.as_str()).collect();
    let question = "SELECT version FROM poststack.schema_migrations WHERE version = ANY ($1)";
    let client = runner.connection.client();
    let rows = client
        .query_typed(question, &[(&versions, Type::TEXT_ARRAY)])
        .await?;
    let recorded: Vec<String> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let is_done = |step: &&Step<'_>| {
        let version = step.recorded_version();
        let is_recorded = version.is_some_and(|v| recorded.iter().any(|r| r == v.as_str()));
        is_recorded == (step.direction == Direction::Up)
    };
    Ok(steps.iter().take_while(is_done).count())
}
