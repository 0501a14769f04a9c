//! The few numbers `env status` shows of a database.

use std::time::Duration;

use super::{Address, ConnectError, Connection, connect, describe};

/// Login and question together: `status` must answer even when a database does not.
const TIMEOUT: Duration = Duration::from_secs(1);

const QUESTION: &str = "SELECT
    pg_catalog.current_setting('server_version'),
    pg_catalog.pg_database_size(pg_catalog.current_database()),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity
      WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()),
    pg_catalog.date_part('epoch',
      pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())";

#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// For instance `15.18 (Debian 15.18-1)`.
    pub server_version: String,
    pub size_bytes: u64,
    /// Sessions in this database, ours not counted.
    pub connections: u64,
    /// Since the server started.
    pub uptime: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("failed to ask the database: {}", describe(.0))]
    Query(#[from] tokio_postgres::Error),
    #[error("the database gave no answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
}

/// Logs in and asks one question, within one second.
///
/// # Errors
/// A [`SummaryError`].
pub async fn query_summary(address: &Address) -> Result<Summary, SummaryError> {
    tokio::time::timeout(TIMEOUT, ask(address))
        .await
        .unwrap_or(Err(SummaryError::TimedOut))
}

async fn ask(address: &Address) -> Result<Summary, SummaryError> {
    let connection = connect(address, TIMEOUT).await?;
    summary_of(&connection).await
}

/// Asks over a connection that is there.
///
/// # Errors
/// [`SummaryError::Query`].
pub async fn summary_of(connection: &Connection) -> Result<Summary, SummaryError> {
    let row = connection.client().query_typed_one(QUESTION, &[]).await?;
    let (size, connections): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    Ok(Summary {
        server_version: row.try_get(0)?,
        size_bytes: u64::try_from(size).unwrap_or_default(),
        connections: u64::try_from(connections).unwrap_or_default(),
        uptime: Duration::try_from_secs_f64(row.try_get(3)?).unwrap_or_default(),
    })
}
