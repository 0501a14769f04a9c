//! Other sessions in the way.

use std::time::Duration;

use poststack::migration::{Event, Folder, MigrationError, Settings};
use poststack::postgres::Address;
use tokio::sync::Notify;

use super::{folder, impatient, run, run_with};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn a_run_that_waits_tells_who_it_waits_for_and_gives_up_in_time() {
    let address = cluster().database().await;
    let holder = cluster().login(&address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8), 'hunter2'";
    holder.client().batch_execute(lock).await.unwrap();
    let settings = Settings {
        lock_wait: Duration::from_millis(100),
        ..Settings::default()
    };
    let mut waited_for = Vec::new();
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    let outcome = run_with(&address, &one, settings, |event| {
        if let Event::Waiting(Some(holder)) = event {
            waited_for.push(holder.clone());
        }
    })
    .await;
    let Err(MigrationError::Locked {
        holder: Some(holder),
        ..
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(waited_for.len(), 1);
    assert_eq!(
        (
            holder.application.as_str(),
            holder.client.as_str(),
            holder.user.as_str()
        ),
        ("poststack", "127.0.0.1", "super")
    );
    assert_eq!(holder.query, "SELECT pg_advisory_lock(x…::int8), …");
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

/// Waits until `condition` holds.
async fn until(address: &Address, condition: &str) {
    for _ in 0..500 {
        if ask(address, condition).await == "true" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to this: {condition}");
}

#[tokio::test]
async fn a_reader_waits_behind_a_migration_no_longer_than_its_lock_timeout() {
    let address = cluster().database().await;
    let blocker = cluster().login(&address).await;
    let open = "CREATE TABLE t (); COMMIT; BEGIN; SELECT FROM t";
    blocker.client().batch_execute(open).await.unwrap();
    let alter = folder(&[("1_a.sql", "ALTER TABLE t ADD a int")]);
    let settings = Settings {
        lock_timeout: Duration::from_millis(300),
        ..impatient()
    };
    let running = run_with(&address, &alter, settings, |_| {});
    let reading = async {
        let reader = cluster().login(&address).await;
        let sql = "SET statement_timeout = '20s'; SELECT pg_sleep(0.1); SELECT FROM t";
        reader.client().batch_execute(sql).await
    };
    let (outcome, read) = tokio::join!(running, reading);
    read.unwrap();
    let Err(MigrationError::Failed(failed)) = outcome else {
        panic!("{outcome:?}");
    };
    let message = "Canceling statement due to lock timeout (SQLSTATE 55P03)";
    assert_eq!(failed.diagnostic.message, message);
    let [session] = failed.blockers.as_slice() else {
        panic!("{:?}", failed.blockers);
    };
    assert_eq!(session.state, "idle in transaction");
    assert!(
        session.in_transaction.is_some() && session.query.starts_with("CREATE TABLE t ()"),
        "{session}"
    );
    let help = failed.diagnostic.help.unwrap();
    assert!(help.contains(&format!("in the way: {session}")), "{help}");
    blocker.client().batch_execute("COMMIT").await.unwrap();
    run_with(&address, &alter, settings, |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_file_is_tried_again_and_succeeds_when_the_other_session_is_done() {
    let address = cluster().database().await;
    let blocker = cluster().login(&address).await;
    let open =
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); COMMIT; BEGIN; UPDATE t SET a = 2";
    blocker.client().batch_execute(open).await.unwrap();
    let files = folder(&[("1_a.sql", "CREATE TABLE u (); UPDATE t SET a = 3")]);
    let settings = Settings {
        lock_timeout: Duration::from_millis(50),
        attempts: 100,
        ..Settings::default()
    };
    let tried = Notify::new();
    let mut told = Vec::new();
    let running = run_with(&address, &files, settings, |event| {
        if let Event::Retrying(retry) = event {
            told.push((retry.attempt, retry.reason.to_owned(), retry.blockers.len()));
            tried.notify_one();
        }
    });
    let giving_way = async {
        tried.notified().await;
        blocker.client().batch_execute("COMMIT").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(running, giving_way);
    assert_eq!(outcome.unwrap().titles, ["1_a"]);
    let reason = "canceling statement due to lock timeout".to_owned();
    assert_eq!(told[0], (1, reason, 1));
    assert_eq!(ask(&address, "SELECT a FROM t").await, "3");
}

#[tokio::test]
async fn a_deadlock_is_tried_again_and_names_the_other_session() {
    let address = cluster().database().await;
    let other = cluster().login(&address).await;
    let open = "CREATE TABLE a (); CREATE TABLE b (); SET deadlock_timeout = '60s'; COMMIT; BEGIN; LOCK TABLE b";
    other.client().batch_execute(open).await.unwrap();
    let sql = "SET LOCAL deadlock_timeout = '100ms'; LOCK TABLE a; LOCK TABLE b";
    let files = folder(&[("1_a.sql", sql)]);
    let settings = Settings {
        lock_timeout: Duration::ZERO,
        ..Settings::default()
    };
    let mut told = Vec::new();
    let running = run_with(&address, &files, settings, |event| {
        if let Event::Retrying(retry) = event {
            told.extend(retry.blockers.iter().map(|session| session.query.clone()));
        }
    });
    let crossing = async {
        let waits =
            "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'b'::regclass AND NOT granted";
        until(&address, waits).await;
        other.client().batch_execute("LOCK TABLE a").await.unwrap();
        other.client().batch_execute("COMMIT").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(running, crossing);
    assert_eq!(outcome.unwrap().titles, ["1_a"]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn the_header_of_a_file_says_how_long_it_waits() {
    let address = cluster().database().await;
    let blocker = cluster().login(&address).await;
    let open = "CREATE TABLE t (); COMMIT; BEGIN; SELECT FROM t";
    blocker.client().batch_execute(open).await.unwrap();
    let files = folder(&[("1_a.sql", "-- poststack: lock-timeout 20ms\nDROP TABLE t")]);
    let endless = Settings {
        lock_timeout: Duration::ZERO,
        ..impatient()
    };
    let error = run_with(&address, &files, endless, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, MigrationError::Failed(_)), "{error:?}");
    let files = folder(&[(
        "1_a.sql",
        "-- poststack: statement-timeout 20ms\nSELECT pg_sleep(60)",
    )]);
    let error = run_with(&address, &files, endless, |_| {})
        .await
        .unwrap_err();
    let MigrationError::Failed(failed) = error else {
        panic!("{error:?}");
    };
    let message = "Canceling statement due to statement timeout (SQLSTATE 57014)";
    assert_eq!(failed.diagnostic.message, message);
}

#[tokio::test]
async fn an_index_built_beside_others_waits_for_them_without_a_timeout() {
    let address = cluster().database().await;
    let older = cluster().login(&address).await;
    let open = "CREATE TABLE t (a int); COMMIT; BEGIN; INSERT INTO t VALUES (1)";
    older.client().batch_execute(open).await.unwrap();
    let files = folder(&[("1_a.sql", "CREATE INDEX CONCURRENTLY i ON t (a)")]);
    let settings = Settings {
        lock_timeout: Duration::from_millis(20),
        ..impatient()
    };
    let running = run_with(&address, &files, settings, |_| {});
    let ending = async {
        let waits = "SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
                     WHERE NOT granted AND datname = current_database()";
        until(&address, waits).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        older.client().batch_execute("COMMIT").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(running, ending);
    outcome.unwrap();
    assert_eq!(
        ask(
            &address,
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"
        )
        .await,
        "true"
    );
}

/// Of the files after one that gave the lock away.
const GIVES_AWAY: &str = "CREATE TABLE given (); SELECT pg_advisory_unlock_all()";

#[tokio::test]
async fn a_run_takes_the_lock_again_that_a_file_gave_away() {
    for gives_away in [
        GIVES_AWAY,
        "CREATE TABLE given (); DISCARD ALL; ANALYZE given",
    ] {
        let address = cluster().database().await;
        let holds = "INSERT INTO held SELECT count(*) FROM pg_locks
                      WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        let files = folder(&[
            ("1_a.sql", "CREATE TABLE held (locks int)"),
            ("2_b.sql", gives_away),
            ("3_c.sql", holds),
        ]);
        run(&address, &files).await.unwrap();
        assert_eq!(
            ask(&address, "SELECT locks FROM held").await,
            "1",
            "{gives_away}"
        );
    }
}

/// Has another session take the lock as soon as it is free, and then runs `files`.
async fn while_another_waits(address: &Address, files: &Folder) -> MigrationError {
    let other = cluster().login(address).await;
    let waiting = "DO $$ BEGIN
        WHILE to_regclass('given') IS NULL LOOP COMMIT; PERFORM pg_sleep(0.01); END LOOP; END $$";
    let taking = async {
        other.client().batch_execute(waiting).await?;
        let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
        other.client().batch_execute(lock).await
    };
    let (outcome, taken) = tokio::join!(run(address, files), taking);
    taken.unwrap();
    outcome.unwrap_err()
}

#[tokio::test]
async fn a_run_stops_when_another_took_the_lock_that_a_file_gave_away() {
    let file = "-- poststack: no-transaction\nCREATE TABLE given ();\n\
                DO $$ BEGIN PERFORM pg_advisory_unlock_all(); PERFORM pg_sleep(1); END $$;\n\
                CREATE TABLE after ()";
    let address = cluster().database().await;
    let error = while_another_waits(&address, &folder(&[("1_a.sql", file)])).await;
    let MigrationError::LockLost { title, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(title, "1_a");
    assert_eq!(ask(&address, "to_regclass('after')").await, "");
}

#[tokio::test]
async fn files_after_one_that_lost_the_lock_are_not_run() {
    let address = cluster().database().await;
    let file = "SELECT pg_advisory_unlock_all(); SELECT pg_sleep(1)";
    let files = folder(&[
        ("1_a.sql", "CREATE TABLE given (); SELECT 1"),
        ("2_b.sql", file),
        ("3_c.sql", "CREATE TABLE after ()"),
    ]);
    let error = while_another_waits(&address, &files).await;
    let MigrationError::LockLost {
        title,
        done,
        not_run,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((title.as_str(), done.len()), ("2_b", 2));
    assert_eq!(not_run, ["3_c"]);
    assert_eq!(ask(&address, "to_regclass('after')").await, "");
}
