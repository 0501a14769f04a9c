//! What breaks code, fails, or bites later: bad forms with the place that is marked, good forms
//! that nothing is said of.

use super::*;

#[test]
fn new_columns_fit_the_rows_that_are_there() {
    rule(
        "not-null-without-default",
        &[
            "ALTER TABLE t ADD COLUMN a int «NOT NULL»",
            "ALTER TABLE t ADD b int, ADD COLUMN IF NOT EXISTS a text COLLATE \"C\" «NOT NULL»",
        ],
        &[
            "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0",
            "ALTER TABLE t ADD COLUMN a int NULL",
            "CREATE TABLE t (a int NOT NULL)",
            "CREATE TABLE t (); ALTER TABLE t ADD COLUMN a int NOT NULL",
        ],
    );
}

#[test]
fn nothing_is_taken_from_code_that_may_use_it() {
    rule(
        "drop-table",
        &[
            "DROP TABLE «t»",
            "DROP TABLE IF EXISTS «app.t»",
            "DROP FOREIGN TABLE «t»",
        ],
        &["CREATE TABLE t (); DROP TABLE t"],
    );
    rule(
        "drop-column",
        &[
            "ALTER TABLE t «DROP COLUMN a»",
            "ALTER TABLE t «DROP IF EXISTS a»",
        ],
        &["ALTER TABLE t DROP CONSTRAINT c"],
    );
    rule(
        "drop-view",
        &[
            "DROP VIEW «v»",
            "DROP MATERIALIZED VIEW «v»",
            "CREATE VIEW w AS SELECT 1; DROP VIEW «v»",
        ],
        &["DROP VIEW v; CREATE VIEW v AS SELECT 2 AS b"],
    );
    rule(
        "drop-type",
        &["DROP TYPE «app.mood»", "DROP DOMAIN «d»"],
        &["CREATE TYPE m AS ENUM ('a'); DROP TYPE m"],
    );
    rule(
        "drop-schema",
        &["DROP SCHEMA «app»"],
        &["CREATE SCHEMA app"],
    );
}

#[test]
fn cascade_is_an_error_beside_what_it_is_part_of() {
    for (text, first) in [
        ("DROP TABLE t CASCADE", "drop-table"),
        ("DROP SCHEMA IF EXISTS a CASCADE", "drop-schema"),
        ("ALTER TABLE t DROP COLUMN a CASCADE", "drop-column"),
        ("TRUNCATE t CASCADE", "truncate"),
    ] {
        assert_eq!(codes(text), [first, "cascade"], "{text}");
    }
    rule(
        "cascade",
        &["ALTER TABLE t DROP CONSTRAINT c «CASCADE»"],
        &["CREATE TABLE t (); DROP TABLE t CASCADE"],
    );
}

#[test]
fn types_that_bite_are_named_where_a_column_gets_them() {
    rule(
        "char-type",
        &[
            "CREATE TABLE t (a «char(3)»)",
            "ALTER TABLE t ADD a «CHARACTER (3)»",
            "CREATE TABLE t (a «bpchar»)",
            "CREATE TABLE t (a «char»)",
        ],
        &[
            "CREATE TABLE t (a varchar(3), b character varying, c text, d \"char\")",
            "CREATE TABLE t (a text DEFAULT 'x'::char(1))",
        ],
    );
    rule(
        "timestamp-without-time-zone",
        &[
            "CREATE TABLE t (a «timestamp»)",
            "ALTER TABLE t ADD a «timestamp(3) without time zone»",
            "CREATE TABLE t (a «timestamp[]»)",
        ],
        &["CREATE TABLE t (a timestamptz, b timestamp with time zone, c time)"],
    );
    rule(
        "json-type",
        &["CREATE TABLE t (a «json»)", "CREATE TABLE t (a «JSON[]»)"],
        &["CREATE TABLE t (a jsonb, json text)"],
    );
    rule(
        "money-type",
        &["CREATE TABLE t (a «money» NOT NULL)"],
        &["CREATE TABLE t (a numeric(12, 2))"],
    );
    rule(
        "serial-type",
        &["CREATE TABLE t (id «serial» PRIMARY KEY)"],
        &["CREATE TABLE t (serial int)"],
    );
    let long = "a".repeat(64);
    rule(
        "name-too-long",
        &[
            &format!("CREATE TABLE «{long}» (a int)"),
            &format!("CREATE TABLE t («\"{long}\"» int)"),
        ],
        &[&format!("CREATE TABLE {} (a int)", "a".repeat(63))],
    );
}

#[test]
fn an_int_as_primary_key_is_a_note() {
    rule(
        "int-primary-key",
        &[
            "CREATE TABLE t (id «int» PRIMARY KEY)",
            "CREATE TABLE t (id «INTEGER» GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        ],
        &["CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL)"],
    );
    assert_eq!(
        severity_of("CREATE TABLE t (id int PRIMARY KEY)"),
        Severity::Note
    );
}

#[test]
fn a_trigger_is_not_left_off() {
    rule(
        "disable-trigger",
        &[
            "ALTER TABLE t «DISABLE TRIGGER g»",
            "-- poststack: no-transaction\nALTER TABLE t «DISABLE TRIGGER ALL»; ALTER TABLE t ENABLE TRIGGER ALL",
        ],
        &[
            "ALTER TABLE t DISABLE TRIGGER g; UPDATE t SET a = 1 WHERE b; ALTER TABLE t ENABLE TRIGGER g",
            "ALTER TABLE t ENABLE TRIGGER g",
        ],
    );
}

#[test]
fn a_statement_that_needs_no_transaction_is_told_so() {
    rule(
        "needs-no-transaction",
        &["«DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY i ON t (a)'; END $$»"],
        &["DO $$ BEGIN NULL; END $$"],
    );
    rule(
        "lock-timeout-off",
        &["«SET lock_timeout = 0»", "«set local lock_timeout to '0'»"],
        &["SET lock_timeout = '2s'", "SET statement_timeout = 0"],
    );
}

#[test]
fn rows_are_not_changed_all_at_once() {
    rule(
        "change-without-where",
        &[
            "«UPDATE t» SET a = 1",
            "«DELETE FROM app.t»",
            "«UPDATE ONLY t» AS x SET a = y.a FROM y",
            "«WITH y AS (SELECT 1) DELETE FROM t»",
        ],
        &[
            "UPDATE t SET a = 1 WHERE b",
            "DELETE FROM t WHERE a",
            "CREATE TABLE t (a int); UPDATE t SET a = 1",
        ],
    );
    rule(
        "data-change-under-lock",
        &[
            "ALTER TABLE t ADD a int; «UPDATE t» SET a = 1",
            "ALTER TABLE t ADD a int; «DELETE FROM u»",
        ],
        &["ALTER TABLE t ADD a int; UPDATE t SET a = 1 WHERE id < 1000"],
    );
    assert_eq!(
        codes("-- poststack: no-transaction\nALTER TABLE t ADD a int; UPDATE t SET a = 1"),
        ["change-without-where"]
    );
    assert_eq!(
        codes("ALTER TABLE t VALIDATE CONSTRAINT c; UPDATE t SET a = 1"),
        ["change-without-where"]
    );
}

#[test]
fn a_new_value_of_an_enum_is_not_used_at_once() {
    rule(
        "enum-value-in-use",
        &[
            "ALTER TYPE mood ADD VALUE 'ok'; INSERT INTO t VALUES («'ok'»)",
            "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok' AFTER 'b'; ALTER TABLE t ALTER a SET DEFAULT «'ok'»",
        ],
        &[
            "ALTER TYPE mood ADD VALUE 'ok'; ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok'",
            "-- poststack: no-transaction\nALTER TYPE mood ADD VALUE 'ok'; INSERT INTO t VALUES ('ok')",
            "CREATE TYPE mood AS ENUM (); ALTER TYPE mood ADD VALUE 'ok'; INSERT INTO t VALUES ('ok')",
        ],
    );
}

#[test]
fn what_the_parser_does_not_understand_is_a_note() {
    rule(
        "not-checked",
        &["«ALTER TABLE t FROBNICATE a»"],
        &[
            "FROBNICATE t",
            "SELECT FROM WHERE",
            "CREATE FUNCTION f( AS $$ $$",
        ],
    );
    assert_eq!(severity_of("ALTER TABLE t FROBNICATE a"), Severity::Note);
}

#[test]
fn every_rule_says_what_happens_and_what_to_do_instead() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        let is_kebab = rule
            .name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(is_kebab && names.insert(rule.name), "{}", rule.name);
        assert!(
            rule.what.ends_with('.') && !rule.instead.ends_with('.'),
            "{}",
            rule.name
        );
    }
    assert!(names.len() > 40);
}
#[test]
fn nothing_is_renamed_or_emptied_under_code_that_uses_it() {
    rule(
        "rename-column",
        &[
            "ALTER TABLE t «RENAME COLUMN a TO b»",
            "ALTER TABLE t «RENAME a TO b»",
            "ALTER VIEW v «RENAME COLUMN a TO b»",
        ],
        &["ALTER TABLE t RENAME CONSTRAINT a TO b"],
    );
    rule(
        "rename-table",
        &[
            "ALTER TABLE t «RENAME TO u»",
            "ALTER VIEW v «RENAME TO w»",
            "ALTER MATERIALIZED VIEW v «RENAME TO w»",
            "ALTER TABLE t «SET SCHEMA app»",
        ],
        &[
            "ALTER TABLE t RENAME TO u; CREATE VIEW t AS SELECT * FROM u",
            "ALTER INDEX i RENAME TO j",
        ],
    );
    rule(
        "truncate",
        &["TRUNCATE «t»", "TRUNCATE TABLE «ONLY t» RESTART IDENTITY"],
        &["CREATE TABLE t (); TRUNCATE t"],
    );
}
