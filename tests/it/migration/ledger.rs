//! The ledger in the database.

use poststack::diagnostic::Diagnostic;
use poststack::migration::{
    Event, MigrationError, Request, Settings, Step, Tool, assess, create_schema, drop_schema,
    lock_holder, migrate, no_variables, read_ledger, run_one, with_lock,
};
use poststack::secret::Secret;

use super::{LEDGER, folder, impatient, refused, run, run_with};
use crate::cluster::{ask, cluster};

const TABLES: &str = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'poststack'";

#[tokio::test]
async fn only_the_tables_that_are_needed_are_made() {
    let address = cluster().database().await;
    run(&address, &folder(&[("1_a.sql", "SELECT 1")]))
        .await
        .unwrap();
    assert_eq!(ask(&address, TABLES).await, "schema_migrations");
    let with_repeatable = folder(&[("1_a.sql", "SELECT 1"), ("R_b.sql", "SELECT 1")]);
    run(&address, &with_repeatable).await.unwrap();
    let tables = "repeatable_migrations schema_migrations unfinished_migrations";
    assert_eq!(ask(&address, TABLES).await, tables);
}

#[tokio::test]
async fn the_schema_of_poststack_is_made_and_taken_away_as_often_as_wanted() {
    let address = cluster().database().await;
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    run(&address, &one).await.unwrap();
    let connection = cluster().login(&address).await;
    create_schema(&connection).await.unwrap();
    create_schema(&connection).await.unwrap();
    assert_eq!(
        ask(&address, TABLES).await,
        "containers repeatable_migrations schema_migrations services system_info unfinished_migrations"
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    drop_schema(&connection).await.unwrap();
    drop_schema(&connection).await.unwrap();
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
    assert_eq!(read_ledger(&connection).await.unwrap(), None);
    run(&address, &one).await.unwrap();
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}

/// As the original makes it.
const ORIGINAL: &str = "CREATE TABLE public.schema_migrations (
    version VARCHAR(255) PRIMARY KEY, description TEXT,
    applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time_ms INTEGER,
    checksum VARCHAR(64), applied_by VARCHAR(255), sql_up TEXT, sql_down TEXT);
    INSERT INTO schema_migrations VALUES
        ('001', 'First Tables', '2025-01-02 03:04:05', 12,
         encode(sha256('CREATE TABLE a ()'), 'hex'), 'ann', 'CREATE TABLE a ()', 'DROP TABLE a'),
        ('010', NULL, now(), NULL, encode(sha256('CREATE TABLE b ()'), 'hex'), NULL, NULL, NULL)";

#[tokio::test]
async fn the_ledger_of_the_original_is_taken_over_and_nothing_runs_again() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    admin.client().batch_execute(ORIGINAL).await.unwrap();
    let before = read_ledger(&admin).await.unwrap().unwrap();
    assert!(before.original && before.entries.len() == 2, "{before:?}");
    let files = folder(&[
        ("001_first_tables.sql", "CREATE TABLE a ()"),
        ("001_first_tables.rollback.sql", "DROP TABLE a"),
        ("010_b.sql", "CREATE TABLE b ()"),
        ("011_c.sql", "CREATE TABLE c ()"),
    ]);
    let mut told = 0;
    let done = run_with(&address, &files, impatient(), |event| {
        if let Event::TookOver(count) = event {
            told = count;
        }
    });
    assert_eq!(done.await.unwrap().titles, ["011_c"]);
    assert_eq!(told, 2);
    assert_eq!(ask(&address, "to_regclass('a')").await, "");
    let row = "SELECT concat_ws('|', version, name, applied_at::timestamp, execution_time_ms, applied_by, up_sql, down_sql,
                         tool_version, down_checksum = encode(sha256('DROP TABLE a'), 'hex'))
                 FROM poststack.schema_migrations WHERE version = '001'";
    assert_eq!(
        ask(&address, row).await,
        "001|first_tables|2025-01-02 03:04:05|12|ann|CREATE TABLE a ()|DROP TABLE a|original|t"
    );
    assert_eq!(run(&address, &files).await.unwrap().titles, [""; 0]);
    assert_eq!(
        ask(&address, "SELECT count(*) FROM public.schema_migrations").await,
        "2"
    );
}

#[tokio::test]
async fn a_row_of_the_original_without_a_checksum_has_that_of_its_text() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    let forget =
        format!("{ORIGINAL}; UPDATE schema_migrations SET checksum = NULL WHERE version = '001'");
    admin.client().batch_execute(&forget).await.unwrap();
    let files = folder(&[
        ("001_first_tables.sql", "CREATE TABLE a ()"),
        ("010_b.sql", "CREATE TABLE b ()"),
        ("011_c.sql", "CREATE TABLE c ()"),
    ]);
    assert_eq!(run(&address, &files).await.unwrap().titles, ["011_c"]);
    assert_eq!(run(&address, &files).await.unwrap().titles, [""; 0]);
}

#[tokio::test]
async fn an_edit_since_the_original_applied_it_is_found_and_nothing_is_taken_over() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    admin.client().batch_execute(ORIGINAL).await.unwrap();
    let files = folder(&[
        ("001_a.sql", "CREATE TABLE edited ()"),
        ("010_b.sql", "CREATE TABLE b ()"),
    ]);
    let fault = "Migration `001_a` was changed after it was applied";
    assert_eq!(refused(&address, &files).await, [fault]);
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

#[tokio::test]
async fn the_ledgers_of_other_tools_are_recognised_and_never_written_over() {
    for (tool, make) in [
        (
            Tool::Dbmate,
            "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)",
        ),
        (
            Tool::GolangMigrate,
            "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
        ),
        (
            Tool::Flyway,
            "CREATE TABLE flyway_schema_history (installed_rank int)",
        ),
        (Tool::Sqlx, "CREATE TABLE _sqlx_migrations (version bigint)"),
        (
            Tool::Refinery,
            "CREATE TABLE refinery_schema_history (version int)",
        ),
        (Tool::Goose, "CREATE TABLE goose_db_version (id int)"),
        (
            Tool::Sqitch,
            "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text)",
        ),
    ] {
        let address = cluster().database().await;
        let admin = cluster().login(&address).await;
        admin.client().batch_execute(make).await.unwrap();
        let ledger = read_ledger(&admin).await.unwrap().unwrap();
        assert_eq!(ledger.foreign[0].tool, tool);
        assert!(!ledger.original);
        let faults = refused(&address, &folder(&[("1_a.sql", "SELECT 1")])).await;
        assert!(
            faults[0].starts_with(&format!("The database was migrated by {tool}")),
            "{faults:?}"
        );
        assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
    }
}

#[tokio::test]
async fn repeatable_migrations_run_after_the_versions_whenever_they_change() {
    let address = cluster().database().await;
    let files = |view: &str| {
        folder(&[
            ("R_b.sql", view),
            ("R__a.sql", "CREATE OR REPLACE VIEW a AS SELECT 1 AS n"),
            ("1_t.sql", "CREATE TABLE t (n int)"),
        ])
    };
    let first = files("CREATE OR REPLACE VIEW b AS SELECT n FROM t");
    assert_eq!(
        run(&address, &first).await.unwrap().titles,
        ["1_t", "R_a", "R_b"]
    );
    assert_eq!(run(&address, &first).await.unwrap().titles, [""; 0]);
    let changed = files("CREATE OR REPLACE VIEW b AS SELECT n FROM t WHERE n > 0");
    assert_eq!(run(&address, &changed).await.unwrap().titles, ["R_b"]);
    let without_transaction = files(
        "-- poststack: no-transaction\nCREATE OR REPLACE VIEW b AS SELECT n FROM t;\nANALYZE t",
    );
    assert_eq!(
        run(&address, &without_transaction).await.unwrap().titles,
        ["R_b"]
    );
    let rows = "SELECT string_agg(name || ' ' || (sql LIKE '%ANALYZE%'), ', ' ORDER BY name) FROM poststack.repeatable_migrations";
    assert_eq!(ask(&address, rows).await, "a false, b true");
}

#[tokio::test]
async fn the_ledger_keeps_variables_as_they_were_written() {
    let address = cluster().database().await;
    let text = "-- poststack: substitute\nCREATE TABLE t AS SELECT '${TOKEN}' AS a";
    let files = folder(&[("1_a.sql", text)]);
    let values = |_: &str, _: &poststack::diagnostic::Place| -> Result<Secret, Vec<Diagnostic>> {
        Ok(Secret::new("s3cret"))
    };
    let request = Request {
        substitute: &values,
        ..Request::default()
    };
    let connection = cluster().login(&address).await;
    migrate(&connection, &files, &request, |_| {})
        .await
        .unwrap();
    assert_eq!(ask(&address, "SELECT a FROM t").await, "s3cret");
    assert_eq!(
        ask(&address, "SELECT up_sql FROM poststack.schema_migrations").await,
        text
    );
    let other = |_: &str, _: &poststack::diagnostic::Place| -> Result<Secret, Vec<Diagnostic>> {
        Ok(Secret::new("another"))
    };
    let request = Request {
        substitute: &other,
        ..Request::default()
    };
    let again = migrate(&connection, &files, &request, |_| {}).await;
    assert_eq!(again.unwrap().titles, [""; 0]);
}

#[tokio::test]
async fn one_file_by_itself_runs_without_ledger_and_lock_and_leaves_the_session_as_it_was() {
    let address = cluster().database().await;
    let files = folder(&[
        (
            "1_a.sql",
            "CREATE SCHEMA s; SET search_path = s; CREATE TABLE t (a int)",
        ),
        ("1_a.rollback.sql", "DROP SCHEMA s CASCADE"),
        ("2_b.sql", "CREATE INDEX CONCURRENTLY i ON s.t (a)"),
    ]);
    let connection = cluster().login(&address).await;
    let ups = files
        .migrations
        .iter()
        .map(|m| Step::up(m, &no_variables).unwrap());
    for step in ups {
        run_one(&connection, &step, Settings::default())
            .await
            .unwrap();
    }
    let row = connection
        .client()
        .query_one("SHOW search_path", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "\"$user\", public");
    assert_eq!(ask(&address, "to_regclass('s.i')").await, "s.i");
    let back = Step::rollback(&files.migrations[0], &no_variables).unwrap();
    run_one(&connection, &back, Settings::default())
        .await
        .unwrap();
    assert_eq!(ask(&address, "to_regnamespace('s')").await, "");
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}

#[tokio::test]
async fn work_under_the_lock_is_alone_and_its_holder_is_known() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    assert_eq!(lock_holder(&connection).await.unwrap(), None);
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    let impatient = Settings {
        lock_wait: std::time::Duration::ZERO,
        ..impatient()
    };
    let outcome: Result<_, MigrationError> = with_lock(
        &connection,
        std::time::Duration::ZERO,
        |_| {},
        async || {
            let holder = lock_holder(&connection).await.unwrap().unwrap();
            Ok((
                holder.application,
                run_with(&address, &one, impatient, |_| {}).await,
            ))
        },
    )
    .await;
    let (application, other) = outcome.unwrap();
    assert_eq!(application, "poststack");
    assert!(
        matches!(other, Err(MigrationError::Locked { .. })),
        "{other:?}"
    );
    run(&address, &one).await.unwrap();
}

#[tokio::test]
async fn what_the_server_says_besides_is_told_with_its_file() {
    let address = cluster().database().await;
    let files = folder(&[
        (
            "1_a.sql",
            "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$",
        ),
        ("2_b.sql", "DROP TABLE IF EXISTS nothing; VACUUM"),
        ("3_c.sql", "SELECT 1"),
    ]);
    let mut told = Vec::new();
    run_with(&address, &files, impatient(), |event| {
        if let Event::Notice(step, notice) = event {
            told.push(format!("{} {notice}", step.title()));
        }
    })
    .await
    .unwrap();
    assert_eq!(
        told,
        [
            "1_a NOTICE: one",
            "1_a WARNING: two",
            "2_b NOTICE: table \"nothing\" does not exist, skipping",
        ]
    );
}

#[tokio::test]
async fn times_are_worded_alike_whatever_formats_the_user_has() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    let odd = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = German', current_database());
                           EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database());
                           EXECUTE format('ALTER DATABASE %I SET intervalstyle = iso_8601', current_database()); END $$";
    admin.client().batch_execute(odd).await.unwrap();
    let files = folder(&[("1_a.sql", "SELECT 1"), ("R_b.sql", "SELECT 1")]);
    run(&address, &files).await.unwrap();
    let fixed = "UPDATE poststack.schema_migrations SET applied_at = '2026-01-02 03:04:05.678+00';
                 UPDATE poststack.repeatable_migrations SET applied_at = '2026-01-02 03:04:05+00'";
    admin.client().batch_execute(fixed).await.unwrap();
    let connection = cluster().login(&address).await;
    let ledger = read_ledger(&connection).await.unwrap().unwrap();
    assert_eq!(
        ledger.entries[0].applied_at,
        "2026-01-02 03:04:05.678000+00"
    );
    assert_eq!(
        ledger.repeatables[0].applied_at,
        "2026-01-02 03:04:05.000000+00"
    );
}

#[tokio::test]
async fn a_file_that_stopped_half_way_is_known_though_it_may_go_on() {
    let address = cluster().database().await;
    let sql = "-- poststack: no-transaction\nCREATE TABLE t (); SELECT missing";
    let files = folder(&[("1_a.sql", sql)]);
    run(&address, &files).await.unwrap_err();
    let connection = cluster().login(&address).await;
    let ledger = read_ledger(&connection).await.unwrap();
    let assessment = assess(&files, ledger.as_ref(), false);
    assert_eq!(assessment.faults, []);
    let told: Vec<_> = assessment
        .half_done()
        .into_iter()
        .map(|one| one.message)
        .collect();
    assert_eq!(told, ["`1_a.sql` stopped after 1 of 2 statements"]);
}
