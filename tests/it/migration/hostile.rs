//! Runs that are killed, and databases with habits of their own.

use std::time::{Duration, Instant};

use super::{LEDGER, failed, folder, refused, run, shown};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn a_run_that_is_killed_leaves_nothing_half_applied_and_no_lock() {
    let address = cluster().database().await;
    let slow = folder(&[("1_a.sql", "CREATE TABLE t (); SELECT pg_sleep(60)")]);
    let running = run(&address, &slow);
    let killed = tokio::time::timeout(Duration::from_millis(500), running).await;
    assert!(killed.is_err(), "it ended by itself: {killed:?}");
    let start = Instant::now();
    run(&address, &folder(&[("1_a.sql", "CREATE TABLE t ()")]))
        .await
        .unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}

#[tokio::test]
async fn eight_runs_at_once_apply_each_migration_once_and_all_succeed() {
    let address = cluster().database().await;
    let files: Vec<_> = (1..=10)
        .map(|n| {
            (
                format!("{n}_m.sql"),
                format!("CREATE TABLE t{n} (a int); CREATE INDEX CONCURRENTLY i{n} ON t{n} (a)"),
            )
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let files = folder(&files);
    let runs = (0..8).map(|_| run(&address, &files));
    let done = futures_util::future::join_all(runs).await;
    let applied: Vec<_> = done
        .into_iter()
        .flat_map(|done| done.unwrap().titles)
        .collect();
    assert_eq!(applied.len(), 10, "{applied:?}");
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "10"
    );
}

#[tokio::test]
async fn settings_of_the_database_do_not_end_a_migration_or_change_its_quotes() {
    let address = cluster().database().await;
    let database = &address.database;
    let admin = cluster().login(&address).await;
    for setting in [
        "statement_timeout = '40ms'",
        "lock_timeout = '1ms'",
        "idle_in_transaction_session_timeout = '1ms'",
        "idle_session_timeout = '1s'",
        "default_transaction_read_only = on",
        "standard_conforming_strings = off",
    ] {
        let sql = format!("ALTER DATABASE {database} SET {setting}");
        admin.client().batch_execute(&sql).await.unwrap();
    }
    let files = folder(&[
        (
            "1_a.sql",
            r"CREATE TABLE t AS SELECT 'a\' AS a FROM pg_sleep(0.1)",
        ),
        (
            "2_b.sql",
            "-- poststack: no-transaction\nBEGIN; SELECT pg_sleep(0.1); INSERT INTO t VALUES ('b'); COMMIT",
        ),
    ]);
    run(&address, &files).await.unwrap();
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b");
    assert_eq!(
        ask(&address, "SELECT string_agg(a, ' ') FROM t").await,
        r"a\ b"
    );
}

#[tokio::test]
async fn temporary_tables_of_a_file_end_with_it() {
    let address = cluster().database().await;
    let sql = "CREATE TEMP TABLE scratch AS SELECT 1 AS a";
    let files = folder(&[("1_a.sql", sql), ("2_b.sql", sql)]);
    run(&address, &files).await.unwrap();
}

#[tokio::test]
async fn what_a_trigger_on_events_sets_ends_with_the_file() {
    let address = cluster().database().await;
    let files = folder(&[
        (
            "1_a.sql",
            "CREATE SCHEMA s;
             CREATE FUNCTION lead_astray() RETURNS event_trigger LANGUAGE plpgsql
                 AS $$ BEGIN PERFORM set_config('search_path', 's', false); END $$;
             CREATE EVENT TRIGGER astray ON ddl_command_end EXECUTE FUNCTION lead_astray()",
        ),
        ("2_b.sql", "CREATE TABLE b ()"),
        ("3_c.sql", "CREATE TABLE c ()"),
    ]);
    run(&address, &files).await.unwrap();
    assert_eq!(ask(&address, "to_regclass('public.c')").await, "c");
    assert_eq!(ask(&address, LEDGER).await, "1 a, 2 b, 3 c");
}

#[tokio::test]
async fn a_change_of_line_ends_is_no_edit() {
    let address = cluster().database().await;
    let unix = folder(&[("1_a.sql", "CREATE TABLE t ();\nSELECT 1;\n")]);
    let windows = folder(&[("1_a.sql", "\u{feff}CREATE TABLE t ();\r\nSELECT 1;\r\n")]);
    run(&address, &unix).await.unwrap();
    assert_eq!(run(&address, &windows).await.unwrap().titles, [""; 0]);
    let edited = folder(&[("1_a.sql", "CREATE TABLE t ();\nSELECT 2;\n")]);
    assert_eq!(
        refused(&address, &edited).await,
        ["Migration `1_a` was changed after it was applied"]
    );
}

#[tokio::test]
async fn a_fault_of_syntax_at_the_end_of_the_file_is_at_its_statement() {
    let address = cluster().database().await;
    for (sql, place) in [
        (
            "SELECT 1;\nCREATE TABLE t (a int",
            "migrations/1_a.sql:2:1 `CREATE TABLE t (a int` Syntax error at or near \";\" (SQLSTATE 42601)",
        ),
        (
            "SELECT 1;\nSELEC 2;",
            "migrations/1_a.sql:2:1 `SELEC` Syntax error at or near \"SELEC\" (SQLSTATE 42601)",
        ),
    ] {
        let failed = failed(&address, &folder(&[("1_a.sql", sql)])).await;
        assert_eq!(shown(&failed.diagnostic), place);
    }
}
