//! The ledger in the database.

use poststack::migration::{create_schema, drop_schema, read_ledger};

use super::{LEDGER, folder, run};
use crate::cluster::{ask, cluster};

const TABLES: &str = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'poststack'";

#[tokio::test]
async fn only_the_tables_that_are_needed_are_made() {
    let address = cluster().database().await;
    run(&address, &folder(&[("1_a.sql", "SELECT 1")]))
        .await
        .unwrap();
    assert_eq!(ask(&address, TABLES).await, "schema_migrations");
    let with_repeatable = folder(&[("1_a.sql", "SELECT 1"), ("R_b.sql", "SELECT 1")]);
    run(&address, &with_repeatable).await.unwrap();
    let tables = "repeatable_migrations schema_migrations unfinished_migrations";
    assert_eq!(ask(&address, TABLES).await, tables);
}

#[tokio::test]
async fn the_schema_of_poststack_is_made_and_taken_away_as_often_as_wanted() {
    let address = cluster().database().await;
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    run(&address, &one).await.unwrap();
    let connection = cluster().login(&address).await;
    create_schema(&connection).await.unwrap();
    create_schema(&connection).await.unwrap();
    assert_eq!(
        ask(&address, TABLES).await,
        "containers repeatable_migrations schema_migrations services system_info unfinished_migrations"
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
    drop_schema(&connection).await.unwrap();
    drop_schema(&connection).await.unwrap();
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
    assert_eq!(read_ledger(&connection).await.unwrap(), None);
    run(&address, &one).await.unwrap();
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}
