//! Schemas nobody thought of.

use poststack::schema::{compare, ddl, fingerprint, migration_ddl, read};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::{made_by, run, schema_of};
use crate::cluster::few_cases;

/// Names of every sort: plain, quoted, keywords, with dots and quotes.
const NAMES: &[&str] = &[
    "a",
    "b_2",
    "\"C\"",
    "\"select\"",
    "\"d.e\"",
    "\"f\"\"g\"",
    "\"h i\"",
    "\"é\"",
];

/// Types, each with a default that fits.
const TYPES: &[(&str, &str)] = &[
    ("integer", "7"),
    ("bigint", "nextval('counter')"),
    ("text", "'it''s \\ me'"),
    ("varchar(40)", "lower('X')"),
    ("numeric(8, 2)", "1.5"),
    ("timestamptz", "now()"),
    ("timestamptz", "'2024-02-29 12:00:00+02'"),
    ("interval", "'1 mon 2 days'"),
    ("jsonb", "'{\"a\": [1]}'"),
    ("boolean", "true"),
    ("integer[]", "'{1,2}'"),
    ("bytea", "'\\x00ff'"),
    ("double precision", "0.1"),
    ("mood", "'sad'"),
    ("uuid", "gen_random_uuid()"),
];

#[derive(Debug, Clone)]
struct Column {
    kind: (&'static str, &'static str),
    has_default: bool,
    not_null: bool,
    has_check: bool,
    is_indexed: bool,
    is_unique: bool,
    comment: Option<String>,
}

#[derive(Debug, Clone)]
struct Table {
    columns: Vec<Column>,
    has_key: bool,
    refers_to: Option<usize>,
    is_unlogged: bool,
    has_view: bool,
    has_trigger: bool,
    has_row_security: bool,
    is_granted: bool,
}

fn column() -> impl Strategy<Value = Column> {
    let comment = proptest::option::of("[a-z '\\\\é]{1,6}");
    (select(TYPES), any::<[bool; 5]>(), comment).prop_map(|(kind, flags, comment)| Column {
        kind,
        has_default: flags[0],
        not_null: flags[1],
        has_check: flags[2],
        is_indexed: flags[3],
        is_unique: flags[4] && kind.0 != "jsonb",
        comment,
    })
}

fn table() -> impl Strategy<Value = Table> {
    let columns = proptest::collection::vec(column(), 0..NAMES.len());
    (
        columns,
        any::<[bool; 6]>(),
        proptest::option::of(0_usize..4),
    )
        .prop_map(|(columns, flags, refers_to)| Table {
            columns,
            has_key: flags[0],
            refers_to,
            is_unlogged: flags[1],
            has_view: flags[2],
            has_trigger: flags[3],
            has_row_security: flags[4],
            is_granted: flags[5],
        })
}

fn tables() -> impl Strategy<Value = Vec<Table>> {
    proptest::collection::vec(table(), 0..5)
}

fn sql(tables: &[Table]) -> String {
    let mut sql = "CREATE SEQUENCE counter; CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
        .to_owned();
    for (number, table) in tables.iter().enumerate() {
        sql.push_str(&table_sql(number, table));
    }
    for (number, table) in tables.iter().enumerate() {
        let target = table
            .refers_to
            .filter(|target| tables.get(*target).is_some_and(|table| table.has_key));
        if let Some(target) = target {
            sql.push_str(&format!("ALTER TABLE t{number} ADD COLUMN ref integer REFERENCES t{target} ON DELETE CASCADE;\n"));
        }
    }
    sql
}

fn table_sql(number: usize, table: &Table) -> String {
    let unlogged = if table.is_unlogged { "UNLOGGED" } else { "" };
    let mut columns: Vec<String> = Vec::new();
    // A key of an unlogged table cannot be referred to by others.
    if table.has_key {
        columns.push("id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY".to_owned());
    }
    let mut after = String::new();
    for (place, (name, column)) in NAMES.iter().zip(&table.columns).enumerate() {
        let (kind, default) = column.kind;
        let mut text = format!("{name} {kind}");
        if column.has_default {
            text.push_str(&format!(" DEFAULT {default}"));
        }
        for (is, words) in [
            (column.not_null, " NOT NULL"),
            (column.is_unique, " UNIQUE"),
        ] {
            text.push_str(if is { words } else { "" });
        }
        if column.has_check {
            text.push_str(&format!(" CHECK ({name} IS NOT NULL)"));
        }
        columns.push(text);
        if column.is_indexed {
            after.push_str(&format!(
                "CREATE INDEX t{number}_i{place} ON t{number} ({name}) WHERE {name} IS NOT NULL;\n"
            ));
        }
        if let Some(comment) = &column.comment {
            let comment = comment.replace('\'', "''");
            after.push_str(&format!(
                "COMMENT ON COLUMN t{number}.{name} IS '{comment}';\n"
            ));
        }
    }
    if table.has_view {
        after.push_str(&format!(
            "CREATE VIEW v{number} AS SELECT t.*, 1 AS one FROM t{number} t;\n"
        ));
        after.push_str(&format!(
            "CREATE MATERIALIZED VIEW m{number} AS SELECT count(*) AS n FROM v{number};\n"
        ));
    }
    if table.has_trigger {
        after.push_str(&format!("CREATE TRIGGER touch BEFORE INSERT ON t{number} FOR EACH ROW EXECUTE FUNCTION touch();\n"));
    }
    if table.has_row_security {
        after.push_str(&format!("ALTER TABLE t{number} ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t{number} USING (true);\n"));
    }
    if table.is_granted {
        after.push_str(&format!(
            "GRANT SELECT, DELETE ON t{number} TO schema_reader;\n"
        ));
    }
    format!(
        "CREATE {unlogged} TABLE t{number} ({});\n{after}",
        columns.join(", ")
    )
}

fn check<S: Strategy>(strategy: S, test: impl AsyncFn(S::Value))
where
    S::Value: std::fmt::Debug,
{
    let config = Config {
        max_shrink_iters: 40,
        ..few_cases()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&strategy, |value| {
        runtime.block_on(test(value));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn the_ddl_of_any_schema_makes_the_same_schema() {
    let tables = tables().prop_filter("references to unlogged tables", |tables| fits(tables));
    check(tables, async |tables: Vec<Table>| {
        let schema = schema_of(&sql(&tables)).await;
        let text = ddl(&schema);
        let copy = schema_of(&text).await;
        assert_eq!(compare(&schema, &copy), [], "{text}");
        assert_eq!(fingerprint(&schema), fingerprint(&copy));
    });
}

#[test]
fn any_schema_becomes_any_other() {
    let tables = || tables().prop_filter("references to unlogged tables", |tables| fits(tables));
    check(
        (tables(), tables()),
        async |(start, end): (Vec<Table>, Vec<Table>)| {
            let connection = made_by(&sql(&start)).await;
            let (from, to) = (
                read(&connection).await.unwrap(),
                schema_of(&sql(&end)).await,
            );
            let ddl = migration_ddl(&from, &to).to_string();
            run(&connection, "SET search_path = ''").await;
            run(&connection, &ddl).await;
            let reached = read(&connection).await.unwrap();
            let mut differences = compare(&to, &reached);
            differences.retain(|difference| !difference.is_minor());
            assert_eq!(differences, [], "{ddl}");
        },
    );
}

/// A table that is logged cannot refer to one that is not.
fn fits(tables: &[Table]) -> bool {
    tables.iter().all(|table| {
        let target = table.refers_to.and_then(|target| tables.get(target));
        target.is_none_or(|target| table.is_unlogged || !target.is_unlogged)
    })
}
