//! What is checked in one file.

use std::time::Duration;

use super::super::{Headers, Script};
use super::messages;
use crate::diagnostic::Diagnostic;
use crate::text::SourceFile;

fn script(text: &str) -> Result<Script, Vec<Diagnostic>> {
    Script::parse(&SourceFile::new("001_a.sql", text))
}

#[test]
fn an_open_quote_or_comment_is_found_where_it_begins() {
    for (text, message) in [
        (
            "SELECT 1;\n 'open",
            "001_a.sql:2:2 The string is never closed",
        ),
        ("\"open", "001_a.sql:1:1 The quoted name is never closed"),
        (
            "SELECT $a$ $b$",
            "001_a.sql:1:8 The dollar-quoted text is never closed",
        ),
        (
            "/* /* */ SELECT 1;",
            "001_a.sql:1:1 The comment is never closed",
        ),
        ("SELECT e'\\'", "001_a.sql:1:9 The string is never closed"),
    ] {
        assert_eq!(messages(&script(text).unwrap_err()), [message]);
    }
}

#[test]
fn a_file_without_a_statement_is_an_error() {
    for text in ["", " \n", "-- only a comment", "/* x */;;"] {
        let faults = script(text).unwrap_err();
        assert_eq!(
            messages(&faults),
            ["001_a.sql:1:1 The file holds no SQL statement"]
        );
    }
}

#[test]
fn a_transaction_around_the_whole_file_is_taken_over() {
    let script = script("BEGIN /* ü */ WORK;\nSELECT 1;\nCOMMIT;").unwrap();
    assert!(script.in_transaction());
    assert_eq!(script.transaction_statements().len(), 1);
}

#[test]
fn transaction_control_in_the_middle_is_an_error_at_its_place() {
    let faults = script("SELECT 1;\nCOMMIT;\nSELECT 2;\nROLLBACK").unwrap_err();
    assert_eq!(
        messages(&faults),
        [
            "001_a.sql:2:1 The file begins or ends a transaction in its middle",
            "001_a.sql:4:1 The file begins or ends a transaction in its middle"
        ]
    );
    assert!(script("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT").is_err());
    assert!(script("SAVEPOINT a; ROLLBACK TO a; RELEASE a").is_ok());
    assert!(script("-- poststack: no-transaction\nBEGIN; SELECT 1; COMMIT; VACUUM").is_ok());
}

#[test]
fn the_headers_are_read_from_the_top() {
    let text = "\n-- a\n--poststack:  no-transaction \n-- poststack: requires 003, 04_name 5\n\
                -- poststack: lock-timeout 500ms\n-- poststack: statement-timeout 10min\n\
                -- poststack: substitute\n/* b */ SELECT 1";
    let headers = script(text).unwrap().headers;
    assert!(headers.no_transaction && headers.substitute);
    let required: Vec<_> = headers.requires.iter().map(|(v, _)| v.as_str()).collect();
    assert_eq!(required, ["003", "04", "5"]);
    assert_eq!(headers.lock_timeout, Some(Duration::from_millis(500)));
    assert_eq!(headers.statement_timeout, Some(Duration::from_secs(600)));
    assert_eq!(script("SELECT 1").unwrap().headers, Headers::default());
}

#[test]
fn durations_of_headers_are_those_of_the_server() {
    let timeout = |text: &str| {
        let text = format!("-- poststack: lock-timeout {text}\nSELECT 1");
        script(&text).map(|script| script.headers.lock_timeout.unwrap())
    };
    assert_eq!(timeout("0"), Ok(Duration::ZERO));
    assert_eq!(timeout("1h"), Ok(Duration::from_secs(3600)));
    assert_eq!(timeout("5 min"), Ok(Duration::from_secs(300)));
    for bad in ["", "5", "soon", "-1s", "25days", "1000h"] {
        let faults = timeout(bad).unwrap_err();
        let message = "001_a.sql:1:1 `lock-timeout` needs a duration of at most 24 days";
        assert_eq!(messages(&faults), [message], "{bad}");
    }
}

#[test]
fn faults_in_headers_are_errors_with_what_to_write() {
    for (line, message, help) in [
        (
            "no-transactoin",
            "`no-transactoin` is not something poststack can be told",
            "did you mean `-- poststack: no-transaction`?",
        ),
        (
            "substitute X",
            "`substitute` takes nothing after it",
            "write `-- poststack: substitute`",
        ),
        (
            "requires",
            "`requires` needs the versions of other migrations",
            "write for instance `-- poststack: requires 003`",
        ),
        (
            "requires users",
            "`requires` needs the versions of other migrations",
            "write for instance `-- poststack: requires 003`",
        ),
        (
            "allow",
            "`allow` needs the name of a rule",
            "write `-- poststack: allow RULE reason`",
        ),
    ] {
        let faults = script(&format!("-- poststack: {line}\nSELECT 1")).unwrap_err();
        assert_eq!(messages(&faults), [format!("001_a.sql:1:1 {message}")]);
        assert_eq!(faults[0].help.as_deref(), Some(help));
    }
}

#[test]
fn a_header_behind_a_statement_is_an_error() {
    let faults = script("SELECT 1;\n-- poststack: no-transaction\n").unwrap_err();
    let message = "001_a.sql:2:1 `no-transaction` comes too late: it is for the whole file";
    assert_eq!(messages(&faults), [message]);
}

#[test]
fn what_only_looks_like_a_header_says_nothing() {
    let text = "SELECT '\n-- poststack: nonsense\n', $$\n-- poststack: nonsense\n$$;\n\
                /*\n-- poststack: nonsense\n*/ -- see poststack: nonsense";
    assert_eq!(script(text).unwrap().headers, Headers::default());
}

#[test]
fn an_allowed_rule_belongs_to_the_statement_it_stands_at() {
    let text = "-- poststack: allow all-of-them\nSELECT 1;\n\
                -- poststack: allow before: the table is new\nSELECT\n\
                -- poststack: allow inside — really\n2; -- poststack: allow behind\n\
                -- poststack: allow last\nSELECT 3;\n-- poststack: allow after";
    let headers = script(text).unwrap().headers;
    let found: Vec<_> = headers
        .allows
        .iter()
        .map(|a| (a.rule.as_str(), a.reason.as_str(), a.statement))
        .collect();
    assert_eq!(
        found,
        [
            ("all-of-them", "", None),
            ("before", "the table is new", Some(1)),
            ("inside", "really", Some(1)),
            ("behind", "", Some(1)),
            ("last", "", Some(2)),
            ("after", "", Some(2)),
        ]
    );
}

#[test]
fn what_is_still_to_be_written_is_kept_with_its_place() {
    let script = script("SELECT 1;\n  -- poststack: todo the other half\n").unwrap();
    let todos: Vec<_> = script
        .headers
        .todos
        .iter()
        .map(|span| script.source.slice(*span))
        .collect();
    assert_eq!(todos, ["-- poststack: todo the other half"]);
}

#[test]
fn statements_that_refuse_a_transaction_are_known() {
    for sql in [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "create unique index concurrently if not exists i on t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
        "REINDEX TABLE CONCURRENTLY t",
        "REINDEX DATABASE d",
        "REINDEX SCHEMA s",
        "VACUUM",
        "VACUUM (FULL) t",
        "CREATE DATABASE d",
        "DROP DATABASE d",
        "CREATE TABLESPACE s LOCATION '/x'",
        "ALTER DATABASE d SET TABLESPACE s",
        "ALTER SYSTEM SET work_mem = 1",
        "ALTER TABLE ONLY s.t DETACH PARTITION s.p CONCURRENTLY",
        "CLUSTER",
        "CLUSTER VERBOSE",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
        "DISCARD ALL",
    ] {
        assert!(!script(sql).unwrap().in_transaction(), "{sql}");
    }
    for sql in [
        "CREATE INDEX i ON t (a)",
        "CREATE TABLE \"concurrently\" (a int)",
        "COMMENT ON TABLE t IS 'VACUUM'",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "REINDEX TABLE t",
        "CLUSTER t",
        "CLUSTER \"T\" USING i",
        "ALTER DATABASE d SET default_tablespace = s",
        "ALTER TABLE t DETACH PARTITION p",
    ] {
        assert!(script(sql).unwrap().in_transaction(), "{sql}");
    }
}

#[test]
fn rows_for_copy_are_refused() {
    let faults = script("COPY public.t (a, b) FROM stdin;\n1\t2\n\\.\n").unwrap_err();
    let first = "001_a.sql:1:1 `COPY … FROM STDIN` cannot be used in a migration";
    assert_eq!(messages(&faults)[0], first);
    assert!(script("COPY t TO '/tmp/x'").is_ok());
    let faults = script("COPY (SELECT 1) TO STDOUT").unwrap_err();
    let message = "001_a.sql:1:1 `COPY … TO STDOUT` cannot be used in a migration";
    assert_eq!(messages(&faults), [message]);
}

#[test]
fn an_index_built_beside_others_needs_a_name() {
    let faults = script("SELECT 1;\nCREATE INDEX CONCURRENTLY ON t (a)").unwrap_err();
    assert_eq!(messages(&faults), ["001_a.sql:2:1 The index needs a name"]);
    assert!(script("CREATE INDEX ON t (a)").is_ok());
}

#[test]
fn a_file_with_its_way_back_in_it_is_refused_with_the_way_to_split_it() {
    for (text, tool, help) in [
        (
            "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;",
            "dbmate",
            "adopt --from dbmate --rename",
        ),
        (
            "--migrate:up transaction:false\nSELECT 1;",
            "dbmate",
            "adopt --from dbmate --rename",
        ),
        (
            "\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;",
            "goose",
            "adopt --from goose --rename",
        ),
        (
            "-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;",
            "sql-migrate",
            "NNN_name.rollback.sql",
        ),
    ] {
        let faults = Script::parse(&SourceFile::new("1_a.sql", text)).unwrap_err();
        let message = format!("The file is one of {tool}, with the way back in it");
        assert_eq!(faults[0].message, message);
        let told = faults[0].help.as_deref().unwrap();
        assert!(told.contains(help), "{told}");
    }
}

#[test]
fn a_transaction_of_the_files_own_that_is_never_ended_is_an_error_where_it_begins() {
    let fault = |sql: &str| {
        let text = format!("-- poststack: no-transaction\n{sql}");
        script(&text).err().map(|faults| messages(&faults))
    };
    let message = |place: &str| {
        Some(vec![format!(
            "001_a.sql:{place} The transaction is never ended"
        )])
    };
    assert_eq!(fault("SELECT 1;\nBEGIN;\nSELECT 2"), message("3:1"));
    assert_eq!(fault("BEGIN; COMMIT AND CHAIN; SELECT 1"), message("2:1"));
    assert_eq!(
        fault("START TRANSACTION; ROLLBACK AND CHAIN; SELECT 1"),
        message("2:1")
    );
    assert_eq!(fault("BEGIN; SAVEPOINT a; ROLLBACK TO a"), message("2:1"));
    assert_eq!(fault("BEGIN; COMMIT; START TRANSACTION"), message("2:16"));
    for ended in [
        "BEGIN; ROLLBACK AND CHAIN; SELECT 1; COMMIT",
        "BEGIN; COMMIT AND NO CHAIN; SELECT 1",
        "BEGIN; ABORT; SELECT 1",
        "BEGIN; PREPARE TRANSACTION 'a'; COMMIT PREPARED 'a'",
    ] {
        assert_eq!(fault(ended), None, "{ended}");
    }
}

#[test]
fn what_only_looks_like_a_way_back_is_none() {
    for text in [
        "SELECT 1; -- migrate:down is not used here",
        "SELECT '\n-- migrate:down\n'",
        "-- migrate:downwards\nSELECT 1",
    ] {
        Script::parse(&SourceFile::new("1_a.sql", text)).unwrap();
    }
}

#[test]
fn commands_of_psql_are_errors_that_say_what_to_write() {
    for (text, message, help) in [
        (
            "\\i other.sql\nSELECT 1",
            "001_a.sql:1:1 `\\i` is a command of psql, not SQL",
            "write the SQL of that file here, or make it a migration of its own",
        ),
        (
            "SELECT 1;\n\\copy t from 'it''s a file'\nSELECT 1",
            "001_a.sql:2:1 `\\copy` is a command of psql, not SQL",
            "write the rows as `INSERT`",
        ),
        (
            "\\set name 'it is'\nSELECT :name",
            "001_a.sql:1:1 `\\set` is a command of psql, not SQL",
            "write the value where it is used; one that differs between environments as `${NAME}`, \
             with `-- poststack: substitute` at the top",
        ),
        (
            "SELECT 'SELECT 1' \\gexec",
            "001_a.sql:1:19 `\\gexec` is a command of psql, not SQL",
            "remove it: the server does not know the commands of psql",
        ),
    ] {
        let faults = script(text).unwrap_err();
        assert_eq!(messages(&faults), [message]);
        assert_eq!(faults[0].help.as_deref(), Some(help));
    }
    assert!(script("SELECT E'\\\\i', '\\i', $$ \\i $$ -- \\i").is_ok());
}

#[test]
fn what_is_temporary_leaves_a_trace() {
    let leaves_no_trace = |sql: &str| script(sql).unwrap().statements[0].leaves_no_trace();
    assert!(leaves_no_trace("CREATE TABLE users (id int)"));
    for sql in [
        "CREATE TABLE pg_temp.users (id int)",
        "CREATE TABLE IF NOT EXISTS \"pg_temp\".users (id int)",
        "CREATE OR REPLACE VIEW PG_TEMP.v AS SELECT 1",
        "CREATE FUNCTION pg_temp_3.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ] {
        assert!(!leaves_no_trace(sql), "{sql}");
    }
}
