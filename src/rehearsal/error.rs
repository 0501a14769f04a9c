//! Why there is no report, or one that stops what was to follow.

use std::time::Duration;

use super::Report;
use crate::diagnostic::Diagnostic;
use crate::migration::MigrationError;
use crate::postgres::ConnectError;
use crate::postgres::databases::DatabaseError;
use crate::postgres::relations::RelationError;
use crate::schema::ReadError;

/// How long a login may take; the database has answered before.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Why there is no report, or one that stops what was to follow.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A required rehearsal found errors; nothing was applied.
    #[error("the rehearsal found errors; nothing was applied")]
    Findings(Box<Report>),
    /// A statement on the scratch database acted outside it; it was taken back.
    #[error("a statement acts outside its database: it wrote {}", .catalogues.join(", "))]
    Outside {
        /// Tables of the server's own, such as `pg_authid`.
        catalogues: Vec<String>,
        diagnostic: Box<Diagnostic>,
    },
    /// Something that is not taken back.
    #[error("while files were tried on a scratch database, the server changed: {}", .changes.join(", "))]
    ServerChanged { changes: Vec<String> },
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No scratch database could be made.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Files, ledger and target do not fit, or the connection was lost.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error(transparent)]
    Catalogue(#[from] ReadError),
    #[error(transparent)]
    Relations(#[from] RelationError),
    /// The schema could not be made anew without its data.
    #[error("failed to make the schema again in a scratch database: {message}")]
    Schema { message: String },
}

impl RehearsalError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint(),
            Self::Database(error) => error.hint(),
            Self::Migration(error) => error.hint(),
            Self::Schema { .. } => Some(
                "close the other sessions of the database, so that it can be cloned instead"
                    .to_owned(),
            ),
            Self::ServerChanged { .. } => Some(
                "a function or `DO` block of a file did it, or somebody else meanwhile; look after \
                 it, and apply such a file without a rehearsal"
                    .to_owned(),
            ),
            Self::Findings(_) | Self::Outside { .. } | Self::Catalogue(_) | Self::Relations(_) => None,
        }
    }
}
