//! The small HTTP client for requests that must be tolerant, private or without a time limit.
//!
//! One connection per request, unversioned paths, no pool, no log: bodies carry passwords. It
//! knows HTTP and nothing of containers.

mod lines;
mod upgrade;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::error::{EngineError, classify};

pub(super) use lines::JsonLines;
pub(super) use upgrade::Upgraded;

/// Longest wait for a connection; the answer itself has no general limit.
const CONNECT: Duration = Duration::from_secs(5);

/// What stays readable in a path: everything an image reference is made of.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'.')
    .remove(b'_')
    .remove(b'-');

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Unix(PathBuf),
    /// `host:port`
    Tcp(String),
}

/// `unix:///run/docker.sock` or `tcp://host:port`
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
        }
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// One request. `action` is the fragment for messages: what is being done, to which object.
pub(super) struct Call {
    action: String,
    method: Method,
    target: String,
    content_type: Option<&'static str>,
    body: Body,
    limit: Option<Duration>,
}

impl Call {
    fn new(method: Method, path: &str, action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            method,
            target: utf8_percent_encode(path, PATH).to_string(),
            content_type: None,
            body: Empty::new().map_err(never).boxed_unsync(),
            limit: None,
        }
    }

    pub fn get(path: &str, action: impl Into<String>) -> Self {
        Self::new(Method::GET, path, action)
    }

    pub fn post(path: &str, action: impl Into<String>) -> Self {
        Self::new(Method::POST, path, action)
    }

    pub fn put(path: &str, action: impl Into<String>) -> Self {
        Self::new(Method::PUT, path, action)
    }

    pub fn delete(path: &str, action: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, action)
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target
            .push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        self.target
            .extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// `filters={"label":["name=value", …]}`, as every list call takes it.
    pub fn label_filter(self, labels: &[(String, String)]) -> Self {
        let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        self.query(
            "filters",
            &serde_json::json!({ "label": labels }).to_string(),
        )
    }

    pub fn json(self, value: &impl Serialize) -> Result<Self, EngineError> {
        match serde_json::to_vec(value) {
            Ok(bytes) => Ok(self.bytes("application/json", bytes.into())),
            Err(source) => Err(EngineError::Answer {
                action: self.action,
                source,
            }),
        }
    }

    pub fn bytes(mut self, content_type: &'static str, bytes: Bytes) -> Self {
        self.content_type = Some(content_type);
        self.body = Full::new(bytes).map_err(never).boxed_unsync();
        self
    }

    pub fn stream(
        mut self,
        content_type: &'static str,
        chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        self.content_type = Some(content_type);
        self.body = StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync();
        self
    }

    /// Gives up when the whole request takes longer.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

fn never(error: Infallible) -> io::Error {
    match error {}
}

/// Drives one connection; dropping it closes the connection.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A successful answer whose body is still to be read.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    action: String,
    address: Address,
    body: Incoming,
    _driver: Driver,
}

impl Answer {
    /// The next piece of the body.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, EngineError>> {
        while let Some(frame) = self.body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(self.gone(io::Error::other(error)))),
            }
        }
        None
    }

    pub async fn bytes(mut self) -> Result<Bytes, EngineError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all.freeze())
    }

    pub async fn json<T: DeserializeOwned>(self) -> Result<T, EngineError> {
        let action = self.action.clone();
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|source| EngineError::Answer { action, source })
    }

    fn gone(&self, source: io::Error) -> EngineError {
        EngineError::Gone {
            action: self.action.clone(),
            address: self.address.to_string(),
            source,
        }
    }
}

/// A client of one engine.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub address: Address,
}

impl Wire {
    /// The answer of a successful call; an answer of 400 and above is an error.
    pub async fn call(&self, call: Call) -> Result<Answer, EngineError> {
        let action = call.action.clone();
        within(call.limit, &action, async {
            let answer = self.send(call).await?;
            // The action names the object; targets and bodies may hold secrets.
            tracing::debug!(status = answer.status.as_u16(), "{action}");
            if answer.status.as_u16() < 400 {
                return Ok(answer);
            }
            let status = answer.status.as_u16();
            let body = answer.bytes().await?;
            Err(classify(&action, status, &message(&body)))
        })
        .await
    }

    /// A call whose answer's body does not matter.
    pub async fn run(&self, call: Call) -> Result<(), EngineError> {
        self.call(call).await?.bytes().await.map(drop)
    }

    pub async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, EngineError> {
        let (limit, action) = (call.limit, call.action.clone());
        within(limit, &action, async {
            self.call(call).await?.json().await
        })
        .await
    }

    /// Like [`Wire::fetch`]; `None` when there is no such object.
    pub async fn find<T: DeserializeOwned>(&self, call: Call) -> Result<Option<T>, EngineError> {
        match self.fetch(call).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The process that opened the engine's socket, where it is on this machine.
    pub async fn process(&self) -> Option<i32> {
        let Address::Unix(path) = &self.address else {
            return None;
        };
        let stream = UnixStream::connect(path).await.ok()?;
        stream.peer_cred().ok()?.pid()
    }

    async fn send(&self, call: Call) -> Result<Answer, EngineError> {
        let gone = |source: io::Error| EngineError::Gone {
            action: call.action.clone(),
            address: self.address.to_string(),
            source,
        };
        let (mut sender, driver) = self.connect().await.map_err(gone)?;
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.target)
            .header(header::HOST, "engine");
        if let Some(content_type) = call.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request
            .body(call.body)
            .map_err(|error| gone(io::Error::other(error)))?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| gone(io::Error::other(error)))?;
        let (parts, body) = answer.into_parts();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            action: call.action,
            address: self.address.clone(),
            body,
            _driver: driver,
        })
    }

    async fn connect(&self) -> io::Result<(http1::SendRequest<Body>, Driver)> {
        let connecting = async {
            match &self.address {
                Address::Unix(path) => handshake(UnixStream::connect(path).await?).await,
                Address::Tcp(authority) => {
                    let stream = TcpStream::connect(authority).await?;
                    stream.set_nodelay(true)?;
                    handshake(stream).await
                }
            }
        };
        tokio::time::timeout(CONNECT, connecting)
            .await
            .map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

async fn handshake<S>(stream: S) -> io::Result<(http1::SendRequest<Body>, Driver)>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // A failing connection shows as an error of its request; there is nothing to add here.
    let driver = tokio::spawn(async move {
        connection.with_upgrades().await.ok();
    });
    Ok((sender, Driver(driver)))
}

async fn within<T>(
    limit: Option<Duration>,
    action: &str,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let Some(limit) = limit else {
        return work.await;
    };
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_elapsed) => Err(EngineError::TimedOut {
            action: action.to_owned(),
            limit,
        }),
    }
}

/// The message of an error answer: Docker's `message`, Podman's `message` with its `cause`, or
/// the text as it is.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        message: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}
