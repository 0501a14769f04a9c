//! Runs that are killed, and databases with habits of their own.

use std::time::{Duration, Instant};

use super::{LEDGER, folder, run};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn a_run_that_is_killed_leaves_nothing_half_applied_and_no_lock() {
    let address = cluster().database().await;
    let slow = folder(&[("1_a.sql", "CREATE TABLE t (); SELECT pg_sleep(60)")]);
    let running = run(&address, &slow);
    let killed = tokio::time::timeout(Duration::from_millis(500), running).await;
    assert!(killed.is_err(), "it ended by itself: {killed:?}");
    let start = Instant::now();
    run(&address, &folder(&[("1_a.sql", "CREATE TABLE t ()")]))
        .await
        .unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ask(&address, LEDGER).await, "1 a");
}
