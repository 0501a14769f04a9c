//! What the statements of a rollback take away, told before they run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Target;
use super::query::{run, source};
use crate::migration::Script;
use crate::migration::syntax::{AstNode, Name, Tree, ast};
use crate::postgres::quote::literal;

/// One thing that is gone afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// `table`, `column`, `schema`, or `rows of table` when the table itself stays.
    pub kind: &'static str,
    /// `orders`, or `orders.total` for a column.
    pub name: String,
    /// The table that holds the rows, as the statement writes it; `None` where none are.
    #[serde(skip)]
    pub table: Option<String>,
    /// Rows that go, or lose a value. `None` where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// `table orders (3 rows)`
impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        match self.rows {
            Some(1) => f.write_str(" (1 row)"),
            Some(rows) => write!(f, " ({rows} rows)"),
            None => Ok(()),
        }
    }
}

/// A larger table, in bytes, is not counted but estimated.
const CHEAP: u64 = 32 * 1024 * 1024;
/// Of more tables than these the rest is estimated.
const MOST_COUNTED: usize = 100;

/// What the statements of `script` take away, as far as they say so themselves.
#[must_use]
pub fn of(script: &Script) -> Vec<Lost> {
    let trees = { script.statements.iter() }.filter_map(|one| Tree::parse(&script.source, one));
    trees
        .flat_map(|tree| of_statement(&tree.statement))
        .collect()
}

fn of_statement(statement: &ast::Stmt) -> Vec<Lost> {
    use ast::Stmt;
    match statement {
        Stmt::DropTable(drop) => all("table", drop.table_name_refs()),
        Stmt::DropForeignTable(drop) => all("foreign table", drop.table_name_refs()),
        Stmt::DropMaterializedView(drop) => all("materialized view", drop.view_refs()),
        Stmt::DropSchema(drop) => without_rows("schema", drop.schema_refs()),
        Stmt::DropSequence(drop) => without_rows("sequence", drop.sequence_refs()),
        Stmt::Truncate(truncate) => {
            let tables = truncate.table_list().into_iter();
            all(
                "rows of table",
                tables.flat_map(|list| list.table_relation_names()),
            )
        }
        Stmt::AlterTable(alter) => dropped_columns(alter),
        Stmt::Delete(delete) => {
            let table = delete.relation_name();
            let lost = table
                .and_then(|table| Name::first_in(&table))
                .map(|name| Lost {
                    kind: "rows of table",
                    name: name.to_string(),
                    table: None,
                    rows: None,
                });
            lost.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn all(kind: &'static str, names: impl Iterator<Item = impl AstNode>) -> Vec<Lost> {
    names
        .filter_map(|node| {
            Some(Lost {
                kind,
                name: Name::of(&node)?.to_string(),
                table: Some(Name::written(&node)),
                rows: None,
            })
        })
        .collect()
}

fn without_rows(kind: &'static str, names: impl Iterator<Item = impl AstNode>) -> Vec<Lost> {
    let lost = all(kind, names).into_iter();
    lost.map(|lost| Lost {
        table: None,
        ..lost
    })
    .collect()
}

fn dropped_columns(alter: &ast::AlterTable) -> Vec<Lost> {
    let Some(relation) = alter.table_relation_name() else {
        return Vec::new();
    };
    let Some(table) = Name::first_in(&relation) else {
        return Vec::new();
    };
    let written = Name::written(&relation);
    let dropped = alter.actions().filter_map(|action| match action {
        ast::AlterTableAction::DropColumn(drop) => Name::of(&drop.column_name_ref()?),
        _ => None,
    });
    dropped
        .map(|column| Lost {
            kind: "column",
            name: format!("{table}.{column}"),
            table: Some(written.clone()),
            rows: None,
        })
        .collect()
}

/// Fills in the rows of each: counted where that is cheap, else the server's estimate. What cannot
/// be counted stays unknown: it is there to inform.
pub async fn count_rows(target: &Target, lost: Vec<Lost>) -> Vec<Lost> {
    let tables: BTreeSet<&str> = lost.iter().filter_map(|one| one.table.as_deref()).collect();
    let known = rows_of(target, &tables).await.unwrap_or_default();
    let counted = lost.into_iter().map(|one| {
        let table = one.table.as_deref();
        let rows = table.and_then(|table| known.get(table).copied());
        Lost { rows, ..one }
    });
    counted.collect()
}

/// Rows by table, of those that are there.
async fn rows_of(target: &Target, tables: &BTreeSet<&str>) -> Option<BTreeMap<String, u64>> {
    let names: Vec<String> = tables.iter().map(|table| literal(table)).collect();
    // The names are looked up by the server, which knows the search path.
    let sql = format!(
        "SELECT name, pg_catalog.to_regclass(name), pg_catalog.pg_relation_size(oid), reltuples::int8
           FROM pg_catalog.unnest(ARRAY[{}]::text[]) AS name
           JOIN pg_catalog.pg_class ON oid = pg_catalog.to_regclass(name)
          WHERE relkind IN ('r', 'm')",
        names.join(", ")
    );
    let mut rows = BTreeMap::new();
    let mut cheap = Vec::new();
    for row in all_rows(target, &sql).await? {
        let [Some(name), Some(quoted), Some(size), Some(estimate)] = row.as_slice() else {
            continue;
        };
        if size.parse().is_ok_and(|size: u64| size <= CHEAP) && cheap.len() < MOST_COUNTED {
            let name = literal(name);
            cheap.push(format!("SELECT {name}, pg_catalog.count(*) FROM {quoted}"));
        } else if let Ok(estimate) = estimate.parse() {
            rows.insert(name.clone(), estimate);
        }
    }
    if cheap.is_empty() {
        return Some(rows);
    }
    let count = cheap.join(" UNION ALL ");
    let sql = format!("SET LOCAL statement_timeout = '2s'; {count}");
    for row in all_rows(target, &sql).await.unwrap_or_default() {
        if let [Some(name), Some(count)] = row.as_slice()
            && let Ok(count) = count.parse()
        {
            rows.insert(name.clone(), count);
        }
    }
    Some(rows)
}

async fn all_rows(target: &Target, sql: &str) -> Option<Vec<Vec<Option<String>>>> {
    let answered = run(target, &source("rows", sql)).await.ok()?;
    let rows = answered.results.into_iter().flat_map(|result| result.rows);
    Some(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceFile;

    fn lost(sql: &str) -> Vec<String> {
        let script = Script::parse(&SourceFile::new("1_a.rollback.sql", sql)).unwrap();
        of(&script).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_statements_take_away_is_named_whatever_else_they_say() {
        let sql = "DROP TABLE IF EXISTS a, shop.b CASCADE;\n\
                   ALTER TABLE ONLY shop.c DROP COLUMN IF EXISTS d, ADD e int, DROP f;\n\
                   TRUNCATE g, h; DROP MATERIALIZED VIEW i; DROP SCHEMA j; DELETE FROM k WHERE l";
        assert_eq!(
            lost(sql),
            [
                "table a",
                "table shop.b",
                "column shop.c.d",
                "column shop.c.f",
                "rows of table g",
                "rows of table h",
                "materialized view i",
                "schema j",
                "rows of table k",
            ]
        );
    }

    #[test]
    fn what_keeps_the_data_is_no_loss() {
        let sql = "DROP INDEX a; DROP VIEW b; ALTER TABLE c RENAME TO d; CREATE TABLE e (); \
                   ALTER TABLE f DROP CONSTRAINT g; SELECT 'DROP TABLE h'";
        assert_eq!(lost(sql), [""; 0]);
    }
}
