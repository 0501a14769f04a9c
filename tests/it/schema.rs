//! The catalogue of a real database.

mod comparison;

use poststack::postgres::{Address, Connection};
use poststack::schema::{Schema, read};

use crate::cluster::cluster;

/// One of everything.
const RICH: &str = include_str!("schema/rich.sql");

/// A fresh database after `sql`.
async fn made_by(sql: &str) -> Connection {
    let (connection, _) = database_of(sql).await;
    connection
}

async fn database_of(sql: &str) -> (Connection, Address) {
    let address = cluster().database().await;
    let connection = cluster().login(&address).await;
    for role in ["schema_reader", "schema_owner"] {
        let create = format!(
            "DO 'BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN END'"
        );
        connection.client().batch_execute(&create).await.unwrap();
    }
    run(&connection, sql).await;
    (connection, address)
}

async fn run(connection: &Connection, sql: &str) {
    let outcome = connection.client().batch_execute(sql).await;
    outcome.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
}

async fn schema_of(sql: &str) -> Schema {
    read(&made_by(sql).await).await.unwrap()
}
