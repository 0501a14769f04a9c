//! A run that Ctrl-C or a termination ends says how far it came.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::support::{Fresh, ask, migrate};
use crate::project::Ran;

const SLEEPS: &str = "-- poststack: lock-timeout 5s\nSELECT pg_sleep(60), 'by the test'";
const LEDGER: &str =
    "SELECT string_agg(version, ' ' ORDER BY version) FROM poststack.schema_migrations";

/// Ends `db …` by `signal` as soon as its file that sleeps does.
async fn signalled(fresh: &Fresh, signal: &str, arguments: &[&str]) -> Ran {
    let url = fresh.url();
    let mut all = vec!["db", "--database-url", &url];
    all.extend(arguments);
    let mut command = fresh.folder.command(&all);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    sleeps(fresh, true).await;
    let ran = end(child, signal);
    // The server looks now and then whether its client is there.
    sleeps(fresh, false).await;
    ran
}

async fn sleeps(fresh: &Fresh, wanted: bool) {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND query LIKE '%by the test%' AND wait_event = 'PgSleep'";
    for _ in 0..400 {
        if (ask(&fresh.address, count).await == "1") == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the statement sleeps: not {wanted}");
}

fn end(child: Child, signal: &str) -> Ran {
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-s", signal, &process]).status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn an_interrupted_run_says_what_was_applied_and_what_not() {
    let fresh = Fresh::new(&[
        ("migrations/001_a.sql", "CREATE TABLE a ()"),
        ("migrations/002_b.sql", SLEEPS),
        ("migrations/003_c.sql", "CREATE TABLE c ()"),
    ])
    .await;
    let ran = signalled(&fresh, "INT", &["migrate"]).await.exits(130);
    let told = ran.stderr.split_once("error: ").unwrap().1;
    insta::assert_snapshot!(told, @r"
    Interrupted
    Done before it:
      │ 001_a applied
    In hand, and taken back unless it was done just then:
      │ 002_b
    Not run:
      │ 003_c
    hint: see what is applied: poststack db status
    ");
    assert_eq!(ask(&fresh.address, LEDGER).await, "001");
}

#[tokio::test]
async fn a_terminated_rollback_says_so_in_its_last_line_of_json() {
    let fresh = Fresh::new(&[
        ("migrations/001_a.sql", "CREATE TABLE a ()"),
        ("migrations/001_a.rollback.sql", SLEEPS),
        ("migrations/002_b.sql", "CREATE TABLE b ()"),
        ("migrations/002_b.rollback.sql", "DROP TABLE b"),
    ])
    .await;
    migrate(&fresh).await.unwrap();
    let arguments = ["rollback", "--steps", "2", "--yes", "--format", "json"];
    let last = signalled(&fresh, "TERM", &arguments).await.exits(143);
    let last = last.result();
    assert_eq!(
        (&last["v"], &last["type"], &last["exit_code"]),
        (&1.into(), &"error".into(), &143.into())
    );
    let lines: Vec<_> = { last["excerpts"].as_array().unwrap().iter() }
        .map(|one| one["lines"][0].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["002_b rolled back", "001_a"]);
    assert_eq!(ask(&fresh.address, LEDGER).await, "001");
}
