//! The bytes between us and a server: a TCP or Unix socket, with TLS where it is asked for. Each
//! step has its own time; what is said over it is the business of others.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepidle};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::phases::Phase;
use super::tls::{self, TlsError, TlsSession};
use super::{Address, TlsMode};

/// Routers forget a silent connection after some minutes, and a migration may be silent for long.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// An open connection.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// How it was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Opening {
    /// What the host's name stands for; empty for a Unix socket.
    pub resolved: Vec<SocketAddr>,
    pub resolve: Duration,
    pub connect: Duration,
    /// Nothing without TLS.
    pub tls: Option<(Duration, TlsSession)>,
}

/// Why it could not be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    Resolve(io::Error),
    Connect(io::Error),
    Tls(TlsError),
    TimedOut(Phase),
}

impl Transport {
    /// What SCRAM can bind a login to.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Tls(stream) => tls::end_point(stream),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }
}

/// Opens a connection to the server of `address` with TLS as `mode` says.
pub(super) async fn open(
    address: &Address,
    mode: TlsMode,
    deadline: Instant,
) -> Result<(Transport, Opening), OpenError> {
    if address.is_socket() {
        return open_unix(address, deadline).await;
    }
    let start = Instant::now();
    let resolved = resolve(address, deadline).await?;
    let after_resolve = Instant::now();
    let mut socket = connect(&resolved, deadline).await?;
    let mut opening = Opening {
        resolved,
        resolve: after_resolve - start,
        connect: after_resolve.elapsed(),
        tls: None,
    };
    let before = Instant::now();
    let agreed = timeout_at(deadline, agree_on_tls(&mut socket, mode));
    let wanted = agreed.await.map_err(|_| OpenError::TimedOut(Phase::Tls))?;
    if !wanted.map_err(OpenError::Tls)? {
        return Ok((Transport::Tcp(socket), opening));
    }
    let stream = timeout_at(deadline, tls::shake_hands(socket, address))
        .await
        .map_err(|_| OpenError::TimedOut(Phase::Tls))?
        .map_err(OpenError::Tls)?;
    opening.tls = Some((before.elapsed(), tls::session(&stream)));
    Ok((Transport::Tls(Box::new(stream)), opening))
}

async fn open_unix(
    address: &Address,
    deadline: Instant,
) -> Result<(Transport, Opening), OpenError> {
    let path = Path::new(&address.host).join(format!(".s.PGSQL.{}", address.port));
    let start = Instant::now();
    let socket = timeout_at(deadline, UnixStream::connect(path))
        .await
        .map_err(|_| OpenError::TimedOut(Phase::Connect))?
        .map_err(OpenError::Connect)?;
    let opening = Opening {
        connect: start.elapsed(),
        ..Opening::default()
    };
    Ok((Transport::Unix(socket), opening))
}

async fn resolve(address: &Address, deadline: Instant) -> Result<Vec<SocketAddr>, OpenError> {
    let found = timeout_at(deadline, lookup_host((address.host.as_str(), address.port)))
        .await
        .map_err(|_| OpenError::TimedOut(Phase::Resolve))?
        .map_err(OpenError::Resolve)?;
    Ok(found.collect())
}

/// Connects to the first that answers. One that is silent leaves the others their share of the time.
async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, OpenError> {
    let mut last = OpenError::Resolve(io::Error::other("the name stands for no address"));
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let others = u32::try_from(addresses.len() - index).unwrap_or(1);
        let share = Instant::now() + left / others;
        match timeout_at(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                prepare(&socket).map_err(OpenError::Connect)?;
                return Ok(socket);
            }
            Ok(Err(error)) => last = OpenError::Connect(error),
            Err(_) => last = OpenError::TimedOut(Phase::Connect),
        }
    }
    Err(last)
}

/// Small messages go out at once, and a dead peer is noticed.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    set_socket_keepalive(socket, true)?;
    set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
    Ok(())
}

async fn agree_on_tls(socket: &mut TcpStream, mode: TlsMode) -> Result<bool, TlsError> {
    if mode == TlsMode::Disable {
        return Ok(false);
    }
    match tls::is_offered(socket).await? {
        true => Ok(true),
        false if mode == TlsMode::Prefer => Ok(false),
        false => Err(TlsError::NotOffered),
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
