//! The server beside the database that is meant: making and replacing databases of it.

use std::time::Duration;

use serde::Serialize;

use super::Target;
use super::login::sentence;
use crate::environment::{Failure, Kind};
use crate::postgres::databases::{self, DatabaseError, lasting_clients, sessions, terminate};
use crate::postgres::relations::{
    Closeness, Oid, Relation, RelationError, contents, relations, table_bytes,
};
use crate::postgres::{Connection, connect};

const TIMEOUT: Duration = Duration::from_secs(10);
/// A client that was sent away may be back before the server is told to let nobody in.
const ATTEMPTS: u32 = 5;
/// Tables up to this size are counted, in bytes; of larger ones the planner's estimate is told.
const COUNTED: u64 = 64 * 1024 * 1024;

/// A session with the server, not with the database that is meant.
///
/// # Errors
/// [`Kind::Unreachable`].
pub async fn maintenance(target: &Target) -> Result<Connection, Failure> {
    target.has_started()?;
    let admin = databases::maintenance(&target.address, TIMEOUT).await;
    admin.map_err(|error| match error {
        DatabaseError::Connect(error) => super::login::unreachable(target, &error),
        other => failure(&other),
    })
}

/// What the server did not do with a database, for the user.
#[must_use]
pub fn failure(error: &DatabaseError) -> Failure {
    let kind = match error {
        DatabaseError::Connect(_) | DatabaseError::NoMaintenance { .. } => Kind::Unreachable,
        _ => Kind::Failed,
    };
    let failure = Failure::new(kind, sentence(&error.to_string()));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What the clients of others are called that are connected to `database`.
///
/// # Errors
/// The server cannot be asked.
pub async fn clients(admin: &Connection, database: &str) -> Result<Vec<String>, Failure> {
    let clients = lasting_clients(admin, database).await;
    let clients = clients.map_err(|error| failure(&error))?;
    Ok(clients.iter().map(ToString::to_string).collect())
}

/// Refuses where others are connected to `database`.
///
/// # Errors
/// Who they are, and that `--force` ends their sessions.
pub async fn refuse_clients(admin: &Connection, database: &str) -> Result<(), Failure> {
    let clients = clients(admin, database).await?;
    if clients.is_empty() {
        return Ok(());
    }
    let message = match clients.len() {
        1 => format!("Another session is connected to database `{database}`"),
        count => format!("{count} other sessions are connected to database `{database}`"),
    };
    Err(Failure::new(Kind::Failed, message)
        .excerpt("Connected to it:", clients)
        .hint("close them, or end them with --force"))
}

/// Does `work` on `database`, which nobody may be connected to. With `force` the sessions of others
/// are ended first, again when they come back.
///
/// # Errors
/// Those of `work`.
pub async fn alone<T>(
    admin: &Connection,
    database: &str,
    force: bool,
    mut work: impl AsyncFnMut() -> Result<T, DatabaseError>,
) -> Result<T, Failure> {
    if !force {
        refuse_clients(admin, database).await?;
    }
    let mut attempt = 1;
    loop {
        if force {
            end_clients(admin, database).await?;
        }
        match work().await {
            Err(DatabaseError::InUse { .. }) if force && attempt < ATTEMPTS => attempt += 1,
            Err(error @ DatabaseError::InUse { .. }) if !force => {
                refuse_clients(admin, database).await?;
                return Err(failure(&error));
            }
            done => return done.map_err(|error| failure(&error)),
        }
    }
}

async fn end_clients(admin: &Connection, database: &str) -> Result<(), Failure> {
    let found = sessions(admin, database).await;
    for session in found.map_err(|error| failure(&error))? {
        if session.is_client() {
            let ended = terminate(admin, session.pid).await;
            ended.map_err(|error| failure(&error))?;
        }
    }
    Ok(())
}

/// A table with rows, which are lost with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// `schema.name`
    pub table: String,
    pub rows: u64,
    /// Whether they were counted; else it is the planner's estimate.
    pub exact: bool,
}

/// `table public.orders (3 rows)`
impl std::fmt::Display for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let about = if self.exact { "" } else { "about " };
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "table {} ({about}{} {rows})", self.table, self.rows)
    }
}

/// The tables of `database` that have rows, sorted; none when there is no such database.
///
/// # Errors
/// The database cannot be asked.
pub async fn filled(
    target: &Target,
    admin: &Connection,
    database: &str,
) -> Result<Vec<Filled>, Failure> {
    let there = databases::exists(admin, database).await;
    if !there.map_err(|error| failure(&error))? {
        return Ok(Vec::new());
    }
    let address = target.address.with_database(database);
    let connected = connect(&address, TIMEOUT).await;
    let connection = connected.map_err(|error| super::login::unreachable(target, &error))?;
    let found = read_filled(&connection).await;
    databases::close(admin, connection).await;
    found.map_err(|error| Failure::new(Kind::Failed, sentence(&error.to_string())))
}

async fn read_filled(connection: &Connection) -> Result<Vec<Filled>, RelationError> {
    let all = relations(connection).await?;
    let tables: Vec<&Relation> = all.values().filter(|one| one.has_rows()).collect();
    let oids: Vec<Oid> = tables.iter().map(|one| one.oid).collect();
    let bytes = table_bytes(connection, &oids).await?;
    let is_small = |one: &Relation| bytes.get(&one.oid).is_some_and(|bytes| *bytes <= COUNTED);
    let small = tables.iter().filter(|one| one.readable && is_small(one));
    let small: Vec<_> = small.map(|one| (*one, Closeness::Count)).collect();
    let counted = contents(connection, &small).await?;
    let filled = tables.into_iter().filter_map(|table| {
        let count = counted.get(&table.oid).map(|contents| contents.rows);
        Some(Filled {
            table: table.title(),
            rows: count.or(table.estimated_rows).filter(|rows| *rows > 0)?,
            exact: count.is_some(),
        })
    });
    let mut filled: Vec<Filled> = filled.collect();
    filled.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(filled)
}
