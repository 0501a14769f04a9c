//! Files that apply.

use poststack::migration::{Done, Event, Folder, MigrationError, Request};

use super::{folder, impatient, roll_back, run, run_with};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn migrations_are_applied_in_order_and_recorded() {
    let address = cluster().database().await;
    let folder = folder(&[
        ("002_fill.sql", "INSERT INTO t VALUES (1), (2)"),
        ("001_make.sql", "CREATE TABLE t (a int); -- the end"),
        ("001_make.rollback.sql", "DROP TABLE t -- it's \\ gone"),
    ]);
    let applied = run(&address, &folder).await.unwrap();
    assert_eq!(applied.titles, ["001_make", "002_fill"]);
    assert_eq!(ask(&address, "SELECT sum(a) FROM t").await, "3");
    let row =
        "SELECT concat_ws('|', version, name, checksum, applied_by, up_sql, down_sql, tool_version,
                   execution_time_ms BETWEEN 0.01 AND 60000, applied_at <= now())
               FROM poststack.schema_migrations WHERE version = '001'";
    assert_eq!(
        ask(&address, row).await,
        format!(
            "001|make|{}|super|CREATE TABLE t (a int); -- the end|DROP TABLE t -- it's \\ gone|{}|t|t",
            folder.migrations[0].checksum,
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[tokio::test]
async fn a_second_run_applies_nothing_and_takes_no_lock() {
    let address = cluster().database().await;
    let folder = folder(&[("1_a.sql", "CREATE TABLE t ()")]);
    run(&address, &folder).await.unwrap();
    let holder = cluster().login(&address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
    holder.client().batch_execute(lock).await.unwrap();
    assert_eq!(run(&address, &folder).await.unwrap(), Done::default());
}

#[tokio::test]
async fn no_migrations_leave_the_database_as_it_was() {
    let address = cluster().database().await;
    assert_eq!(
        run(&address, &Folder::default()).await.unwrap(),
        Done::default()
    );
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

#[tokio::test]
async fn two_runs_at_once_apply_each_migration_once() {
    let address = cluster().database().await;
    let files: Vec<_> = (1..=20)
        .map(|n| {
            (
                format!("{n:03}_m.sql"),
                format!("CREATE TABLE t{n} (); SELECT pg_sleep(0.005)"),
            )
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let folder = folder(&files);
    let (one, two) = tokio::join!(run(&address, &folder), run(&address, &folder));
    let applied = one.unwrap().titles.len() + two.unwrap().titles.len();
    assert_eq!(applied, 20);
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "20"
    );
}

#[tokio::test]
async fn a_file_changes_no_settings_of_the_next_one_or_of_the_ledger() {
    let address = cluster().database().await;
    let folder = folder(&[
        (
            "1_a.sql",
            "CREATE SCHEMA s; SET search_path = s; SET standard_conforming_strings = off;
             SELECT '\\a'; CREATE ROLE nobody_at_all; SET ROLE nobody_at_all;",
        ),
        (
            "2_b.sql",
            "CREATE TABLE t AS SELECT '\\'::text AS a, current_user AS b;",
        ),
    ]);
    run(&address, &folder).await.unwrap();
    assert_eq!(
        ask(&address, "SELECT a || b FROM public.t").await,
        "\\super"
    );
    assert_eq!(
        ask(
            &address,
            "SELECT count(DISTINCT applied_by) FROM poststack.schema_migrations"
        )
        .await,
        "1"
    );
}

/// Small files, which travel together; `bad` fails.
fn many(bad: usize) -> Folder {
    let files: Vec<_> = (1..=25)
        .flat_map(|n| {
            let fails = if n == bad {
                "\nDROP TABLE nothing;"
            } else {
                ""
            };
            [
                (
                    format!("{n}_m.sql"),
                    format!("CREATE TABLE t{n} (a int);{fails}"),
                ),
                (
                    format!("{n}_m.rollback.sql"),
                    format!("DROP TABLE t{n};{fails}"),
                ),
            ]
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    folder(&files)
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM poststack.schema_migrations) || ' ' || count(*) FROM pg_tables WHERE schemaname = 'public'";

#[tokio::test]
async fn files_that_travel_together_are_told_and_timed_one_by_one() {
    let address = cluster().database().await;
    let mut told = Vec::new();
    let files = many(0);
    let done = run_with(&address, &files, impatient(), |event| match event {
        Event::Started(step) => told.push(format!("start {}", step.title())),
        Event::Finished(step, time) => {
            assert!(time.as_nanos() > 0, "{}", step.title());
            told.push(format!("end {}", step.title()));
        }
        _ => {}
    });
    assert_eq!(done.await.unwrap().titles.len(), 25);
    let expected: Vec<_> = (1..=25)
        .flat_map(|n| [format!("start {n}_m"), format!("end {n}_m")])
        .collect();
    assert_eq!(told, expected);
    assert_eq!(ask(&address, COUNTS).await, "25 25");
    let times = "SELECT bool_and(execution_time_ms > 0) AND count(DISTINCT applied_at) = 25 AND
                        array_agg(version::int ORDER BY applied_at) = array_agg(version::int ORDER BY version::int)
                   FROM poststack.schema_migrations";
    assert_eq!(ask(&address, times).await, "true");
}

#[tokio::test]
async fn one_that_fails_among_files_that_travel_together_undoes_none_of_the_others() {
    let address = cluster().database().await;
    let error = run(&address, &many(13)).await.unwrap_err();
    let MigrationError::Failed(failed) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.title, "13_m");
    assert_eq!((failed.done.len(), failed.not_run.len()), (12, 12));
    assert_eq!(
        failed.diagnostic.place.unwrap().to_string(),
        "migrations/13_m.sql:2:1"
    );
    assert_eq!(ask(&address, COUNTS).await, "12 12");
    let mut fixed = many(0);
    for (migration, bad) in fixed.migrations.iter_mut().zip(many(13).migrations) {
        migration.rollback = bad.rollback;
    }
    assert_eq!(run(&address, &fixed).await.unwrap().titles.len(), 13);
    let error = roll_back(&address, &fixed, &Request::default())
        .await
        .unwrap_err();
    let MigrationError::Failed(failed) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.title, "13_m");
    assert_eq!((failed.done.len(), failed.not_run.len()), (12, 12));
    assert_eq!(ask(&address, COUNTS).await, "13 13");
}
