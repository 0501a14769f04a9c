//! What `test-connection` shows: how long each phase of reaching a database took, and what is there.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::login::{Attempt, log_in};
use super::{Address, ConnectError, Connection, TlsSession};

const QUESTION: &str = "SELECT pg_catalog.pg_backend_pid(),
    pg_catalog.current_setting('is_superuser') = 'on',
    current_user::text,
    pg_catalog.current_database()::text,
    pg_catalog.pg_is_in_recovery()";

/// A step on the way to a database's first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Resolve,
    Connect,
    Tls,
    Login,
    Query,
}

/// `resolve`, `connect`, `TLS`, `login` or `query`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Login => "login",
            Self::Query => "query",
        })
    }
}

/// How long each phase took, and who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phases {
    /// Zero for a Unix socket.
    pub resolve: Duration,
    pub connect: Duration,
    /// The handshake with its question before; nothing when TLS is not used.
    pub tls: Option<Duration>,
    pub login: Duration,
    /// One small question and its answer.
    pub query: Duration,
    /// What the host's name stands for, in the order tried; empty for a Unix socket.
    pub addresses: Vec<SocketAddr>,
    pub tls_session: Option<TlsSession>,
    /// As the server words it, for instance `15.18 (Debian 15.18-1)`.
    pub server_version: String,
    pub backend_pid: i32,
    pub is_superuser: bool,
    pub current_user: String,
    pub database: String,
    /// A standby, which takes no writes.
    pub in_recovery: bool,
}

impl Phases {
    /// All phases together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.resolve + self.connect + self.tls.unwrap_or_default() + self.login + self.query
    }
}

/// Logs in and asks one question, all within `timeout`.
///
/// # Errors
/// A [`ConnectError`]; its [`phase`](ConnectError::phase) says how far it came.
pub async fn phases(address: &Address, timeout: Duration) -> Result<Phases, ConnectError> {
    let attempt = Attempt::new(address, timeout);
    let logged_in = log_in(address, timeout).await?;
    let (opening, login) = (logged_in.opening.clone(), logged_in.login);
    let connection = Connection::carry(logged_in, address);
    let start = Instant::now();
    let question = connection.client().query_typed_one(QUESTION, &[]);
    let failed = |source| attempt.failed(Phase::Query, source);
    let row = timeout_at(attempt.deadline, question)
        .await
        .map_err(|_| attempt.timed_out(Phase::Query))?
        .map_err(failed)?;
    let query = start.elapsed();
    let (tls, tls_session) = opening.tls.unzip();
    Ok(Phases {
        resolve: opening.resolve,
        connect: opening.connect,
        tls,
        login,
        query,
        addresses: opening.resolved,
        tls_session,
        server_version: connection.server_version().to_owned(),
        backend_pid: row.try_get(0).map_err(failed)?,
        is_superuser: row.try_get(1).map_err(failed)?,
        current_user: row.try_get(2).map_err(failed)?,
        database: row.try_get(3).map_err(failed)?,
        in_recovery: row.try_get(4).map_err(failed)?,
    })
}
