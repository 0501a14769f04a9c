//! The ledger in the database.

use poststack::migration::read_ledger;

use super::{LEDGER, folder, run};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn the_schema_of_poststack_is_taken_away_by_its_rollback_and_made_again() {
    let address = cluster().database().await;
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    run(&address, &one).await.unwrap();
    let tables = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'poststack'";
    assert_eq!(
        ask(&address, tables).await,
        "containers repeatable_migrations schema_migrations services system_info unfinished_migrations"
    );
    let connection = cluster().login(&address).await;
    let up = include_str!("../../../migrations/001_poststack_schema.sql");
    let down = include_str!("../../../migrations/001_poststack_schema.rollback.sql");
    for sql in [up, up, down, down] {
        connection.client().batch_execute(sql).await.unwrap();
    }
    assert_eq!(read_ledger(&connection).await.unwrap(), None);
    run(&address, &one).await.unwrap();
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}
