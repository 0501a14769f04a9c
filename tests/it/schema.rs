//! The catalogue of a real database.

mod comparison;
mod generated;
mod numbers;
mod written;

use poststack::postgres::{Address, Connection};
use poststack::schema::{Schema, read};
use tokio_postgres::error::ErrorPosition;

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

/// Runs `sql`; what the server refuses fails the test with the text around it.
async fn run(connection: &Connection, sql: &str) {
    let Err(error) = connection.client().batch_execute(sql).await else {
        return;
    };
    let answer = error.as_db_error().expect("the server answers");
    let place = match answer.position() {
        Some(ErrorPosition::Original(position)) => (*position as usize).saturating_sub(200),
        _ => panic!("{answer} {:?} in {sql}", answer.detail()),
    };
    let around: String = sql.chars().skip(place).take(300).collect();
    panic!("{answer} in … {around} …");
}

async fn schema_of(sql: &str) -> Schema {
    read(&made_by(sql).await).await.unwrap()
}
