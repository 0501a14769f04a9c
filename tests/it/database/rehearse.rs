//! `db migrate --rehearse`, and rehearsals that are required.

use super::support::{Folder, Fresh, ask, execute};
use crate::cluster::cluster;

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 10) AS n";

#[tokio::test]
async fn a_rehearsal_reports_and_applies_nothing() {
    let fresh = Fresh::new(&[
        (
            "migrations/001_total.sql",
            "ALTER TABLE orders ADD total numeric;\nALTER TABLE orders ALTER id TYPE numeric",
        ),
        (
            "migrations/001_total.rollback.sql",
            "ALTER TABLE orders ALTER id TYPE bigint",
        ),
        ("migrations/002_gone.sql", "DELETE FROM orders WHERE id > 7"),
    ])
    .await;
    execute(&fresh.address, ORDERS).await;
    let ran = fresh.db(&["migrate", "--rehearse"]).exits(9);
    for told in [
        "rehearsed on a clone with all data",
        "up: line 1 takes ACCESS EXCLUSIVE on public.orders (16.0 KiB): blocks reads and writes for",
        "up: table public.orders is written anew (",
        "after up and down: column `public.orders.total` is left behind",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    assert!(
        ran.stdout
            .contains("1 migration not rehearsed: one before was not applied"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("migrations/001_total.rollback.sql:1:1"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("the database is as it was"),
        "{}",
        ran.stderr
    );
    let total = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass \
                 AND attname = 'total'";
    assert_eq!(ask(&fresh.address, total).await, "0");
}

#[tokio::test]
async fn json_is_one_document_also_when_errors_are_found() {
    let fresh = Fresh::new(&[
        ("migrations/001_a.sql", "CREATE TABLE a (id int)"),
        ("migrations/001_a.rollback.sql", "SELECT 1"),
    ])
    .await;
    let ran = fresh
        .db(&["migrate", "--rehearse", "--format", "json"])
        .exits(9);
    let report = ran.json();
    assert_eq!(report["way"], "clone");
    let finding = &report["files"][0]["findings"][0];
    assert_eq!(finding["kind"], "not-reversible");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["place"], "migrations/001_a.rollback.sql:1:1");
    assert_eq!(
        report["files"][0]["differences"][0],
        "table `public.a` is left behind"
    );
}

#[tokio::test]
async fn what_is_fine_or_only_worth_a_remark_exits_with_0() {
    let fresh = Fresh::new(&[("migrations/001_a.sql", "CREATE TABLE a (id int)")]).await;
    let ran = fresh.db(&["migrate", "--rehearse"]).ok();
    assert!(
        ran.stderr.contains("`001_a` has no rollback file"),
        "{}",
        ran.stderr
    );
    let nothing = Fresh::new(&[("migrations/readme.txt", "")]).await;
    let ran = nothing.db(&["migrate", "--rehearse"]).ok();
    assert!(ran.stdout.contains("nothing is pending"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_database_over_the_limit_is_rehearsed_without_its_data() {
    let fresh = Fresh::new(&[("migrations/001_a.sql", "DELETE FROM orders")]).await;
    execute(&fresh.address, ORDERS).await;
    let limited = [
        "migrate",
        "--rehearse",
        "--clone-limit",
        "1m",
        "--format",
        "json",
    ];
    let report = fresh.db(&limited).ok().json();
    assert_eq!(report["way"], "schema");
    assert!(
        report["reason"].as_str().unwrap().contains("1.0 MiB"),
        "{report}"
    );
}

#[tokio::test]
async fn where_a_rehearsal_is_required_its_errors_stop_the_migration_and_remarks_do_not() {
    let address = cluster().database().await;
    let config = format!(
        "project: {{ name: shop }}\nenvironments:\n  prod:\n    migrations: {{ rehearse: required \
         }}\n    postgres: {{ host: 127.0.0.1, port: {}, database: {}, user: {}, password: \"{}\" }}\n",
        address.port,
        address.database,
        address.user,
        address.password.expose()
    );
    let folder = Folder::new(&[
        (".poststack.yml", &config),
        ("migrations/001_a.sql", "CREATE TABLE a (id int)"),
        ("migrations/001_a.rollback.sql", "SELECT 1"),
        ("migrations/002_b.sql", "CREATE TABLE b (id int)"),
    ]);
    let refused = folder.run(&["db", "migrate"]).exits(9);
    assert!(
        refused.stderr.contains("The rehearsal found"),
        "{}",
        refused.stderr
    );
    assert_eq!(ask(&address, "SELECT to_regclass('a')").await, "");
    folder.write("migrations/001_a.rollback.sql", "DROP TABLE a");
    let applied = folder.run(&["db", "migrate"]).ok();
    assert!(
        applied.stderr.contains("`002_b` has no rollback file"),
        "{}",
        applied.stderr
    );
    assert_eq!(ask(&address, "SELECT to_regclass('b')").await, "b");
    // Nothing pending: nothing to rehearse.
    let again = folder.run(&["db", "migrate"]).ok();
    assert!(!again.stderr.contains("rehears"), "{}", again.stderr);
}
