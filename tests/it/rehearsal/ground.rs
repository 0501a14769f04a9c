//! The scratch database, and that the real one stays as it is.

use poststack::migration::{MigrationError, Request};
use poststack::postgres::quote::identifier;
use poststack::postgres::{Address, databases};
use poststack::rehearsal::{Options, RehearsalError, Way, gate, rehearse};
use poststack::schema;
use poststack::secret::Secret;

use super::{close, database, folder, kinds, messages, report};
use crate::cluster::{ask, cluster};

const FILES: [(&str, &str); 3] = [
    (
        "001_a.sql",
        "ALTER TABLE t ADD a int NOT NULL DEFAULT 1; DELETE FROM t WHERE id > 5",
    ),
    ("001_a.rollback.sql", "ALTER TABLE t DROP a"),
    ("002_b.sql", "DROP TABLE t"),
];
const T: &str = "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 9)";

async fn scratch_databases() -> Vec<String> {
    let admin = cluster().login(&cluster().address("postgres")).await;
    let all = databases::list(&admin).await.unwrap();
    let names = all.into_iter().map(|one| one.name);
    names
        .filter(|name| name.starts_with("poststack_scratch_"))
        .collect()
}

/// Everything a rehearsal might change.
async fn state(address: &Address) -> (schema::Fingerprint, String, String) {
    let connection = cluster().login(address).await;
    let fingerprint = schema::fingerprint(&schema::read(&connection).await.unwrap());
    close(connection).await;
    let rows = ask(
        address,
        "SELECT string_agg(t::text, ',' ORDER BY id) FROM t",
    )
    .await;
    // Not what the server's own autovacuum wrote meanwhile: the statistics, and their TOAST table.
    let written = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables \
                   JOIN pg_class ON pg_class.oid = relid WHERE NOT relisshared \
                   AND pg_class.relname NOT IN ('pg_statistic', 'pg_toast_2619')";
    (fingerprint, rows, ask(address, written).await)
}

#[tokio::test]
async fn the_real_database_is_untouched() {
    let address = database(T).await;
    let before = state(&address).await;
    let rehearsed = report(&address, &FILES).await;
    assert_eq!(rehearsed.way, Way::Clone);
    assert!(!messages(&rehearsed).is_empty());
    assert_eq!(state(&address).await, before);
    assert_eq!(
        ask(
            &address,
            "SELECT to_regclass('poststack.schema_migrations')"
        )
        .await,
        ""
    );
}

#[tokio::test]
async fn with_another_session_the_schema_alone_is_used_and_the_report_says_why() {
    let address = database(T).await;
    let other = cluster()
        .login(&address.clone().with_application_name("web"))
        .await;
    let rehearsed = report(&address, &FILES).await;
    assert_eq!(rehearsed.way, Way::Schema);
    let reason = rehearsed.reason.clone().unwrap();
    assert!(
        reason.starts_with("another session is connected to the database: `web`"),
        "{reason}"
    );
    assert_eq!(rehearsed.files.len(), 2);
    assert_eq!(rehearsed.files[0].rows, []);
    assert_eq!(kinds(&rehearsed.files[0]), []);
    let locks = &rehearsed.files[1].up.as_ref().unwrap().locks;
    assert_eq!(locks[0].table, "public.t");
    assert!(!other.is_closed());
}

#[tokio::test]
async fn sizes_are_those_of_the_real_tables_also_without_their_data() {
    let address = database(&format!("{T}; ANALYZE t")).await;
    let _other = cluster().login(&address).await;
    let rehearsed = report(&address, &FILES).await;
    let lock = &rehearsed.files[1].up.as_ref().unwrap().locks[0];
    assert_eq!((lock.size.bytes, lock.size.rows), (8192, Some(9)));
}

#[tokio::test]
async fn what_the_database_sets_for_its_sessions_holds_in_a_rehearsal_without_data_too() {
    let address = database("CREATE SCHEMA app").await;
    let name = identifier(&address.database);
    let admin = cluster().login(&cluster().address("postgres")).await;
    let sql = format!("ALTER DATABASE {name} SET search_path = app");
    admin.client().batch_execute(&sql).await.unwrap();
    let _other = cluster().login(&address).await;
    let files = [
        ("001_a.sql", "CREATE TABLE t (id int)"),
        ("001_a.rollback.sql", "DROP TABLE app.t"),
    ];
    let rehearsed = report(&address, &files).await;
    assert_eq!(
        (rehearsed.way, messages(&rehearsed)),
        (Way::Schema, Vec::new())
    );
}

#[tokio::test]
async fn a_database_over_the_limit_is_not_cloned() {
    let address = database(T).await;
    let (_directory, folder) = folder(&FILES);
    let options = Options {
        clone_limit: 1024,
        ..Options::of(Request::default())
    };
    let rehearsed = rehearse(&address, &folder, &options, |_| {}).await.unwrap();
    assert_eq!(rehearsed.way, Way::Schema);
    let reason = rehearsed.reason.unwrap();
    assert!(
        reason.ends_with("MiB, more than the 1.0 KiB that are cloned"),
        "{reason}"
    );
}

#[tokio::test]
async fn no_scratch_database_is_left_and_stale_ones_go() {
    let admin = cluster().login(&cluster().address("postgres")).await;
    let stale = "poststack_scratch_00c0ffee";
    let sql = format!("CREATE DATABASE {}", identifier(stale));
    admin.client().batch_execute(&sql).await.unwrap();
    let comment =
        "poststack scratch database; created 2020-01-01T00:00:00Z by server process 1 of 1";
    databases::comment_on_database(&admin, stale, Some(comment))
        .await
        .unwrap();
    let address = database(T).await;
    let (_directory, folder) = folder(&FILES);
    let options = Options::of(Request::default());
    let mut during = Vec::new();
    let before = scratch_databases().await;
    assert!(before.contains(&stale.to_owned()));
    rehearse(&address, &folder, &options, |event| {
        during.push(format!("{event:?}"))
    })
    .await
    .unwrap();
    assert_eq!(
        during,
        ["Preparing", "Trying(\"001_a\")", "Trying(\"002_b\")"]
    );
    assert!(!scratch_databases().await.contains(&stale.to_owned()));
    let of_ours = "SELECT count(*) FROM pg_stat_activity WHERE datname ~ '^poststack_scratch_' \
                   AND query LIKE '%001_a%'";
    assert_eq!(ask(&address, of_ours).await, "0");
}

#[tokio::test]
async fn a_rehearsal_that_is_dropped_leaves_nothing_for_long() {
    let address = database(T).await;
    let slow = [("001_slow.sql", "SELECT pg_sleep(60)")];
    let (_directory, slow) = folder(&slow);
    let options = Options::of(Request::default());
    let (send, receive) = tokio::sync::oneshot::channel();
    let mut send = Some(send);
    let rehearsing = rehearse(&address, &slow, &options, |event| {
        if matches!(event, poststack::rehearsal::Event::Trying(_)) {
            send.take().unwrap().send(()).unwrap();
        }
    });
    tokio::select! {
        ended = rehearsing => panic!("{ended:?}"),
        told = receive => told.unwrap(),
    }
    // The maker's session is gone as soon as the server sees it.
    let left = |address: Address| async move {
        let admin = cluster().login(&cluster().address("postgres")).await;
        report(&address, &[("001_a.sql", "SELECT 1")]).await;
        let sql = "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
        admin.client().query(sql, &[]).await.unwrap().len()
    };
    for _ in 0..200 {
        if left(address.clone()).await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the scratch database of a dropped rehearsal stays");
}

#[tokio::test]
async fn a_user_that_may_not_create_databases_is_told_what_to_do() {
    let address = database("CREATE ROLE humble LOGIN PASSWORD 'x'").await;
    let humble = Address {
        user: "humble".to_owned(),
        password: Secret::new("x"),
        ..address
    };
    let (_directory, folder) = folder(&[("001_a.sql", "SELECT 1")]);
    let options = Options::of(Request::default());
    let error = rehearse(&humble, &folder, &options, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, RehearsalError::Database(_)), "{error}");
    assert_eq!(
        error.hint().as_deref(),
        Some("let a superuser run `ALTER ROLE \"humble\" CREATEDB`")
    );
}

#[tokio::test]
async fn an_owner_that_is_no_superuser_rehearses_on_a_clone() {
    let admin = cluster().login(&cluster().address("postgres")).await;
    let sql = [
        "CREATE ROLE modest LOGIN CREATEDB PASSWORD 'x'",
        "CREATE DATABASE modest_db OWNER modest",
    ];
    for one in sql {
        admin.client().batch_execute(one).await.unwrap();
    }
    let modest = Address {
        user: "modest".to_owned(),
        password: Secret::new("x"),
        ..cluster().address("modest_db")
    };
    let files = [
        (
            "001_a.sql",
            "CREATE SCHEMA app; CREATE TABLE app.t (id int)",
        ),
        ("001_a.rollback.sql", "DROP SCHEMA app CASCADE"),
    ];
    let rehearsed = report(&modest, &files).await;
    assert_eq!(
        (rehearsed.way, messages(&rehearsed)),
        (Way::Clone, Vec::new())
    );
}

#[tokio::test]
async fn faults_between_files_and_ledger_are_found_before_anything_is_made() {
    let address = database("").await;
    let (_directory, folder) = folder(&[("001_a.sql", "-- poststack: todo\nSELECT 1")]);
    let options = Options::of(Request::default());
    let error = rehearse(&address, &folder, &options, |_| panic!("nothing is made"))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        RehearsalError::Migration(MigrationError::Conflict(_))
    ));
}

#[tokio::test]
async fn with_nothing_pending_nothing_is_made() {
    let address = database("").await;
    let (_directory, folder) = folder(&[]);
    let options = Options::of(Request::default());
    let report = rehearse(&address, &folder, &options, |_| panic!("nothing is made")).await;
    assert_eq!(report.unwrap().way, Way::Nothing);
}

#[tokio::test]
async fn the_gate_stops_at_errors_and_lets_warnings_pass() {
    let address = database("").await;
    let options = Options::of(Request::default());
    let (_directory, warned) = folder(&[("001_a.sql", "CREATE TABLE a (id int)")]);
    assert!(gate(&address, &warned, &options, |_| {}).await.is_ok());
    let (_directory, wrong) = folder(&[
        ("001_a.sql", "CREATE TABLE a (id int)"),
        ("001_a.rollback.sql", "SELECT 1"),
    ]);
    let stopped = gate(&address, &wrong, &options, |_| {}).await.unwrap_err();
    assert!(matches!(stopped, RehearsalError::Findings(report) if report.has_errors()));
}
