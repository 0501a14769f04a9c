//! What can go wrong while migrating.

use std::fmt;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::Direction;
use super::session::Session;
use crate::diagnostic::Diagnostic;
use crate::postgres::describe;

/// Why a run did not do everything.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Files, ledger and target do not fit; nothing was run.
    #[error("the migrations do not fit the database; nothing was applied")]
    Conflict(Vec<Diagnostic>),
    /// A file failed. Those before it stay done.
    #[error("failed to {} migration `{}`", .0.direction, .0.title)]
    Failed(Box<Failed>),
    #[error(
        "another run migrates this database{}; waited {:.0} s",
        .holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}")),
        .wait.as_secs_f64()
    )]
    Locked {
        wait: Duration,
        holder: Option<Box<Session>>,
    },
    /// The session was lost: the server may or may not have finished `title`. The next run knows.
    #[error("lost the connection during migration `{title}`: {}", describe(.source))]
    Lost {
        title: String,
        source: tokio_postgres::Error,
        /// Titles of what this run did before, in its order.
        done: Vec<String>,
    },
    /// A file gave the lock away, and another run took it.
    #[error(
        "migration `{title}` gave the migration lock away, and another run took it; nothing was \
         run after it"
    )]
    LockLost {
        title: String,
        /// Titles of what this run did before, in its order.
        done: Vec<String>,
        /// Titles of what it did not come to, in its order.
        not_run: Vec<String>,
    },
    /// The ledger could not be read or made, or the lock not be asked for.
    #[error("failed to use the migration ledger: {}", describe(.0))]
    Server(#[source] tokio_postgres::Error),
}

/// A file that failed, and what became of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// `NNN_name` or `R_name`
    pub title: String,
    pub direction: Direction,
    /// At the failing statement.
    pub diagnostic: Diagnostic,
    /// Whether a part of it is kept though it was to be one transaction: it ended that itself.
    pub torn: bool,
    /// Titles of what this run did before, in its order.
    pub done: Vec<String>,
    /// Titles of what it did not come to, in its order.
    pub not_run: Vec<String>,
    /// Sessions that hold locks the file waited for in vain.
    pub blockers: Vec<Session>,
}

/// As the verb of a message.
impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "apply",
            Self::Rollback => "roll back",
        })
    }
}

impl MigrationError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict(_) | Self::Failed(_) => None,
            Self::Locked { holder, .. } => {
                let told = holder
                    .as_ref()
                    .map(|_| "end that session with `poststack db unlock`");
                told.map(str::to_owned)
            }
            Self::Lost { .. } => {
                Some("run it again: it finds out how far this one came".to_owned())
            }
            Self::LockLost { .. } => Some(
                "let no file call `pg_advisory_unlock_all()` or `DISCARD ALL`; then run it again"
                    .to_owned(),
            ),
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
