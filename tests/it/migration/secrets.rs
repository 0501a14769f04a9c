//! Values of variables, and of other sessions, in what is shown and stored.

use poststack::diagnostic::{Diagnostic, Place};
use poststack::migration::{Event, MigrationError, Request, migrate};
use poststack::postgres::Address;
use poststack::secret::Secret;

use super::{folder, impatient};
use crate::cluster::{ask, cluster};

/// Runs a file with `${TOKEN}`, which is `hunter2`; what is told of it.
async fn told(address: &Address, text: &str) -> String {
    let values =
        |_: &str, _: &Place| -> Result<Secret, Vec<Diagnostic>> { Ok(Secret::new("hunter2")) };
    let request = Request {
        settings: impatient(),
        substitute: &values,
        ..Request::default()
    };
    let files = folder(&[("1_a.sql", text)]);
    let connection = cluster().login(address).await;
    let mut notices = String::new();
    let outcome = migrate(&connection, &files, &request, |event| {
        if let Event::Notice(_, notice) = event {
            notices.push_str(&format!("{notice:?}\n"));
        }
    });
    match outcome.await {
        Ok(_) => notices,
        Err(MigrationError::Failed(failed)) => {
            let Diagnostic {
                message,
                label,
                help,
                ..
            } = failed.diagnostic;
            format!("{notices}{message} | {label:?} | {help:?}")
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_value_is_in_nothing_that_the_server_says() {
    for sql in [
        "CREATE ${TOKEN} x",
        "SET ROLE ${TOKEN}",
        "DO $$ BEGIN RAISE NOTICE 'got %', '${TOKEN}'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'a ${TOKEN}' USING detail = 'b ${TOKEN}', hint = 'c ${TOKEN}'; END $$",
        "CREATE TABLE t (a text UNIQUE); INSERT INTO t VALUES ('${TOKEN}'), ('${TOKEN}')",
        "SELECT '${TOKEN}'::int",
    ] {
        let address = cluster().database().await;
        let told = told(&address, &format!("-- poststack: substitute\n{sql}")).await;
        assert!(told.contains("***") && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_value_is_not_stored_with_the_error() {
    let address = cluster().database().await;
    let sql = "-- poststack: substitute\n-- poststack: no-transaction\nSELECT '${TOKEN}'::int";
    told(&address, sql).await;
    let stored = "SELECT error FROM poststack.unfinished_migrations";
    assert_eq!(
        ask(&address, stored).await,
        "invalid input syntax for type integer: \"***\""
    );
}
