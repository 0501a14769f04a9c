//! The way back.

use poststack::migration::{Folder, MigrationError, Request, Target, Version};

use super::{LEDGER, folder, refused, roll_back, run, shown};
use crate::cluster::{ask, cluster};

fn steps(steps: usize) -> Target {
    Target::Steps(steps)
}

/// What `roll_back` tells of a request that must be refused.
async fn faults(
    address: &poststack::postgres::Address,
    folder: &Folder,
    target: &Target,
) -> Vec<String> {
    let request = Request {
        target,
        ..Request::default()
    };
    match roll_back(address, folder, &request).await.unwrap_err() {
        MigrationError::Conflict(faults) => faults.into_iter().map(|fault| fault.message).collect(),
        other => panic!("{other:?}"),
    }
}

async fn titles(
    address: &poststack::postgres::Address,
    folder: &Folder,
    target: &Target,
) -> Vec<String> {
    let request = Request {
        target,
        ..Request::default()
    };
    roll_back(address, folder, &request).await.unwrap().titles
}

fn three() -> Folder {
    folder(&[
        ("1_a.sql", "CREATE TABLE a ()"),
        ("1_a.rollback.sql", "DROP TABLE a"),
        ("2_b.sql", "CREATE TABLE b ()"),
        ("2_b.rollback.sql", "DROP TABLE b"),
        ("3_c.sql", "CREATE TABLE c ()"),
        ("3_c.rollback.sql", "DROP TABLE c"),
    ])
}

const TABLES: &str = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'";

#[tokio::test]
async fn the_newest_migrations_are_taken_back_one_by_one() {
    let address = cluster().database().await;
    let files = three();
    run(&address, &files).await.unwrap();
    assert_eq!(titles(&address, &files, &steps(1)).await, ["3_c"]);
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b");
    assert_eq!(ask(&address, TABLES).await, "a b");
    run(&address, &files).await.unwrap();
    let first = Target::To(Version::parse("001").unwrap());
    assert_eq!(titles(&address, &files, &first).await, ["3_c", "2_b"]);
    assert_eq!(ask(&address, TABLES).await, "a");
    assert_eq!(titles(&address, &files, &Target::All).await, ["1_a"]);
    assert_eq!(ask(&address, LEDGER).await, "");
    assert_eq!(titles(&address, &files, &Target::All).await, [""; 0]);
}

#[tokio::test]
async fn a_chain_with_one_missing_file_changes_nothing() {
    let address = cluster().database().await;
    let mut files = three();
    run(&address, &files).await.unwrap();
    files.migrations[0].rollback = None;
    let faults = faults(&address, &files, &Target::All).await;
    assert_eq!(faults, ["Migration `1_a` has no rollback file"]);
    assert_eq!(ask(&address, TABLES).await, "a b c");
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b, 3 c");
}

#[tokio::test]
async fn a_rollback_that_fails_takes_nothing_back_and_the_newer_ones_stay_taken_back() {
    let address = cluster().database().await;
    let mut files = three();
    run(&address, &files).await.unwrap();
    let bad = folder(&[
        ("2_b.sql", "CREATE TABLE b ()"),
        ("2_b.rollback.sql", "DROP TABLE b;\nDROP TABLE nothing"),
    ]);
    files.migrations[1] = bad.migrations[0].clone();
    let request = Request {
        target: &Target::All,
        ..Request::default()
    };
    let error = roll_back(&address, &files, &request).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to roll back migration `2_b`");
    let MigrationError::Failed(failed) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (failed.done, failed.not_run),
        (vec!["3_c".to_owned()], vec!["1_a".to_owned()])
    );
    assert_eq!(
        shown(&failed.diagnostic),
        "migrations/2_b.rollback.sql:2:1 `DROP TABLE nothing` Table \"nothing\" does not exist (SQLSTATE 42P01)"
    );
    assert_eq!(ask(&address, TABLES).await, "a b");
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b");
}

#[tokio::test]
async fn another_spelling_of_the_version_is_taken_back_too() {
    let address = cluster().database().await;
    run(&address, &three()).await.unwrap();
    let renamed = folder(&[
        ("003_c.sql", "CREATE TABLE c ()"),
        ("003_c.rollback.sql", "DROP TABLE c"),
    ]);
    let mut files = three();
    files.migrations[2] = renamed.migrations[0].clone();
    assert_eq!(titles(&address, &files, &steps(1)).await, ["003_c"]);
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b");
}

#[tokio::test]
async fn a_rollback_without_a_transaction_goes_on_where_it_stopped() {
    let address = cluster().database().await;
    let files = |last: &str| {
        folder(&[
            (
                "1_a.sql",
                "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b)",
            ),
            (
                "1_a.rollback.sql",
                &format!("DROP INDEX CONCURRENTLY i;\nDROP INDEX CONCURRENTLY j;\n{last}"),
            ),
        ])
    };
    let bad = files("DROP TABLE nothing");
    run(&address, &bad).await.unwrap();
    let request = Request {
        target: &steps(1),
        ..Request::default()
    };
    roll_back(&address, &bad, &request).await.unwrap_err();
    assert_eq!(ask(&address, "to_regclass('j')").await, "");
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    let message = "`1_a.rollback.sql` stopped after 2 of 3 statements";
    assert_eq!(refused(&address, &bad).await, [message]);
    assert_eq!(
        titles(&address, &files("DROP TABLE t"), &steps(1)).await,
        ["1_a"]
    );
    assert_eq!(ask(&address, LEDGER).await, "");
    let left = "SELECT count(*) FROM poststack.unfinished_migrations";
    assert_eq!(ask(&address, left).await, "0");
}

#[tokio::test]
async fn nothing_is_taken_back_below_a_file_that_is_half_applied() {
    let address = cluster().database().await;
    let mut files = three();
    run(&address, &files).await.unwrap();
    let half = folder(&[(
        "4_d.sql",
        "-- poststack: no-transaction\nCREATE TABLE d (); SELECT missing",
    )]);
    files.migrations.push(half.migrations[0].clone());
    run(&address, &files).await.unwrap_err();
    let message = "`4_d.sql` stopped after 1 of 2 statements";
    assert_eq!(faults(&address, &files, &steps(1)).await, [message]);
    assert_eq!(ask(&address, TABLES).await, "a b c d");
}

#[tokio::test]
async fn a_database_without_a_ledger_has_nothing_to_take_back() {
    let address = cluster().database().await;
    assert_eq!(titles(&address, &three(), &Target::All).await, [""; 0]);
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

#[tokio::test]
async fn a_version_that_another_run_took_back_meanwhile_fails() {
    for down in ["DROP TABLE c", "DROP TABLE c; SELECT 1"] {
        let address = cluster().database().await;
        let files = folder(&[
            ("2_b.sql", "CREATE TABLE b ()"),
            ("2_b.rollback.sql", "DROP TABLE b"),
            ("3_c.sql", "CREATE TABLE c ()"),
            ("3_c.rollback.sql", down),
        ]);
        run(&address, &files).await.unwrap();
        // As though its row went while the file was run.
        let takes = "CREATE FUNCTION poststack.gone() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER gone BEFORE DELETE ON poststack.schema_migrations
            FOR EACH ROW EXECUTE FUNCTION poststack.gone()";
        let admin = cluster().login(&address).await;
        admin.client().batch_execute(takes).await.unwrap();
        let request = Request {
            target: &Target::All,
            ..Request::default()
        };
        let error = roll_back(&address, &files, &request).await.unwrap_err();
        let MigrationError::Failed(failed) = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            failed.diagnostic.message,
            "The ledger has no row of version `3` any more: another run took it back (SQLSTATE 22012)"
        );
        assert_eq!(ask(&address, TABLES).await, "b c");
    }
}

#[tokio::test]
async fn what_is_repeated_is_pending_again_after_a_rollback() {
    for down in ["DROP TABLE t CASCADE", "DROP TABLE t CASCADE; VACUUM"] {
        let address = cluster().database().await;
        let files = folder(&[
            ("1_t.sql", "CREATE TABLE t (a int)"),
            ("1_t.rollback.sql", down),
            ("R_v.sql", "CREATE OR REPLACE VIEW v AS SELECT a FROM t"),
        ]);
        run(&address, &files).await.unwrap();
        assert_eq!(titles(&address, &files, &steps(1)).await, ["1_t"]);
        assert_eq!(ask(&address, "to_regclass('v')").await, "");
        assert_eq!(run(&address, &files).await.unwrap().titles, ["1_t", "R_v"]);
        assert_eq!(ask(&address, "to_regclass('v')").await, "v");
        assert_eq!(run(&address, &files).await.unwrap().titles, [""; 0]);
    }
}
