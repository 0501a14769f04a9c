//! Tables with columns, indexes, constraints and sizes: for looking at, not for comparison.

use std::collections::BTreeMap;

use futures_util::future::try_join4;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{ReadError, name};
use crate::postgres::Connection;

/// Tables, views and materialized views, by schema and name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    pub tables: Vec<TableDescription>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableDescription {
    pub schema: String,
    pub name: String,
    /// `table`, `partition`, `partitioned table`, `view`, `materialized view` or `foreign table`.
    pub kind: String,
    pub owner: String,
    pub comment: Option<String>,
    /// The rows alone; indexes and values stored out of line come beside it.
    pub table_bytes: u64,
    pub index_bytes: u64,
    pub toast_bytes: u64,
    pub total_bytes: u64,
    /// As of the last `ANALYZE`; `None` where there was none.
    pub estimated_rows: Option<u64>,
    /// In the order of the table.
    pub columns: Vec<ColumnDescription>,
    /// The primary key first.
    pub indexes: Vec<IndexDescription>,
    /// The primary key first.
    pub constraints: Vec<ConstraintDescription>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDescription {
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: String,
    pub not_null: bool,
    /// The default, or the expression of a generated column.
    pub default: Option<String>,
    pub generated: bool,
    /// `always` or `by default`.
    pub identity: Option<String>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexDescription {
    pub name: String,
    pub definition: String,
    pub unique: bool,
    pub primary: bool,
    /// `false` where a concurrent build failed.
    pub valid: bool,
    pub bytes: u64,
    /// Since the statistics were reset.
    pub scans: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConstraintDescription {
    pub name: String,
    /// `check`, `foreign key`, `primary key`, `unique` or `exclusion`.
    pub kind: String,
    pub definition: String,
    /// `false` where rows that were there before were not checked.
    pub validated: bool,
}

/// Which tables are meant: schema and name each, or a name that either may have.
struct Filter {
    schema: Option<String>,
    table: Option<String>,
    either: Option<String>,
}

impl Filter {
    /// `schema.table`, or one name for either, quoted as in SQL.
    fn parse(filter: Option<&str>) -> Self {
        let mut names = filter.map(name::split).unwrap_or_default();
        let second = (names.len() > 1).then(|| names.pop()).flatten();
        let first = names.pop();
        match second {
            Some(table) => Self {
                schema: first,
                table: Some(table),
                either: None,
            },
            None => Self {
                schema: None,
                table: None,
                either: first,
            },
        }
    }

    async fn query(&self, connection: &Connection, sql: &str) -> Result<Vec<Row>, ReadError> {
        let parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] = &[
            (&self.schema, Type::TEXT),
            (&self.table, Type::TEXT),
            (&self.either, Type::TEXT),
        ];
        Ok(connection.client().query_typed(sql, parameters).await?)
    }
}

/// The tables of the database, or those `filter` names: a schema, a table, or `schema.table`.
///
/// # Errors
/// A [`ReadError`].
pub async fn describe(
    connection: &Connection,
    filter: Option<&str>,
) -> Result<Description, ReadError> {
    let filter = Filter::parse(filter);
    let (relations, columns, indexes, constraints) = try_join4(
        filter.query(connection, include_str!("queries/describe/relations.sql")),
        filter.query(connection, include_str!("queries/describe/columns.sql")),
        filter.query(connection, include_str!("queries/describe/indexes.sql")),
        filter.query(connection, include_str!("queries/describe/constraints.sql")),
    )
    .await?;
    let mut columns = by_table(&columns, column)?;
    let mut indexes = by_table(&indexes, index)?;
    let mut constraints = by_table(&constraints, constraint)?;
    let tables = relations.iter().map(|row| {
        let mut table = table(row)?;
        let key = (table.schema.clone(), table.name.clone());
        table.columns = columns.remove(&key).unwrap_or_default();
        table.indexes = indexes.remove(&key).unwrap_or_default();
        table.constraints = constraints.remove(&key).unwrap_or_default();
        Ok(table)
    });
    let tables = tables.collect::<Result<_, ReadError>>()?;
    Ok(Description { tables })
}

type ByTable<T> = BTreeMap<(String, String), Vec<T>>;

/// Rows of which the first two columns are schema and name of the table.
fn by_table<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, tokio_postgres::Error>,
) -> Result<ByTable<T>, ReadError> {
    let mut by_table = ByTable::new();
    for row in rows {
        let key = (row.try_get(0)?, row.try_get(1)?);
        by_table.entry(key).or_default().push(read(row)?);
    }
    Ok(by_table)
}

/// A count or a size; what the server does not know is nothing.
pub(super) fn count(row: &Row, index: usize) -> Result<u64, tokio_postgres::Error> {
    let value: Option<i64> = row.try_get(index)?;
    Ok(value
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or_default())
}

fn table(row: &Row) -> Result<TableDescription, tokio_postgres::Error> {
    let (table_bytes, index_bytes, toast_bytes) = (count(row, 5)?, count(row, 6)?, count(row, 7)?);
    let rows: Option<i64> = row.try_get(8)?;
    Ok(TableDescription {
        schema: row.try_get(0)?,
        name: row.try_get(1)?,
        kind: row.try_get(2)?,
        owner: row.try_get(3)?,
        comment: row.try_get(4)?,
        table_bytes,
        index_bytes,
        toast_bytes,
        total_bytes: table_bytes + index_bytes + toast_bytes,
        estimated_rows: rows.and_then(|rows| u64::try_from(rows).ok()),
        columns: Vec::new(),
        indexes: Vec::new(),
        constraints: Vec::new(),
    })
}

fn column(row: &Row) -> Result<ColumnDescription, tokio_postgres::Error> {
    Ok(ColumnDescription {
        name: row.try_get(2)?,
        data_type: row.try_get(3)?,
        not_null: row.try_get(4)?,
        default: row.try_get(5)?,
        generated: row.try_get(6)?,
        identity: row.try_get(7)?,
        comment: row.try_get(8)?,
    })
}

fn index(row: &Row) -> Result<IndexDescription, tokio_postgres::Error> {
    Ok(IndexDescription {
        name: row.try_get(2)?,
        definition: row.try_get(3)?,
        unique: row.try_get(4)?,
        primary: row.try_get(5)?,
        valid: row.try_get(6)?,
        bytes: count(row, 7)?,
        scans: count(row, 8)?,
    })
}

fn constraint(row: &Row) -> Result<ConstraintDescription, tokio_postgres::Error> {
    Ok(ConstraintDescription {
        name: row.try_get(2)?,
        kind: row.try_get(3)?,
        definition: row.try_get(4)?,
        validated: row.try_get(5)?,
    })
}
