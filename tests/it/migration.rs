//! Migrations applied to a real database.

use std::path::Path;
use std::time::{Duration, Instant};

use poststack::diagnostic::Diagnostic;
use poststack::migration::{
    Applied, Event, Migration, MigrationError, Options, apply, files, read_ledger,
};
use poststack::postgres::Address;

use crate::cluster::{ask, cluster};

/// The migrations these files make; all of them good.
fn migrations(files: &[(&str, &str)]) -> Vec<Migration> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (migrations, diagnostics) = files::load(folder.path(), Path::new("migrations"));
    assert_eq!(diagnostics, []);
    migrations
}

async fn run(address: &Address, migrations: &[Migration]) -> Result<Applied, MigrationError> {
    let connection = cluster().login(address).await;
    apply(&connection, migrations, Options::default(), |_| {}).await
}

/// The diagnostic of a run that must fail, as `place message`, with its label and help.
async fn failure(address: &Address, migrations: &[Migration]) -> (String, Diagnostic) {
    let error = run(address, migrations).await.unwrap_err();
    let MigrationError::Failed { diagnostic, .. } = error else {
        panic!("{error:?}");
    };
    let place = diagnostic.place.clone().unwrap();
    let marked = place.source.slice(place.span);
    (
        format!("{place} `{marked}` {}", diagnostic.message),
        *diagnostic,
    )
}

const LEDGER: &str = "SELECT string_agg(version || ' ' || name, ', ' ORDER BY version) FROM poststack.schema_migrations";

#[tokio::test]
async fn migrations_are_applied_in_order_and_recorded() {
    let address = cluster().database().await;
    let migrations = migrations(&[
        ("002_fill.sql", "INSERT INTO t VALUES (1), (2)"),
        ("001_make.sql", "CREATE TABLE t (a int); -- the end"),
        ("001_make.rollback.sql", "DROP TABLE t -- it's \\ gone"),
    ]);
    let applied = run(&address, &migrations).await.unwrap();
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
            migrations[0].checksum,
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[tokio::test]
async fn a_second_run_applies_nothing_and_takes_no_lock() {
    let address = cluster().database().await;
    let migrations = migrations(&[("1_a.sql", "CREATE TABLE t ()")]);
    run(&address, &migrations).await.unwrap();
    let holder = cluster().login(&address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
    holder.client().batch_execute(lock).await.unwrap();
    assert_eq!(
        run(&address, &migrations).await.unwrap(),
        Applied::default()
    );
}

#[tokio::test]
async fn no_migrations_leave_the_database_as_it_was() {
    let address = cluster().database().await;
    assert_eq!(run(&address, &[]).await.unwrap(), Applied::default());
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
    let migrations = migrations(&files);
    let (one, two) = tokio::join!(run(&address, &migrations), run(&address, &migrations));
    let applied = one.unwrap().titles.len() + two.unwrap().titles.len();
    assert_eq!(applied, 20);
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "20"
    );
}

#[tokio::test]
async fn a_run_that_waits_tells_who_it_waits_for_and_gives_up_in_time() {
    let address = cluster().database().await;
    let holder = cluster().login(&address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
    holder.client().batch_execute(lock).await.unwrap();
    let connection = cluster().login(&address).await;
    let options = Options {
        wait: Duration::from_millis(100),
        ..Options::default()
    };
    let mut waited_for = Vec::new();
    let outcome = apply(
        &connection,
        &migrations(&[("1_a.sql", "SELECT 1")]),
        options,
        |event| {
            if let Event::Waiting(Some(holder)) = event {
                waited_for.push(holder.clone());
            }
        },
    )
    .await;
    let Err(MigrationError::Locked {
        holder: Some(holder),
        ..
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(waited_for, std::slice::from_ref(&holder));
    assert_eq!(
        (holder.application.as_str(), holder.client.as_str()),
        ("poststack", "127.0.0.1")
    );
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_and_those_before_it_stay() {
    let address = cluster().database().await;
    let files = |second| {
        migrations(&[
            ("1_a.sql", "CREATE TABLE a ()"),
            ("2_b.sql", second),
            ("3_c.sql", "CREATE TABLE c ()"),
        ])
    };
    let bad = files("CREATE TABLE b ();\n\n-- über\nSELECT 'ü', missing FROM b;\n");
    let connection = cluster().login(&address).await;
    let error = apply(&connection, &bad, Options::default(), |_| {})
        .await
        .unwrap_err();
    let MigrationError::Failed {
        applied,
        diagnostic,
        title,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((title.as_str(), applied), ("2_b", vec!["1_a".to_owned()]));
    assert_eq!(
        diagnostic.place.unwrap().to_string(),
        "migrations/2_b.sql:4:13"
    );
    assert_eq!(
        diagnostic.message,
        "Column \"missing\" does not exist (SQLSTATE 42703)"
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    assert_eq!(ask(&address, "to_regclass('b')").await, "");
    let good = apply(
        &connection,
        &files("CREATE TABLE b ()"),
        Options::default(),
        |_| {},
    )
    .await;
    assert_eq!(good.unwrap().titles, ["2_b", "3_c"]);
}

#[tokio::test]
async fn an_error_without_a_position_is_at_its_statement() {
    let address = cluster().database().await;
    let sql = "BEGIN;\nCREATE TABLE t (a int UNIQUE);\nINSERT INTO t\n  VALUES (1), (1);\nCOMMIT;";
    let (place, diagnostic) = failure(&address, &migrations(&[("1_a.sql", sql)])).await;
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
    let (place, diagnostic) = failure(&address, &migrations(&[("1_a.sql", sql)])).await;
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
    let (place, _) = failure(&address, &migrations(&[("1_a.sql", sql)])).await;
    assert!(
        place.starts_with("migrations/1_a.sql:1:1 `` Insert or update on table \"c\""),
        "{place}"
    );
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "0"
    );
}

#[tokio::test]
async fn statements_that_refuse_a_transaction_run_with_the_header_and_say_so_without() {
    let address = cluster().database().await;
    let body = "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n\
                CREATE INDEX CONCURRENTLY j ON t (a);";
    let (place, diagnostic) = failure(&address, &migrations(&[("1_a.sql", body)])).await;
    assert!(
        place.starts_with("migrations/1_a.sql:2:1 `CREATE INDEX CONCURRENTLY"),
        "{place}"
    );
    let help = "put `-- poststack: no-transaction` at the top of the file";
    assert_eq!(diagnostic.help.as_deref(), Some(help));
    let with_header = format!("-- poststack: no-transaction\n{body}");
    run(&address, &migrations(&[("1_a.sql", &with_header)]))
        .await
        .unwrap();
    let valid =
        "SELECT bool_and(indisvalid) AND count(*) = 2 FROM pg_index WHERE indrelid = 't'::regclass";
    assert_eq!(ask(&address, valid).await, "true");
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}

#[tokio::test]
async fn an_error_without_a_transaction_is_at_its_place_and_tells_what_stays() {
    let address = cluster().database().await;
    let sql = "-- poststack: no-transaction\nCREATE TABLE ü ();\nSELECT missing;";
    let (place, diagnostic) = failure(&address, &migrations(&[("1_a.sql", sql)])).await;
    assert_eq!(
        place,
        "migrations/1_a.sql:3:8 `missing` Column \"missing\" does not exist (SQLSTATE 42703)"
    );
    let help = "the file runs without a transaction: the statements before this one stay";
    assert_eq!(diagnostic.help.as_deref(), Some(help));
    assert_eq!(ask(&address, "to_regclass('ü')").await, "\"ü\"");
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "0"
    );
}

#[tokio::test]
async fn files_that_do_not_fit_the_ledger_stop_everything() {
    let address = cluster().database().await;
    run(
        &address,
        &migrations(&[("1_a.sql", "SELECT 1"), ("3_c.sql", "SELECT 3")]),
    )
    .await
    .unwrap();
    let changed = migrations(&[
        ("1_a.sql", "SELECT 11"),
        ("2_b.sql", "SELECT 2"),
        ("4_d.sql", "CREATE TABLE d ()"),
    ]);
    let Err(MigrationError::Conflict(diagnostics)) = run(&address, &changed).await else {
        panic!("no conflict");
    };
    assert_eq!(diagnostics.len(), 3, "{diagnostics:#?}");
    assert_eq!(ask(&address, "to_regclass('d')").await, "");
}

#[tokio::test]
async fn a_run_that_is_killed_leaves_nothing_half_applied_and_no_lock() {
    let address = cluster().database().await;
    let slow = migrations(&[("1_a.sql", "CREATE TABLE t (); SELECT pg_sleep(60)")]);
    let running = run(&address, &slow);
    let killed = tokio::time::timeout(Duration::from_millis(500), running).await;
    assert!(killed.is_err(), "it ended by itself: {killed:?}");
    let start = Instant::now();
    run(&address, &migrations(&[("1_a.sql", "CREATE TABLE t ()")]))
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
async fn a_connection_lost_in_the_middle_is_told_and_the_next_run_converges() {
    let address = cluster().database().await;
    let files = migrations(&[
        ("1_a.sql", "CREATE TABLE a ()"),
        (
            "2_b.sql",
            "CREATE TABLE b (); SELECT pg_terminate_backend(pg_backend_pid())",
        ),
    ]);
    let error = run(&address, &files).await.unwrap_err();
    let MigrationError::Lost { title, applied, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((title.as_str(), applied), ("2_b", vec!["1_a".to_owned()]));
    assert_eq!(ask(&address, "to_regclass('b')").await, "");
    let fixed = migrations(&[
        ("1_a.sql", "CREATE TABLE a ()"),
        ("2_b.sql", "CREATE TABLE b ()"),
    ]);
    assert_eq!(run(&address, &fixed).await.unwrap().titles, ["2_b"]);
}

#[tokio::test]
async fn a_file_changes_no_settings_of_the_next_one_or_of_the_ledger() {
    let address = cluster().database().await;
    let migrations = migrations(&[
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
    run(&address, &migrations).await.unwrap();
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

#[tokio::test]
async fn a_table_in_use_stalls_nobody_for_long() {
    let address = cluster().database().await;
    let reader = cluster().login(&address).await;
    reader
        .client()
        .batch_execute("CREATE TABLE t ()")
        .await
        .unwrap();
    reader
        .client()
        .batch_execute("BEGIN; SELECT FROM t")
        .await
        .unwrap();
    let connection = cluster().login(&address).await;
    let options = Options {
        lock_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let alter = migrations(&[("1_a.sql", "ALTER TABLE t ADD a int")]);
    let error = apply(&connection, &alter, options, |_| {})
        .await
        .unwrap_err();
    let MigrationError::Failed { diagnostic, .. } = error else {
        panic!("{error:?}");
    };
    assert!(
        diagnostic.message.ends_with("(SQLSTATE 55P03)"),
        "{diagnostic:?}"
    );
    reader.client().batch_execute("COMMIT").await.unwrap();
    assert!(apply(&connection, &alter, options, |_| {}).await.is_ok());
}

#[tokio::test]
async fn the_schema_of_poststack_is_taken_away_by_its_rollback_and_made_again() {
    let address = cluster().database().await;
    let one = migrations(&[("1_a.sql", "SELECT 1")]);
    run(&address, &one).await.unwrap();
    let tables = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'poststack'";
    assert_eq!(
        ask(&address, tables).await,
        "containers schema_migrations services system_info"
    );
    let connection = cluster().login(&address).await;
    let up = include_str!("../../migrations/001_poststack_schema.sql");
    let down = include_str!("../../migrations/001_poststack_schema.rollback.sql");
    for sql in [up, up, down, down] {
        connection.client().batch_execute(sql).await.unwrap();
    }
    assert_eq!(read_ledger(&connection).await.unwrap(), None);
    run(&address, &one).await.unwrap();
    assert_eq!(ask(&address, LEDGER).await, "1 a");
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
    let error = run(&weak, &migrations(&[("1_a.sql", "SELECT 1")]))
        .await
        .unwrap_err();
    let hint = "the user must own schema `poststack` or have CREATE on the database";
    assert_eq!(error.hint().as_deref(), Some(hint));
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(ask(&address, locks).await, "0");
}
