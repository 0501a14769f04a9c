//! Applies what is pending: each file in one transaction with its ledger row, sent as one message.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::failure::{Sent, failed};
use super::{LedgerEntry, LockHolder, Migration, MigrationError, Statement, ledger, lock, pending};
use crate::postgres::Connection;

/// Ends the statement of a client that is gone, so that its locks are soon free again.
const CHECK_INTERVAL: &str = "SET client_connection_check_interval = '500ms';";

/// How patient a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// For another run in the same database.
    pub wait: Duration,
    /// For a table another session uses. Longer would stall everybody who reads it meanwhile.
    pub lock_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(3),
        }
    }
}

/// What happens during a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another run is at work; told once.
    Waiting(Option<&'a LockHolder>),
    Started(&'a Migration),
    Finished(&'a Migration, Duration),
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// `NNN_name` of each, in order.
    pub titles: Vec<String>,
    pub duration: Duration,
}

/// Applies those of `migrations` that the database does not have.
///
/// To stop it, drop the future and the connection: the server takes back the migration in hand.
///
/// # Errors
/// A [`MigrationError`]. The migrations before the one that failed stay applied and recorded.
pub async fn apply(
    connection: &Connection,
    migrations: &[Migration],
    options: Options,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Applied, MigrationError> {
    let start = Instant::now();
    let entries = read_ledger(connection).await?.unwrap_or_default();
    if still_pending(migrations, &entries)?.is_empty() {
        return Ok(Applied::default());
    }
    let on_wait = |holder: Option<&LockHolder>| on_event(Event::Waiting(holder));
    lock::acquire(connection, options.wait, on_wait).await?;
    let outcome = apply_alone(connection, migrations, options, &mut on_event).await;
    if outcome.is_err() {
        roll_back(connection).await;
    }
    lock::release(connection).await;
    outcome.map(|titles| Applied {
        titles,
        duration: start.elapsed(),
    })
}

/// With the lock held. Another run may have been at work before: the ledger is read again.
async fn apply_alone(
    connection: &Connection,
    migrations: &[Migration],
    options: Options,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<Vec<String>, MigrationError> {
    let entries = match read_ledger(connection).await? {
        Some(entries) => entries,
        None => {
            let created = ledger::create(connection).await;
            created.map_err(MigrationError::Server)?;
            Vec::new()
        }
    };
    let lock_timeout = lock_timeout(options.lock_timeout);
    let run = Run {
        connection,
        settings: format!("{}{lock_timeout}", settings(connection).await),
        lock_timeout,
    };
    let mut titles = Vec::new();
    for migration in still_pending(migrations, &entries)? {
        on_event(Event::Started(migration));
        let start = Instant::now();
        run.apply(migration, &titles).await?;
        on_event(Event::Finished(migration, start.elapsed()));
        titles.push(migration.title());
    }
    Ok(titles)
}

async fn read_ledger(connection: &Connection) -> Result<Option<Vec<LedgerEntry>>, MigrationError> {
    let entries = ledger::read(connection).await;
    entries.map_err(MigrationError::Server)
}

fn still_pending<'a>(
    migrations: &'a [Migration],
    entries: &[LedgerEntry],
) -> Result<Vec<&'a Migration>, MigrationError> {
    pending(migrations, entries).map_err(MigrationError::Conflict)
}

/// What every file starts from.
async fn settings(connection: &Connection) -> &'static str {
    // Servers before 14 do not know the interval, and not every system can check.
    let answer = connection.client().batch_execute(CHECK_INTERVAL).await;
    answer.map_or("", |()| CHECK_INTERVAL)
}

fn lock_timeout(timeout: Duration) -> String {
    format!("SET lock_timeout = {};", timeout.as_millis())
}

/// Best effort: a lost session has no transaction any more.
async fn roll_back(connection: &Connection) {
    if let Err(error) = connection.client().batch_execute("ROLLBACK").await {
        tracing::debug!("nothing to roll back: {error}");
    }
}

struct Run<'a> {
    connection: &'a Connection,
    /// Sent before each file.
    settings: String,
    /// The last of `settings`.
    lock_timeout: String,
}

impl Run<'_> {
    async fn apply(&self, migration: &Migration, applied: &[String]) -> Result<(), MigrationError> {
        if migration.up.in_transaction {
            self.apply_as_transaction(migration, applied).await
        } else {
            self.apply_one_by_one(migration, applied).await
        }
    }

    /// Settings, `BEGIN`, the file, its ledger row and `COMMIT` in one message: the server stops at
    /// the first error, and one round trip is all it takes.
    async fn apply_as_transaction(
        &self,
        migration: &Migration,
        applied: &[String],
    ) -> Result<(), MigrationError> {
        let prefix = format!("{}BEGIN;\n", self.settings);
        // The message's arrival is when the server began.
        let elapsed = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() \
                       - pg_catalog.statement_timestamp()) * 1000";
        let message = format!(
            "{prefix}{}\n;{}",
            migration.up.transaction_body(),
            recording(migration, elapsed)
        );
        let outcome = self.send(&message).await;
        outcome.map_err(|(error, completed)| {
            let sent = Sent {
                script: &migration.up,
                statements: migration.up.transaction_statements(),
                prefix_characters: prefix.chars().count(),
                file_offset: 0,
                completed: completed.saturating_sub(prefix.matches(';').count()),
            };
            failed(migration, error, &sent, applied)
        })
    }

    /// Each statement by itself, since two in one message would be a transaction again; the ledger
    /// row when all are done.
    async fn apply_one_by_one(
        &self,
        migration: &Migration,
        applied: &[String],
    ) -> Result<(), MigrationError> {
        let script = &migration.up;
        let start = Instant::now();
        let sent_at = |statement: Option<&Statement>, completed| Sent {
            script,
            statements: &script.statements,
            prefix_characters: 0,
            file_offset: statement.map_or(0, |statement| statement.span.start),
            completed,
        };
        self.send(&self.settings)
            .await
            .map_err(|(error, _)| failed(migration, error, &sent_at(None, 0), applied))?;
        for (index, statement) in script.statements.iter().enumerate() {
            self.send_alone(script.source.slice(statement.span), statement)
                .await
                .map_err(|error| {
                    failed(migration, error, &sent_at(Some(statement), index), applied)
                })?;
        }
        let elapsed = format!("{:.3}", start.elapsed().as_secs_f64() * 1000.0);
        let record = format!("BEGIN;{}", recording(migration, &elapsed));
        self.send(&record).await.map_err(|(error, _)| {
            let sent = sent_at(None, script.statements.len());
            failed(migration, error, &sent, applied)
        })
    }

    async fn send_alone(&self, sql: &str, statement: &Statement) -> Result<(), Error> {
        let send = async |sql: &str| self.send(sql).await.map_err(|(error, _)| error);
        if !statement.is_concurrent() {
            return send(sql).await;
        }
        // It waits for every older transaction, and blocks nobody meanwhile.
        send(&lock_timeout(Duration::ZERO)).await?;
        send(sql).await?;
        send(&self.lock_timeout).await
    }

    /// Sends one message. With an error comes how many of its statements were done before it.
    async fn send(&self, message: &str) -> Result<(), (Error, usize)> {
        let answers = self.connection.client().simple_query_raw(message).await;
        let mut answers = pin!(answers.map_err(|error| (error, 0))?);
        let mut completed = 0;
        loop {
            match answers.try_next().await {
                Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err((error, completed)),
            }
        }
    }
}

/// Writes the ledger row as the user who logged in, whoever the file became, and ends what the file
/// set: the server reads a whole message before it runs any of it, so the next would come too late.
fn recording(migration: &Migration, elapsed: &str) -> String {
    let insert = ledger::insert(migration, elapsed);
    format!("RESET SESSION AUTHORIZATION;RESET ROLE;{insert};COMMIT;RESET ALL")
}
