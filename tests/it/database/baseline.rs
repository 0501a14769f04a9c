//! `db baseline`: a database that others made.

use super::support::{Fresh, migrate};
use crate::cluster::{ask, cluster};

const FILES: [(&str, &str); 3] = [
    ("migrations/1_a.sql", "CREATE TABLE a (id int);"),
    ("migrations/2_b.sql", "CREATE TABLE b (id int);"),
    ("migrations/3_c.sql", "CREATE TABLE c (id int);"),
];

#[tokio::test]
async fn everything_up_to_the_version_counts_as_applied_and_the_rest_is_applied() {
    let fresh = Fresh::new(&FILES).await;
    let admin = cluster().login(&fresh.address).await;
    let existing = "CREATE TABLE a (id int); CREATE TABLE b (id int)";
    admin.client().batch_execute(existing).await.unwrap();
    let ran = fresh.db(&["baseline", "2"]).exits(8);
    assert!(
        ran.stderr.contains("the database has 2 tables"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ask(&fresh.address, "SELECT to_regnamespace('poststack')").await,
        ""
    );
    let json = fresh
        .db(&["baseline", "2", "--dry-run", "--format", "json"])
        .ok()
        .json();
    assert_eq!(json["marked"], serde_json::json!(["1_a", "2_b"]));
    assert_eq!(
        ask(&fresh.address, "SELECT to_regnamespace('poststack')").await,
        ""
    );
    fresh.db(&["baseline", "2", "--yes"]).ok();
    assert_eq!(migrate(&fresh).await.unwrap(), ["3_c"]);
}

#[tokio::test]
async fn a_ledger_with_entries_is_refused() {
    let fresh = Fresh::new(&FILES[..1]).await;
    migrate(&fresh).await.unwrap();
    let ran = fresh.db(&["baseline", "1", "--yes"]).exits(9);
    assert!(
        ran.stderr
            .contains("is not empty: it has 1 entries, up to `1_a`"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn an_unknown_version_and_faulty_files_are_refused() {
    let fresh = Fresh::new(&FILES).await;
    let ran = fresh.db(&["baseline", "7", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("No file has the version `7`"),
        "{}",
        ran.stderr
    );
    fresh.folder.write("migrations/02_x.sql", "SELECT 1");
    fresh.db(&["baseline", "3", "--yes"]).exits(9);
    assert_eq!(
        ask(&fresh.address, "SELECT to_regnamespace('poststack')").await,
        ""
    );
}
