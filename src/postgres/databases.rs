//! The databases of a server: made, cloned, renamed, dropped, and who is connected to them.
//!
//! Every function takes a session with another database of the same server, see [`maintenance`].
//! Which database is meant, and whether it may be touched, is decided by the caller.

mod clone;
mod create;
mod error;
mod list;
mod scratch;
mod sessions;
mod shared;
mod surroundings;
mod swap;
mod template;

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

pub use self::clone::{Strategy, clone_as, copy_privileges, copy_settings, settings};
pub use self::create::create_empty;
pub use self::error::DatabaseError;
pub use self::list::{DatabaseInfo, list};
pub use self::scratch::{ScratchOf, create_scratch, remove_stale_scratch};
use self::sessions::require_unused;
pub use self::sessions::{Session, close, lasting_clients, sessions, terminate};
pub use self::shared::{Shared, replication, shared};
pub use self::surroundings::surroundings;
pub use self::swap::swap;
pub use self::template::{find_template, keep_as_template, with_template_lock};
use super::quote::{identifier, literal};
use super::{Address, ConnectError, Connection, connect};

/// What the user of a session may do on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privileges {
    pub user: String,
    pub is_superuser: bool,
    /// Has `CREATEDB`, or is a superuser.
    pub can_create_databases: bool,
}

/// Logs in to the server of `address`, at its database `postgres` or else `template1`.
///
/// # Errors
/// [`DatabaseError::Connect`], or [`DatabaseError::NoMaintenance`] when neither lets us in.
pub async fn maintenance(
    address: &Address,
    timeout: Duration,
) -> Result<Connection, DatabaseError> {
    let first = match connect(&address.with_database("postgres"), timeout).await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    if !concerns_one_database(&first) {
        return Err(DatabaseError::Connect(first));
    }
    let second = connect(&address.with_database("template1"), timeout).await;
    second.map_err(|second| DatabaseError::NoMaintenance {
        postgres: Box::new(first),
        template1: Box::new(second),
    })
}

/// Missing, closed to this user, closed to everybody, or refused by `pg_hba.conf`.
fn concerns_one_database(error: &ConnectError) -> bool {
    let of_one = [
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ];
    let code = error.code();
    of_one.iter().any(|state| code == Some(state.code()))
}

/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn privileges(admin: &Connection) -> Result<Privileges, DatabaseError> {
    let sql = "SELECT rolname::text, rolsuper, rolsuper OR rolcreatedb
                 FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let asked = async {
        let row = admin.client().query_typed_one(sql, &[]).await?;
        Ok(Privileges {
            user: row.try_get(0)?,
            is_superuser: row.try_get(1)?,
            can_create_databases: row.try_get(2)?,
        })
    };
    asked
        .await
        .map_err(DatabaseError::reading("the privileges"))
}

/// Whether there is a database of this name.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn exists(admin: &Connection, name: &str) -> Result<bool, DatabaseError> {
    let sql = "SELECT FROM pg_catalog.pg_database WHERE datname = $1";
    let found = rows_about(admin, sql, name).await;
    let found = found.map_err(DatabaseError::reading("the databases"))?;
    Ok(!found.is_empty())
}

/// Bytes on the server's disk.
///
/// # Errors
/// [`DatabaseError::Missing`], or [`DatabaseError::Privilege`] without `CONNECT` on it.
pub async fn size(admin: &Connection, name: &str) -> Result<u64, DatabaseError> {
    let sql = "SELECT pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database
                WHERE datname = $1";
    let asked = async {
        let rows = rows_about(admin, sql, name).await?;
        rows.first().map(|row| row.try_get(0)).transpose()
    };
    match asked.await {
        Ok(Some(bytes)) => Ok(size_from(bytes).unwrap_or_default()),
        Ok(None) => Err(DatabaseError::missing(name)),
        Err(error) => Err(DatabaseError::of(admin, "read the size of", name, error).await),
    }
}

/// Drops a database; `force` ends the sessions in it first.
///
/// # Errors
/// [`DatabaseError::Missing`], [`DatabaseError::InUse`] without `force`, or another.
pub async fn drop_database(
    admin: &Connection,
    name: &str,
    force: bool,
) -> Result<(), DatabaseError> {
    let mut clause = "";
    if force && admin.server_major() >= 13 {
        clause = " WITH (FORCE)";
    } else if force {
        for session in sessions(admin, name).await? {
            terminate(admin, session.pid).await?;
        }
    } else {
        require_unused(admin, "drop", name).await?;
    }
    let sql = format!("DROP DATABASE {}{clause}", identifier(name));
    run(admin, "drop", name, &sql).await
}

/// # Errors
/// [`DatabaseError::Missing`], [`DatabaseError::Exists`] for the new name, [`DatabaseError::InUse`],
/// or another.
pub async fn rename(admin: &Connection, from: &str, to: &str) -> Result<(), DatabaseError> {
    let sql = format!(
        "ALTER DATABASE {} RENAME TO {}",
        identifier(from),
        identifier(to)
    );
    renamed(admin, (from, to), &sql).await
}

/// As [`rename`], and gives the database its comment, or none, in the same transaction: at no
/// moment it has the one without the other.
///
/// # Errors
/// As [`rename`].
pub async fn rename_with_comment(
    admin: &Connection,
    from: &str,
    (to, comment): (&str, Option<&str>),
) -> Result<(), DatabaseError> {
    let comment = comment.map_or_else(|| "NULL".to_owned(), literal);
    let (old, new) = (identifier(from), identifier(to));
    let sql = format!(
        "BEGIN; ALTER DATABASE {old} RENAME TO {new}; COMMENT ON DATABASE {new} IS {comment}; COMMIT"
    );
    let done = renamed(admin, (from, to), &sql).await;
    if done.is_err() {
        let _ = admin.client().batch_execute("ROLLBACK").await;
    }
    done
}

async fn renamed(
    admin: &Connection,
    (from, to): (&str, &str),
    sql: &str,
) -> Result<(), DatabaseError> {
    require_unused(admin, "rename", from).await?;
    match admin.client().batch_execute(sql).await {
        Ok(()) => Ok(()),
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {
            Err(DatabaseError::Exists {
                name: to.to_owned(),
            })
        }
        Err(error) => Err(DatabaseError::of(admin, "rename", from, error).await),
    }
}

/// Whether anybody with `CREATEDB` may clone the database, and nobody may drop it.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn set_template(
    admin: &Connection,
    name: &str,
    is_template: bool,
) -> Result<(), DatabaseError> {
    let sql = format!(
        "ALTER DATABASE {} IS_TEMPLATE {is_template}",
        identifier(name)
    );
    run(admin, "alter", name, &sql).await
}

/// Whether anybody may connect. A database that takes no connections can always be cloned.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn allow_connections(
    admin: &Connection,
    name: &str,
    allowed: bool,
) -> Result<(), DatabaseError> {
    let sql = format!(
        "ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}",
        identifier(name)
    );
    run(admin, "alter", name, &sql).await
}

/// Writes the comment of a database, or removes it.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn comment_on_database(
    admin: &Connection,
    name: &str,
    comment: Option<&str>,
) -> Result<(), DatabaseError> {
    let comment = comment.map_or_else(|| "NULL".to_owned(), literal);
    let sql = format!("COMMENT ON DATABASE {} IS {comment}", identifier(name));
    run(admin, "comment on", name, &sql).await
}

/// The comment of a database; `None` also when there is no such database.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn comment(admin: &Connection, name: &str) -> Result<Option<String>, DatabaseError> {
    let sql = "SELECT pg_catalog.shobj_description(oid, 'pg_database')
                 FROM pg_catalog.pg_database WHERE datname = $1";
    let asked = async {
        let rows = rows_about(admin, sql, name).await?;
        rows.first().map_or(Ok(None), |row| row.try_get(0))
    };
    asked
        .await
        .map_err(DatabaseError::reading("the comment of a database"))
}

/// The rows `sql` gives for the database's name as its one parameter.
async fn rows_about(admin: &Connection, sql: &str, name: &str) -> Result<Vec<Row>, Error> {
    admin
        .client()
        .query_typed(sql, &[(&name, Type::TEXT)])
        .await
}

/// The server counts in signed numbers.
fn size_from(bytes: Option<i64>) -> Option<u64> {
    bytes.and_then(|bytes| u64::try_from(bytes).ok())
}

/// Runs one statement about the database `name`; `action` goes before its name in a message.
async fn run(
    admin: &Connection,
    action: &'static str,
    name: &str,
    sql: &str,
) -> Result<(), DatabaseError> {
    match admin.client().batch_execute(sql).await {
        Ok(()) => Ok(()),
        Err(error) => Err(DatabaseError::of(admin, action, name, error).await),
    }
}
