//! `db adopt`: the ledgers of other tools, in tables made as the tools make them.

use super::support::{Folder, Fresh, migrate};
use crate::cluster::{ask, cluster};

const FILES: [(&str, &str); 3] = [
    (
        "migrations/001_create_users.sql",
        "CREATE TABLE users (id int);",
    ),
    (
        "migrations/002_add_email.sql",
        "ALTER TABLE users ADD email text;",
    ),
    ("migrations/003_more.sql", "CREATE TABLE more (id int);"),
];

/// What the first two files make, as the tool left it.
const MADE: &str = "CREATE TABLE users (id int, email text);";

async fn fresh(ledger: &str) -> Fresh {
    let fresh = Fresh::new(&FILES).await;
    let admin = cluster().login(&fresh.address).await;
    let sql = format!("SET TimeZone = 'UTC'; {MADE} {ledger}");
    admin.client().batch_execute(&sql).await.unwrap();
    fresh
}

async fn ledger(fresh: &Fresh) -> String {
    let sql = "SELECT string_agg(version || ' ' || tool_version || ' ' || applied_by || ' ' ||
                 to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ', ' ORDER BY version)
               FROM poststack.schema_migrations";
    let today = ask(
        &fresh.address,
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    )
    .await;
    ask(&fresh.address, sql).await.replace(&today, "today")
}

async fn has_ledger(fresh: &Fresh) -> bool {
    !ask(&fresh.address, "SELECT to_regnamespace('poststack')")
        .await
        .is_empty()
}

/// Adopts; afterwards the third file alone is pending.
async fn adopts(tool: &str, ledger_sql: &str, expected: &str) {
    let fresh = fresh(ledger_sql).await;
    fresh.db(&["adopt", "--from", tool, "--dry-run"]).ok();
    assert!(!has_ledger(&fresh).await);
    fresh.db(&["adopt", "--from", tool]).exits(8);
    assert!(!has_ledger(&fresh).await);
    fresh.db(&["adopt", "--from", tool, "--yes"]).ok();
    assert_eq!(ledger(&fresh).await, expected);
    assert_eq!(migrate(&fresh).await.unwrap(), ["003_more"]);
    fresh.db(&["adopt", "--from", tool, "--yes"]).exits(9);
}

#[tokio::test]
async fn dbmate_keeps_versions_alone() {
    let sql = "create table if not exists public.schema_migrations (version varchar primary key);
               insert into public.schema_migrations (version) values ('001'), ('002')";
    adopts(
        "dbmate",
        sql,
        "001 dbmate super today, 002 dbmate super today",
    )
    .await;
}

const GOLANG: &str = "CREATE TABLE IF NOT EXISTS public.schema_migrations
    (version bigint not null primary key, dirty boolean not null);
    INSERT INTO schema_migrations (version, dirty) VALUES (2, {dirty})";

#[tokio::test]
async fn golang_migrate_keeps_the_newest_version() {
    let sql = GOLANG.replace("{dirty}", "false");
    let expected = "001 golang-migrate super today, 002 golang-migrate super today";
    adopts("golang-migrate", &sql, expected).await;
}

#[tokio::test]
async fn a_dirty_ledger_of_golang_migrate_is_refused() {
    let fresh = fresh(&GOLANG.replace("{dirty}", "true")).await;
    let ran = fresh
        .db(&["adopt", "--from", "golang-migrate", "--yes"])
        .exits(9);
    insta::assert_snapshot!(ran.stderr, @r"
    error: version `2` is marked as dirty in `public.schema_migrations` of golang-migrate
     |
     = help: settle by hand what it did, then tell the tool with `migrate force VERSION`
    error: 1 fault between the ledger of golang-migrate and the files; nothing was recorded
    ");
    assert!(!has_ledger(&fresh).await);
}

const FLYWAY: &str = r#"CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}.flyway_schema_history (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE {schema}.flyway_schema_history ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
CREATE INDEX "flyway_schema_history_s_idx" ON {schema}.flyway_schema_history ("success");
"#;

fn flyway(schema: &str, rows: &str) -> String {
    let table = FLYWAY.replace("{schema}", schema);
    format!("{table} INSERT INTO {schema}.flyway_schema_history VALUES {rows}")
}

const FLYWAY_ROWS: &str = "
    (1, '1', 'create users', 'SQL', 'V1__create_users.sql', 1, 'anna', '2024-01-02 03:04:05', 12, true),
    (2, '002', 'add email', 'SQL', 'V002__add_email.sql', 2, 'ben', '2024-02-03 03:04:05', 13, true)";

#[tokio::test]
async fn flyway_keeps_who_and_when() {
    let expected = "001 flyway anna 2024-01-02, 002 flyway ben 2024-02-03";
    adopts("flyway", &flyway("public", FLYWAY_ROWS), expected).await;
}

#[tokio::test]
async fn a_ledger_in_another_schema_is_found_and_two_have_to_be_told_apart() {
    let both = format!(
        "{}; {}",
        flyway("one", FLYWAY_ROWS),
        flyway("two", FLYWAY_ROWS)
    );
    let fresh = fresh(&both).await;
    let ran = fresh.db(&["adopt", "--from", "flyway", "--yes"]).exits(9);
    insta::assert_snapshot!(ran.stderr, @r"
    error: 2 tables could be the ledger of flyway: one.flyway_schema_history, two.flyway_schema_history
    hint: name it: --table SCHEMA.TABLE
    ");
    let table = ["--table", "two.flyway_schema_history"];
    fresh
        .db(&[&["adopt", "--from", "flyway", "--yes"][..], &table].concat())
        .ok();
    assert!(has_ledger(&fresh).await);
}

#[tokio::test]
async fn all_faults_are_listed_and_nothing_is_recorded() {
    let rows = "
        (1, '1', 'create customers', 'SQL', 'V1__x.sql', 1, 'anna', now(), 12, true),
        (2, '1.2', 'patch', 'SQL', 'V1_2__patch.sql', 1, 'anna', now(), 12, true),
        (3, '2', 'add email', 'SQL', 'V2__x.sql', 1, 'anna', now(), 12, false),
        (4, '9', 'nine', 'SQL', 'V9__x.sql', 1, 'anna', now(), 12, true),
        (5, NULL, 'views', 'SQL', 'R__views.sql', 1, 'anna', now(), 12, true)";
    let fresh = fresh(&flyway("public", rows)).await;
    let ran = fresh.db(&["adopt", "--from", "flyway", "--yes"]).exits(9);
    insta::assert_snapshot!(ran.stderr, @r"
    error: version `2` (add email) failed in `public.flyway_schema_history` of flyway
     |
     = help: settle by hand what it did, then remove the row with `flyway repair`
    error: flyway applied version `1` (create customers), but `001_create_users` has another name
     --> migrations/001_create_users.sql:1:1
      |
    1 | CREATE TABLE users (id int);
      | ^
      |
      = help: rename the file when it is the same migration, else give it another version
    error: flyway applied version `1.2` (patch), and no file here is it
     |
     = help: poststack knows whole numbers only: name the file `NNN_name.sql` with the name it has there
    error: flyway applied version `9` (nine), and no file here is it
     |
     = help: bring the file back, named `NNN_name.sql`; `poststack db adopt --from flyway --rename` renames those that are named in the way of flyway
    warning: flyway applied repeatable `views`, and there is no file `R_views.sql`
    error: 4 faults between the ledger of flyway and the files; nothing was recorded
    ");
    assert!(!has_ledger(&fresh).await);
}

#[tokio::test]
async fn sqlx_keeps_when_and_what() {
    let sql = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES
    (1, 'create users', '2024-01-02 03:04:05Z', true, sha384('CREATE TABLE users (id int);'), 12345678),
    (2, 'add email', '2024-02-03 03:04:05Z', true, sha384('something else'), 12345678)";
    let expected = "001 sqlx super 2024-01-02, 002 sqlx super 2024-02-03";
    adopts("sqlx", sql, expected).await;
    let fresh = fresh(sql).await;
    let ran = fresh.db(&["adopt", "--from", "sqlx", "--yes"]).ok();
    assert!(!ran.stderr.contains("001_create_users"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("`002_add_email` is not as sqlx applied it"),
        "{}",
        ran.stderr
    );
    let time = "SELECT execution_time_ms FROM poststack.schema_migrations WHERE version = '001'";
    assert_eq!(ask(&fresh.address, time).await, "12.345678");
}

#[tokio::test]
async fn goose_keeps_a_row_for_each_step() {
    let sql = "CREATE TABLE goose_db_version (
		id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
		version_id bigint NOT NULL,
		is_applied boolean NOT NULL,
		tstamp timestamp NOT NULL DEFAULT now()
	);
    INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES
        (0, true, '2024-01-01'), (1, true, '2024-01-02'), (2, true, '2024-01-03'),
        (3, true, '2024-01-04'), (3, false, '2024-01-05')";
    adopts(
        "goose",
        sql,
        "001 goose super 2024-01-02, 002 goose super 2024-01-03",
    )
    .await;
}

#[tokio::test]
async fn refinery_keeps_names_and_times_as_text() {
    let sql = "CREATE TABLE IF NOT EXISTS refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
    INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES
        (1, 'create_users', '2024-01-02T03:04:05.123456789Z', '1'),
        (2, 'add_email', '2024-01-03T03:04:05Z', '2')";
    adopts(
        "refinery",
        sql,
        "001 refinery super 2024-01-02, 002 refinery super 2024-01-03",
    )
    .await;
}

#[tokio::test]
async fn sqitch_keeps_names_without_numbers() {
    let sql = "CREATE SCHEMA IF NOT EXISTS sqitch;
CREATE TABLE sqitch.projects (
    project         TEXT        PRIMARY KEY,
    uri             TEXT            NULL UNIQUE,
    created_at      TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    creator_name    TEXT        NOT NULL,
    creator_email   TEXT        NOT NULL
);
CREATE TABLE sqitch.changes (
    change_id       TEXT        PRIMARY KEY,
    script_hash     TEXT            NULL,
    change          TEXT        NOT NULL,
    project         TEXT        NOT NULL REFERENCES sqitch.projects(project) ON UPDATE CASCADE,
    note            TEXT        NOT NULL DEFAULT '',
    committed_at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    committer_name  TEXT        NOT NULL,
    committer_email TEXT        NOT NULL,
    planned_at      TIMESTAMPTZ NOT NULL,
    planner_name    TEXT        NOT NULL,
    planner_email   TEXT        NOT NULL,
    UNIQUE(project, script_hash)
);
INSERT INTO sqitch.projects VALUES ('shop', NULL, now(), 'Anna', 'a@example.org');
INSERT INTO sqitch.changes VALUES
    ('1', NULL, 'create_users', 'shop', '', '2024-01-02 03:04:05Z', 'Anna', 'a', now(), 'Anna', 'a'),
    ('2', NULL, 'add-email', 'shop', '', '2024-01-03 03:04:05Z', 'Ben', 'b', now(), 'Ben', 'b')";
    adopts(
        "sqitch",
        sql,
        "001 sqitch Anna 2024-01-02, 002 sqitch Ben 2024-01-03",
    )
    .await;
}

#[tokio::test]
async fn the_original_is_taken_over_as_it_is() {
    let sql = "CREATE TABLE public.schema_migrations (
        version varchar(255) PRIMARY KEY, description text, applied_at timestamp DEFAULT now(),
        execution_time_ms integer, checksum varchar(64), applied_by varchar(255),
        sql_up text, sql_down text);
    INSERT INTO public.schema_migrations VALUES
        ('001', 'Create users', '2024-01-02 03:04:05', 5,
         encode(sha256('CREATE TABLE users (id int);'), 'hex'), 'anna', 'CREATE', NULL),
        ('002', 'Add email', '2024-01-03 03:04:05', 5,
         encode(sha256('ALTER TABLE users ADD email text;'), 'hex'), 'ben', 'ALTER', NULL)";
    let expected = "001 original anna 2024-01-02, 002 original ben 2024-01-03";
    adopts("original", sql, expected).await;
}

#[tokio::test]
async fn a_tool_that_was_never_there_is_told() {
    let fresh = fresh("").await;
    let ran = fresh.db(&["adopt", "--from", "dbmate", "--yes"]).exits(9);
    insta::assert_snapshot!(ran.stderr, @r"
    error: There is no ledger of dbmate: no table `schema_migrations` with the columns version
    hint: when it has another name: --table SCHEMA.TABLE
    ");
    fresh.db(&["adopt", "--from", "original", "--yes"]).exits(9);
    fresh.db(&["adopt", "--from", "rails", "--yes"]).exits(2);
    assert!(!has_ledger(&fresh).await);
}

#[test]
fn files_are_renamed_without_a_database() {
    let folder = Folder::new(&[
        ("migrations/V1__a.sql", "CREATE TABLE a (id int);"),
        ("migrations/U1__a.sql", "DROP TABLE a;"),
        ("migrations/V1_1__b.sql", "SELECT 1;"),
    ]);
    let run = |more: &[&str]| {
        let url = ["--database-url", "postgresql://nobody@127.0.0.1:1/nothing"];
        folder.run(&[&["db", "adopt", "--from", "flyway", "--rename"], more, &url].concat())
    };
    let ran = run(&["--dry-run"]).ok();
    insta::assert_snapshot!(ran.stdout, @r"
    Would turn 2 files into ours
      U1__a.sql → 1_a.rollback.sql
      V1__a.sql → 1_a.sql
      V1_1__b.sql left out: `1.1` is not a whole number: give it a version of its own
    ");
    assert!(folder.path().join("migrations/V1__a.sql").exists());
    run(&[]).ok();
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["1_a.rollback.sql", "1_a.sql", "V1_1__b.sql"]);
}

#[test]
fn a_file_of_two_ways_is_replaced_by_two_files() {
    let text = "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n";
    let folder = Folder::new(&[("migrations/1_a.sql", text)]);
    let url = "postgresql://nobody@127.0.0.1:1/nothing";
    let arguments = [
        "db",
        "adopt",
        "--from",
        "dbmate",
        "--rename",
        "--database-url",
        url,
    ];
    folder.run(&arguments).ok();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("migrations/1_a.sql"), "CREATE TABLE a (id int);\n");
    assert_eq!(read("migrations/1_a.rollback.sql"), "DROP TABLE a;\n");
    // A second time there is nothing left to do.
    let ran = folder.run(&arguments).ok();
    assert_eq!(ran.stdout, "Turned 0 files into ours\n");
}

#[tokio::test]
async fn files_with_their_way_back_in_them_are_neither_run_nor_adopted_before_they_are_renamed() {
    let both = |table: &str| {
        format!(
            "-- migrate:up\nCREATE TABLE {table} (id int);\n-- migrate:down\nDROP TABLE {table};\n"
        )
    };
    let (first, second) = (both("d1"), both("d2"));
    let fresh = Fresh::new(&[
        ("migrations/1_a.sql", &first),
        ("migrations/2_b.sql", &second),
    ])
    .await;
    let command = "poststack db adopt --from dbmate --rename";
    let ran = fresh.db(&["migrate"]).exits(9);
    assert!(ran.stderr.contains(command), "{}", ran.stderr);
    let ledger = "CREATE TABLE schema_migrations (version varchar primary key);
                  INSERT INTO schema_migrations VALUES ('1'); CREATE TABLE d1 (id int)";
    let admin = cluster().login(&fresh.address).await;
    admin.client().batch_execute(ledger).await.unwrap();
    let adopt = ["adopt", "--from", "dbmate", "--yes"];
    let ran = fresh.db(&adopt).exits(9);
    assert!(ran.stderr.contains(command), "{}", ran.stderr);
    fresh.db(&["adopt", "--from", "dbmate", "--rename"]).ok();
    fresh.db(&adopt).ok();
    fresh.db(&["migrate"]).ok();
    assert_eq!(ask(&fresh.address, "to_regclass('d2')").await, "d2");
}
