//! `db show-schema` and `db stats`: what the catalogue and the server's counters say.

use crate::environment::{Failure, Kind};
use crate::postgres::Connection;
use crate::schema::{Description, ReadError, Stats, ddl, describe, read};

/// The tables and views with columns, indexes, constraints and sizes; of all, or of those that
/// `only` names: a schema, a table, or `schema.table`.
///
/// # Errors
/// The catalogue cannot be read.
pub async fn tables(connection: &Connection, only: Option<&str>) -> Result<Description, Failure> {
    describe(connection, only)
        .await
        .map_err(|error| failed(&error))
}

/// Everything as SQL that makes it in an empty database.
///
/// # Errors
/// The catalogue cannot be read.
pub async fn sql(connection: &Connection) -> Result<String, Failure> {
    let schema = read(connection).await.map_err(|error| failed(&error))?;
    Ok(ddl(&schema))
}

/// Sizes, sessions, and what the server counted.
///
/// # Errors
/// The server cannot be asked.
pub async fn stats(connection: &Connection) -> Result<Stats, Failure> {
    let stats = crate::schema::stats(connection).await;
    stats.map_err(|error| failed(&error))
}

fn failed(error: &ReadError) -> Failure {
    Failure::new(Kind::Failed, super::login::sentence(&error.to_string()))
}
