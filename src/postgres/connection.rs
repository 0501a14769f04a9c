//! One session with a server, together with the task that carries it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use tokio_postgres::{AsyncMessage, Client};

use super::connect_error::ConnectError;
use super::login::{Attempt, Established, LoggedIn, Session, log_in};
use super::phases::Phase;
use super::transport::Transport;
use super::{Address, ServerMessage, TlsSession, describe};

/// Notices kept until somebody asks for them; of more, the newest.
const MOST_NOTICES: usize = 1000;

/// A logged-in session. Dropping it closes the connection and ends its task.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    server_version: String,
    tls: Option<TlsSession>,
    address: Address,
    notices: Notices,
    task: JoinHandle<()>,
}

type Notices = Arc<Mutex<VecDeque<ServerMessage>>>;

/// Ends what a session is doing, from outside it.
#[derive(Clone)]
pub struct CancelToken {
    token: tokio_postgres::CancelToken,
    address: Address,
}

impl Connection {
    /// For the modules that send SQL of their own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// As the server words it, for instance `15.18 (Debian 15.18-1)`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// The major version, for instance 15; 0 when the server words it in an unknown way.
    #[must_use]
    pub fn server_major(&self) -> u32 {
        let digits: String = self
            .server_version
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().unwrap_or_default()
    }

    /// What this session logged in with.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What the session is encrypted with; nothing without TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref()
    }

    /// Whether the session has ended; it may also end right after this answer.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Takes the notices and warnings that came since the last call, in the server's order: those
    /// of a statement are there when its answer is. Of more than 1000 the newest are kept.
    #[must_use]
    pub fn notices(&self) -> Vec<ServerMessage> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.drain(..).collect()
    }

    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken::new(self.client.cancel_token(), &self.address)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl CancelToken {
    pub(super) fn new(token: tokio_postgres::CancelToken, address: &Address) -> Self {
        Self {
            token,
            address: address.clone(),
        }
    }

    /// Asks the server to end the statement the session is at, over a connection of its own. The
    /// statement then fails with SQLSTATE 57014, unless it was done already.
    ///
    /// # Errors
    /// A [`ConnectError`] when the server could not be asked.
    pub async fn cancel(&self, timeout: Duration) -> Result<(), ConnectError> {
        let attempt = Attempt::new(&self.address, timeout);
        let (transport, _) = attempt.open(self.address.tls.mode).await?;
        let established = Established { end_point: None };
        let request = self.token.cancel_query_raw(transport, established);
        match timeout_at(attempt.deadline, request).await {
            Ok(sent) => sent.map_err(|source| attempt.failed(Phase::Query, source)),
            Err(_) => Err(attempt.timed_out(Phase::Query)),
        }
    }
}

/// Logs in once, with TLS as the address says.
///
/// # Errors
/// A [`ConnectError`]; the server's own refusal is its source.
pub async fn connect(address: &Address, timeout: Duration) -> Result<Connection, ConnectError> {
    let logged_in = log_in(address, timeout).await?;
    Ok(Connection::carry(logged_in, address))
}

impl Connection {
    pub(super) fn carry(logged_in: LoggedIn, address: &Address) -> Self {
        let LoggedIn {
            client,
            session,
            opening,
            ..
        } = logged_in;
        let server_version = session.parameter("server_version").unwrap_or_default();
        let server_version = server_version.to_owned();
        let notices = Notices::default();
        let task = tokio::spawn(carry(session, Arc::clone(&notices)));
        Self {
            client,
            server_version,
            tls: opening.tls.map(|(_, session)| session),
            address: address.clone(),
            notices,
            task,
        }
    }
}

/// Moves messages until the session ends.
async fn carry(mut session: Session<Transport>, notices: Notices) {
    loop {
        match poll_fn(|cx| session.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => keep(&notices, ServerMessage::from(&notice)),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::debug!("a database connection ended: {}", describe(&error));
                return;
            }
            None => return,
        }
    }
}

fn keep(notices: &Notices, notice: ServerMessage) {
    let mut notices = notices.lock().unwrap_or_else(PoisonError::into_inner);
    if notices.len() == MOST_NOTICES {
        notices.pop_front();
    }
    notices.push_back(notice);
}
