//! From an address to a session the server let in: the one way in for everything in this module.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{self, SslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{ChannelBinding as Binding, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config};

use super::connect_error::ConnectError;
use super::phases::Phase;
use super::transport::{OpenError, Opening, Transport, open};
use super::{Address, ChannelBinding, TlsMode};

/// Shown in `pg_stat_activity` when the address names nothing else.
const APPLICATION_NAME: &str = "poststack";

/// A session over a stream of kind `S`.
pub(super) type Session<S> = tokio_postgres::Connection<S, Bound<S>>;

/// A login that worked.
pub(super) struct LoggedIn {
    pub client: Client,
    pub session: Session<Transport>,
    pub opening: Opening,
    pub login: Duration,
}

/// Logs in once, within `timeout` or what the address itself allows.
pub(super) async fn log_in(address: &Address, timeout: Duration) -> Result<LoggedIn, ConnectError> {
    let attempt = Attempt::new(address, timeout);
    let (transport, opening) = attempt.open(address.tls.mode).await?;
    let is_encrypted = opening.tls.is_some();
    match attempt.log_in(transport, opening).await {
        Err(error) if is_encrypted && attempt.may_do_without_tls(&error) => {
            let (transport, opening) = attempt.open(TlsMode::Disable).await?;
            attempt.log_in(transport, opening).await
        }
        outcome => outcome,
    }
}

/// One try to log in, with its deadline.
pub(super) struct Attempt<'a> {
    pub address: &'a Address,
    timeout: Duration,
    pub deadline: Instant,
}

impl<'a> Attempt<'a> {
    pub fn new(address: &'a Address, timeout: Duration) -> Self {
        let own = address.session.connect_timeout.unwrap_or(timeout);
        let timeout = timeout.min(own);
        Self {
            address,
            timeout,
            deadline: Instant::now() + timeout,
        }
    }

    /// Opens a connection; in mode `prefer` without TLS where the handshake fails.
    pub async fn open(&self, mode: TlsMode) -> Result<(Transport, Opening), ConnectError> {
        let opened = match open(self.address, mode, self.deadline).await {
            Err(OpenError::Tls(_)) if mode == TlsMode::Prefer => {
                open(self.address, TlsMode::Disable, self.deadline).await
            }
            outcome => outcome,
        };
        opened.map_err(|error| ConnectError::opening(self.address, self.timeout, error))
    }

    /// As libpq: a server may let us in from here only without encryption.
    pub fn may_do_without_tls(&self, error: &ConnectError) -> bool {
        let refused = SqlState::INVALID_AUTHORIZATION_SPECIFICATION.code();
        self.address.tls.mode == TlsMode::Prefer && error.code() == Some(refused)
    }

    async fn log_in(
        &self,
        transport: Transport,
        opening: Opening,
    ) -> Result<LoggedIn, ConnectError> {
        let start = Instant::now();
        let end_point = transport.end_point();
        let (client, session) = self.authenticate(transport, end_point).await?;
        Ok(LoggedIn {
            client,
            session,
            opening,
            login: start.elapsed(),
        })
    }

    /// Says who we are over a stream that is open, and encrypted if it is to be.
    pub async fn authenticate<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        end_point: Option<Vec<u8>>,
    ) -> Result<(Client, Session<S>), ConnectError> {
        let configuration = configuration(self.address);
        let login = configuration.connect_raw(stream, Established { end_point });
        match timeout_at(self.deadline, login).await {
            Ok(Ok(pair)) => Ok(pair),
            Ok(Err(source)) => Err(self.failed(Phase::Login, source)),
            Err(_) => Err(self.timed_out(Phase::Login)),
        }
    }

    pub fn failed(&self, phase: Phase, source: tokio_postgres::Error) -> ConnectError {
        ConnectError::Failed {
            address: self.address.to_string(),
            user: self.address.user.clone(),
            phase,
            source,
        }
    }

    pub fn timed_out(&self, phase: Phase) -> ConnectError {
        ConnectError::TimedOut {
            address: self.address.to_string(),
            timeout: self.timeout,
            phase,
        }
    }
}

fn configuration(address: &Address) -> Config {
    let mut configuration = Config::new();
    let session = &address.session;
    let application = session.application_name.as_deref();
    configuration
        .dbname(&address.database)
        .user(&address.user)
        .password(address.password.expose())
        .application_name(application.unwrap_or(APPLICATION_NAME))
        .channel_binding(match address.tls.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        })
        // TLS is there already, or is not wanted: the driver is to take the stream as it is.
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct);
    if let Some(options) = &session.options {
        configuration.options(options);
    }
    configuration
}

/// Hands the driver a stream with nothing left to be done about TLS.
pub(super) struct Established {
    pub end_point: Option<Vec<u8>>,
}

/// A stream, and what SCRAM can bind a login to.
pub(super) struct Bound<S> {
    stream: S,
    end_point: Option<Vec<u8>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for Established {
    type Stream = Bound<S>;
    type Error = Infallible;
    type Future = Ready<Result<Bound<S>, Infallible>>;

    fn connect(self, stream: S) -> Self::Future {
        ready(Ok(Bound {
            stream,
            end_point: self.end_point,
        }))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Bound<S> {
    fn channel_binding(&self) -> Binding {
        match &self.end_point {
            Some(hash) => Binding::tls_server_end_point(hash.clone()),
            None => Binding::none(),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
