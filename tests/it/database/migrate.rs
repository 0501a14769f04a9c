//! `db migrate`, and what stops it.

use std::process::Stdio;

use super::support::{Folder, Fresh, THREE};
use crate::cluster::{ask, cluster};

const LEDGER: &str = "SELECT coalesce(string_agg(version || '_' || name, ' ' ORDER BY version::int), '') \
                      FROM poststack.schema_migrations";

#[tokio::test]
async fn files_are_applied_by_number_and_each_is_told() {
    let fresh = Fresh::new(&[
        ("migrations/10_c.sql", "INSERT INTO t VALUES ('ten')"),
        ("migrations/2_b.sql", "INSERT INTO t VALUES ('two')"),
        ("migrations/1_a.sql", "CREATE TABLE t (a text)"),
    ])
    .await;
    let ran = fresh.db(&["migrate"]).ok();
    assert_eq!(ran.stdout, "");
    let told: Vec<&str> = ran
        .stderr
        .lines()
        .map(|line| line.split(" applied").next().unwrap().trim())
        .collect();
    assert_eq!(told[..3], ["✔ 1_a", "✔ 2_b", "✔ 10_c"], "{}", ran.stderr);
    assert!(told[3].ends_with(": 3 migrations"), "{}", ran.stderr);
    assert_eq!(ask(&fresh.address, LEDGER).await, "1_a 2_b 10_c");
    let again = fresh.db(&["migrate"]).ok();
    assert!(
        again.stderr.ends_with(": nothing is pending\n"),
        "{}",
        again.stderr
    );
}

#[tokio::test]
async fn json_is_one_object_per_line_and_ends_with_the_result() {
    let fresh = Fresh::new(THREE).await;
    let ran = fresh.db(&["migrate", "--format", "json"]).ok();
    let lines: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    let (began, ended) = ("migration-began", "migration-ended");
    assert_eq!(types, [began, ended, began, ended, began, ended, "result"]);
    assert!(lines.iter().all(|line| line["v"] == 1), "{}", ran.stdout);
    assert_eq!(
        ran.result()["applied"],
        serde_json::json!(["001_users", "002_orders", "003_total"])
    );
    assert_eq!(ran.stderr, "");
}

#[tokio::test]
async fn a_dry_run_shows_what_is_pending_and_touches_nothing() {
    let fresh = Fresh::new(THREE).await;
    let ran = fresh.db(&["migrate", "--dry-run"]).ok();
    insta::assert_snapshot!(ran.stdout, @r"
    PENDING                    STATEMENTS  TRANSACTION
    migrations/001_users.sql   1           one
    migrations/002_orders.sql  2           one
    migrations/003_total.sql   1           one
    ");
    assert_eq!(
        ask(&fresh.address, "to_regnamespace('poststack')").await,
        ""
    );
    let json = fresh
        .db(&["migrate", "--dry-run", "--steps", "1", "--format", "json"])
        .ok()
        .json();
    assert_eq!(json["pending"].as_array().unwrap().len(), 1);
    assert_eq!(json["pending"][0]["sql"], THREE[0].1);
}

#[tokio::test]
async fn a_target_and_a_number_of_steps_stop_a_run_early() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate", "--steps", "1"]).ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users");
    fresh.db(&["migrate", "--target-version", "2"]).ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
    let unknown = fresh.db(&["migrate", "--target-version", "7"]).exits(9);
    assert!(unknown.stderr.contains("`7`"), "{}", unknown.stderr);
    fresh.db(&["migrate", "--target-version", "x"]).exits(2);
    fresh
        .db(&["migrate", "--target-version", "3", "--steps", "1"])
        .exits(2);
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
}

#[tokio::test]
async fn a_failing_migration_stops_the_run_and_says_what_became_of_each() {
    let fresh = Fresh::new(THREE).await;
    fresh.folder.write(
        "migrations/002_orders.sql",
        "CREATE TABLE orders (id int);\n\nSELECT nothing FROM orders;\n",
    );
    let ran = fresh.db(&["migrate"]).exits(9);
    insta::assert_snapshot!(without_first_line(&ran.stderr), @r#"
    error: Column "nothing" does not exist (SQLSTATE 42703)
     --> migrations/002_orders.sql:3:8
      |
    3 | SELECT nothing FROM orders;
      |        ^^^^^^^ this statement failed
    error: Failed to apply migration `002_orders`; nothing of it is kept
    Done before it:
      │ 001_users
    Not run:
      │ 003_total
    "#);
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users");
    assert_eq!(ask(&fresh.address, "to_regclass('orders')").await, "");
    let failed = fresh.db(&["migrate", "--format", "json"]).exits(9).result();
    assert_eq!(
        (&failed["type"], &failed["exit_code"]),
        (&"error".into(), &9.into())
    );
    assert_eq!(failed["diagnostics"][0]["line"], 3);
}

/// The time of the first migration differs.
fn without_first_line(text: &str) -> &str {
    text.split_once('\n').unwrap().1
}

#[tokio::test]
async fn every_fault_between_files_and_ledger_is_told_at_once() {
    let fresh = Fresh::new(THREE).await;
    fresh.folder.write("migrations/005_late.sql", "SELECT 1");
    fresh.db(&["migrate"]).ok();
    fresh
        .folder
        .write("migrations/001_users.sql", "CREATE TABLE users (id bigint)");
    std::fs::remove_file(fresh.folder.path().join("migrations/002_orders.sql")).unwrap();
    std::fs::remove_file(
        fresh
            .folder
            .path()
            .join("migrations/002_orders.rollback.sql"),
    )
    .unwrap();
    fresh.folder.write("migrations/004_between.sql", "SELECT 1");
    for arguments in [["migrate"], ["verify"]] {
        let ran = fresh.db(&arguments).exits(9);
        for told in [
            "`001_users` was changed after it was applied",
            "`002_orders` was applied at",
            "`004_between` comes before `005_late`",
            "3 faults in the migrations",
        ] {
            assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
        }
    }
    fresh.db(&["migrate", "--allow-out-of-order"]).exits(9);
    let json = fresh.db(&["verify", "--format", "json"]).exits(9).json();
    assert_eq!(
        (
            &json["valid"],
            json["diagnostics"].as_array().unwrap().len()
        ),
        (&false.into(), 3)
    );
}

#[tokio::test]
async fn line_ends_alone_are_no_change() {
    let fresh = Fresh::new(&[(
        "migrations/1_a.sql",
        "CREATE TABLE a ();\nCREATE TABLE b ();\n",
    )])
    .await;
    fresh.db(&["migrate"]).ok();
    fresh.folder.write(
        "migrations/1_a.sql",
        "CREATE TABLE a ();\r\nCREATE TABLE b ();\r\n",
    );
    let ran = fresh.db(&["verify"]).ok();
    assert!(
        ran.stdout
            .ends_with(": 1 applied, 0 pending; files and ledger fit\n"),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn a_missing_folder_says_how_to_make_it() {
    let fresh = Fresh::new(&[]).await;
    let ran = fresh.db(&["migrate"]).exits(3);
    insta::assert_snapshot!(ran.stderr, @r"
    error: There is no folder `migrations` with migrations
    hint: make it with its first migration: poststack db new NAME
    hint: or name another one: --migrations DIR, or `migrations_path` of the environment
    ");
}

#[tokio::test]
async fn the_folder_is_that_of_the_option_then_of_the_environment() {
    let fresh = Fresh::new(&[
        (
            ".poststack.yml",
            "environments: { dev: { migrations_path: sql } }\n",
        ),
        ("sql/1_configured.sql", "SELECT 1"),
        ("other/1_named.sql", "SELECT 1"),
    ])
    .await;
    let pending = |arguments: &[&str]| {
        let json = fresh
            .db(&[&["migrate", "--dry-run", "--format", "json"], arguments].concat())
            .ok()
            .json();
        json["pending"][0]["file"].as_str().unwrap().to_owned()
    };
    assert_eq!(pending(&[]), "sql/1_configured.sql");
    assert_eq!(pending(&["--migrations", "other"]), "other/1_named.sql");
}

#[tokio::test]
async fn eight_runs_at_once_apply_each_file_once() {
    let fresh = Fresh::new(&[]).await;
    for number in 1..=10 {
        let name = format!("migrations/{number}_m.sql");
        fresh.folder.write(
            &name,
            &format!("CREATE TABLE t{number} (); SELECT pg_sleep(0.01)"),
        );
    }
    let url = fresh.url();
    let mut command = |_| {
        let arguments = ["db", "migrate", "--format", "json", "--database-url", &url];
        let mut command = fresh.folder.command(&arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..8).map(&mut command).collect();
    let mut applied = 0;
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        applied += last["applied"].as_array().unwrap().len();
    }
    assert_eq!(applied, 10);
    assert_eq!(
        ask(
            &fresh.address,
            "SELECT count(*) FROM poststack.schema_migrations"
        )
        .await,
        "10"
    );
}

#[tokio::test]
async fn a_run_that_waits_in_vain_names_who_is_at_work_and_unlock_ends_that() {
    let fresh = Fresh::new(THREE).await;
    let holder = cluster().login(&fresh.address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
    holder.client().batch_execute(lock).await.unwrap();
    let ran = fresh.db(&["migrate", "--lock-wait", "100ms"]).exits(7);
    assert!(
        ran.stderr
            .contains("waiting for another run: `poststack` of user `super`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("hint: end that session with `poststack db unlock`"),
        "{}",
        ran.stderr
    );
    let status = fresh.db(&["status", "--format", "json"]).ok().json();
    assert!(
        status["locked_by"]
            .as_str()
            .unwrap()
            .starts_with("`poststack` of user `super`")
    );
    let ran = fresh.db(&["unlock"]).exits(8);
    assert!(
        ran.stderr.contains("end `poststack` of user `super`"),
        "{}",
        ran.stderr
    );
    let ran = fresh.db(&["unlock", "--yes"]).ok();
    assert!(
        ran.stdout.contains(": ended `poststack` of user `super`"),
        "{}",
        ran.stdout
    );
    fresh.db(&["migrate"]).ok();
    let ran = fresh.db(&["unlock"]).ok();
    assert!(
        ran.stdout.ends_with(": nobody holds the migration lock\n"),
        "{}",
        ran.stdout
    );
}

#[tokio::test]
async fn variables_are_expanded_only_where_a_file_asks_for_it() {
    let fresh = Fresh::new(&[
        (
            ".poststack.yml",
            "environments: { dev: { variables: { WORD: seven } } }\n",
        ),
        (
            "migrations/1_plain.sql",
            "CREATE TABLE t AS SELECT '${WORD}'::text AS word",
        ),
        (
            "migrations/2_asked.sql",
            "-- poststack: substitute\nINSERT INTO t VALUES ('${WORD}')",
        ),
    ])
    .await;
    fresh.db(&["migrate"]).ok();
    let words = "SELECT string_agg(word, ' ' ORDER BY word) FROM t";
    assert_eq!(ask(&fresh.address, words).await, "${WORD} seven");
    fresh.folder.write(
        "migrations/3_bad.sql",
        "-- poststack: substitute\nSELECT '${MISSING}'",
    );
    let ran = fresh.db(&["migrate"]).exits(9);
    assert!(
        ran.stderr.contains("Undefined variable `MISSING`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("migrations/3_bad.sql:2:"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_lock_that_is_not_to_be_had_ends_in_a_failure_that_names_who_has_it() {
    let fresh = Fresh::new(&[
        (
            ".poststack.yml",
            "environments: { dev: { migrations: { lock_timeout: 20ms } } }\n",
        ),
        ("migrations/1_a.sql", "ALTER TABLE busy ADD COLUMN b int"),
    ])
    .await;
    let other = cluster().login(&fresh.address).await;
    for sql in ["CREATE TABLE busy (a int)", "BEGIN", "SELECT FROM busy"] {
        other.client().batch_execute(sql).await.unwrap();
    }
    let ran = fresh.db(&["migrate", "--format", "json"]).exits(9);
    assert!(
        ran.stdout.contains(r#""type":"migration-retrying""#),
        "{}",
        ran.stdout
    );
    let failed = ran.result();
    let message = failed["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("SQLSTATE 55P03"), "{message}");
    let help = failed["diagnostics"][0]["help"].as_str().unwrap();
    assert!(
        help.contains("in the way: `poststack` of user `super`"),
        "{help}"
    );
}

/// A project whose one protected environment is the external database of `fresh`.
fn protect(fresh: &Fresh) {
    let address = &fresh.address;
    let text = format!(
        "environments:\n  live:\n    protected: true\n    postgres: {{ host: \"127.1\", port: {}, \
         database: {}, user: {}, password: \"{}\" }}\n",
        address.port,
        address.database,
        address.user,
        address.password.expose()
    );
    fresh.folder.write(".poststack.yml", &text);
}

#[tokio::test]
async fn a_protected_environment_wants_a_confirmation_and_refuses_what_lint_calls_an_error() {
    let fresh = Fresh::new(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id int)"),
        ("migrations/1_a.rollback.sql", "DROP TABLE a"),
    ])
    .await;
    fresh.db(&["migrate"]).ok();
    protect(&fresh);
    fresh
        .folder
        .write("migrations/2_b.sql", "CREATE INDEX a_id ON a (id)");
    fresh
        .folder
        .write("migrations/2_b.rollback.sql", "DROP INDEX a_id");
    for arguments in [vec!["db", "migrate", "live"], vec!["db", "migrate"]] {
        let ran = fresh.folder.run(&arguments).exits(8);
        assert!(
            ran.stderr
                .contains("To apply 1 migration in live, a confirmation is needed"),
            "{}",
            ran.stderr
        );
    }
    let ran = fresh
        .folder
        .run(&["db", "migrate", "live", "--yes"])
        .exits(9);
    assert!(
        ran.stderr
            .contains("Lint refuses what is pending; nothing was run"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("migrations/2_b.sql:1:"),
        "{}",
        ran.stderr
    );
    fresh.folder.write(
        "migrations/2_b.sql",
        "CREATE INDEX CONCURRENTLY a_id ON a (id)",
    );
    fresh.folder.write(
        "migrations/2_b.rollback.sql",
        "DROP INDEX CONCURRENTLY a_id",
    );
    fresh.folder.run(&["db", "migrate", "live", "--yes"]).ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "1_a 2_b");
    fresh.folder.run(&["db", "migrate", "live"]).ok();
}

#[test]
fn a_folder_without_a_project_needs_a_url() {
    let folder = Folder::new(THREE);
    folder.run(&["db", "migrate"]).exits(3);
    folder.run(&["db", "migration-status"]).exits(3);
}

#[tokio::test]
async fn verify_counts_a_file_that_stopped_half_way() {
    let sql = "-- poststack: no-transaction\nCREATE TABLE k (); SELECT missing";
    let fresh = Fresh::new(&[("migrations/1_a.sql", sql)]).await;
    fresh.db(&["migrate"]).exits(9);
    let json = fresh.db(&["verify", "--format", "json"]).exits(9).json();
    assert_eq!(
        (json["dirty"].as_u64(), json["valid"].as_bool()),
        (Some(1), Some(false))
    );
    let ran = fresh.db(&["verify"]).exits(9);
    assert!(
        ran.stderr.contains("stopped after 1 of 2 statements"),
        "{}",
        ran.stderr
    );
}
