//! Runs SQL of the user and hands on what the server answers, message by message: results in the
//! text form `psql` shows, tags, notices, the data of `COPY … TO STDOUT`. Shows nothing itself, and
//! keeps nothing but the row in hand.

mod wire;

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use self::wire::{Reply, Wire};
use super::login::Attempt;
use super::{Address, ConnectError, Sent, ServerMessage, diagnose};
use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};

/// Ends the statement of a client that is gone; servers before 14 do not know it.
const CHECK_INTERVAL: &str = "SET client_connection_check_interval = '500ms'";
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Sent as one message: several statements are one transaction, unless they say otherwise.
    pub sql: &'a Source,
    /// Where each statement stands, to mark the one that failed when the server names no token.
    /// May be empty: then the whole text counts as one.
    pub statements: &'a [Span],
    /// For the login; the query itself takes as long as it takes.
    pub login_timeout: Duration,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As the catalogue spells it, for instance `int4` or `timestamptz`; `None` for a type that
    /// does not come with PostgreSQL, such as an enumeration.
    pub type_name: Option<String>,
}

/// What a server answers, in order.
#[derive(Debug, PartialEq)]
pub enum Answer<'a> {
    /// A result begins.
    Columns(&'a [Column]),
    /// One row of it; a null is `None`. What is not UTF-8 is replaced.
    Row(&'a [Option<Cow<'a, str>>]),
    /// A piece of what `COPY … TO STDOUT` gives.
    Copy(&'a [u8]),
    /// A statement is done.
    Complete {
        /// In the server's words, for instance `INSERT 0 3` or `CREATE TABLE`.
        tag: &'a str,
        /// Rows given or changed; `None` where the tag counts none.
        rows: Option<u64>,
    },
    /// A notice or warning.
    Notice(ServerMessage),
}

/// Why a query has no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server refused; nothing of the message was kept, unless it held a `COMMIT`.
    #[error("the query failed")]
    Failed(Box<Diagnostic>),
    /// The session ended: what the server did is not known.
    #[error("lost the connection during the query: {reason}")]
    Lost { reason: String },
}

impl QueryError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Failed(_) | Self::Lost { .. } => None,
        }
    }
}

impl From<io::Error> for QueryError {
    fn from(error: io::Error) -> Self {
        Self::Lost {
            reason: error.to_string(),
        }
    }
}

/// Logs in, runs `query` and tells `on_answer` everything the server answers. A `Break` cancels the
/// statement and ends without error. Dropping the future ends the session, and the server the
/// statement within half a second (from PostgreSQL 14 on).
///
/// # Errors
/// A [`QueryError`]; what was answered before stays told.
pub async fn query(
    address: &Address,
    query: Query<'_>,
    mut on_answer: impl FnMut(Answer<'_>) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    let attempt = Attempt::new(address, query.login_timeout);
    let (mut wire, cancel) = Wire::log_in(&attempt).await?;
    let ignored = wire
        .run(CHECK_INTERVAL, |_| ControlFlow::Continue(()))
        .await?;
    if let Reply::Failed(answer) = ignored {
        tracing::debug!("the server does not watch for a client that is gone: {answer}");
    }
    let mut completed = 0;
    let counting = |answer: Answer<'_>| {
        if matches!(answer, Answer::Complete { .. }) {
            completed += 1;
        }
        on_answer(answer)
    };
    match wire.run(&query.sql.text, counting).await? {
        Reply::Done => {
            wire.end().await;
            Ok(())
        }
        Reply::Failed(answer) => Err(failed(&answer, &query, completed)),
        Reply::Stopped => {
            // Best effort: the server notices soon that nobody reads any more.
            if let Err(error) = cancel.cancel(CANCEL_TIMEOUT).await {
                tracing::debug!("the statement was not cancelled: {error}");
            }
            Ok(())
        }
    }
}

/// A fatal answer is the server's last word: it ended the session, or itself.
fn failed(answer: &ServerMessage, query: &Query<'_>, completed: usize) -> QueryError {
    if answer.severity != "ERROR" {
        return QueryError::Lost {
            reason: answer.message.clone(),
        };
    }
    let whole = Span::new(0, query.sql.text.len());
    let statement = match query.statements {
        [] => Some(whole),
        statements => statements.get(completed).copied(),
    };
    let sent = Sent {
        source: query.sql,
        offset: 0,
        prefix_characters: 0,
        statement,
        label: "this statement failed",
    };
    QueryError::Failed(Box::new(diagnose(answer, &sent, &[])))
}
