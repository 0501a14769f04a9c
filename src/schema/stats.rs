//! How a database is doing: sizes, sessions, what the server counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures_util::future::try_join5;
use serde::Serialize;
use tokio_postgres::Row;

use super::ReadError;
use super::describe::count;
use crate::postgres::Connection;

/// Longest list of tables or indexes.
const LISTED: usize = 10;

/// What the server counted it counted since its statistics were reset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// For instance `15.18 (Debian 15.18-1)`.
    pub server_version: String,
    pub uptime_seconds: f64,
    pub database: String,
    pub database_bytes: u64,
    /// Of the whole server.
    pub max_connections: u64,
    /// Sessions in this database, ours not counted, by what they do: `active`, `idle`,
    /// `idle in transaction` …
    pub connections_by_state: BTreeMap<String, u64>,
    /// Blocks found in the server's memory, of all that were wanted: 0 to 1.
    pub cache_hit_ratio: Option<f64>,
    pub transactions_committed: u64,
    pub transactions_rolled_back: u64,
    pub deadlocks: u64,
    pub temporary_files: u64,
    pub temporary_bytes: u64,
    pub statistics_age_seconds: Option<f64>,
    pub longest_transaction: Option<LongTransaction>,
    pub largest_tables: Vec<TableStats>,
    pub most_dead_rows: Vec<TableStats>,
    /// Of tables that have rows.
    pub most_sequential_scans: Vec<TableStats>,
    /// Never read, and no uniqueness depends on them; largest first.
    pub unused_indexes: Vec<IndexStats>,
    /// Left by a failed concurrent build: they cost writes and serve nobody.
    pub invalid_indexes: Vec<IndexStats>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableStats {
    pub schema: String,
    pub table: String,
    pub total_bytes: u64,
    pub table_bytes: u64,
    pub live_rows: u64,
    pub dead_rows: u64,
    pub sequential_scans: u64,
    pub rows_read_sequentially: u64,
    pub index_scans: u64,
    pub seconds_since_vacuum: Option<f64>,
    pub seconds_since_analyze: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexStats {
    pub schema: String,
    pub table: String,
    pub index: String,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LongTransaction {
    pub process_id: i32,
    pub user: Option<String>,
    pub application: Option<String>,
    pub client_address: Option<String>,
    pub state: String,
    pub seconds: f64,
}

/// The numbers of the database `connection` is logged in to.
///
/// # Errors
/// A [`ReadError`].
pub async fn stats(connection: &Connection) -> Result<Stats, ReadError> {
    let ask = async |sql: &str| connection.client().query_typed(sql, &[]).await;
    let (database, connections, tables, indexes, longest) = try_join5(
        connection
            .client()
            .query_typed_one(include_str!("queries/stats/database.sql"), &[]),
        ask(include_str!("queries/stats/connections.sql")),
        ask(include_str!("queries/stats/tables.sql")),
        ask(include_str!("queries/stats/indexes.sql")),
        ask(include_str!("queries/stats/longest_transaction.sql")),
    )
    .await?;
    let tables: Vec<TableStats> = tables.iter().map(table).collect::<Result<_, _>>()?;
    let (valid, invalid) = split_indexes(&indexes)?;
    Ok(Stats {
        connections_by_state: states(&connections)?,
        longest_transaction: longest.first().map(transaction).transpose()?,
        largest_tables: most(&tables, |table| table.total_bytes),
        most_dead_rows: most(&tables, |table| table.dead_rows),
        most_sequential_scans: most(&tables, |table| {
            // A scan of an empty table costs nothing.
            if table.live_rows > 0 {
                table.sequential_scans
            } else {
                0
            }
        }),
        unused_indexes: valid,
        invalid_indexes: invalid,
        ..totals(&database)?
    })
}

fn totals(row: &Row) -> Result<Stats, tokio_postgres::Error> {
    let (hit, read) = (count(row, 7)?, count(row, 8)?);
    Ok(Stats {
        server_version: row.try_get(0)?,
        uptime_seconds: row.try_get(1)?,
        database: row.try_get(2)?,
        database_bytes: count(row, 3)?,
        max_connections: count(row, 4)?,
        connections_by_state: BTreeMap::new(),
        cache_hit_ratio: ratio(hit, hit + read),
        transactions_committed: count(row, 5)?,
        transactions_rolled_back: count(row, 6)?,
        deadlocks: count(row, 9)?,
        temporary_files: count(row, 10)?,
        temporary_bytes: count(row, 11)?,
        statistics_age_seconds: row.try_get(12)?,
        longest_transaction: None,
        largest_tables: Vec::new(),
        most_dead_rows: Vec::new(),
        most_sequential_scans: Vec::new(),
        unused_indexes: Vec::new(),
        invalid_indexes: Vec::new(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a ratio needs few digits")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn states(rows: &[Row]) -> Result<BTreeMap<String, u64>, tokio_postgres::Error> {
    let states = rows.iter().map(|row| Ok((row.try_get(0)?, count(row, 1)?)));
    states.collect()
}

fn table(row: &Row) -> Result<TableStats, tokio_postgres::Error> {
    Ok(TableStats {
        schema: row.try_get(0)?,
        table: row.try_get(1)?,
        total_bytes: count(row, 2)?,
        table_bytes: count(row, 3)?,
        live_rows: count(row, 4)?,
        dead_rows: count(row, 5)?,
        sequential_scans: count(row, 6)?,
        rows_read_sequentially: count(row, 7)?,
        index_scans: count(row, 8)?,
        seconds_since_vacuum: row.try_get(9)?,
        seconds_since_analyze: row.try_get(10)?,
    })
}

/// The first few by `number`, those with none left out.
fn most(tables: &[TableStats], number: impl Fn(&TableStats) -> u64) -> Vec<TableStats> {
    let mut sorted: Vec<&TableStats> = tables.iter().filter(|table| number(table) > 0).collect();
    sorted.sort_by_key(|table| (Reverse(number(table)), &table.schema, &table.table));
    sorted.into_iter().take(LISTED).cloned().collect()
}

/// Unused ones and invalid ones.
fn split_indexes(
    rows: &[Row],
) -> Result<(Vec<IndexStats>, Vec<IndexStats>), tokio_postgres::Error> {
    let (mut unused, mut invalid) = (Vec::new(), Vec::new());
    for row in rows {
        let index = IndexStats {
            schema: row.try_get(0)?,
            table: row.try_get(1)?,
            index: row.try_get(2)?,
            bytes: count(row, 3)?,
        };
        if row.try_get(4)? {
            unused.push(index);
        } else {
            invalid.push(index);
        }
    }
    unused.truncate(LISTED);
    Ok((unused, invalid))
}

fn transaction(row: &Row) -> Result<LongTransaction, tokio_postgres::Error> {
    Ok(LongTransaction {
        process_id: row.try_get(0)?,
        user: row.try_get(1)?,
        application: row.try_get(2)?,
        client_address: row.try_get(3)?,
        state: row.try_get(4)?,
        seconds: row.try_get(5)?,
    })
}
