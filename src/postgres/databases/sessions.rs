//! Who is connected to a database.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::{DatabaseError, rows_about};
use crate::postgres::Connection;

/// How long a session that is closing may take.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// One session of a server, as far as our user may see it.
///
/// See <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of the server's process.
    pub pid: i32,
    /// The client's own name; for a worker of the server what it is, for instance
    /// `autovacuum worker`.
    pub application: String,
    /// Host of the client, `local` for a Unix socket and the server's own workers.
    pub client: String,
    /// Empty for the server's own workers.
    pub user: String,
    /// For instance `active` or `idle in transaction`; `None` when it is not for us to see.
    pub state: Option<String>,
    /// How long the session is in this state.
    pub since: Option<Duration>,
}

impl Session {
    /// Whether a client is behind it, not a worker of the server such as autovacuum, which gives
    /// way by itself.
    #[must_use]
    pub fn is_client(&self) -> bool {
        !self.user.is_empty()
    }
}

/// `` `psql` of `app` from 10.0.0.1 (server process 42, idle for 3 s)``
impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.application)?;
        if !self.user.is_empty() {
            write!(f, " of `{}` from {}", self.user, self.client)?;
        }
        write!(f, " (server process {}", self.pid)?;
        match (&self.state, self.since) {
            (Some(state), Some(since)) => write!(f, ", {state} for {} s)", since.as_secs()),
            (Some(state), None) => write!(f, ", {state})"),
            (None, _) => write!(f, ")"),
        }
    }
}

/// The sessions in a database except ours, the oldest first.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn sessions(admin: &Connection, database: &str) -> Result<Vec<Session>, DatabaseError> {
    let sql = "SELECT pid,
            coalesce(nullif(application_name, ''), backend_type, ''),
            coalesce(pg_catalog.host(client_addr), 'local'),
            coalesce(usename::text, ''),
            state,
            pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - state_change)
       FROM pg_catalog.pg_stat_activity
      WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()
      ORDER BY backend_start NULLS LAST, pid";
    let asked = async {
        let rows = rows_about(admin, sql, database).await?;
        rows.iter().map(session).collect::<Result<_, _>>()
    };
    asked.await.map_err(DatabaseError::reading("the sessions"))
}

/// The sessions of clients in a database, except ours, that are not just about to end. Workers of the
/// server give way by themselves.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn lasting_clients(
    admin: &Connection,
    database: &str,
) -> Result<Vec<Session>, DatabaseError> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut clients = sessions(admin, database).await?;
        clients.retain(Session::is_client);
        if clients.is_empty() || Instant::now() >= end {
            return Ok(clients);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn session(row: &Row) -> Result<Session, Error> {
    let since: Option<f64> = row.try_get(5)?;
    Ok(Session {
        pid: row.try_get(0)?,
        application: row.try_get(1)?,
        client: row.try_get(2)?,
        user: row.try_get(3)?,
        state: row.try_get(4)?,
        since: since.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()),
    })
}

/// Ends our own session with a database and waits until the server has seen it, so that the database
/// can be cloned or renamed. Gives up after two seconds: the server will say what is in the way.
pub async fn close(admin: &Connection, connection: Connection) {
    let asked = connection
        .client()
        .query_typed_one("SELECT pg_catalog.pg_backend_pid()", &[]);
    let pid: Option<i32> = asked.await.ok().and_then(|row| row.try_get(0).ok());
    let database = connection.address().database.clone();
    drop(connection);
    let end = Instant::now() + Duration::from_secs(2);
    while let Some(pid) = pid
        && Instant::now() < end
    {
        let there = sessions(admin, &database).await;
        if !there.is_ok_and(|there| there.iter().any(|session| session.pid == pid)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Tells who stays in a database that nobody may be connected to. The server would wait five seconds
/// before it refuses.
pub(super) async fn require_unused(
    admin: &Connection,
    action: &'static str,
    database: &str,
) -> Result<(), DatabaseError> {
    let sessions = lasting_clients(admin, database).await?;
    if sessions.is_empty() {
        return Ok(());
    }
    Err(DatabaseError::InUse {
        action,
        name: database.to_owned(),
        sessions,
    })
}

/// Ends a session of this server; `false` when there was none.
///
/// # Errors
/// A [`DatabaseError`], also when the session is not for us to end.
pub async fn terminate(admin: &Connection, pid: i32) -> Result<bool, DatabaseError> {
    let sql = "SELECT pg_catalog.pg_terminate_backend($1)";
    let asked = async {
        let row = admin
            .client()
            .query_typed_one(sql, &[(&pid, Type::INT4)])
            .await?;
        row.try_get(0)
    };
    match asked.await {
        Ok(ended) => Ok(ended),
        Err(error) => {
            Err(
                DatabaseError::of(admin, "end a session of", &admin.address().database, error)
                    .await,
            )
        }
    }
}
