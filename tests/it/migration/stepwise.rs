//! Files without a transaction.

use std::time::Duration;

use poststack::migration::{Event, Failed, MigrationError, Settings, Step, no_variables, run_one};
use poststack::postgres::Address;
use poststack::text::{SourceFile, Span};

use super::{LEDGER, failed, folder, impatient, refused, run, run_with, shown};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn statements_that_refuse_a_transaction_are_recognised() {
    let address = cluster().database().await;
    let body = "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n\
                CREATE INDEX CONCURRENTLY j ON t (a);\nVACUUM t;\nREINDEX (CONCURRENTLY) TABLE t";
    run(&address, &folder(&[("1_a.sql", body)])).await.unwrap();
    let valid =
        "SELECT bool_and(indisvalid) AND count(*) = 2 FROM pg_index WHERE indrelid = 't'::regclass";
    assert_eq!(ask(&address, valid).await, "true");
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    assert_eq!(ask(&address, UNFINISHED).await, "");
}

const UNFINISHED: &str = "SELECT string_agg(concat_ws(' ', file, statements_done || '/' || statements, in_flight, error), ', ') FROM poststack.unfinished_migrations";

#[tokio::test]
async fn an_error_without_a_transaction_is_at_its_place_and_tells_what_stays() {
    let address = cluster().database().await;
    let sql = "-- poststack: no-transaction\nCREATE TABLE ü ();\nSELECT missing;";
    let Failed { diagnostic, .. } = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert_eq!(
        shown(&diagnostic),
        "migrations/1_a.sql:3:8 `missing` Column \"missing\" does not exist (SQLSTATE 42703)"
    );
    let help = "the file runs without a transaction: the statements before this one stay, and the \
                next run goes on here";
    assert_eq!(diagnostic.help.as_deref(), Some(help));
    assert_eq!(ask(&address, "to_regclass('ü')").await, "\"ü\"");
    assert_eq!(
        ask(&address, "SELECT count(*) FROM poststack.schema_migrations").await,
        "0"
    );
    assert_eq!(
        ask(&address, UNFINISHED).await,
        "1_a.sql 1/2 f column \"missing\" does not exist"
    );
}

/// Runs the one file and tells what happened besides statements that were done.
async fn events(address: &Address, sql: &str) -> Vec<String> {
    let mut told = Vec::new();
    run_with(
        address,
        &folder(&[("1_a.sql", sql)]),
        impatient(),
        |event| match event {
            Event::Resumed(_, done) => told.push(format!("resumed after {done}")),
            Event::Rebuilding(_, index) => told.push(format!("rebuilding {index}")),
            _ => {}
        },
    )
    .await
    .unwrap();
    told
}

const VALID: &str = "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indisvalid AND indrelid = 't'::regclass";

#[tokio::test]
async fn the_next_run_goes_on_where_a_file_stopped() {
    let address = cluster().database().await;
    let sql = |second: &str| {
        format!(
            "-- poststack: no-transaction\nCREATE TABLE t (a int);\n{second};\nINSERT INTO t VALUES (3)"
        )
    };
    let bad = sql("INSERT INTO missing VALUES (2)");
    let Failed { not_run, .. } = failed(
        &address,
        &folder(&[("1_a.sql", &bad), ("2_b.sql", "SELECT 1")]),
    )
    .await;
    assert_eq!(not_run, ["2_b"]);
    assert_eq!(
        events(&address, &sql("INSERT INTO t VALUES (2)")).await,
        ["resumed after 1"]
    );
    assert_eq!(ask(&address, "SELECT array_agg(a) FROM t").await, "{2,3}");
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    assert_eq!(ask(&address, UNFINISHED).await, "");
}

#[tokio::test]
async fn a_file_whose_done_part_was_changed_is_refused() {
    let address = cluster().database().await;
    let bad = "-- poststack: no-transaction\nCREATE TABLE t (); SELECT missing";
    failed(&address, &folder(&[("1_a.sql", bad)])).await;
    let changed = bad.replace("TABLE t", "TABLE u");
    let faults = refused(&address, &folder(&[("1_a.sql", &changed)])).await;
    assert_eq!(
        faults,
        [
            "`1_a.sql` stopped after 1 of 2 statements, and what was run of it has been changed since"
        ]
    );
    assert_eq!(ask(&address, "to_regclass('u')").await, "");
}

#[tokio::test]
async fn settings_that_a_file_made_before_it_stopped_are_made_again() {
    let address = cluster().database().await;
    let sql = |last: &str| {
        format!(
            "-- poststack: no-transaction\nCREATE SCHEMA s;\nSET search_path = s;\n\
             CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n{last}"
        )
    };
    failed(&address, &folder(&[("1_a.sql", &sql("SELECT missing"))])).await;
    assert_eq!(
        events(&address, &sql("CREATE TABLE u ()")).await,
        ["resumed after 4"]
    );
    assert_eq!(ask(&address, "to_regclass('s.u')").await, "s.u");
}

#[tokio::test]
async fn a_role_that_a_file_takes_does_not_keep_its_progress_from_being_recorded() {
    let address = cluster().database().await;
    let sql = "-- poststack: no-transaction\nDROP ROLE IF EXISTS powerless;\nCREATE ROLE powerless;\n\
               SET ROLE powerless;\nCREATE TEMP TABLE mine ();\nVACUUM mine;\nRESET ROLE;\nDROP TABLE mine";
    assert_eq!(events(&address, sql).await, [""; 0]);
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}

#[tokio::test]
async fn an_invalid_index_that_a_failed_build_left_is_built_again() {
    let address = cluster().database().await;
    let sql = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"An index\" ON public.t (a);";
    let fill = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)";
    let admin = cluster().login(&address).await;
    admin.client().batch_execute(fill).await.unwrap();
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(failure.diagnostic.message.contains("23505"), "{failure:?}");
    assert_eq!(ask(&address, VALID).await, "");
    admin.client().batch_execute("DELETE FROM t").await.unwrap();
    assert_eq!(events(&address, sql).await, ["rebuilding \"An index\""]);
    assert_eq!(ask(&address, VALID).await, "\"An index\"");
}

#[tokio::test]
async fn an_index_that_was_built_when_the_run_was_lost_is_not_built_again() {
    let address = cluster().database().await;
    let sql = "CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\nDROP INDEX CONCURRENTLY i;\nSELECT missing;";
    failed(&address, &folder(&[("1_a.sql", sql)])).await;
    let admin = cluster().login(&address).await;
    // As if the run had been killed before it recorded that the index is dropped.
    let lost = "UPDATE poststack.unfinished_migrations SET statements_done = 2, in_flight = true, error = NULL,
                       done_checksum = encode(sha256(convert_to(left(up, position(';' IN right(up, -30)) + 29), 'UTF8')), 'hex')
                  FROM (SELECT $$CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);$$ AS up) AS text";
    admin.client().batch_execute(lost).await.unwrap();
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(
        shown(&failure.diagnostic).contains("1_a.sql:4:8 `missing`"),
        "{failure:?}"
    );
    // As if it had been killed before it recorded that the index is built.
    let lost = "CREATE INDEX i ON t (a); UPDATE poststack.unfinished_migrations SET statements_done = 1, in_flight = true,
                       error = NULL, done_checksum = encode(sha256('CREATE TABLE t (a int)'), 'hex')";
    admin.client().batch_execute(lost).await.unwrap();
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(
        shown(&failure.diagnostic).contains("1_a.sql:4:8 `missing`"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn an_index_that_is_there_for_another_reason_is_an_error() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    let make = "CREATE TABLE t (a int); CREATE INDEX i ON t (a)";
    admin.client().batch_execute(make).await.unwrap();
    let sql = "CREATE INDEX CONCURRENTLY i ON t (a)";
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(
        failure.diagnostic.message.contains("already exists"),
        "{failure:?}"
    );
    // It was refused, not lost: the next run says the same.
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(
        failure.diagnostic.message.contains("already exists"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_build_that_is_killed_is_done_again_by_the_next_run() {
    let address = cluster().database().await;
    let older = cluster().login(&address).await;
    let open = "CREATE TABLE t (a int); COMMIT; BEGIN; INSERT INTO t VALUES (1)";
    older.client().batch_execute(open).await.unwrap();
    let sql = "CREATE INDEX CONCURRENTLY i ON t (a);\nCREATE INDEX CONCURRENTLY j ON t (a)";
    let files = folder(&[("1_a.sql", sql)]);
    let killed = tokio::time::timeout(Duration::from_millis(500), run(&address, &files)).await;
    assert!(killed.is_err(), "{killed:?}");
    older.client().batch_execute("COMMIT").await.unwrap();
    run(&address, &files).await.unwrap();
    assert_eq!(ask(&address, VALID).await, "i j");
}

#[tokio::test]
async fn a_transaction_of_the_files_own_is_done_or_undone_as_a_whole() {
    let address = cluster().database().await;
    let sql = |last: &str| {
        format!(
            "-- poststack: no-transaction\nCREATE TABLE t (a int);\nBEGIN;\nINSERT INTO t VALUES (1);\n\
             INSERT INTO t VALUES (2);\nCOMMIT;\nVACUUM t;\nBEGIN;\nINSERT INTO t VALUES (3);\n{last};\nCOMMIT"
        )
    };
    failed(&address, &folder(&[("1_a.sql", &sql("SELECT missing"))])).await;
    assert_eq!(ask(&address, "SELECT array_agg(a) FROM t").await, "{1,2}");
    assert_eq!(
        events(&address, &sql("INSERT INTO t VALUES (4)")).await,
        ["resumed after 6"]
    );
    assert_eq!(
        ask(&address, "SELECT array_agg(a) FROM t").await,
        "{1,2,3,4}"
    );
}

#[tokio::test]
async fn procedures_that_commit_run_without_a_transaction() {
    let address = cluster().database().await;
    let block = "DO $$ BEGIN CREATE TABLE t (); COMMIT; CREATE TABLE u (); END $$";
    let failure = failed(&address, &folder(&[("1_a.sql", block)])).await;
    assert!(failure.diagnostic.message.contains("2D000"), "{failure:?}");
    assert_eq!(ask(&address, "to_regclass('t')").await, "");
    events(&address, &format!("-- poststack: no-transaction\n{block}")).await;
    assert_eq!(ask(&address, "to_regclass('u')").await, "u");
}

#[tokio::test]
async fn a_copy_that_a_failed_reindex_left_is_dropped() {
    let address = cluster().database().await;
    let older = cluster().login(&address).await;
    let open =
        "CREATE TABLE t (a int); CREATE INDEX i ON t (a); COMMIT; BEGIN; INSERT INTO t VALUES (1)";
    older.client().batch_execute(open).await.unwrap();
    let sql = "-- poststack: statement-timeout 300ms\nREINDEX INDEX CONCURRENTLY i";
    let failure = failed(&address, &folder(&[("1_a.sql", sql)])).await;
    assert!(failure.diagnostic.message.contains("57014"), "{failure:?}");
    older.client().batch_execute("COMMIT").await.unwrap();
    let sql = sql.replace("300ms", "60s");
    assert_eq!(events(&address, &sql).await, ["rebuilding i_ccnew"]);
    let all = "SELECT string_agg(indexrelid::regclass::text, ' ') FROM pg_index WHERE indrelid = 't'::regclass";
    assert_eq!(ask(&address, all).await, "i");
}

#[tokio::test]
async fn a_call_that_was_lost_is_not_sent_again_by_itself() {
    let address = cluster().database().await;
    let admin = cluster().login(&address).await;
    let make = "CREATE TABLE t (a int); CREATE PROCEDURE p() LANGUAGE plpgsql AS
                $$BEGIN INSERT INTO t VALUES (1); COMMIT; PERFORM pg_terminate_backend(pg_backend_pid()); END$$";
    admin.client().batch_execute(make).await.unwrap();
    let sql = "-- poststack: no-transaction\nCREATE TABLE u ();\nCALL p();\nCREATE TABLE v ()";
    let files = folder(&[("1_a.sql", sql)]);
    let lost = run(&address, &files).await.unwrap_err();
    assert!(matches!(lost, MigrationError::Lost { .. }), "{lost:?}");
    let faults = refused(&address, &files).await;
    let fault = "`1_a.sql` stopped after 1 of 3 statements; statement 2 was sent, and nobody heard \
                 how it ended: `CALL p()`";
    assert_eq!(faults, [fault]);
    assert_eq!(ask(&address, "SELECT count(*) FROM t").await, "1");
    // As `db repair dirty 1 --resume-from 3` does.
    let settle = "UPDATE poststack.unfinished_migrations SET in_flight = false, statements_done = 2,
                  done_checksum = encode(sha256(convert_to(E'-- poststack: no-transaction\\nCREATE TABLE u ();\\nCALL p()', 'UTF8')), 'hex')";
    admin.client().batch_execute(settle).await.unwrap();
    assert_eq!(events(&address, sql).await, ["resumed after 2"]);
    assert_eq!(ask(&address, "SELECT count(*) FROM t").await, "1");
}

#[tokio::test]
async fn a_block_that_may_have_committed_is_not_tried_again_by_itself() {
    let address = cluster().database().await;
    let holder = cluster().login(&address).await;
    let busy = "CREATE TABLE t (a int); CREATE TABLE busy (); COMMIT; BEGIN; LOCK TABLE busy";
    holder.client().batch_execute(busy).await.unwrap();
    let sql = "-- poststack: no-transaction\n-- poststack: lock-timeout 100ms\n\
               DO $$BEGIN INSERT INTO t VALUES (1); COMMIT; LOCK TABLE busy; END$$";
    let mut retries = 0;
    let patient = Settings {
        attempts: 3,
        ..Settings::default()
    };
    let files = folder(&[("1_a.sql", sql)]);
    let outcome = run_with(&address, &files, patient, |event| {
        retries += usize::from(matches!(event, Event::Retrying(_)));
    });
    let error = outcome.await.unwrap_err();
    let MigrationError::Failed(failure) = error else {
        panic!("{error:?}");
    };
    assert_eq!((retries, failure.blockers.len()), (0, 1));
    let help = failure.diagnostic.help.unwrap();
    assert!(
        help.contains("the next run sends it again as a whole"),
        "{help}"
    );
    assert_eq!(ask(&address, "SELECT count(*) FROM t").await, "1");
}

#[tokio::test]
async fn what_a_chain_has_committed_is_not_done_again() {
    let address = cluster().database().await;
    let sql = |last: &str| {
        format!(
            "-- poststack: no-transaction\nCREATE TABLE t (a int);\nBEGIN;\nINSERT INTO t VALUES (1);\n\
             COMMIT AND CHAIN;\nINSERT INTO t VALUES (2);\nROLLBACK AND CHAIN;\n\
             INSERT INTO t VALUES (3);\n{last};\nCOMMIT"
        )
    };
    failed(&address, &folder(&[("1_a.sql", &sql("SELECT missing"))])).await;
    assert_eq!(ask(&address, "SELECT array_agg(a) FROM t").await, "{1}");
    let done = events(&address, &sql("INSERT INTO t VALUES (4)")).await;
    assert_eq!(done, ["resumed after 4"]);
    assert_eq!(ask(&address, "SELECT array_agg(a) FROM t").await, "{1,3,4}");
}

#[tokio::test]
async fn a_transaction_that_is_left_open_is_an_error_and_never_recorded() {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    let text = "-- poststack: no-transaction\nVACUUM";
    let files = folder(&[("1_a.sql", text)]);
    let mut step = Step::up(&files.migrations[0], &no_variables).unwrap();
    // As a fault in how the file is split would leave it.
    let vacuum = step.script.statements.pop().unwrap();
    let text = "-- poststack: no-transaction\nSELECT $$BEGIN; CREATE TABLE t ()";
    let open = text.find("BEGIN").unwrap();
    for (start, end) in [(open, open + 5), (open + 7, text.len())] {
        let mut statement = vacuum.clone();
        statement.span = Span::new(start, end);
        step.script.statements.push(statement);
    }
    step.script.source = SourceFile::new("1_a.sql", text);
    let outcome = run_one(&connection, &step, Settings::default()).await;
    let Err(MigrationError::Failed(failure)) = outcome else {
        panic!("{outcome:?}");
    };
    let message = "The file leaves a transaction open; what that did is undone";
    assert_eq!(failure.diagnostic.message, message);
    assert_eq!(ask(&address, "to_regclass('t')").await, "");
}
