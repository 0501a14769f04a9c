//! `db create-schema` and `db drop-schema`.

use serde::Serialize;

use super::Target;
use super::query::{run, source};
use crate::environment::{Failure, Kind};
use crate::postgres::quote::{identifier, literal};

/// A schema that was made or dropped.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// The environment, or `host:port/database`.
    pub database: String,
    pub schema: String,
    /// Whether it was otherwise before.
    pub changed: bool,
}

/// What a schema holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Object {
    /// `table`, `view`, `function`, …
    pub kind: String,
    pub name: String,
    /// An estimate, of what has rows and was counted by the server before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// `table shop.orders (about 120 rows)`
impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        match self.rows {
            Some(rows) => write!(f, " (about {rows} rows)"),
            None => Ok(()),
        }
    }
}

/// Makes `schema`; with `if_missing` one that is there is no fault.
///
/// # Errors
/// No login, or the server's refusal.
pub async fn create(target: &Target, schema: &str, if_missing: bool) -> Result<Changed, Failure> {
    let condition = if if_missing { "IF NOT EXISTS " } else { "" };
    let sql = format!("CREATE SCHEMA {condition}{}", identifier(schema));
    let is_there = if_missing && exists(target, schema).await?;
    run(target, &source("create-schema", &sql)).await?;
    Ok(Changed {
        database: target.name(),
        schema: schema.to_owned(),
        changed: !is_there,
    })
}

/// Drops `schema` with everything in it.
///
/// # Errors
/// No login, or the server's refusal: there is no such schema, it is somebody else's.
pub async fn drop(target: &Target, schema: &str) -> Result<Changed, Failure> {
    let sql = format!("DROP SCHEMA {} CASCADE", identifier(schema));
    run(target, &source("drop-schema", &sql)).await?;
    Ok(Changed {
        database: target.name(),
        schema: schema.to_owned(),
        changed: true,
    })
}

async fn exists(target: &Target, schema: &str) -> Result<bool, Failure> {
    let sql = format!(
        "SELECT FROM pg_catalog.pg_namespace WHERE nspname = {}",
        literal(schema)
    );
    let answered = run(target, &source("schemas", &sql)).await?;
    Ok(answered
        .results
        .iter()
        .any(|result| !result.rows.is_empty()))
}

/// What `schema` holds: relations without the parts of others, functions and types; sorted.
///
/// # Errors
/// No login, or no such schema.
pub async fn contents(target: &Target, schema: &str) -> Result<Vec<Object>, Failure> {
    if !exists(target, schema).await? {
        let message = format!("There is no schema `{schema}` in {}", target.name());
        return Err(Failure::new(Kind::Failed, message));
    }
    let name = literal(schema);
    let sql = format!(
        "SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
                  WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                  WHEN 'f' THEN 'foreign table' END,
                relname, CASE WHEN relkind IN ('r', 'm') AND reltuples >= 0 THEN reltuples::int8 END
           FROM pg_catalog.pg_class
          WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {name})
            AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
         UNION ALL
         SELECT 'function', proname, NULL FROM pg_catalog.pg_proc
          WHERE pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {name})
         UNION ALL
         SELECT 'type', typname, NULL FROM pg_catalog.pg_type
          WHERE typnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {name})
            AND typtype IN ('e', 'd', 'r')
          ORDER BY 1, 2"
    );
    let answered = run(target, &source("schemas", &sql)).await?;
    let rows = answered.results.into_iter().flat_map(|result| result.rows);
    Ok(rows.filter_map(|row| object(schema, row)).collect())
}

fn object(schema: &str, row: Vec<Option<String>>) -> Option<Object> {
    let mut values = row.into_iter();
    Some(Object {
        kind: values.next()??,
        name: format!("{schema}.{}", values.next()??),
        rows: values.next()?.and_then(|rows| rows.parse().ok()),
    })
}
