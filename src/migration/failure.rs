//! What can go wrong while migrating, and where in the file it went wrong.

use std::time::Duration;

use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use super::{LockHolder, Migration, Script, Statement};
use crate::diagnostic::Diagnostic;
use crate::postgres::describe;
use crate::text::Span;

/// Why a run did not apply everything.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Files and ledger do not fit; nothing was applied.
    #[error("the migrations do not fit the database; nothing was applied")]
    Conflict(Vec<Diagnostic>),
    /// A migration failed. Those before it stay applied.
    #[error("failed to apply migration `{title}`")]
    Failed {
        /// `NNN_name`
        title: String,
        /// At the failing statement.
        diagnostic: Box<Diagnostic>,
        /// Titles of those this run applied before.
        applied: Vec<String>,
    },
    #[error(
        "another run migrates this database{}; waited {:.0} s",
        .holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}")),
        .wait.as_secs_f64()
    )]
    Locked {
        wait: Duration,
        holder: Option<LockHolder>,
    },
    /// The session was lost: the server may or may not have finished `title`. The next run knows.
    #[error("lost the connection during migration `{title}`: {}", describe(.source))]
    Lost {
        title: String,
        source: tokio_postgres::Error,
        applied: Vec<String>,
    },
    /// The ledger could not be read or made, or the lock not be asked for.
    #[error("failed to use the migration ledger: {}", describe(.0))]
    Server(#[source] tokio_postgres::Error),
}

impl MigrationError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict(_) | Self::Failed { .. } => None,
            Self::Locked { holder, .. } => holder.as_ref().map(|holder| {
                let process_id = holder.process_id;
                format!("end that session with `SELECT pg_terminate_backend({process_id})`")
            }),
            Self::Lost { .. } => {
                Some("run it again: what was not recorded was not applied".to_owned())
            }
            Self::Server(error) => match error.code() {
                Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Some(
                    "the user must own schema `poststack` or have CREATE on the database"
                        .to_owned(),
                ),
                _ => None,
            },
        }
    }
}

/// What was sent when the server refused it.
pub(super) struct Sent<'a> {
    pub script: &'a Script,
    /// The script's statements in the message, in order.
    pub statements: &'a [Statement],
    /// Characters before the script's text.
    pub prefix_characters: usize,
    /// Byte offset in the file at which the sent text starts.
    pub file_offset: usize,
    /// How many of `statements` were done when the error came.
    pub completed: usize,
}

/// The server's `answer` as a fault at its place in the file.
pub(super) fn diagnose(answer: &DbError, sent: &Sent<'_>) -> Diagnostic {
    let message = format!(
        "{} (SQLSTATE {})",
        sentence(answer.message()),
        answer.code().code()
    );
    let span = position(answer, sent)
        .or_else(|| statement_start(sent))
        .unwrap_or_default();
    let label = match sent.statements.get(sent.completed) {
        Some(_) => answer.detail().unwrap_or("this statement failed"),
        None => answer
            .detail()
            .unwrap_or("its end failed: its deferred constraints, or its row in the ledger"),
    };
    let diagnostic = Diagnostic::error(message)
        .at(&sent.script.source, span)
        .label(label);
    let help = help(answer, sent);
    if help.is_empty() {
        diagnostic
    } else {
        diagnostic.help(help.join("\n"))
    }
}

/// The token at the position the server gives: in characters, from 1, in the text as it was sent.
fn position(answer: &DbError, sent: &Sent<'_>) -> Option<Span> {
    let Some(ErrorPosition::Original(position)) = answer.position() else {
        return None;
    };
    let position = usize::try_from(*position).ok()?;
    let in_script = position.checked_sub(1 + sent.prefix_characters)?;
    let text = sent.script.source.text.get(sent.file_offset..)?;
    let (offset, _) = text
        .char_indices()
        .chain([(text.len(), ' ')])
        .nth(in_script)?;
    let token = text.get(offset..)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = token.find(|c| !is_word(c)).unwrap_or(token.len());
    // A quote or an operator: its first character says enough.
    let length = match length {
        0 => token.chars().next().map_or(0, char::len_utf8),
        length => length,
    };
    let start = sent.file_offset + offset;
    Some(Span::new(start, start + length))
}

/// The first line of the statement that failed.
fn statement_start(sent: &Sent<'_>) -> Option<Span> {
    let span = sent.statements.get(sent.completed)?.span;
    let first_line = sent.script.source.slice(span).lines().next()?;
    Some(Span::new(span.start, span.start + first_line.len()))
}

fn help(answer: &DbError, sent: &Sent<'_>) -> Vec<String> {
    let own = match answer.code() {
        code if *code == SqlState::ACTIVE_SQL_TRANSACTION => {
            Some("put `-- poststack: no-transaction` at the top of the file".to_owned())
        }
        code if *code == SqlState::LOCK_NOT_AVAILABLE => {
            Some("another session uses the table; nothing waited longer for it".to_owned())
        }
        _ => None,
    };
    let partial = (!sent.script.in_transaction && sent.completed > 0).then(|| {
        "the file runs without a transaction: the statements before this one stay".to_owned()
    });
    [answer.hint().map(str::to_owned), own, partial]
        .into_iter()
        .flatten()
        .chain(answer.where_().map(|context| format!("in: {context}")))
        .collect()
}

fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// The error of `migration`: a fault at its place, or a session that is gone.
pub(super) fn failed(
    migration: &Migration,
    error: tokio_postgres::Error,
    sent: &Sent<'_>,
    applied: &[String],
) -> MigrationError {
    let title = migration.title();
    let applied = applied.to_vec();
    // A fatal answer is the server's last word: it ended the session, or itself.
    let answer = error
        .as_db_error()
        .filter(|answer| answer.parsed_severity() == Some(Severity::Error));
    match answer {
        Some(answer) => MigrationError::Failed {
            diagnostic: Box::new(diagnose(answer, sent)),
            title,
            applied,
        },
        None => MigrationError::Lost {
            title,
            source: error,
            applied,
        },
    }
}
