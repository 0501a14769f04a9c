//! SQL of the user, with everything the server answers.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use poststack::diagnostic::Diagnostic;
use poststack::postgres::{Address, Answer, Query, QueryError, query};
use poststack::text::{SourceFile, Span};

use crate::cluster::{ask, cluster};

/// Runs `sql` and gives one line per answer.
async fn answers(address: &Address, sql: &str) -> (Vec<String>, Result<(), QueryError>) {
    let mut lines = Vec::new();
    let ended = run(address, sql, &[], |answer| {
        lines.push(line(&answer));
        ControlFlow::Continue(())
    });
    let ended = ended.await;
    (lines, ended)
}

async fn run(
    address: &Address,
    sql: &str,
    statements: &[Span],
    on_answer: impl FnMut(Answer<'_>) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    let sql = SourceFile::new("query.sql", sql);
    let asked = Query {
        sql: &sql,
        statements,
        login_timeout: Duration::from_secs(10),
    };
    query(address, asked, on_answer).await
}

fn line(answer: &Answer<'_>) -> String {
    match answer {
        Answer::Columns(columns) => columns
            .iter()
            .map(|column| {
                format!(
                    "{}:{}",
                    column.name,
                    column.type_name.as_deref().unwrap_or("?")
                )
            })
            .collect::<Vec<_>>()
            .join(" "),
        Answer::Row(fields) => fields
            .iter()
            .map(|field| field.as_deref().unwrap_or("∅"))
            .collect::<Vec<_>>()
            .join("|"),
        Answer::Copy(bytes) => format!("copy {:?}", String::from_utf8_lossy(bytes)),
        Answer::Complete { tag, rows } => format!("{tag} -> {rows:?}"),
        Answer::Notice(notice) => notice.to_string(),
    }
}

fn marked(diagnostic: &Diagnostic) -> &str {
    let place = diagnostic.place.as_ref().unwrap();
    place.source.slice(place.span)
}

async fn failure(address: &Address, sql: &str) -> Diagnostic {
    match answers(address, sql).await.1 {
        Err(QueryError::Failed(diagnostic)) => *diagnostic,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_answer_comes_in_its_order() {
    let address = cluster().database().await;
    let sql = "CREATE TYPE mood AS ENUM ('fine');
        CREATE TABLE t (a int, b text, c mood, d jsonb, e bool);
        INSERT INTO t VALUES (1, 'ü', 'fine', '{\"x\": 1}', true), (2, NULL, NULL, NULL, false);
        DROP TABLE IF EXISTS none;
        SELECT * FROM t ORDER BY a;
        SELECT 1 AS \"two\nlines\", ''::text WHERE false;
        ;
        COPY t (a, b) TO STDOUT;
        UPDATE t SET a = a";
    let (lines, ended) = answers(&address, sql).await;
    ended.unwrap();
    assert_eq!(
        lines,
        [
            "CREATE TYPE -> None",
            "CREATE TABLE -> None",
            "INSERT 0 2 -> Some(2)",
            "NOTICE: table \"none\" does not exist, skipping",
            "DROP TABLE -> None",
            "a:int4 b:text c:? d:jsonb e:bool",
            "1|ü|fine|{\"x\": 1}|t",
            "2|∅|∅|∅|f",
            "SELECT 2 -> Some(2)",
            "two\nlines:int4 text:text",
            "SELECT 0 -> Some(0)",
            "copy \"1\\tü\\n\"",
            "copy \"2\\t\\\\N\\n\"",
            "COPY 2 -> Some(2)",
            "UPDATE 2 -> Some(2)",
        ]
    );
}

#[tokio::test]
async fn nothing_to_run_answers_nothing() {
    let address = cluster().database().await;
    for sql in ["", ";", "-- only a comment"] {
        let (lines, ended) = answers(&address, sql).await;
        assert!(ended.is_ok() && lines.is_empty(), "{sql}: {lines:?}");
    }
}

#[tokio::test]
async fn the_token_the_server_names_is_marked() {
    let address = cluster().database().await;
    let fault = failure(&address, "SELECT 'ü', nope FROM pg_class").await;
    assert_eq!(marked(&fault), "nope");
    assert_eq!(
        fault.message,
        "Column \"nope\" does not exist (SQLSTATE 42703)"
    );
    let fault = failure(&address, "SELECT relnam FROM pg_class").await;
    assert!(fault.help.unwrap().contains("relname"), "the server's hint");
    let fault = failure(
        &address,
        "DO $$ BEGIN\n  PERFORM *, 1 FROM missing;\nEND $$",
    )
    .await;
    assert_eq!(marked(&fault), "missing");
}

#[tokio::test]
async fn what_failed_is_marked_by_its_statement_and_nothing_is_kept() {
    let address = cluster().database().await;
    let sql = "CREATE TABLE kept (a int);\nSELECT 1/0;\nSELECT 2";
    let statements = [Span::new(0, 25), Span::new(27, 37), Span::new(39, 47)];
    let mut last = String::new();
    let ended = run(&address, sql, &statements, |answer| {
        last = line(&answer);
        ControlFlow::Continue(())
    });
    let Err(QueryError::Failed(fault)) = ended.await else {
        panic!("it divides by zero");
    };
    assert_eq!(marked(&fault), "SELECT 1/0");
    assert_eq!(last, "CREATE TABLE -> None");
    assert_eq!(ask(&address, "to_regclass('kept')").await, "");
}

#[tokio::test]
async fn data_that_copy_wants_from_us_is_refused_with_a_way_out() {
    let address = cluster().database().await;
    let sql = "CREATE TABLE t (a int); COPY t FROM STDIN";
    let fault = failure(&address, sql).await;
    assert!(fault.message.contains("use `psql`"), "{}", fault.message);
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_told_apart() {
    let address = cluster().database().await;
    let sql = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(9)";
    let (_, ended) = answers(&address, sql).await;
    let Err(QueryError::Lost { reason }) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(
        reason,
        "terminating connection due to administrator command"
    );
}

#[tokio::test]
async fn a_listener_that_has_enough_cancels_the_rest() {
    let address = cluster().database().await;
    let mut rows = 0;
    let start = Instant::now();
    let endless = "SELECT generate_series(1, 1000000000000)";
    let ended = run(&address, endless, &[], |answer| {
        rows += u32::from(matches!(answer, Answer::Row(_)));
        if rows == 1000 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    ended.await.unwrap();
    assert_eq!(rows, 1000);
    assert!(start.elapsed() < Duration::from_secs(20));
    gone(&address).await;
}

#[tokio::test]
async fn a_query_nobody_waits_for_any_more_ends_on_the_server() {
    let address = cluster().database().await;
    let asked = answers(&address, "SELECT pg_sleep(600)");
    let given_up = tokio::time::timeout(Duration::from_millis(300), asked).await;
    assert!(given_up.is_err());
    gone(&address).await;
}

/// Waits until no other session is in the database.
async fn gone(address: &Address) {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let end = Instant::now() + Duration::from_secs(20);
    while ask(address, others).await != "0" {
        assert!(Instant::now() < end, "the server works on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_large_result_is_not_kept() {
    let address = cluster().database().await;
    let mut bytes = 0;
    let sql = "SELECT repeat('x', 100000) FROM generate_series(1, 500)";
    let before = resident();
    let ended = run(&address, sql, &[], |answer| {
        if let Answer::Row(fields) = answer {
            bytes += fields[0].as_ref().unwrap().len();
        }
        ControlFlow::Continue(())
    });
    ended.await.unwrap();
    assert_eq!(bytes, 50_000_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 40_000_000, "{grown} bytes more");
}

/// Bytes of memory this process has.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
