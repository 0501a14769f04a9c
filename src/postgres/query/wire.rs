//! The simple query protocol over a session of our own. The driver logs in and then lets go of the
//! stream: it would keep tags and types to itself, and refuses `COPY`.
//!
//! See <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SIMPLE-QUERY>.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;

use bytes::BytesMut;
use postgres_protocol::message::backend::{DataRowBody, Message, RowDescriptionBody};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::fallible_iterator::FallibleIterator;
use tokio_postgres::types::Type;

use super::{Answer, Column};
use crate::postgres::login::Attempt;
use crate::postgres::transport::Transport;
use crate::postgres::{CancelToken, ConnectError, ServerMessage, TlsMode};

const READ_BYTES: usize = 64 * 1024;

/// A session whose messages are ours.
pub(super) struct Wire {
    transport: Transport,
    read: BytesMut,
}

/// How a message to the server ended.
pub(super) enum Reply {
    Done,
    Failed(Box<ServerMessage>),
    /// The listener wants no more; the session is in the middle of an answer.
    Stopped,
}

impl Wire {
    pub async fn log_in(attempt: &Attempt<'_>) -> Result<(Self, CancelToken), ConnectError> {
        let mode = attempt.address.tls.mode;
        let (mut transport, opening) = attempt.open(mode).await?;
        let end_point = transport.end_point();
        let cancel = match attempt.authenticate(&mut transport, end_point).await {
            Ok((client, _)) => client.cancel_token(),
            Err(error) if opening.tls.is_some() && attempt.may_do_without_tls(&error) => {
                transport = attempt.open(TlsMode::Disable).await?.0;
                let (client, _) = attempt.authenticate(&mut transport, None).await?;
                client.cancel_token()
            }
            Err(error) => return Err(error),
        };
        let wire = Self {
            transport,
            read: BytesMut::new(),
        };
        Ok((wire, CancelToken::new(cancel, attempt.address)))
    }

    /// Sends `sql` as one message and tells what is answered.
    pub async fn run(
        &mut self,
        sql: &str,
        mut on_answer: impl FnMut(Answer<'_>) -> ControlFlow<()>,
    ) -> io::Result<Reply> {
        let mut message = BytesMut::new();
        frontend::query(sql, &mut message)?;
        self.transport.write_all(&message).await?;
        self.transport.flush().await?;
        let mut failure = None;
        loop {
            let message = match self.receive().await {
                Ok(message) => message,
                // A server that ends says why first.
                Err(error) => return failure.map(Reply::Failed).ok_or(error),
            };
            let told = match message {
                Message::ReadyForQuery(_) => return Ok(failure.map_or(Reply::Done, Reply::Failed)),
                Message::ErrorResponse(body) => {
                    failure = Some(Box::new(ServerMessage::read(body.fields())?));
                    continue;
                }
                Message::CopyInResponse(_) => {
                    self.refuse_copy().await?;
                    continue;
                }
                message => tell(message, &mut on_answer)?,
            };
            if told.is_break() {
                return Ok(Reply::Stopped);
            }
        }
    }

    /// Best effort: the server notices a closed connection as well.
    pub async fn end(mut self) {
        let mut message = BytesMut::new();
        frontend::terminate(&mut message);
        if let Err(error) = self.transport.write_all(&message).await {
            tracing::debug!("the session was not ended in order: {error}");
        }
        let _ = self.transport.shutdown().await;
    }

    async fn receive(&mut self) -> io::Result<Message> {
        loop {
            if let Some(message) = Message::parse(&mut self.read)? {
                return Ok(message);
            }
            self.read.reserve(READ_BYTES);
            if self.transport.read_buf(&mut self.read).await? == 0 {
                let closed = "the server closed the connection";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, closed));
            }
        }
    }

    async fn refuse_copy(&mut self) -> io::Result<()> {
        let mut message = BytesMut::new();
        frontend::copy_fail("there is no input here; use `psql` for it", &mut message)?;
        self.transport.write_all(&message).await?;
        self.transport.flush().await
    }
}

/// Hands on one message; those that carry nothing for the user are passed over.
fn tell(
    message: Message,
    on_answer: &mut impl FnMut(Answer<'_>) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let told = match message {
        Message::RowDescription(body) => on_answer(Answer::Columns(&columns(&body)?)),
        Message::DataRow(body) => on_answer(Answer::Row(&fields(&body)?)),
        Message::CopyData(body) => on_answer(Answer::Copy(body.data())),
        Message::CommandComplete(body) => {
            let tag = body.tag()?;
            let rows = tag.rsplit(' ').next().and_then(|last| last.parse().ok());
            on_answer(Answer::Complete { tag, rows })
        }
        Message::NoticeResponse(body) => {
            on_answer(Answer::Notice(ServerMessage::read(body.fields())?))
        }
        _ => ControlFlow::Continue(()),
    };
    Ok(told)
}

fn columns(body: &RowDescriptionBody) -> io::Result<Vec<Column>> {
    body.fields()
        .map(|field| {
            Ok(Column {
                name: field.name().to_owned(),
                type_name: Type::from_oid(field.type_oid()).map(|known| known.name().to_owned()),
            })
        })
        .collect()
}

fn fields(body: &DataRowBody) -> io::Result<Vec<Option<Cow<'_, str>>>> {
    let bytes = |range| body.buffer().get(range).unwrap_or_default();
    body.ranges()
        .map(|range| Ok(range.map(|range| String::from_utf8_lossy(bytes(range)))))
        .collect()
}
