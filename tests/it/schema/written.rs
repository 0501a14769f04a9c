//! Schemas written as SQL.

use std::process::Command;

use poststack::postgres::Address;
use poststack::schema::{
    Ddl, Effect, ObjectId, Schema, compare, ddl, fingerprint, migration_ddl, read,
};

use super::{RICH, database_of, made_by, run, schema_of};
use crate::cluster::cluster;

const CHANGES: &str = include_str!("changes.sql");

/// What `pg_dump --schema-only` says of a database, without what is random or of one run.
fn dump(address: &Address) -> String {
    let output = Command::new(cluster().programs.join("pg_dump"))
        .args(["--schema-only", "--host", &address.host])
        .args([
            "--port",
            &address.port.to_string(),
            "--username",
            &address.user,
        ])
        .arg(&address.database)
        .env("PGPASSWORD", address.password.expose())
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let kept = text
        .lines()
        .filter(|line| !line.starts_with('\\') && !line.starts_with("-- Dumped"));
    kept.collect::<Vec<_>>().join("\n")
}

/// Fails with the differences where there are any.
fn assert_same(expected: &Schema, found: &Schema, sql: &str) {
    let texts: Vec<String> = compare(expected, found)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(texts.is_empty(), "{texts:#?}\n{sql}");
    assert_eq!(fingerprint(expected), fingerprint(found));
}

#[tokio::test]
async fn the_ddl_of_a_rich_schema_makes_the_same_schema() {
    let (original, original_address) = database_of(RICH).await;
    let schema = read(&original).await.unwrap();
    let sql = ddl(&schema);
    assert!(!sql.contains("TODO"), "{sql}");
    let (copy, copy_address) = database_of(&sql).await;
    assert_same(&schema, &read(&copy).await.unwrap(), &sql);
    let (expected, found) = (dump(&original_address), dump(&copy_address));
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected, found);
}

/// Turns a database made by `start` into one like that made by `end`, by their difference. What then
/// still differs must have been a `TODO`.
async fn turn(start: &str, end: &str) -> Ddl {
    let connection = made_by(start).await;
    let (from, to) = (read(&connection).await.unwrap(), schema_of(end).await);
    let ddl = migration_ddl(&from, &to);
    run(
        &connection,
        "SET search_path = ''; SET check_function_bodies = off",
    )
    .await;
    run(&connection, &ddl.to_string()).await;
    let reached = read(&connection).await.unwrap();
    let todo = |id: &ObjectId| {
        let mut statements = ddl.statements.iter();
        statements.any(|statement| statement.effect == Effect::Todo && statement.object == *id)
    };
    let differences = compare(&to, &reached);
    let unexpected: Vec<String> = differences
        .iter()
        .filter(|difference| !todo(&difference.object))
        .map(ToString::to_string)
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?} after\n{ddl}");
    ddl
}

/// Both ways; the second without leaving anything to do.
async fn turn_there_and_back(start: &str, end: &str) {
    for (start, end) in [(start, end), (end, start)] {
        let ddl = turn(start, end).await;
        assert!(!ddl.has_todo(), "{ddl}");
    }
}

fn todos(ddl: &Ddl) -> Vec<&str> {
    let statements = ddl.statements.iter();
    let todos = statements.filter(|statement| statement.effect == Effect::Todo);
    todos.map(|statement| statement.sql.as_str()).collect()
}

#[tokio::test]
async fn a_rich_schema_is_made_from_nothing_and_taken_down_to_nothing() {
    turn_there_and_back("", RICH).await;
    assert!(turn(RICH, RICH).await.is_empty());
}

#[tokio::test]
async fn a_rich_schema_becomes_another() {
    let changed = format!("{RICH}{CHANGES}");
    let there = turn(RICH, &changed).await;
    insta::assert_debug_snapshot!(todos(&there), @"[]");
    let back = turn(&changed, RICH).await;
    insta::assert_debug_snapshot!(todos(&back), @r#"
    [
        "enum type app.\"Type\": its labels are to be ; one that exists cannot be removed or moved",
        "enum type app.mood: its labels are to be 'sad', 'it''s ok', 'happy'; one that exists cannot be removed or moved",
        "column app.users.price_with_tax: drop the column and add it again to have it generated as `(price * 1.2)`",
    ]
    "#);
}
