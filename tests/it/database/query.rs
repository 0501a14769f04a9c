//! `db query`: what is shown, while it comes.

use std::io::Read;
use std::process::{Child, Stdio};

use super::support::Fresh;
use crate::cluster::ask;

#[tokio::test]
async fn a_query_gives_rows_on_stdout_and_the_rest_beside_it() {
    let fresh = Fresh::new(&[]).await;
    let ran = fresh
        .db(&[
            "query",
            "SELECT 1 AS one, NULL AS nothing, E'a\\nb' AS text",
        ])
        .ok();
    assert_eq!(ran.stdout, "one  nothing  text\n1    NULL     a\\nb\n");
    assert_eq!(ran.stderr, "1 row\n");
    let ran = fresh
        .db(&[
            "query",
            "DO $$ BEGIN RAISE NOTICE 'hello'; END $$; CREATE TABLE t ()",
        ])
        .ok();
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("", "note: NOTICE: hello\nDO\nCREATE TABLE\n")
    );
    let sql = "SELECT 1 AS a, 2.5::float8 AS a, true AS t, '{\"k\": [1]}'::jsonb AS j, 1.10::numeric AS n";
    let json = fresh.db(&["query", sql, "--format", "json"]).ok().json();
    assert_eq!(
        json["results"][0]["rows"][0],
        serde_json::json!({"a": 1, "a_2": 2.5, "t": true, "j": {"k": [1]}, "n": "1.10"})
    );
    assert_eq!(
        json["results"][0]["columns"],
        serde_json::json!(["a", "a_2", "t", "j", "n"])
    );
}

#[tokio::test]
async fn a_refused_query_is_shown_at_its_place_and_nothing_of_it_is_kept() {
    let fresh = Fresh::new(&[]).await;
    let ran = fresh
        .db(&["query", "CREATE TABLE t ();\nSELECT *\n  FROM missing"])
        .exits(1);
    insta::assert_snapshot!(ran.stderr, @r#"
    error: Relation "missing" does not exist (SQLSTATE 42P01)
     --> query:3:8
      |
    3 |   FROM missing
      |        ^^^^^^^ this statement failed
    error: The server refused the SQL
    "#);
    assert_eq!(ask(&fresh.address, "to_regclass('t')").await, "");
}

const ROWS: &str = "SELECT i, 'x' FROM generate_series(1, 2000000) AS i";

fn started(fresh: &Fresh, arguments: &[&str]) -> Child {
    let url = fresh.url();
    let mut command = fresh.folder.command(&["db", "query"]);
    command.args(arguments).args(["--database-url", &url]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The most memory that a process had at once, in KiB.
fn peak(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_large_answer_is_passed_on_and_not_kept() {
    let fresh = Fresh::new(&[]).await;
    for format in ["human", "json"] {
        let mut child = started(&fresh, &[ROWS, "--format", format]);
        let mut out = child.stdout.take().unwrap();
        let mut text = vec![0; 10_000_000];
        out.read_exact(&mut text).unwrap();
        let peak = peak(&child);
        assert!(peak < 100 * 1024, "{format}: {peak} KiB");
        out.read_to_end(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        let text = String::from_utf8(text).unwrap();
        match format {
            "json" => assert!(text.contains("{\"i\":2000000,\"?column?\":\"x\"}\n      ],")),
            _ => assert!(
                text.starts_with("i     ?column?\n1     x\n") && text.ends_with("\n2000000  x\n")
            ),
        }
    }
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_the_query() {
    let fresh = Fresh::new(&[]).await;
    let mut child = started(&fresh, &["SELECT generate_series(1, 100000000)"]);
    let mut some = [0; 100];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut some).unwrap();
    drop(out);
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn a_query_refused_on_the_way_still_gives_one_document() {
    let fresh = Fresh::new(&[]).await;
    let sql = "SELECT 1 AS one; SELECT 6 / (3 - i) AS q FROM generate_series(1, 5) AS i";
    let ran = fresh.db(&["query", sql, "--format", "json"]).exits(1);
    let json = ran.json();
    assert_eq!(json["results"][0]["rows"], serde_json::json!([{"one": 1}]));
    assert_eq!(json["results"][1]["columns"], serde_json::json!(["q"]));
    assert_eq!(json["error"]["exit_code"], 1);
    let message = json["error"]["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("Division by zero"), "{message}");
    let ran = fresh.db(&["query", sql]).exits(1);
    assert!(ran.stdout.starts_with("one\n1\n"), "{}", ran.stdout);
    // Nothing was answered: the failure alone.
    let ran = fresh.db(&["query", "SELECT nothing", "--format", "json"]);
    assert_eq!(ran.exits(1).json()["type"], "error");
}

#[tokio::test]
async fn what_a_copy_gives_is_passed_on_as_it_is() {
    let fresh = Fresh::new(&[]).await;
    let sql = "COPY (SELECT i, E'a\\tb' FROM generate_series(1, 2) AS i) TO STDOUT; SELECT 1 AS a";
    let ran = fresh.db(&["query", sql]).ok();
    assert_eq!(ran.stdout, "1\ta\\tb\n2\ta\\tb\n\na\n1\n");
    assert_eq!(ran.stderr, "COPY 2\n1 row\n");
    let json = fresh.db(&["query", sql, "--format", "json"]).ok().json();
    assert_eq!(json["results"][0]["copied"], "1\ta\\tb\n2\ta\\tb\n");
    assert_eq!(json["results"][0]["tag"], "COPY 2");
    assert_eq!(json["notices"], serde_json::json!([]));
}
