//! What lint is told beside the file.

use super::*;

fn codes_with(text: &str, change: impl FnOnce(&mut Facts<'_>)) -> Vec<&'static str> {
    let none = BTreeSet::new();
    let mut facts = no_facts(&none);
    change(&mut facts);
    let diagnostics = check(&script(text), &facts);
    diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.code)
        .collect()
}

#[test]
fn a_missing_rollback_is_told_by_its_file_name() {
    let none = BTreeSet::new();
    let facts = Facts {
        missing_rollback: true,
        ..no_facts(&none)
    };
    let found = check(&script("SELECT 1"), &facts);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "There is no `007_a.rollback.sql`");
    assert_eq!(found[0].code, Some("missing-rollback"));
}

#[test]
fn a_table_of_another_pending_file_is_new() {
    let new = created(&script(
        "CREATE TABLE app.t (); CREATE TABLE public.u (); CREATE VIEW v AS SELECT 1",
    ));
    assert_eq!(new.iter().collect::<Vec<_>>(), ["app.t", "u", "v"]);
    let facts = no_facts(&new);
    let found = check(
        &script("CREATE INDEX ON app.t (a); CREATE INDEX ON u (a)"),
        &facts,
    );
    assert_eq!(found, []);
    assert_eq!(check(&script("CREATE INDEX ON t (a)"), &facts).len(), 1);
    let locks = "ALTER TABLE u ADD a int; UPDATE u SET a = 1; DROP TABLE u CASCADE";
    assert_eq!(check(&script(locks), &facts), []);
}

#[test]
fn a_rollback_may_drop_and_rename_but_not_lock() {
    let text = "DROP TABLE t; ALTER TABLE u RENAME a TO b; ALTER TABLE u DROP COLUMN c;
                DROP INDEX i; DROP VIEW v CASCADE";
    assert_eq!(
        codes_with(text, |facts| facts.is_rollback = true),
        ["drop-index-without-concurrently", "cascade"]
    );
}

#[test]
fn what_depends_on_the_server_follows_its_version() {
    let default = "ALTER TABLE t ADD a int DEFAULT 0";
    assert_eq!(
        codes_with(default, |facts| facts.server_major = Some(10)),
        ["volatile-default"]
    );
    assert_eq!(
        codes_with(default, |facts| facts.server_major = Some(15)),
        [] as [&str; 0]
    );
    let detach = "ALTER TABLE t DETACH PARTITION p";
    assert_eq!(
        codes_with(detach, |facts| facts.server_major = Some(13)),
        [] as [&str; 0]
    );
    let value = "ALTER TYPE mood ADD VALUE 'ok'";
    assert_eq!(
        codes_with(value, |facts| facts.server_major = Some(11)),
        ["needs-no-transaction"]
    );
    assert_eq!(
        codes_with(value, |facts| facts.server_major = Some(12)),
        [] as [&str; 0]
    );
    let proven = "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL";
    assert_eq!(
        codes_with(proven, |facts| facts.server_major = Some(11)),
        ["set-not-null"]
    );
}

#[test]
fn what_poststack_itself_runs_without_transaction_is_no_finding() {
    for statement in [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE, CONCURRENTLY) INDEX i",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "VACUUM t",
        "CREATE DATABASE d",
        "ALTER SYSTEM SET work_mem = '1MB'",
    ] {
        assert_eq!(found(statement), [], "{statement}");
    }
}

#[test]
fn a_header_that_switches_the_lock_timeout_off_is_found() {
    let text =
        "-- poststack: no-transaction\n-- poststack: lock-timeout 0\nALTER TABLE t ADD a int";
    assert_eq!(
        found(text),
        [(
            "lock-timeout-off",
            "-- poststack: lock-timeout 0".to_owned()
        )]
    );
    assert_eq!(
        found("-- poststack: lock-timeout 5s\nALTER TABLE t ADD a int"),
        []
    );
}
