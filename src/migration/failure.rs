//! What can go wrong while migrating, and where in the file it went wrong.

use std::time::Duration;

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::{LockHolder, Migration, Script, Statement};
use crate::diagnostic::Diagnostic;
use crate::postgres::{self, describe};

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
    let statement = sent.statements.get(sent.completed);
    let place = postgres::Sent {
        source: &sent.script.source,
        offset: sent.file_offset,
        prefix_characters: sent.prefix_characters,
        statement: statement.map(|statement| statement.span),
        label: match statement {
            Some(_) => "this statement failed",
            None => "its end failed: its deferred constraints, or its row in the ledger",
        },
    };
    postgres::diagnose(&answer.into(), &place, &advice(answer, sent))
}

/// What to do about it, besides the server's own hint.
fn advice(answer: &DbError, sent: &Sent<'_>) -> Vec<String> {
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
    own.into_iter().chain(partial).collect()
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
