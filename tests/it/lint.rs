//! What lint claims, checked against the server: the locks, the rewrites, the refusals.

use std::collections::BTreeSet;

use poststack::lint::{self, Facts};
use poststack::migration::Script;
use poststack::postgres::Connection;
use poststack::text::SourceFile;

use crate::cluster::cluster;

/// The rules that find something in `text`.
fn codes(text: &str) -> Vec<&'static str> {
    let script = Script::parse(&SourceFile::new("1_a.sql", text)).unwrap();
    let facts = Facts {
        missing_rollback: false,
        is_rollback: false,
        new_tables: &BTreeSet::new(),
        server_major: Some(15),
    };
    let found = lint::check(&script, &facts);
    found
        .iter()
        .filter_map(|diagnostic| diagnostic.code)
        .collect()
}

const TABLES: &str = "
    CREATE TABLE t (id int PRIMARY KEY, a int, b text, s varchar(5), UNIQUE (a));
    CREATE INDEX i ON t (b); INSERT INTO t VALUES (1, 1, 'x', 'y');
    ALTER TABLE t ADD CONSTRAINT old CHECK (a > 0) NOT VALID;
    CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1);
    CREATE TABLE parted (a int) PARTITION BY LIST (a);
    CREATE TABLE part (a int); CREATE TABLE used PARTITION OF parted FOR VALUES IN (9);
    CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX ON v (a);
    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION steady() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE DOMAIN d AS int; CREATE TABLE domained (a d);
    CREATE TYPE mood AS ENUM ('sad');";

async fn session() -> Connection {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    connection.client().batch_execute(TABLES).await.unwrap();
    connection
}

async fn text(connection: &Connection, sql: &str) -> String {
    let row = connection.client().query_one(sql, &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// Statement, rule, and what it locks how, as `relation Mode`.
const LOCKS: &[(&str, &str, &str)] = &[
    (
        "CREATE INDEX ON t (a)",
        "index-without-concurrently",
        "t ShareLock",
    ),
    (
        "DROP INDEX i",
        "drop-index-without-concurrently",
        "t AccessExclusiveLock",
    ),
    (
        "REINDEX TABLE t",
        "reindex-without-concurrently",
        "t ShareLock",
    ),
    (
        "REFRESH MATERIALIZED VIEW v",
        "refresh-without-concurrently",
        "v AccessExclusiveLock",
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
        "foreign-key-without-not-valid",
        "u ShareRowExclusiveLock",
    ),
    (
        "ALTER TABLE t ADD CHECK (a > 0)",
        "check-without-not-valid",
        "t AccessExclusiveLock",
    ),
    (
        "ALTER TABLE t ALTER a SET NOT NULL",
        "set-not-null",
        "t AccessExclusiveLock",
    ),
    (
        "ALTER TABLE t ADD UNIQUE (b)",
        "constraint-builds-index",
        "t AccessExclusiveLock",
    ),
    (
        "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION g()",
        "create-trigger",
        "t ShareRowExclusiveLock",
    ),
    ("CLUSTER t USING t_pkey", "cluster", "t AccessExclusiveLock"),
    ("LOCK TABLE t", "lock-table", "t AccessExclusiveLock"),
    (
        "ALTER TABLE parted ATTACH PARTITION part FOR VALUES IN (1)",
        "attach-partition",
        "part AccessExclusiveLock",
    ),
    (
        "ALTER TABLE parted DETACH PARTITION used",
        "detach-without-concurrently",
        "parted AccessExclusiveLock",
    ),
    (
        "CREATE TABLE p PARTITION OF parted FOR VALUES IN (2)",
        "partition-of",
        "parted AccessExclusiveLock",
    ),
    (
        "ALTER DOMAIN d ADD CHECK (VALUE > 0)",
        "check-without-not-valid",
        "domained ShareLock",
    ),
    (
        "ALTER TABLE t DISABLE TRIGGER ALL",
        "disable-trigger",
        "t ShareRowExclusiveLock",
    ),
    ("TRUNCATE t", "truncate", "t AccessExclusiveLock"),
    (
        "ALTER TABLE t SET UNLOGGED",
        "set-logged",
        "t AccessExclusiveLock",
    ),
    (
        "ALTER TABLE t ALTER a TYPE bigint",
        "column-type-change",
        "t AccessExclusiveLock",
    ),
];

const HELD: &str = "SELECT string_agg(c.relname || ' ' || l.mode, ', ') FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid()";

#[tokio::test]
async fn the_locks_that_lint_names_are_those_the_server_takes() {
    let connection = session().await;
    for (statement, rule, lock) in LOCKS {
        assert_eq!(codes(statement), [*rule], "{statement}");
        connection
            .client()
            .batch_execute(&format!("BEGIN; {statement}"))
            .await
            .unwrap();
        let held = text(&connection, HELD).await;
        connection.client().batch_execute("ROLLBACK").await.unwrap();
        assert!(
            held.split(", ").any(|one| one == *lock),
            "{statement}: {held}"
        );
    }
}

#[tokio::test]
async fn the_forms_that_lint_recommends_block_no_writes() {
    let connection = session().await;
    for statement in [
        "ALTER TABLE t VALIDATE CONSTRAINT old",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "CREATE TABLE p (LIKE parted); ALTER TABLE parted ATTACH PARTITION p FOR VALUES IN (2)",
    ] {
        assert_eq!(codes(statement), [] as [&str; 0], "{statement}");
        connection
            .client()
            .batch_execute(&format!("BEGIN; {statement}"))
            .await
            .unwrap();
        let held = text(&connection, HELD).await;
        connection.client().batch_execute("ROLLBACK").await.unwrap();
        for blocked in ["t", "parted"] {
            let strong = [
                " ShareLock",
                " ShareRowExclusiveLock",
                " AccessExclusiveLock",
            ];
            let is_blocked =
                |one: &str| strong.iter().any(|mode| one == format!("{blocked}{mode}"));
            assert!(!held.split(", ").any(is_blocked), "{statement}: {held}");
        }
    }
}

#[tokio::test]
async fn what_lint_calls_a_rewrite_is_one_and_the_rest_is_none() {
    let connection = session().await;
    let rewrites = [
        "volatile-default",
        "stored-generated-column",
        "serial-on-existing-table",
        "column-type-change",
        "set-logged",
    ];
    for statement in [
        "ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD c float8 DEFAULT random()",
        "ALTER TABLE t ADD c timestamptz DEFAULT clock_timestamp()",
        "ALTER TABLE t ADD c int GENERATED ALWAYS AS (a * 2) STORED",
        "ALTER TABLE t ADD c serial",
        "ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t ALTER a TYPE bigint",
        "ALTER TABLE t ALTER b TYPE varchar(9)",
        "ALTER TABLE t SET UNLOGGED",
        "ALTER TABLE t ADD c int",
        "ALTER TABLE t ADD c int NOT NULL DEFAULT 1",
        "ALTER TABLE t ADD c timestamptz NOT NULL DEFAULT now()",
        "ALTER TABLE t ADD c jsonb DEFAULT '{}'::jsonb",
        "ALTER TABLE t ADD c text DEFAULT lower('X') || current_date",
        "ALTER TABLE t ALTER a SET DEFAULT random()::int",
        "ALTER TABLE t ADD c int REFERENCES u",
    ] {
        let file = "SELECT pg_relation_filenode('t')::text";
        let before = text(&connection, file).await;
        connection
            .client()
            .batch_execute(&format!("BEGIN; {statement}"))
            .await
            .unwrap();
        let is_rewritten = text(&connection, file).await != before;
        connection.client().batch_execute("ROLLBACK").await.unwrap();
        let is_found = codes(statement).iter().any(|code| rewrites.contains(code));
        assert_eq!(is_found, is_rewritten, "{statement}");
    }
}

#[tokio::test]
async fn no_function_that_lint_trusts_in_a_default_is_volatile() {
    let connection = session().await;
    let functions = "SELECT quote_ident(proname), bool_or(provolatile = 'v') FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY proname";
    let rows = connection.client().query(functions, &[]).await.unwrap();
    assert!(rows.len() > 2_000);
    for row in rows {
        let (name, is_volatile): (String, bool) = (row.get(0), row.get(1));
        let statement = format!("ALTER TABLE t ADD c int DEFAULT pg_catalog.{name}()");
        let is_trusted = codes(&statement).is_empty();
        assert!(!(is_trusted && is_volatile), "{name}");
    }
}

#[tokio::test]
async fn what_lint_says_is_refused_is_refused() {
    let connection = session().await;
    for (statement, rule) in [
        (
            "ALTER TABLE t ADD c int NOT NULL",
            "not-null-without-default",
        ),
        (
            "ALTER TYPE mood ADD VALUE 'ok'; SELECT 'ok'::mood",
            "enum-value-in-use",
        ),
        (
            "DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY ON t (a)'; END $$",
            "needs-no-transaction",
        ),
    ] {
        assert_eq!(codes(statement), [rule], "{statement}");
        let answer = connection
            .client()
            .batch_execute(&format!("BEGIN; {statement}"))
            .await;
        assert!(answer.is_err(), "{statement}");
        connection.client().batch_execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn not_null_after_a_validated_check_scans_nothing() {
    let connection = session().await;
    let add = "ALTER TABLE t ADD CONSTRAINT n CHECK (b IS NOT NULL) NOT VALID";
    let rest = "ALTER TABLE t VALIDATE CONSTRAINT n; ALTER TABLE t ALTER b SET NOT NULL;
                ALTER TABLE t DROP CONSTRAINT n";
    assert_eq!(codes(add), [] as [&str; 0]);
    assert_eq!(codes(rest), [] as [&str; 0]);
    connection
        .client()
        .batch_execute(&format!("{add}; {rest}"))
        .await
        .unwrap();
    let column = "SELECT attnotnull::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'b'";
    assert_eq!(text(&connection, column).await, "true");
}
