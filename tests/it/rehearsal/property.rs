//! Up then down equals the start, for generated schemas; and where a rollback leaves something out,
//! the rehearsal says so.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{database, report};
use crate::cluster::few_cases;

/// A change and the change that takes it back. Change `n` may use what those before it made.
fn change(kind: u8, n: usize) -> (String, String) {
    match kind {
        0 => (
            format!("CREATE TABLE t{n} (id bigint PRIMARY KEY, v text DEFAULT 'x');"),
            format!("DROP TABLE t{n};"),
        ),
        1 => (
            format!("CREATE TYPE e{n} AS ENUM ('a', 'b');"),
            format!("DROP TYPE e{n};"),
        ),
        2 => (
            format!("ALTER TABLE base ADD c{n} int CHECK (c{n} > 0);"),
            format!("ALTER TABLE base DROP c{n};"),
        ),
        3 => (
            format!("CREATE INDEX i{n} ON base (v, id);"),
            format!("DROP INDEX i{n};"),
        ),
        4 => (
            format!("CREATE VIEW v{n} AS SELECT id FROM base;"),
            format!("DROP VIEW v{n};"),
        ),
        5 => (
            format!("CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql AS 'SELECT {n}';"),
            format!("DROP FUNCTION f{n};"),
        ),
        6 => (
            format!(
                "CREATE TABLE p{n} (id int, base bigint REFERENCES base) PARTITION BY LIST (id);\
                     CREATE TABLE p{n}_1 PARTITION OF p{n} FOR VALUES IN (1);"
            ),
            format!("DROP TABLE p{n};"),
        ),
        _ => (
            format!(
                "CREATE SEQUENCE s{n}; GRANT SELECT ON base TO PUBLIC; \
                     COMMENT ON TABLE base IS 'of {n}';"
            ),
            format!(
                "DROP SEQUENCE s{n}; REVOKE SELECT ON base FROM PUBLIC; \
                     COMMENT ON TABLE base IS NULL;"
            ),
        ),
    }
}

/// Files of one or more changes each.
fn files(changes: &[Vec<u8>]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut n = 0;
    for (number, kinds) in changes.iter().enumerate() {
        let mut pairs = Vec::new();
        for kind in kinds {
            n += 1;
            pairs.push(change(*kind, n));
        }
        let up: String = pairs.iter().map(|(up, _)| up.as_str()).collect();
        let down: String = pairs.iter().rev().map(|(_, down)| down.as_str()).collect();
        files.push((format!("{}_x.sql", number + 1), up));
        files.push((format!("{}_x.rollback.sql", number + 1), down));
    }
    files
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

const BASE: &str = "CREATE TABLE base (id bigint PRIMARY KEY, v text);
    INSERT INTO base SELECT n, n::text FROM generate_series(1, 20) AS n";

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[test]
fn up_then_down_equals_the_start_for_generated_schemas() {
    // The last kind changes the table itself, so that two of it in one file would undo each other.
    let changes = prop::collection::vec(prop::collection::vec(0_u8..7, 1..4), 1..4);
    let mut runner = TestRunner::new(few_cases());
    let runtime = runtime();
    let checked = runner.run(&changes, |changes| {
        let files = files(&changes);
        let found = runtime.block_on(async {
            let report = report(&database(BASE).await, &borrowed(&files)).await;
            assert_eq!(report.files.len(), changes.len());
            report
                .findings()
                .map(|one| format!("{one:?}"))
                .collect::<Vec<_>>()
        });
        prop_assert_eq!(found, Vec::<String>::new());
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn whatever_a_rollback_leaves_out_is_found() {
    let runtime = runtime();
    for kind in 0..8 {
        let (up, down) = change(kind, 1);
        let complete = [
            ("1_x.sql", up.as_str()),
            ("1_x.rollback.sql", down.as_str()),
        ];
        let forgetful = [("1_x.sql", up.as_str()), ("1_x.rollback.sql", "SELECT 1")];
        let errors = runtime.block_on(async {
            let fine = report(&database(BASE).await, &complete).await;
            assert!(!fine.has_errors(), "{fine:?}");
            report(&database(BASE).await, &forgetful).await
        });
        assert!(errors.has_errors(), "{up}");
        assert!(!errors.files[0].differences.is_empty(), "{up}");
    }
}
