//! `db squash`: one file that makes what many made, rows and all.

use poststack::postgres::databases;
use poststack::schema::{compare, read};

use super::support::{Folder, Fresh, migrate};
use crate::cluster::{ask, quiet_cluster};

const FILES: [(&str, &str); 4] = [
    (
        "migrations/001_a.sql",
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
         CREATE TABLE kinds (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
         CREATE TABLE things (id serial PRIMARY KEY, kind int REFERENCES kinds, mood mood,
             parent int REFERENCES things, data jsonb, made timestamptz, raw bytea,
             twice int GENERATED ALWAYS AS (1 + 1) STORED);
         INSERT INTO things (parent, mood) VALUES (2, 'it''s ok'), (NULL, NULL);",
    ),
    (
        "migrations/001_a.rollback.sql",
        "DROP TABLE things, kinds; DROP TYPE mood;",
    ),
    (
        "migrations/002_b.sql",
        "INSERT INTO kinds (name) SELECT 'kind ' || n || E' \\\\ '' \\n ü' FROM generate_series(1, 250) AS n;
         UPDATE things SET kind = 7, data = '{\"a\": [1, null]}', made = '2024-01-02 03:04:05.678+05',
             raw = '\\x00ff';
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION refuse();
         CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM kinds;",
    ),
    ("migrations/003_c.sql", "CREATE INDEX ON things (kind); DELETE FROM kinds WHERE id > 200;
         ALTER TABLE things ADD CONSTRAINT late CHECK (id < 0) NOT VALID;"),
];

async fn squashed() -> Fresh {
    let fresh = Fresh::quiet(&FILES).await;
    fresh
        .folder
        .write("migrations/004_d.sql", "CREATE TABLE d (id int);");
    migrate(&fresh).await.unwrap();
    fresh.db(&["squash", "--to", "3", "--yes"]).ok();
    fresh
}

fn names(folder: &Folder, path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path().join(path)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_files_become_one_and_are_kept_and_the_ledger_has_one_row() {
    let fresh = squashed().await;
    assert_eq!(
        names(&fresh.folder, "migrations"),
        [".squashed", "003_squashed.sql", "004_d.sql"]
    );
    assert_eq!(
        names(&fresh.folder, "migrations/.squashed/001-003"),
        ["001_a.rollback.sql", "001_a.sql", "002_b.sql", "003_c.sql"]
    );
    let rows = "SELECT string_agg(version || '_' || name, ' ' ORDER BY version) \
                FROM poststack.schema_migrations";
    assert_eq!(ask(&fresh.address, rows).await, "003_squashed 004_d");
    fresh
        .folder
        .write("migrations/004_d.rollback.sql", "DROP TABLE d;");
    fresh.db(&["validate-rollbacks"]).ok();
    fresh.db(&["verify"]).ok();
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn an_empty_database_gets_the_same_from_the_one_file() {
    let many = Fresh::quiet(&FILES).await;
    migrate(&many).await.unwrap();
    let one = squashed().await;
    std::fs::remove_file(one.folder.path().join("migrations/004_d.sql")).unwrap();
    let fresh = Fresh::with(one.folder, quiet_cluster().database().await);
    assert_eq!(migrate(&fresh).await.unwrap(), ["003_squashed"]);
    let before = read(&quiet_cluster().login(&many.address).await)
        .await
        .unwrap();
    let after = read(&quiet_cluster().login(&fresh.address).await)
        .await
        .unwrap();
    assert_eq!(compare(&before, &after), []);
    // Up to date, though the migrations left it with 250.
    assert_eq!(
        ask(&fresh.address, "SELECT count FROM counted").await,
        "200"
    );
    for sql in [
        "SELECT string_agg(k::text, '|' ORDER BY id) FROM kinds AS k",
        "SELECT string_agg(t::text, '|' ORDER BY id) FROM things AS t",
        "SELECT nextval('things_id_seq')",
        "SELECT nextval(pg_get_serial_sequence('kinds', 'id'))",
    ] {
        assert_eq!(
            ask(&fresh.address, sql).await,
            ask(&many.address, sql).await,
            "{sql}"
        );
    }
}

#[tokio::test]
async fn another_database_with_all_of_the_files_accepts_the_one() {
    let other = Fresh::quiet(&FILES).await;
    migrate(&other).await.unwrap();
    let fresh = Fresh::with(squashed().await.folder, other.address);
    assert_eq!(migrate(&fresh).await.unwrap(), ["004_d"]);
}

#[tokio::test]
async fn another_database_with_a_part_of_them_is_told_how_to_go_on() {
    let other = Fresh::quiet(&FILES[..2]).await;
    migrate(&other).await.unwrap();
    let fresh = Fresh::with(squashed().await.folder, other.address);
    let error = migrate(&fresh).await.unwrap_err();
    let poststack::migration::MigrationError::Conflict(faults) = error else {
        panic!("{error}");
    };
    let help: Vec<_> = faults
        .iter()
        .map(|fault| fault.help.as_deref().unwrap())
        .collect();
    assert_eq!(
        help,
        ["bring the database to the end of them first: \
          `poststack db migrate --migrations migrations/.squashed/001-003`"]
    );
    let kept = fresh.folder.path().join("migrations/.squashed/001-003");
    let (kept, _) = poststack::migration::files::load(&kept, &kept);
    let connection = quiet_cluster().login(&fresh.address).await;
    let request = poststack::migration::Request::default();
    poststack::migration::migrate(&connection, &kept, &request, |_| {})
        .await
        .unwrap();
    assert_eq!(migrate(&fresh).await.unwrap(), ["004_d"]);
}

#[tokio::test]
async fn what_was_squashed_is_squashed_again_and_old_histories_still_fit() {
    let other = Fresh::quiet(&FILES).await;
    other
        .folder
        .write("migrations/004_d.sql", "CREATE TABLE d (id int);");
    migrate(&other).await.unwrap();
    let fresh = squashed().await;
    fresh.db(&["squash", "--to", "4", "--yes"]).ok();
    assert_eq!(
        names(&fresh.folder, "migrations"),
        [".squashed", "004_squashed.sql"]
    );
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
    let fresh = Fresh::with(fresh.folder, other.address);
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn nothing_is_touched_without_a_yes_or_when_it_cannot_be_done() {
    let fresh = Fresh::quiet(&FILES).await;
    fresh.db(&["squash", "--to", "3", "--yes"]).exits(9);
    migrate(&fresh).await.unwrap();
    let before = names(&fresh.folder, "migrations");
    let ran = fresh.db(&["squash", "--to", "3"]).exits(8);
    assert!(
        ran.stderr.contains("write `migrations/003_squashed.sql`"),
        "{}",
        ran.stderr
    );
    let json = fresh
        .db(&["squash", "--to", "3", "--dry-run", "--format", "json"])
        .ok()
        .json();
    assert_eq!(json["rows"], 202);
    let ran = fresh.db(&["squash", "--to", "1", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("`001_a` is the first file"),
        "{}",
        ran.stderr
    );
    fresh.db(&["squash", "--to", "8", "--yes"]).exits(9);
    fresh.folder.write("migrations/004_d.sql", "SELECT 1;");
    let ran = fresh.db(&["squash", "--to", "4", "--yes"]).exits(9);
    assert!(ran.stderr.contains("004_d"), "{}", ran.stderr);
    std::fs::remove_file(fresh.folder.path().join("migrations/004_d.sql")).unwrap();
    assert_eq!(names(&fresh.folder, "migrations"), before);
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
    assert!(
        fresh
            .folder
            .path()
            .join("migrations/001_a.rollback.sql")
            .exists()
    );
}

#[tokio::test]
async fn what_reaches_outside_the_database_or_depends_on_the_environment_is_refused() {
    let fresh = Fresh::quiet(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id int);"),
        (
            "migrations/2_b.sql",
            "ALTER ROLE super SET work_mem = '4MB';",
        ),
    ])
    .await;
    migrate(&fresh).await.unwrap();
    let ran = fresh.db(&["squash", "--to", "2", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("acts outside the database"),
        "{}",
        ran.stderr
    );
    assert!(fresh.folder.path().join("migrations/2_b.sql").exists());
}

#[tokio::test]
async fn a_proof_that_fails_changes_nothing_and_leaves_no_database() {
    let fresh = Fresh::quiet(&[
        (
            "migrations/1_a.sql",
            "CREATE TABLE a (id int CHECK (coalesce(current_setting('x.y', true), '0') = '1'));",
        ),
        (
            "migrations/2_b.sql",
            "SET x.y = '1'; INSERT INTO a VALUES (1);",
        ),
    ])
    .await;
    migrate(&fresh).await.unwrap();
    let ran = fresh.db(&["squash", "--to", "2", "--yes"]).exits(9);
    assert!(
        ran.stderr
            .contains("in a scratch database; nothing was changed"),
        "{}",
        ran.stderr
    );
    assert_eq!(names(&fresh.folder, "migrations"), ["1_a.sql", "2_b.sql"]);
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
    let admin = quiet_cluster()
        .login(&quiet_cluster().address("postgres"))
        .await;
    let stale = databases::remove_stale_scratch(&admin).await.unwrap();
    assert_eq!(stale, [""; 0]);
}

#[tokio::test]
async fn values_of_one_run_are_not_written_down_for_all() {
    let table = "CREATE TABLE a (id uuid, name text, made timestamptz DEFAULT now());";
    for (value, told) in [
        ("gen_random_uuid(), 'x'", "column id"),
        ("NULL, current_database()", "column name"),
    ] {
        let insert = format!("INSERT INTO a (id, name) VALUES ({value});");
        let files = [
            ("migrations/1_a.sql", table),
            ("migrations/2_b.sql", insert.as_str()),
        ];
        let fresh = Fresh::quiet(&files).await;
        migrate(&fresh).await.unwrap();
        let ran = fresh.db(&["squash", "--to", "2", "--yes"]).exits(9);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        assert_eq!(names(&fresh.folder, "migrations"), ["1_a.sql", "2_b.sql"]);
    }
    let fixed = [
        ("migrations/1_a.sql", table),
        ("migrations/2_b.sql", "INSERT INTO a (name) VALUES ('x');"),
    ];
    let fresh = Fresh::quiet(&fixed).await;
    migrate(&fresh).await.unwrap();
    fresh.db(&["squash", "--to", "2", "--yes"]).ok();
}
