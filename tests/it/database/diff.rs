//! `db diff`: what somebody changed by hand.

use poststack::schema;

use super::support::{Fresh, ask, execute};
use crate::cluster::cluster;

const FILES: [(&str, &str); 2] = [
    (
        "migrations/001_t.sql",
        "CREATE TABLE t (id int PRIMARY KEY, note text)",
    ),
    (
        "migrations/002_u.sql",
        "CREATE TABLE u (id int); CREATE VIEW v AS SELECT id FROM u",
    ),
];

/// A database that has the files.
async fn migrated() -> Fresh {
    let fresh = Fresh::new(&FILES).await;
    fresh.db(&["reset", "--yes"]).ok();
    fresh
}

#[tokio::test]
async fn a_database_as_the_files_make_it_has_no_differences() {
    let fresh = migrated().await;
    let found = fresh
        .db(&["diff", "--exit-code", "--format", "json"])
        .ok()
        .json();
    assert_eq!(found["differences"].as_array().unwrap().len(), 0);
    assert_eq!(found["sql"], "");
}

#[tokio::test]
async fn changes_by_hand_are_found_and_their_ddl_repeats_them() {
    let fresh = migrated().await;
    let by_hand = "ALTER TABLE t ADD price numeric DEFAULT 0; CREATE INDEX t_note ON t (note); \
                   ALTER TABLE t ALTER note SET NOT NULL; DROP VIEW v";
    execute(&fresh.address, by_hand).await;
    let found = fresh.db(&["diff", "--exit-code"]).exits(10);
    for told in [
        "column `public.t.price` was added",
        "index `public.t_note` was added",
        "view `public.v` was removed",
        "column `public.t.note` was changed: not null was set",
    ] {
        assert!(found.stdout.contains(told), "{told}: {}", found.stdout);
    }
    assert!(
        found.stderr.contains("4 differences found"),
        "{}",
        found.stderr
    );
    // The DDL alone makes of a database of the files the one that was changed.
    let sql = fresh.db(&["diff", "--sql"]).ok().stdout;
    let other = migrated().await;
    execute(&other.address, &sql).await;
    let schema_of = |address| async move {
        let connection = cluster().login(address).await;
        schema::read(&connection).await.unwrap()
    };
    let (one, two) = (
        schema_of(&fresh.address).await,
        schema_of(&other.address).await,
    );
    assert_eq!(schema::compare(&one, &two), []);
}

#[tokio::test]
async fn the_reverse_ddl_takes_the_changes_back() {
    let fresh = migrated().await;
    let by_hand = "ALTER TABLE t ADD price numeric; CREATE TABLE extra (id int); DROP VIEW v";
    execute(&fresh.address, by_hand).await;
    let sql = fresh.db(&["diff", "--sql", "--reverse"]).ok().stdout;
    execute(&fresh.address, &sql).await;
    fresh.db(&["diff", "--exit-code"]).ok();
}

#[tokio::test]
async fn pending_files_are_left_out_unless_asked_for() {
    let fresh = migrated().await;
    fresh
        .folder
        .write("migrations/003_w.sql", "CREATE TABLE w (id int)");
    let left_out = fresh.db(&["diff", "--exit-code"]).ok();
    assert!(
        left_out.stderr.contains("1 pending file is left out"),
        "{}",
        left_out.stderr
    );
    let with = fresh.db(&["diff", "--exit-code", "--pending"]).exits(10);
    assert!(
        with.stdout.contains("table `public.w` was removed"),
        "{}",
        with.stdout
    );
}

#[tokio::test]
async fn edited_and_missing_files_are_told_beside_the_differences() {
    let fresh = migrated().await;
    fresh.folder.write(
        "migrations/001_t.sql",
        "CREATE TABLE t (id int PRIMARY KEY)",
    );
    std::fs::remove_file(fresh.folder.path().join("migrations/002_u.sql")).unwrap();
    let found = fresh.db(&["diff"]).ok();
    assert!(
        found
            .stderr
            .contains("`001_t` was edited after it was applied"),
        "{}",
        found.stderr
    );
    assert!(
        found
            .stderr
            .contains("`002_u` was applied, but its file is gone"),
        "{}",
        found.stderr
    );
    assert!(
        found.stdout.contains("table `public.u` was added"),
        "{}",
        found.stdout
    );
}

#[tokio::test]
async fn a_diff_changes_nothing_and_others_may_be_connected() {
    let fresh = migrated().await;
    let other = cluster().login(&fresh.address).await;
    let before = "SELECT sum(xmin::text::int8) FROM pg_class";
    let xmin = ask(&fresh.address, before).await;
    fresh.db(&["diff", "--exit-code"]).ok();
    assert_eq!(ask(&fresh.address, before).await, xmin);
    assert!(!other.is_closed());
}

#[tokio::test]
async fn the_ledgers_of_other_tools_are_no_change_by_hand() {
    let fresh = migrated().await;
    let ledgers = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY); \
                   CREATE TABLE goose_db_version (id serial PRIMARY KEY)";
    execute(&fresh.address, ledgers).await;
    fresh.db(&["diff", "--exit-code"]).ok();
    execute(&fresh.address, "CREATE TABLE schema_other (id int)").await;
    let found = fresh.db(&["diff", "--exit-code"]).exits(10);
    assert!(
        found.stderr.contains("1 difference found"),
        "{}",
        found.stdout
    );
}

#[tokio::test]
async fn what_a_database_sets_for_its_sessions_holds_in_the_scratch_database_too() {
    let fresh = Fresh::new(&[(
        "migrations/001_a.sql",
        "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE t (id int)",
    )])
    .await;
    let name = &fresh.address.database;
    execute(
        &fresh.address,
        &format!("ALTER DATABASE {name} SET search_path = app"),
    )
    .await;
    fresh.db(&["migrate"]).ok();
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('app.t')").await,
        "t"
    );
    fresh.db(&["diff", "--exit-code"]).ok();
    fresh.db(&["reset", "--yes"]).ok();
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('app.t')").await,
        "t"
    );
    // Another setting makes something else: the template is not that one.
    execute(
        &fresh.address,
        &format!("ALTER DATABASE {name} RESET search_path"),
    )
    .await;
    let reset = fresh
        .db(&["reset", "--yes", "--format", "json"])
        .ok()
        .result();
    assert_eq!(reset["reset"]["built"], true);
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('app.t')").await, "");
}
