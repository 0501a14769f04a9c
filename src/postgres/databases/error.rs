//! Why something was not done to a database, and who stands in the way.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::{Session, privileges, sessions};
use crate::postgres::quote::identifier;
use crate::postgres::{ConnectError, Connection, describe};

/// Why something was not done to a database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("database `{name}` exists already")]
    Exists { name: String },
    #[error("there is no database `{name}`")]
    Missing { name: String },
    /// Cloning, renaming and dropping need a database nobody is connected to.
    #[error("failed to {action} database `{name}`: {}", users(.sessions))]
    InUse {
        action: &'static str,
        name: String,
        /// Empty when they left meanwhile.
        sessions: Vec<Session>,
    },
    #[error("user `{user}` may not {action} database `{name}`: {message}")]
    Privilege {
        action: &'static str,
        name: String,
        user: String,
        /// Whether `CREATEDB` is what is missing.
        needs_createdb: bool,
        message: String,
    },
    #[error("failed to {action} database `{name}`: {}", describe(.source))]
    Server {
        action: &'static str,
        name: String,
        source: Error,
    },
    #[error("failed to read {what}: {}", describe(.source))]
    Read { what: &'static str, source: Error },
    #[error(transparent)]
    Connect(ConnectError),
    #[error("neither database `postgres` nor `template1` lets us in: {postgres}; {template1}")]
    NoMaintenance {
        postgres: Box<ConnectError>,
        template1: Box<ConnectError>,
    },
}

impl DatabaseError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Exists { .. } => "choose another name, or drop it first".to_owned(),
            Self::InUse { sessions, .. } => match sessions.first() {
                Some(session) => format!(
                    "close these sessions, or end each: `SELECT pg_terminate_backend({})`",
                    session.pid
                ),
                None => "they may be gone by now; try again".to_owned(),
            },
            Self::Privilege {
                user,
                needs_createdb: true,
                ..
            } => format!(
                "let a superuser run `ALTER ROLE {} CREATEDB`",
                identifier(user)
            ),
            Self::Privilege { .. } => {
                "log in as the owner of the database or as a superuser".to_owned()
            }
            Self::NoMaintenance { .. } => {
                "let a superuser run `GRANT CONNECT ON DATABASE postgres TO …`".to_owned()
            }
            Self::Connect(error) => return error.hint(),
            Self::Server { source, .. } => return source.as_db_error()?.hint().map(str::to_owned),
            Self::Missing { .. } | Self::Read { .. } => return None,
        })
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::Missing {
            name: name.to_owned(),
        }
    }

    pub(super) fn reading(what: &'static str) -> impl FnOnce(Error) -> Self {
        move |source| Self::Read { what, source }
    }

    /// What the server's refusal to do `action` to the database `name` comes to.
    pub(super) async fn of(
        admin: &Connection,
        action: &'static str,
        name: &str,
        source: Error,
    ) -> Self {
        let owned = name.to_owned();
        match source.code() {
            Some(code) if *code == SqlState::DUPLICATE_DATABASE => Self::Exists { name: owned },
            Some(code) if *code == SqlState::INVALID_CATALOG_NAME => Self::Missing { name: owned },
            Some(code) if *code == SqlState::OBJECT_IN_USE => Self::InUse {
                action,
                name: owned,
                sessions: sessions(admin, name).await.unwrap_or_default(),
            },
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                let can_create = privileges(admin).await;
                Self::Privilege {
                    action,
                    name: owned,
                    user: admin.address().user.clone(),
                    needs_createdb: can_create.is_ok_and(|have| !have.can_create_databases),
                    message: describe(&source),
                }
            }
            _ => Self::Server {
                action,
                name: owned,
                source,
            },
        }
    }
}

fn users(sessions: &[Session]) -> String {
    if sessions.is_empty() {
        return "somebody else was connected to it".to_owned();
    }
    let shown: Vec<String> = sessions.iter().map(Session::to_string).collect();
    format!("connected to it: {}", shown.join(", "))
}
