//! Files that fail, and runs that are refused.

use poststack::migration::{Failed, MigrationError, Settings, Step, no_variables, run_one};
use poststack::postgres::Address;
use poststack::text::SourceFile;

use super::{LEDGER, failed, folder, refused, run, shown};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_those_before_it_stay() {
    let address = cluster().database().await;
    let files = |second| {
        folder(&[
            ("1_a.sql", "CREATE TABLE a ()"),
            ("2_b.sql", second),
            ("3_c.sql", "CREATE TABLE c ()"),
            ("R_d.sql", "CREATE OR REPLACE VIEW d AS SELECT 1"),
        ])
    };
    let bad = files("CREATE TABLE b ();\n\n-- über\nSELECT 'ü', missing FROM b;\n");
    let failed = failed(&address, &bad).await;
    assert_eq!(
        (failed.title.as_str(), failed.done),
        ("2_b", vec!["1_a".to_owned()])
    );
    assert_eq!(failed.not_run, ["3_c", "R_d"]);
    assert_eq!(
        shown(&failed.diagnostic),
        "migrations/2_b.sql:4:13 `missing` Column \"missing\" does not exist (SQLSTATE 42703)"
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    assert_eq!(ask(&address, "to_regclass('b')").await, "");
    let good = run(&address, &files("CREATE TABLE b ()")).await.unwrap();
    assert_eq!(good.titles, ["2_b", "3_c", "R_d"]);
}

#[tokio::test]
async fn an_error_without_a_position_is_at_its_statement() {
    let address = cluster().database().await;
    let sql = "BEGIN;\nCREATE TABLE t (a int UNIQUE);\nINSERT INTO t\n  VALUES (1), (1);\nCOMMIT;";
    let Failed { diagnostic, .. } = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    let place = shown(&diagnostic);
    assert_eq!(
        place,
        "migrations/1_a.sql:3:1 `INSERT INTO t` Duplicate key value violates unique constraint \
         \"t_a_key\" (SQLSTATE 23505)"
    );
    assert_eq!(
        diagnostic.label.as_deref(),
        Some("Key (a)=(1) already exists.")
    );
}

#[tokio::test]
async fn an_error_inside_a_block_is_at_its_token_with_its_context() {
    let address = cluster().database().await;
    let sql = "SELECT 1;\nDO $$\nBEGIN\n  PERFORM nothing();\nEND $$;";
    let Failed { diagnostic, .. } = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    let place = shown(&diagnostic);
    assert_eq!(
        place,
        "migrations/1_a.sql:4:11 `nothing` Function nothing() does not exist (SQLSTATE 42883)"
    );
    let help = diagnostic.help.unwrap();
    assert!(
        help.contains("PL/pgSQL function inline_code_block line 3"),
        "{help}"
    );
}

#[tokio::test]
async fn an_error_at_the_commit_is_an_error_of_the_file() {
    let address = cluster().database().await;
    let sql = "CREATE TABLE p (a int PRIMARY KEY);\n\
               CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
               INSERT INTO c VALUES (1);";
    let Failed { diagnostic, .. } = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    let place = shown(&diagnostic);
    assert!(
        place.starts_with("migrations/1_a.sql:3:25 `` Insert or update on table \"c\""),
        "{place}"
    );
    let help = diagnostic.help.unwrap();
    assert!(
        help.starts_with("it failed at the `COMMIT` after the last statement"),
        "{help}"
    );
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "0"
    );
}

#[tokio::test]
async fn a_commit_that_poststack_does_not_see_is_an_error_and_told_as_it_is() {
    for (end, is_torn, message) in [
        (
            "SELECT 1",
            true,
            "The file ends the transaction that poststack makes of it",
        ),
        (
            "SELECT missing",
            true,
            "Column \"missing\" does not exist (SQLSTATE 42703)",
        ),
    ] {
        for commit in ["COMMIT", "COMMIT; BEGIN"] {
            let address = cluster().database().await;
            let connection = cluster().login(&address).await;
            let files = folder(&[("1_a.sql", "SELECT 1")]);
            let mut step = Step::up(&files.migrations[0], &no_variables).unwrap();
            // As a fault in how the file is split would leave it.
            let text = format!("CREATE TABLE a (); {commit}; {end}");
            step.script.source = SourceFile::new("1_a.sql", text);
            let outcome = run_one(&connection, &step, Settings::default()).await;
            let Err(MigrationError::Failed(failure)) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(
                (failure.diagnostic.message.as_str(), failure.torn),
                (message, is_torn)
            );
            let help = failure.diagnostic.help.unwrap();
            assert!(help.contains("what it did before that is kept"), "{help}");
            assert_eq!(ask(&address, "to_regclass('a')").await, "a");
            // The next file of the session is judged by itself.
            step.script.source = SourceFile::new("1_a.sql", "SELECT missing");
            let outcome = run_one(&connection, &step, Settings::default()).await;
            let Err(MigrationError::Failed(failure)) = outcome else {
                panic!("{outcome:?}");
            };
            assert!(!failure.torn, "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_fails_behind_others_that_did_well_keeps_nothing() {
    let address = cluster().database().await;
    let bad = "CREATE TABLE b (); SELECT missing";
    let files = [("1_a.sql", "CREATE TABLE a ()"), ("2_b.sql", bad)];
    assert!(!failed(&address, &folder(&files)).await.torn);
    assert_eq!(ask(&address, "to_regclass('b')").await, "");
    let isolated = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE b (); RESET ALL";
    let files = [("1_a.sql", "CREATE TABLE a ()"), ("2_b.sql", isolated)];
    run(&address, &folder(&files)).await.unwrap();
    assert_eq!(ask(&address, "to_regclass('b')").await, "b");
}

#[tokio::test]
async fn a_temporary_table_is_not_seen_by_the_next_file() {
    let address = cluster().database().await;
    let files = folder(&[
        ("1_a.sql", "CREATE TABLE pg_temp.users (id int)"),
        ("2_b.sql", "CREATE TABLE users (id int)"),
        ("3_c.sql", "CREATE INDEX ON users (id)"),
    ]);
    run(&address, &files).await.unwrap();
    let indexed =
        "SELECT indrelid::regclass::text FROM pg_index WHERE indrelid = 'public.users'::regclass";
    assert_eq!(ask(&address, indexed).await, "users");
}

#[tokio::test]
async fn files_that_do_not_fit_the_ledger_stop_everything() {
    let address = cluster().database().await;
    run(
        &address,
        &folder(&[("1_a.sql", "SELECT 1"), ("3_c.sql", "SELECT 3")]),
    )
    .await
    .unwrap();
    let changed = folder(&[
        ("1_a.sql", "SELECT 11"),
        ("2_b.sql", "SELECT 2"),
        ("4_d.sql", "CREATE TABLE d ()"),
    ]);
    assert_eq!(refused(&address, &changed).await.len(), 3);
    assert_eq!(ask(&address, "to_regclass('d')").await, "");
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_is_told_and_the_next_run_converges() {
    let address = cluster().database().await;
    let files = folder(&[
        ("1_a.sql", "CREATE TABLE a ()"),
        (
            "2_b.sql",
            "CREATE TABLE b (); SELECT pg_terminate_backend(pg_backend_pid())",
        ),
    ]);
    let error = run(&address, &files).await.unwrap_err();
    let MigrationError::Lost { title, done, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((title.as_str(), done), ("2_b", vec!["1_a".to_owned()]));
    assert_eq!(ask(&address, "to_regclass('b')").await, "");
    let fixed = folder(&[
        ("1_a.sql", "CREATE TABLE a ()"),
        ("2_b.sql", "CREATE TABLE b ()"),
    ]);
    assert_eq!(run(&address, &fixed).await.unwrap().titles, ["2_b"]);
}

#[tokio::test]
async fn a_user_who_may_not_create_the_ledger_gets_a_hint() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    let role = "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN PASSWORD 'weak'";
    admin.client().batch_execute(role).await.unwrap();
    let weak = Address {
        user: "weak".to_owned(),
        password: "weak".into(),
        ..address.clone()
    };
    let error = run(&weak, &folder(&[("1_a.sql", "SELECT 1")]))
        .await
        .unwrap_err();
    let hint = "the user must own schema `poststack` or have CREATE on the database";
    assert_eq!(error.hint().as_deref(), Some(hint));
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(ask(&address, locks).await, "0");
}

#[tokio::test]
async fn a_file_that_drops_the_ledger_is_told_so_at_the_statement_that_does() {
    for first in ["", "-- poststack: no-transaction\n"] {
        let address = cluster().database().await;
        let sql = format!("{first}CREATE TABLE t ();\nDROP SCHEMA poststack CASCADE;\nSELECT 1");
        let Failed { diagnostic, .. } = failed(&address, &folder(&[("1_a.sql", &sql)])).await;
        let line = 2 + first.lines().count();
        assert_eq!(
            shown(&diagnostic),
            format!(
                "migrations/1_a.sql:{line}:1 `DROP SCHEMA poststack CASCADE` The file drops the ledger \
                 in schema `poststack` that it is to be recorded in (SQLSTATE 42P01)"
            )
        );
    }
}
