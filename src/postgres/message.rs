//! What a server says besides results: errors, warnings and notices, as plain data.
//!
//! See <https://www.postgresql.org/docs/current/protocol-error-fields.html>.

use std::fmt;
use std::io;

use postgres_protocol::message::backend::ErrorFields;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::fallible_iterator::FallibleIterator;

/// One message of a server: an error, a warning or a notice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerMessage {
    /// In English capitals: `ERROR`, `FATAL`, `WARNING`, `NOTICE`, …
    pub severity: String,
    /// The SQLSTATE, five characters.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// The call stack inside the server, one line each.
    pub context: Option<String>,
    pub position: Option<Position>,
}

/// Where in SQL a message belongs; characters count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In the text that was sent.
    Sent(usize),
    /// In SQL that the server ran by itself, for instance inside a function or a `DO` block.
    Internal { character: usize, query: String },
}

impl ServerMessage {
    /// From the fields of an error or notice as they come over the wire.
    pub(super) fn read(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut message = Self::default();
        let (mut internal, mut query) = (None, None);
        while let Some(field) = fields.next()? {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // Servers before 9.6 send the translated severity alone.
                b'S' if message.severity.is_empty() => message.severity = text,
                b'V' => message.severity = text,
                b'C' => message.code = text,
                b'M' => message.message = text,
                b'D' => message.detail = Some(text),
                b'H' => message.hint = Some(text),
                b'W' => message.context = Some(text),
                b'P' => message.position = text.parse().ok().map(Position::Sent),
                b'p' => internal = text.parse().ok(),
                b'q' => query = Some(text),
                _ => {}
            }
        }
        if let (None, Some(character), Some(query)) = (&message.position, internal, query) {
            message.position = Some(Position::Internal { character, query });
        }
        Ok(message)
    }

    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.severity == "WARNING"
    }
}

/// `WARNING: message`, one line.
impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.message)
    }
}

impl From<&DbError> for ServerMessage {
    fn from(answer: &DbError) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let severity = answer.parsed_severity().map(|known| known.to_string());
        let character = |position: &u32| usize::try_from(*position).unwrap_or(usize::MAX);
        Self {
            severity: severity.unwrap_or_else(|| answer.severity().to_owned()),
            code: answer.code().code().to_owned(),
            message: answer.message().to_owned(),
            detail: owned(answer.detail()),
            hint: owned(answer.hint()),
            context: owned(answer.where_()),
            position: answer.position().map(|position| match position {
                ErrorPosition::Original(position) => Position::Sent(character(position)),
                ErrorPosition::Internal { position, query } => Position::Internal {
                    character: character(position),
                    query: query.clone(),
                },
            }),
        }
    }
}
