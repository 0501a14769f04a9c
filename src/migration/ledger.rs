//! `poststack.schema_migrations` and its neighbours: what a database has, read.

use std::time::Duration;

use tokio_postgres::Row;

use super::Version;
use super::name::{self, Direction};
use super::origin::{self, ForeignLedger};
use crate::postgres::Connection;

/// SQL that words a `timestamptz` the same way whatever formats and time zone the user has.
macro_rules! moment {
    ($column:literal) => {
        concat!(
            "pg_catalog.to_char(",
            $column,
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"+00\"')"
        )
    };
}
pub(in crate::migration) use moment;

/// Asked first: a question about a table that is not there would stand in the log of the server as
/// an error. The last two are made when the first such file is run.
const TABLES: &str = "SELECT class.relname::text
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE namespace.nspname = 'poststack' AND class.relname IN
           ('schema_migrations', 'repeatable_migrations', 'unfinished_migrations')";

const MIGRATIONS: &str = concat!(
    "SELECT version, name, checksum, ",
    moment!("applied_at"),
    ", execution_time_ms, applied_by, tool_version, down_checksum
    FROM poststack.schema_migrations ORDER BY version::numeric"
);

const REPEATABLES: &str = concat!(
    "SELECT name, checksum, ",
    moment!("applied_at"),
    ", execution_time_ms, applied_by, tool_version
    FROM poststack.repeatable_migrations ORDER BY name"
);

const UNFINISHED: &str = concat!(
    "SELECT file, checksum, done_checksum, statements_done, statements, in_flight, ",
    moment!("started_at"),
    ", error FROM poststack.unfinished_migrations ORDER BY file"
);

/// What a database has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Ordered by version.
    pub entries: Vec<LedgerEntry>,
    /// Ordered by name.
    pub repeatables: Vec<RepeatableEntry>,
    pub unfinished: Vec<Unfinished>,
    /// Only `public.schema_migrations` of the original poststack is there, and `entries` is what
    /// it says. The next `migrate` takes it over.
    pub original: bool,
    /// Ledgers of other tools, looked for only where poststack has none.
    pub foreign: Vec<ForeignLedger>,
}

/// One applied migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub version: Version,
    pub name: String,
    /// Of the applied text.
    pub checksum: String,
    /// In UTC, as `2026-11-20 15:04:05.678901+00`.
    pub applied_at: String,
    pub execution_time: Duration,
    pub applied_by: String,
    pub tool_version: String,
    /// Of the way back as it was then; `None` when there was none.
    pub rollback_checksum: Option<String>,
}

impl LedgerEntry {
    /// `NNN_name`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

/// How a repeatable migration was applied last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableEntry {
    pub name: String,
    pub checksum: String,
    /// In UTC, as `2026-11-20 15:04:05.678901+00`.
    pub applied_at: String,
    pub execution_time: Duration,
    pub applied_by: String,
    pub tool_version: String,
}

/// A file without a transaction that stopped between its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// `None`: a repeatable migration.
    pub version: Option<Version>,
    pub name: String,
    pub direction: Direction,
    /// Of the whole file as it was run.
    pub checksum: String,
    /// Of its text up to the end of the last statement that is done.
    pub done_checksum: String,
    /// Statements.
    pub done: usize,
    /// Statements.
    pub total: usize,
    /// Whether the statement after those was sent, and nobody heard how it ended.
    pub in_flight: bool,
    /// In UTC, as `2026-11-20 15:04:05.678901+00`.
    pub started_at: String,
    /// What the server said last.
    pub error: Option<String>,
}

impl Unfinished {
    /// The file's name, which is the key of its row.
    #[must_use]
    pub fn file(&self) -> String {
        let version = self.version.clone();
        let name = self.name.clone();
        let direction = self.direction;
        name::FileName {
            version,
            name,
            direction,
        }
        .to_string()
    }
}

/// What the database has, or `None` when neither poststack nor another tool left a ledger in it.
///
/// # Errors
/// What the server answers.
pub async fn read_ledger(connection: &Connection) -> Result<Option<Ledger>, tokio_postgres::Error> {
    let tables = connection.client().query_typed(TABLES, &[]).await?;
    let tables: Vec<String> = { tables.iter() }
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let has = |table: &str| tables.iter().any(|one| one == table);
    if !has("schema_migrations") {
        return origin::read(connection).await;
    }
    let (entries, repeatables, unfinished) = futures_util::try_join!(
        rows(connection, Some(MIGRATIONS)),
        rows(
            connection,
            has("repeatable_migrations").then_some(REPEATABLES)
        ),
        rows(
            connection,
            has("unfinished_migrations").then_some(UNFINISHED)
        ),
    )?;
    let repeatables = repeatables.iter().map(read_repeatable);
    Ok(Some(Ledger {
        entries: present(entries.iter().map(read_entry))?,
        repeatables: repeatables.collect::<Result<_, _>>()?,
        unfinished: present(unfinished.iter().map(read_unfinished))?,
        ..Ledger::default()
    }))
}

/// What `question` finds. Those that are asked at once travel together.
async fn rows(
    connection: &Connection,
    question: Option<&str>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    match question {
        Some(question) => connection.client().query_typed(question, &[]).await,
        None => Ok(Vec::new()),
    }
}

/// Leaves out rows that cannot be poststack's: the tables admit none.
pub(super) fn present<T, E>(rows: impl Iterator<Item = Result<Option<T>, E>>) -> Result<Vec<T>, E> {
    rows.filter_map(Result::transpose).collect()
}

/// The columns of [`MIGRATIONS`].
pub(super) fn read_entry(row: &Row) -> Result<Option<LedgerEntry>, tokio_postgres::Error> {
    let Some(version) = Version::parse(row.try_get(0)?) else {
        return Ok(None);
    };
    Ok(Some(LedgerEntry {
        version,
        name: row.try_get(1)?,
        checksum: row.try_get(2)?,
        applied_at: row.try_get(3)?,
        execution_time: milliseconds(row.try_get(4)?),
        applied_by: row.try_get(5)?,
        tool_version: row.try_get(6)?,
        rollback_checksum: row.try_get(7)?,
    }))
}

fn read_repeatable(row: &Row) -> Result<RepeatableEntry, tokio_postgres::Error> {
    Ok(RepeatableEntry {
        name: row.try_get(0)?,
        checksum: row.try_get(1)?,
        applied_at: row.try_get(2)?,
        execution_time: milliseconds(row.try_get(3)?),
        applied_by: row.try_get(4)?,
        tool_version: row.try_get(5)?,
    })
}

fn read_unfinished(row: &Row) -> Result<Option<Unfinished>, tokio_postgres::Error> {
    let Some(file) = name::parse(row.try_get(0)?) else {
        return Ok(None);
    };
    let count = |column| {
        let count: Result<i32, _> = row.try_get(column);
        count.map(|count| usize::try_from(count).unwrap_or_default())
    };
    Ok(Some(Unfinished {
        version: file.version,
        name: file.name,
        direction: file.direction,
        checksum: row.try_get(1)?,
        done_checksum: row.try_get(2)?,
        done: count(3)?,
        total: count(4)?,
        in_flight: row.try_get(5)?,
        started_at: row.try_get(6)?,
        error: row.try_get(7)?,
    }))
}

fn milliseconds(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default()
}
