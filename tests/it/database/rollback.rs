//! `db rollback` and `db redo`, and the confirmation that destructive commands want.

use std::io::{Read, Write};
use std::process::Stdio;

use super::support::{Fresh, THREE};
use crate::cluster::ask;
use crate::project::Ran;

const LEDGER: &str = "SELECT coalesce(string_agg(version || '_' || name, ' ' ORDER BY version::int), '') \
                      FROM poststack.schema_migrations";

async fn applied() -> Fresh {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate"]).ok();
    let sql = "INSERT INTO users VALUES (1), (2), (3); INSERT INTO orders VALUES (1, 1, 5)";
    fresh.db(&["query", sql]).ok();
    fresh
}

#[tokio::test]
async fn the_newest_migration_is_taken_back_when_nothing_else_is_said() {
    let fresh = applied().await;
    let ran = fresh.db(&["rollback", "--yes", "--format", "json"]).ok();
    assert_eq!(
        ran.result()["rolled_back"],
        serde_json::json!(["003_total"])
    );
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
    fresh.db(&["rollback", "--steps", "2", "--yes"]).ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "");
    let ran = fresh.db(&["rollback"]).ok();
    assert!(
        ran.stderr.ends_with(": nothing is applied\n"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_target_stays_applied_and_zero_takes_back_everything() {
    let fresh = applied().await;
    fresh
        .db(&["rollback", "--target-version", "1", "--yes"])
        .ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users");
    fresh
        .db(&["rollback", "--target-version", "0", "--yes"])
        .ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "");
    fresh.db(&["migrate"]).ok();
    let unknown = fresh
        .db(&["rollback", "--target-version", "9", "--yes"])
        .exits(9);
    assert!(
        unknown.stderr.contains("Version `9` is not applied"),
        "{}",
        unknown.stderr
    );
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_lost_and_how_much() {
    let fresh = applied().await;
    let ran = fresh
        .db(&["rollback", "--target-version", "0", "--dry-run"])
        .ok();
    insta::assert_snapshot!(ran.stdout, @r"
    roll back 003_total by migrations/003_total.rollback.sql
    roll back 002_orders by migrations/002_orders.rollback.sql
    roll back 001_users by migrations/001_users.rollback.sql
    lose column orders.total (1 row)
    lose table orders (1 row)
    lose table users (3 rows)
    ");
    let json = fresh
        .db(&["rollback", "--dry-run", "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        json["rollback"]["lost"][0],
        serde_json::json!({"kind": "column", "name": "orders.total", "rows": 1})
    );
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
}

#[tokio::test]
async fn rows_are_counted_in_tables_of_any_name() {
    let fresh = Fresh::new(&[
        (
            "migrations/1_a.sql",
            "CREATE SCHEMA \"My Shop\"; CREATE TABLE \"My Shop\".\"Or.ders\" (\"Id\" int, b int); \
             INSERT INTO \"My Shop\".\"Or.ders\" VALUES (1), (2); CREATE TABLE \"Users\" (); \
             INSERT INTO \"Users\" DEFAULT VALUES",
        ),
        (
            "migrations/1_a.rollback.sql",
            "ALTER TABLE ONLY \"My Shop\".\"Or.ders\" DROP \"Id\"; \
             DROP TABLE \"My Shop\".\"Or.ders\", public.\"Users\"; DROP SCHEMA \"My Shop\"",
        ),
    ])
    .await;
    fresh.db(&["migrate"]).ok();
    let ran = fresh.db(&["rollback", "--dry-run"]).ok();
    insta::assert_snapshot!(ran.stdout, @r"
    roll back 1_a by migrations/1_a.rollback.sql
    lose column My Shop.Or.ders.Id (2 rows)
    lose table My Shop.Or.ders (2 rows)
    lose table Users (1 row)
    lose schema My Shop
    ");
}

#[tokio::test]
async fn one_missing_file_of_a_chain_changes_nothing() {
    let fresh = applied().await;
    std::fs::remove_file(
        fresh
            .folder
            .path()
            .join("migrations/002_orders.rollback.sql"),
    )
    .unwrap();
    let ran = fresh
        .db(&["rollback", "--target-version", "0", "--yes"])
        .exits(9);
    assert!(
        ran.stderr
            .contains("Migration `002_orders` has no rollback file"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("poststack db create-rollback 002"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
    let ways = fresh
        .db(&["validate-rollbacks", "--format", "json"])
        .exits(9)
        .json();
    let states: Vec<_> = ways["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| way["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        (states, &ways["valid"]),
        (vec!["ready", "missing", "ready"], &false.into())
    );
}

#[tokio::test]
async fn a_failing_rollback_keeps_what_was_taken_back_before_it() {
    let fresh = applied().await;
    fresh
        .db(&["rollback", "--target-version", "0", "--yes"])
        .ok();
    fresh
        .folder
        .write("migrations/002_orders.rollback.sql", "DROP TABLE order_s;");
    fresh.db(&["migrate"]).ok();
    let ran = fresh
        .db(&["rollback", "--target-version", "0", "--yes"])
        .exits(9);
    assert!(
        ran.stderr
            .contains("migrations/002_orders.rollback.sql:1:1"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("Failed to roll back migration `002_orders`"),
        "{}",
        ran.stderr
    );
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
}

#[tokio::test]
async fn a_redo_takes_back_and_applies_again() {
    let fresh = applied().await;
    fresh.db(&["redo"]).exits(8);
    let result = fresh
        .db(&["redo", "--steps", "2", "--yes", "--format", "json"])
        .ok()
        .result();
    assert_eq!(
        result["rolled_back"],
        serde_json::json!(["003_total", "002_orders"])
    );
    assert_eq!(
        result["applied"],
        serde_json::json!(["002_orders", "003_total"])
    );
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
    assert_eq!(
        ask(&fresh.address, "SELECT count(*) FROM orders").await,
        "0"
    );
}

/// What stands in the way of going up again is told before anything is taken back.
async fn redo_is_refused(fresh: &Fresh, why: &str) {
    let ran = fresh.db(&["redo", "--yes"]).exits(9);
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
    let kept = "SELECT string_agg(total::text, ' ') FROM orders";
    assert_eq!(ask(&fresh.address, kept).await, "5");
}

#[tokio::test]
async fn a_redo_that_could_not_go_up_again_takes_nothing_back() {
    let fresh = applied().await;
    let users = "CREATE TABLE users (id int PRIMARY KEY)";
    let total = "-- poststack: requires 2\nALTER TABLE orders ADD COLUMN total int";
    let write =
        |name: &str, text: &str| fresh.folder.write(&format!("migrations/{name}.sql"), text);
    write("001_users", "CREATE TABLE users (id bigint PRIMARY KEY)");
    redo_is_refused(&fresh, "`001_users` was changed").await;
    write("001_users", users);
    write(
        "003_total",
        "-- poststack: requires 7\nALTER TABLE orders ADD COLUMN total int",
    );
    redo_is_refused(&fresh, "requires `7`").await;
    write("003_total", "ALTER TABLE orders ADD COLUMN 'total int");
    redo_is_refused(&fresh, "003_total.sql").await;
    write(
        "003_total",
        "-- poststack: substitute\nSELECT '${NOT_THERE}'",
    );
    redo_is_refused(&fresh, "NOT_THERE").await;
    write("003_total", total);
    fresh.db(&["redo", "--yes"]).ok();
}

#[tokio::test]
async fn a_redo_passes_the_gates_of_a_migration_before_it_takes_anything_back() {
    let fresh = applied().await;
    let address = &fresh.address;
    let text = |rules: &str| {
        format!(
            "environments:\n  live:\n    {rules}\n    postgres: {{ host: 127.0.0.1, port: {}, \
             database: {}, user: {}, password: x }}\n",
            address.port, address.database, address.user
        )
    };
    fresh
        .folder
        .write(".poststack.yml", &text("protected: true"));
    let dangerous = "ALTER TABLE orders ADD COLUMN total int;\nDROP TABLE users CASCADE;";
    fresh.folder.write("migrations/003_total.sql", dangerous);
    redo_is_refused(&fresh, "Lint refuses").await;
    let rules = "migrations: { rehearse: required }";
    fresh.folder.write(".poststack.yml", &text(rules));
    let failing = "ALTER TABLE orders ADD COLUMN total int;\nSELECT 1 / 0;";
    fresh.folder.write("migrations/003_total.sql", failing);
    redo_is_refused(&fresh, "The rehearsal found 1 error").await;
    let good = "ALTER TABLE orders ADD COLUMN total bigint";
    fresh.folder.write("migrations/003_total.sql", good);
    fresh.db(&["redo", "--yes"]).ok();
    let type_now = "SELECT pg_typeof(total) FROM orders";
    assert_eq!(ask(&fresh.address, type_now).await, "bigint");
}

#[tokio::test]
async fn a_redo_that_fails_on_its_way_up_says_what_is_gone() {
    let fresh = applied().await;
    let failing = "ALTER TABLE orders ADD COLUMN total int;\nSELECT 1 / 0;";
    fresh.folder.write("migrations/003_total.sql", failing);
    let ran = fresh.db(&["redo", "--yes"]).exits(9);
    assert!(
        ran.stderr
            .contains("Taken back before it:\n  │ 003_total\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("then: poststack db migrate"));
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
}

#[tokio::test]
async fn a_redo_shows_what_it_takes_back_and_what_it_applies() {
    let fresh = applied().await;
    let ran = fresh.db(&["redo"]).exits(8);
    let shown: Vec<&str> = ran.stderr.lines().skip(1).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    It would:
      │ roll back 003_total by migrations/003_total.rollback.sql
      │ apply migrations/003_total.sql
      │ lose column orders.total (1 row)
    hint: type it again with --yes
    ");
}

#[tokio::test]
async fn what_came_after_the_question_is_not_taken_back() {
    let fresh = applied().await;
    // The run that asks has read the folder with it.
    let (later, back) = (
        "migrations/004_later.sql",
        "migrations/004_later.rollback.sql",
    );
    fresh.folder.write(later, "CREATE TABLE later (id int)");
    fresh.folder.write(back, "DROP TABLE later");
    let ran = on_terminal_meanwhile(&fresh, "rollback", "yes\n", || fresh.db(&["migrate"]).ok());
    let ran = ran.exits(9);
    assert!(
        ran.stdout.contains("changed since this was shown"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total 004_later"
    );
}

#[tokio::test]
async fn without_a_terminal_a_confirmation_is_needed_and_nothing_is_done() {
    let fresh = applied().await;
    let ran = fresh.db(&["rollback"]).exits(8);
    let name = fresh.address.to_string();
    assert_eq!(
        ran.stderr,
        format!(
            "error: To roll back 1 migration in {name}, a confirmation is needed\nIt would:\n  \
             │ roll back 003_total by migrations/003_total.rollback.sql\n  \
             │ lose column orders.total (1 row)\nhint: type it again with --yes\n"
        )
    );
    let failed = fresh
        .db(&["rollback", "--format", "json"])
        .exits(8)
        .result();
    assert_eq!(failed["exit_code"], 8);
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
}

/// Runs the program on a terminal of its own and types `answer`.
fn on_terminal(fresh: &Fresh, url: &str, arguments: &str, answer: &str) -> Ran {
    on_terminal_with(fresh, (url, arguments), answer, || ())
}

/// As [`on_terminal`]; does something else while the question stands.
fn on_terminal_meanwhile<T>(
    fresh: &Fresh,
    arguments: &str,
    answer: &str,
    meanwhile: impl FnOnce() -> T,
) -> Ran {
    on_terminal_with(fresh, (&fresh.url(), arguments), answer, meanwhile)
}

fn on_terminal_with<T>(
    fresh: &Fresh,
    (url, arguments): (&str, &str),
    answer: &str,
    meanwhile: impl FnOnce() -> T,
) -> Ran {
    let program = env!("CARGO_BIN_EXE_poststack");
    let command = format!("{program} db {arguments}");
    let mut child = std::process::Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "/dev/null",
        ])
        .current_dir(fresh.folder.path())
        .env("POSTSTACK_DATABASE_URL", url)
        .env_remove("POSTSTACK_ENV")
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    let mut piece = [0; 1024];
    // Nobody answers before the question.
    while !String::from_utf8_lossy(&shown).contains(", type ") {
        let read = screen.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&piece[..read]);
    }
    meanwhile();
    typed.write_all(answer.as_bytes()).unwrap();
    screen.read_to_end(&mut shown).unwrap();
    drop(typed);
    let status = child.wait().unwrap();
    Ran {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(shown).unwrap(),
        stderr: String::new(),
    }
}

#[tokio::test]
async fn on_a_terminal_the_loss_is_shown_and_yes_is_asked_for() {
    let fresh = applied().await;
    let ran = on_terminal(&fresh, &fresh.url(), "rollback", "y\n").exits(8);
    assert!(
        ran.stdout.contains("lose column orders.total (1 row)"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(", type yes: "), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("Not confirmed; nothing was done"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
    on_terminal(&fresh, &fresh.url(), "rollback", "yes\n").ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
}

#[tokio::test]
async fn an_interrupt_at_the_question_ends_the_command() {
    let fresh = applied().await;
    let ran = on_terminal(&fresh, &fresh.url(), "rollback", "\u{3}").exits(130);
    assert!(ran.stdout.contains("interrupted"), "{}", ran.stdout);
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
}

#[tokio::test]
async fn a_protected_environment_wants_its_name() {
    let fresh = applied().await;
    let address = &fresh.address;
    let text = format!(
        "environments:\n  live:\n    protected: true\n    postgres: {{ host: LOCALHOST, port: {}, \
         database: {}, user: x, password: x }}\n",
        address.port, address.database
    );
    fresh.folder.write(".poststack.yml", &text);
    let url = fresh.url().replace("127.0.0.1", "localhost");
    let ran = on_terminal(&fresh, &url, "rollback", "yes\n").exits(8);
    assert!(ran.stdout.contains(", type live: "), "{}", ran.stdout);
    on_terminal(&fresh, &url, "rollback", "live\n").ok();
    assert_eq!(ask(&fresh.address, LEDGER).await, "001_users 002_orders");
}

#[tokio::test]
async fn a_yes_reaches_a_protected_environment_only_beside_its_name() {
    let fresh = applied().await;
    let address = &fresh.address;
    let text = format!(
        "environments:\n  live:\n    protected: true\n    postgres: {{ host: 127.0.0.1, port: {}, \
         database: {}, user: {}, password: \"{}\" }}\n",
        address.port,
        address.database,
        address.user,
        address.password.expose()
    );
    fresh.folder.write(".poststack.yml", &text);
    let url = fresh.url();
    let commands = [
        vec!["db", "rollback", "--yes"],
        vec!["db", "redo", "--yes"],
        vec!["db", "reset", "--yes"],
        vec!["db", "repair", "mark-reverted", "3", "--yes"],
    ];
    for command in &commands {
        let ran = fresh.folder.run(command).exits(8);
        assert!(ran.stderr.contains("--env live"), "{}", ran.stderr);
        let ran = fresh.folder.run_with(("POSTSTACK_ENV", "live"), command);
        assert!(ran.exits(8).stderr.contains("--env live"));
        let ran = fresh
            .folder
            .run_with(("POSTSTACK_DATABASE_URL", &url), command);
        let ran = ran.exits(8);
        assert!(ran.stderr.contains("--database-url"), "{}", ran.stderr);
    }
    assert_eq!(
        ask(&fresh.address, LEDGER).await,
        "001_users 002_orders 003_total"
    );
    for ran in [
        fresh
            .folder
            .run(&["db", "rollback", "--yes", "--env", "live"]),
        fresh.folder.run(&["db", "rollback", "--yes", "live"]),
        fresh.db(&["rollback", "--yes"]),
    ] {
        ran.ok();
    }
    assert_eq!(ask(&fresh.address, LEDGER).await, "");
}

#[tokio::test]
async fn a_rollback_to_the_newest_says_which_it_is() {
    let fresh = Fresh::new(&[
        ("migrations/1_a.sql", "CREATE TABLE a (id int)"),
        ("migrations/2_b.sql", "CREATE TABLE b (id int)"),
    ])
    .await;
    fresh.db(&["migrate"]).ok();
    for more in [&["--yes"][..], &["--dry-run"]] {
        let arguments = [&["rollback", "--target-version", "2"], more].concat();
        let ran = fresh.db(&arguments).ok();
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            told.contains("2_b is the newest; nothing to take back"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn no_files_at_all_are_a_mistake_of_usage() {
    let fresh = Fresh::new(&[("migrations/1_a.sql", "CREATE TABLE a (id int)")]).await;
    for verb in ["migrate", "rollback", "redo"] {
        let ran = fresh.db(&[verb, "--steps", "0"]).exits(2);
        assert!(
            ran.stderr.contains("nothing to do for 0 files"),
            "{}",
            ran.stderr
        );
    }
}
