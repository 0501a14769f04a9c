//! Ledgers that poststack did not write: that of the original poststack, which is taken over, and
//! those of other tools, which are never mistaken for it.

use std::fmt;

use super::ledger::{Ledger, moment, present, read_entry};
use super::record;
use crate::postgres::Connection;

/// Tables by whose name and columns a ledger is known.
const SURVEY: &str = "SELECT tables.nspname, class.relname,
           array_agg(attribute.attname::text ORDER BY attribute.attname)
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS tables ON tables.oid = class.relnamespace
      JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
     WHERE class.relkind IN ('r', 'p') AND attribute.attnum > 0 AND NOT attribute.attisdropped
       AND (tables.nspname = 'sqitch' AND class.relname = 'changes'
         OR tables.nspname = 'public' AND class.relname IN ('schema_migrations',
            'flyway_schema_history', '_sqlx_migrations', 'refinery_schema_history',
            'goose_db_version'))
     GROUP BY tables.nspname, class.relname ORDER BY class.relname";

/// In alphabetical order, as the survey gives them.
const ORIGINAL: [&str; 8] = [
    "applied_at",
    "applied_by",
    "checksum",
    "description",
    "execution_time_ms",
    "sql_down",
    "sql_up",
    "version",
];

/// The original kept local times, titles instead of names, and checksums that are the same as ours,
/// where it kept any.
const ORIGINAL_ENTRIES: &str = concat!(
    "SELECT version::text,
           trim('_' FROM regexp_replace(lower(coalesce(description, '')), '[^a-z0-9]+', '_', 'g')),
           coalesce(checksum,
               encode(sha256(convert_to(coalesce(sql_up, ''), 'UTF8')), 'hex'))::text, ",
    moment!("applied_at::timestamptz"),
    ",
           coalesce(execution_time_ms, 0)::double precision, coalesce(applied_by, 'unknown')::text,
           'original', NULL::text
      FROM public.schema_migrations WHERE version ~ '^[0-9]+$' ORDER BY version::numeric"
);

const TAKE_OVER: &str = "INSERT INTO poststack.schema_migrations
           (version, name, checksum, applied_at, execution_time_ms, applied_by, up_sql, down_sql,
            down_checksum, tool_version)
    SELECT version, trim('_' FROM regexp_replace(lower(coalesce(description, '')),
                                                 '[^a-z0-9]+', '_', 'g')),
           coalesce(checksum, encode(sha256(convert_to(coalesce(sql_up, ''), 'UTF8')), 'hex')),
           applied_at::timestamptz, coalesce(execution_time_ms, 0),
           coalesce(applied_by, 'unknown'), coalesce(sql_up, ''), sql_down,
           encode(sha256(convert_to(sql_down, 'UTF8')), 'hex'), 'original'
      FROM public.schema_migrations WHERE version ~ '^[0-9]+$'
        ON CONFLICT DO NOTHING";

/// A tool whose ledger poststack knows when it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Rails keeps the same table.
    Dbmate,
    GolangMigrate,
    Flyway,
    Sqlx,
    Sqitch,
    Refinery,
    Goose,
}

impl Tool {
    /// As `db adopt --from` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dbmate => "dbmate",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "flyway",
            Self::Sqlx => "sqlx",
            Self::Sqitch => "sqitch",
            Self::Refinery => "refinery",
            Self::Goose => "goose",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The ledger of another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignLedger {
    pub tool: Tool,
    /// With its schema.
    pub table: String,
}

/// What there is in a database without a ledger of poststack.
pub(super) async fn read(connection: &Connection) -> Result<Option<Ledger>, tokio_postgres::Error> {
    let client = connection.client();
    let mut ledger = Ledger::default();
    for row in client.query_typed(SURVEY, &[]).await? {
        let (schema, table): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let columns: Vec<&str> = row.try_get(2)?;
        if table == "schema_migrations" && columns == ORIGINAL {
            let rows = client.query_typed(ORIGINAL_ENTRIES, &[]).await?;
            ledger.original = true;
            ledger.entries = present(rows.iter().map(read_entry))?;
        } else if let Some(tool) = tool(table, &columns) {
            let table = format!("{schema}.{table}");
            ledger.foreign.push(ForeignLedger { tool, table });
        }
    }
    Ok((ledger.original || !ledger.foreign.is_empty()).then_some(ledger))
}

fn tool(table: &str, columns: &[&str]) -> Option<Tool> {
    match (table, columns) {
        ("schema_migrations", ["version"]) => Some(Tool::Dbmate),
        ("schema_migrations", ["dirty", "version"]) => Some(Tool::GolangMigrate),
        ("flyway_schema_history", _) => Some(Tool::Flyway),
        ("_sqlx_migrations", _) => Some(Tool::Sqlx),
        ("refinery_schema_history", _) => Some(Tool::Refinery),
        ("goose_db_version", _) => Some(Tool::Goose),
        ("changes", _) => Some(Tool::Sqitch),
        _ => None,
    }
}

/// Makes the ledger and copies that of the original into it, in one transaction: half of it would
/// hide the old one. The old table stays.
pub(super) async fn take_over(connection: &Connection) -> Result<(), tokio_postgres::Error> {
    let sql = format!("{}{TAKE_OVER}", record::ledger_schema());
    record::run_own(connection, &sql).await
}
