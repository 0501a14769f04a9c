//! A session with BuildKit: while it builds, it asks back for secrets and for SSH agents, by gRPC
//! over HTTP/2 on a connection that the client opens.
//!
//! Answers the four methods that this takes
//! (<https://github.com/moby/buildkit/tree/master/session>) and no others.

use std::io;
use std::path::Path;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use hyper::http::{HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::super::wire::{Call, Upgraded};
use super::super::{Engine, EngineError};
use super::protobuf::{fields, first_field};
use crate::plan::spec::ImageBuild;
use crate::workload::model::FileContent;

const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Status codes of gRPC.
const OK: &str = "0";
const NOT_FOUND: &str = "5";
const UNIMPLEMENTED: &str = "12";
const UNAVAILABLE: &str = "14";

/// The answer of a healthy session: field 1 is 1.
const SERVING: &[u8] = &[8, 1];

pub struct Session {
    pub id: String,
    connection: Upgraded,
}

impl Engine {
    pub(super) async fn open_session(&self, action: &str) -> Result<Session, EngineError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let method = "X-Docker-Expose-Session-Grpc-Method";
        let headers = [
            ("X-Docker-Expose-Session-Uuid", id.as_str()),
            ("X-Docker-Expose-Session-Name", "poststack"),
            ("X-Docker-Expose-Session-Sharedkey", ""),
            (method, SECRET),
            (method, CHECK_AGENT),
            (method, FORWARD_AGENT),
            (method, HEALTH),
        ];
        let call = Call::post("/session", action);
        let connection = self.wire.upgrade(call, "h2c", &headers).await?;
        Ok(Session { id, connection })
    }
}

impl Session {
    /// Answers until the engine hangs up.
    pub async fn serve(self, build: &ImageBuild) {
        let Ok(mut connection) = h2::server::handshake(self.connection.stream).await else {
            return;
        };
        let mut answers = FuturesUnordered::new();
        loop {
            tokio::select! {
                asked = connection.accept() => match asked {
                    Some(Ok((request, respond))) => answers.push(answer(request, respond, build)),
                    _ => return,
                },
                // A failed answer is the asker's to tell: its build fails then.
                Some(_) = answers.next(), if !answers.is_empty() => {}
            }
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    build: &ImageBuild,
) -> Result<(), h2::Error> {
    let (parts, body) = request.into_parts();
    let agent = || {
        let id = parts.headers.get("buildkit.ssh.id");
        let id = id.and_then(|id| id.to_str().ok()).unwrap_or("default");
        build.ssh.get(id)
    };
    let told = match parts.uri.path() {
        HEALTH => Ok(SERVING.to_vec()),
        SECRET => secret(body, build).await?,
        CHECK_AGENT => {
            let id = asked_for(body).await?;
            let id = if id.is_empty() { "default" } else { &id };
            build.ssh.get(id).map(|_| Vec::new()).ok_or(NOT_FOUND)
        }
        FORWARD_AGENT => match agent() {
            Some(socket) => return forward(body, respond, socket).await,
            None => Err(NOT_FOUND),
        },
        _ => Err(UNIMPLEMENTED),
    };
    let mut stream = begin(respond)?;
    let status = match told {
        Ok(message) => {
            stream.send_data(framed(&message), false)?;
            OK
        }
        Err(status) => status,
    };
    end(&mut stream, status)
}

fn begin(mut respond: SendResponse<Bytes>) -> Result<SendStream<Bytes>, h2::Error> {
    let mut response = Response::new(());
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    respond.send_response(response, false)
}

fn end(stream: &mut SendStream<Bytes>, status: &'static str) -> Result<(), h2::Error> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    stream.send_trailers(trailers)
}

/// The id that stands in field 1 of the one message.
async fn asked_for(mut body: RecvStream) -> Result<String, h2::Error> {
    let mut received = BytesMut::new();
    while let Some(chunk) = receive(&mut body).await? {
        received.extend_from_slice(&chunk);
    }
    let message = next_message(&mut received).unwrap_or_default();
    let id = fields(&message).find(|(field, _)| *field == 1);
    Ok(id.map(|(_, value)| value.text()).unwrap_or_default())
}

async fn receive(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let Some(chunk) = body.data().await.transpose()? else {
        return Ok(None);
    };
    body.flow_control().release_capacity(chunk.len())?;
    Ok(Some(chunk))
}

async fn secret(
    body: RecvStream,
    build: &ImageBuild,
) -> Result<Result<Vec<u8>, &'static str>, h2::Error> {
    let id = asked_for(body).await?;
    Ok(match build.secrets.get(&id) {
        None => Err(NOT_FOUND),
        Some(FileContent::Inline(text)) => Ok(first_field(text.expose().as_bytes())),
        Some(FileContent::Path(path)) => match fs_err::read(path) {
            Ok(content) => Ok(first_field(&content)),
            Err(_) => Err(NOT_FOUND),
        },
    })
}

/// Carries bytes between the builder and the socket of an agent until either ends.
async fn forward(
    mut body: RecvStream,
    respond: SendResponse<Bytes>,
    socket: &Path,
) -> Result<(), h2::Error> {
    let mut stream = begin(respond)?;
    let Ok(agent) = UnixStream::connect(socket).await else {
        return end(&mut stream, UNAVAILABLE);
    };
    let (mut from_agent, mut to_agent) = agent.into_split();
    let inward = async {
        let mut received = BytesMut::new();
        while let Some(chunk) = receive(&mut body).await? {
            received.extend_from_slice(&chunk);
            while let Some(message) = next_message(&mut received) {
                for (_, value) in fields(&message).filter(|(field, _)| *field == 1) {
                    if to_agent.write_all(value.bytes()).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    };
    let outward = async {
        let mut buffer = BytesMut::with_capacity(32 * 1024);
        while read_some(&mut from_agent, &mut buffer)
            .await
            .is_ok_and(|read| read > 0)
        {
            stream.send_data(framed(&first_field(&buffer)), false)?;
            buffer.clear();
        }
        Ok(())
    };
    let ended: Result<(), h2::Error> = tokio::select! {
        ended = inward => ended,
        ended = outward => ended,
    };
    ended?;
    end(&mut stream, OK)
}

async fn read_some(
    from: &mut tokio::net::unix::OwnedReadHalf,
    buffer: &mut BytesMut,
) -> io::Result<usize> {
    from.read_buf(buffer).await
}

/// A message of gRPC: uncompressed, its length in four bytes, its content.
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// Takes the first whole message from what was received.
fn next_message(received: &mut BytesMut) -> Option<Bytes> {
    let header: [u8; 5] = received.get(..5)?.try_into().ok()?;
    let [_, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if received.len() < 5 + length {
        return None;
    }
    drop(received.split_to(5));
    Some(received.split_to(length).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_of_what_comes_in_pieces() {
        let mut received = BytesMut::new();
        let both = [framed(b"one"), framed(b"")].concat();
        received.extend_from_slice(both.get(..6).unwrap());
        assert_eq!(next_message(&mut received), None);
        received.extend_from_slice(both.get(6..).unwrap());
        assert_eq!(next_message(&mut received).unwrap(), "one");
        assert_eq!(next_message(&mut received).unwrap(), "");
        assert_eq!(next_message(&mut received), None);
    }
}
