//! One run at a time in a database: an advisory lock of the session, which the server frees when
//! the session ends, however it ends.
//!
//! The lock is polled for. A session that waited inside `pg_advisory_lock` would hold a snapshot
//! that another run's `CREATE INDEX CONCURRENTLY` waits for in turn.

use std::time::Duration;

use tokio::time::Instant;

use super::MigrationError;
use super::session::{self, Session};
use crate::postgres::Connection;

/// "poststac" in ASCII.
pub(super) const KEY: i64 = 0x706f_7374_7374_6163;

/// Whether a run still is the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    Kept,
    /// It was given away, and nobody had it when it was taken again.
    Retaken,
    /// It was given away, and another session has it.
    Lost,
}

impl Hold {
    /// From the answer to [`check`].
    pub fn read(answer: Option<&str>) -> Self {
        match answer {
            Some("retaken") => Self::Retaken,
            Some("lost") => Self::Lost,
            _ => Self::Kept,
        }
    }
}

/// The statement that asks whether the lock is still held, and takes it again when it is not: a
/// file may give away every lock of its session, by `DISCARD ALL` for instance.
pub(super) fn check() -> String {
    let (high, low) = (KEY >> 32, KEY & 0xffff_ffff);
    format!(
        "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' \
         AND pid = pg_catalog.pg_backend_pid() AND classid = {high} AND objid = {low} \
         AND objsubid = 1 AND granted) THEN 'kept' \
         WHEN pg_catalog.pg_try_advisory_lock({KEY}) THEN 'retaken' ELSE 'lost' END;"
    )
}

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Does `work` while nobody else migrates the database of `connection`. Waits for at most `wait`;
/// `on_wait` hears once who holds the lock.
///
/// # Errors
/// [`MigrationError::Locked`] when `wait` is over, and those of `work`.
pub async fn with_lock<T, E: From<MigrationError>>(
    connection: &Connection,
    wait: Duration,
    on_wait: impl FnMut(Option<&Session>),
    work: impl AsyncFnOnce() -> Result<T, E>,
) -> Result<T, E> {
    acquire(connection, wait, on_wait).await?;
    let outcome = work().await;
    if outcome.is_err() {
        // An open transaction would refuse to give the lock back.
        let _ = connection.client().batch_execute("ROLLBACK").await;
    }
    release(connection).await;
    outcome
}

/// Takes the lock, asking again until `wait` is over; `on_wait` hears once who holds it.
pub(super) async fn acquire(
    connection: &Connection,
    wait: Duration,
    mut on_wait: impl FnMut(Option<&Session>),
) -> Result<(), MigrationError> {
    let end = Instant::now() + wait;
    let mut pause = FIRST_PAUSE;
    let mut holder = None;
    loop {
        if try_acquire(connection)
            .await
            .map_err(MigrationError::Server)?
        {
            return Ok(());
        }
        if holder.is_none() {
            holder = lock_holder(connection)
                .await
                .map_err(MigrationError::Server)?;
            on_wait(holder.as_ref());
        }
        if Instant::now() >= end {
            let holder = holder.map(Box::new);
            return Err(MigrationError::Locked { wait, holder });
        }
        tokio::time::sleep_until(end.min(Instant::now() + pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Gives the lock back, and the session its own settings. Best effort: a lost session has freed it.
pub(super) async fn release(connection: &Connection) {
    let sql = format!("RESET ALL; SELECT pg_catalog.pg_advisory_unlock({KEY})");
    if let Err(error) = connection.client().batch_execute(&sql).await {
        tracing::debug!("the migration lock was not given back: {error}");
    }
}

/// Gives the session its own settings back. Best effort.
pub(super) async fn restore(connection: &Connection) {
    let restored = connection.client().batch_execute("RESET ALL").await;
    if let Err(error) = restored {
        tracing::debug!("the session keeps its settings: {error}");
    }
}

async fn try_acquire(connection: &Connection) -> Result<bool, tokio_postgres::Error> {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})");
    let row = connection.client().query_typed_one(&sql, &[]).await?;
    row.try_get(0)
}

/// The session that migrates the database of `connection`, if one does.
///
/// # Errors
/// What the server answers.
pub async fn lock_holder(
    connection: &Connection,
) -> Result<Option<Session>, tokio_postgres::Error> {
    let columns = session::COLUMNS;
    let sql = format!(
        "SELECT {columns}
           FROM pg_catalog.pg_locks AS held
           JOIN pg_catalog.pg_stat_activity AS activity USING (pid)
          WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
            AND (held.classid::int8 << 32 | held.objid::int8) = {KEY}
            AND activity.datname = current_database()"
    );
    let row = connection.client().query_typed_opt(&sql, &[]).await?;
    row.as_ref().map(Session::read).transpose()
}
