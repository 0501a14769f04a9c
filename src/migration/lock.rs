//! One run at a time in a database: an advisory lock of the session, which the server frees when
//! the session ends, however it ends.
//!
//! The lock is polled for. A session that waited inside `pg_advisory_lock` would hold a snapshot
//! that another run's `CREATE INDEX CONCURRENTLY` waits for in turn.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::MigrationError;
use crate::postgres::Connection;

/// "poststac" in ASCII.
const KEY: i64 = 0x706f_7374_7374_6163;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// The session that holds the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// Of the server's process.
    pub process_id: i32,
    pub application: String,
    /// Host of the client, `local` for a Unix socket.
    pub client: String,
    /// Since its session began.
    pub connected: Duration,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` from {} (server process {}, connected for {:.0} s)",
            self.application,
            self.client,
            self.process_id,
            self.connected.as_secs_f64()
        )
    }
}

/// Takes the lock, asking again until `wait` is over; `on_wait` hears once who holds it.
pub(super) async fn acquire(
    connection: &Connection,
    wait: Duration,
    mut on_wait: impl FnMut(Option<&LockHolder>),
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
            holder = read_holder(connection)
                .await
                .map_err(MigrationError::Server)?;
            on_wait(holder.as_ref());
        }
        if Instant::now() >= end {
            return Err(MigrationError::Locked { wait, holder });
        }
        tokio::time::sleep_until(end.min(Instant::now() + pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Gives the lock back and the session its own settings. Best effort: a lost session has freed it.
pub(super) async fn release(connection: &Connection) {
    let sql = format!("RESET ALL; SELECT pg_catalog.pg_advisory_unlock({KEY})");
    if let Err(error) = connection.client().batch_execute(&sql).await {
        tracing::debug!("the migration lock was not given back: {error}");
    }
}

async fn try_acquire(connection: &Connection) -> Result<bool, tokio_postgres::Error> {
    let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})");
    let row = connection.client().query_typed_one(&sql, &[]).await?;
    row.try_get(0)
}

async fn read_holder(connection: &Connection) -> Result<Option<LockHolder>, tokio_postgres::Error> {
    let sql = format!(
        "SELECT activity.pid, activity.application_name,
                coalesce(host(activity.client_addr), 'local'),
                date_part('epoch', clock_timestamp() - activity.backend_start)
           FROM pg_catalog.pg_locks AS held
           JOIN pg_catalog.pg_stat_activity AS activity USING (pid)
          WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
            AND (held.classid::int8 << 32 | held.objid::int8) = {KEY}
            AND activity.datname = current_database()"
    );
    let Some(row) = connection.client().query_typed_opt(&sql, &[]).await? else {
        return Ok(None);
    };
    Ok(Some(LockHolder {
        process_id: row.try_get(0)?,
        application: row.try_get(1)?,
        client: row.try_get(2)?,
        connected: Duration::try_from_secs_f64(row.try_get(3)?).unwrap_or_default(),
    }))
}
