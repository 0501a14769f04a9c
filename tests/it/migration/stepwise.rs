//! Files without a transaction.

use poststack::migration::Failed;

use super::{LEDGER, failed, folder, run, shown};
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
