//! The ledgers of other tools, read. Only the columns that the tool itself writes are used.

use std::fmt;

use crate::migration::Version;
use crate::migration::ledger::moment;
use crate::migration::origin::Tool;
use crate::postgres::quote::identifier;
use crate::postgres::{Connection, describe};

/// What another tool applied.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub tool: Tool,
    /// The table it was read from, with its schema.
    pub table: String,
    /// In the tool's order.
    pub applied: Vec<Applied>,
    /// What is not finished there, in words.
    pub unfinished: Vec<String>,
}

/// One row of a ledger that counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    pub what: What,
    /// Without the tool's way of writing it: `add users` and `add_users` are both possible.
    pub name: Option<String>,
    /// As the server words it, with its time zone.
    pub at: Option<String>,
    pub by: Option<String>,
    pub milliseconds: Option<f64>,
    /// SHA-384 of the file in hexadecimal; of sqlx.
    pub sha384: Option<String>,
}

/// What a row says is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum What {
    Version(Version),
    /// A version that is no number, such as Flyway's `1.2`.
    Dotted(String),
    /// This version and all before it.
    UpTo(Version),
    /// What is known by its name alone: a change of Sqitch.
    #[default]
    Named,
    /// What is applied again when it changes.
    Repeatable,
}

/// As messages call it.
impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref();
        match (&self.what, name) {
            (What::Version(version) | What::UpTo(version), None) => {
                write!(f, "version `{version}`")
            }
            (What::Version(version) | What::UpTo(version), Some(name)) => {
                write!(f, "version `{version}` ({name})")
            }
            (What::Dotted(version), _) => {
                write!(f, "version `{version}` ({})", name.unwrap_or_default())
            }
            (What::Named, _) => write!(f, "`{}`", name.unwrap_or_default()),
            (What::Repeatable, _) => write!(f, "repeatable `{}`", name.unwrap_or_default()),
        }
    }
}

/// Why a ledger was not read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("there is no ledger of {tool}: {}", searched(.tool, .table.as_deref()))]
    Absent { tool: Tool, table: Option<String> },
    #[error("{} tables could be the ledger of {tool}: {}", .tables.len(), .tables.join(", "))]
    Several { tool: Tool, tables: Vec<String> },
    #[error("failed to read the ledger of {tool}: {}", describe(.source))]
    Server {
        tool: Tool,
        source: tokio_postgres::Error,
    },
}

fn searched(tool: &Tool, table: Option<&str>) -> String {
    let columns = ledger(*tool).columns.join(", ");
    let table = table.unwrap_or(ledger(*tool).table);
    format!("no table `{table}` with the columns {columns}")
}

/// How a tool keeps its ledger.
struct Kept {
    /// Its usual name.
    table: &'static str,
    /// Those it must have.
    columns: &'static [&'static str],
    /// Those it must not have.
    without: &'static [&'static str],
    /// Selects as text: version, name, when, by whom, milliseconds, SHA-384, what it says.
    select: &'static str,
}

fn ledger(tool: Tool) -> Kept {
    match tool {
        Tool::Dbmate => DBMATE,
        Tool::GolangMigrate => GOLANG_MIGRATE,
        Tool::Flyway => FLYWAY,
        Tool::Sqlx => SQLX,
        Tool::Goose => GOOSE,
        Tool::Refinery => REFINERY,
        Tool::Sqitch => SQITCH,
    }
}

const DBMATE: Kept = Kept {
    table: "schema_migrations",
    columns: &["version"],
    without: &["dirty", "sql_up"],
    select: "version::text, NULL, NULL, NULL, NULL, NULL, 'applied' FROM {table}
             ORDER BY length(version::text), version::text",
};

const GOLANG_MIGRATE: Kept = Kept {
    table: "schema_migrations",
    columns: &["dirty", "version"],
    without: &[],
    select: "version::text, NULL, NULL, NULL, NULL, NULL,
             CASE WHEN dirty THEN 'dirty' ELSE 'up to' END FROM {table}",
};

const FLYWAY: Kept = Kept {
    table: "flyway_schema_history",
    columns: &[
        "description",
        "installed_by",
        "installed_on",
        "installed_rank",
        "success",
        "type",
        "version",
    ],
    without: &[],
    select: concat!(
        "version::text, description::text, ",
        moment!("installed_on::timestamptz"),
        ",
             installed_by::text, execution_time::text, NULL,
             CASE WHEN NOT success THEN 'failed' ELSE type::text END
             FROM {table} ORDER BY installed_rank"
    ),
};

const SQLX: Kept = Kept {
    table: "_sqlx_migrations",
    columns: &[
        "checksum",
        "description",
        "installed_on",
        "success",
        "version",
    ],
    without: &[],
    select: concat!(
        "version::text, description, ",
        moment!("installed_on"),
        ", NULL,
             (greatest(execution_time, 0) / 1e6)::text, encode(checksum, 'hex'),
             CASE WHEN success THEN 'applied' ELSE 'failed' END
             FROM {table} ORDER BY version"
    ),
};

const GOOSE: Kept = Kept {
    table: "goose_db_version",
    columns: &["id", "is_applied", "tstamp", "version_id"],
    without: &[],
    // Each up and each down is a row; the newest counts. Version 0 is a mark of its own.
    select: concat!(
        "version_id::text, NULL, ",
        moment!("tstamp::timestamptz"),
        ", NULL, NULL, NULL, 'applied'
             FROM (SELECT DISTINCT ON (version_id) * FROM {table}
                    ORDER BY version_id, id DESC) AS newest
             WHERE is_applied AND version_id > 0 ORDER BY version_id"
    ),
};

const REFINERY: Kept = Kept {
    table: "refinery_schema_history",
    columns: &["applied_on", "checksum", "name", "version"],
    without: &[],
    select: concat!(
        "version::text, name::text, ",
        moment!("applied_on::timestamptz"),
        ", NULL, NULL, NULL,
             'applied' FROM {table} ORDER BY version"
    ),
};

const SQITCH: Kept = Kept {
    table: "changes",
    columns: &[
        "change",
        "change_id",
        "committed_at",
        "committer_name",
        "project",
    ],
    without: &[],
    select: concat!(
        "NULL, change, ",
        moment!("committed_at"),
        ", committer_name, NULL, NULL, 'named'
             FROM {table} ORDER BY committed_at"
    ),
};

const CANDIDATES: &str = "SELECT tables.nspname::text, class.relname::text
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS tables ON tables.oid = class.relnamespace
      JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
     WHERE class.relkind IN ('r', 'p') AND attribute.attnum > 0 AND NOT attribute.attisdropped
       AND class.relname = $1 AND ($2::text IS NULL OR tables.nspname = $2)
       AND tables.nspname NOT IN ('poststack', 'pg_catalog', 'information_schema')
     GROUP BY tables.nspname, class.relname
    HAVING array_agg(attribute.attname::text) @> $3
       AND NOT array_agg(attribute.attname::text) && $4
     ORDER BY 1";

/// Reads the ledger of `tool`: from `table`, which may have its schema before it, or from the one
/// table of the database that looks like it, in any schema.
///
/// # Errors
/// A [`HistoryError`].
pub async fn read_history(
    connection: &Connection,
    tool: Tool,
    table: Option<&str>,
) -> Result<History, HistoryError> {
    let kept = ledger(tool);
    let (schema, name) = match table {
        Some(table) => match table.split_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, table),
        },
        None => (None, kept.table),
    };
    let failed = |source| HistoryError::Server { tool, source };
    let client = connection.client();
    let parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&name, &schema, &kept.columns, &kept.without];
    let found = client.query(CANDIDATES, parameters).await.map_err(failed)?;
    let found = found
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let found: Vec<(String, String)> = found.collect::<Result<_, _>>().map_err(failed)?;
    let [(schema, name)] = found.as_slice() else {
        let tables: Vec<_> = found.iter().map(|(s, t)| format!("{s}.{t}")).collect();
        let table = table.map(str::to_owned);
        return Err(match tables.len() {
            0 => HistoryError::Absent { tool, table },
            _ => HistoryError::Several { tool, tables },
        });
    };
    let table = format!("{}.{}", identifier(schema), identifier(name));
    let sql = format!("SELECT {}", kept.select.replace("{table}", &table));
    let rows = client.query(&sql, &[]).await.map_err(failed)?;
    let rows = rows.iter().map(|row| {
        let text = |column| row.try_get::<_, Option<String>>(column);
        let milliseconds = text(4)?.and_then(|text| text.parse().ok());
        Ok(Row {
            version: text(0)?,
            said: text(6)?.unwrap_or_default(),
            applied: Applied {
                what: What::Named,
                name: text(1)?,
                at: text(2)?,
                by: text(3)?,
                milliseconds,
                sha384: text(5)?,
            },
        })
    });
    let rows: Vec<Row> = rows.collect::<Result<_, _>>().map_err(failed)?;
    Ok(interpret(tool, format!("{schema}.{name}"), rows))
}

/// A row as it stands there.
pub(super) struct Row {
    pub version: Option<String>,
    pub said: String,
    /// With [`What`] still open.
    pub applied: Applied,
}

/// What the rows of a ledger come to.
pub(super) fn interpret(tool: Tool, table: String, rows: Vec<Row>) -> History {
    let mut history = History {
        tool,
        table,
        applied: Vec::new(),
        unfinished: Vec::new(),
    };
    for row in rows {
        history.take(row);
    }
    history
}

impl History {
    fn take(&mut self, row: Row) {
        let Row {
            version,
            said,
            mut applied,
        } = row;
        applied.what = match (version, said.as_str()) {
            (None, "named") => What::Named,
            (None, _) => What::Repeatable,
            (Some(version), _) => match Version::parse(&version) {
                Some(version) if matches!(said.as_str(), "up to" | "BASELINE") => {
                    What::UpTo(version)
                }
                Some(version) => What::Version(version),
                None => What::Dotted(version),
            },
        };
        match said.as_str() {
            "failed" => self.unfinished.push(format!("{applied} failed")),
            "dirty" => self
                .unfinished
                .push(format!("{applied} is marked as dirty")),
            // It only says that Flyway made the schema.
            "SCHEMA" => {}
            undone if undone.starts_with("UNDO") || undone == "DELETE" => {
                self.applied.retain(|other| !is_same(other, &applied));
            }
            _ => {
                // A repeatable migration has a row for each time it ran.
                self.applied.retain(|other| !is_same(other, &applied));
                self.applied.push(applied);
            }
        }
    }
}

fn is_same(one: &Applied, other: &Applied) -> bool {
    match (&one.what, &other.what) {
        (What::Version(one), What::Version(other)) => one == other,
        (What::Dotted(one), What::Dotted(other)) => one == other,
        (What::Repeatable, What::Repeatable) => one.name == other.name,
        _ => false,
    }
}
