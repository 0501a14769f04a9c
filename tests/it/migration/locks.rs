//! Other sessions in the way.

use std::time::Duration;

use poststack::migration::{Event, MigrationError, Settings};

use super::{folder, run_with};
use crate::cluster::{ask, cluster};

#[tokio::test]
async fn a_run_that_waits_tells_who_it_waits_for_and_gives_up_in_time() {
    let address = cluster().database().await;
    let holder = cluster().login(&address).await;
    let lock = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";
    holder.client().batch_execute(lock).await.unwrap();
    let settings = Settings {
        lock_wait: Duration::from_millis(100),
        ..Settings::default()
    };
    let mut waited_for = Vec::new();
    let one = folder(&[("1_a.sql", "SELECT 1")]);
    let outcome = run_with(&address, &one, settings, |event| {
        if let Event::Waiting(Some(holder)) = event {
            waited_for.push(holder.clone());
        }
    })
    .await;
    let Err(MigrationError::Locked {
        holder: Some(holder),
        ..
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(waited_for.len(), 1);
    assert_eq!(
        (
            holder.application.as_str(),
            holder.client.as_str(),
            holder.user.as_str()
        ),
        ("poststack", "127.0.0.1", "super")
    );
    assert!(
        holder.query.starts_with("SELECT pg_advisory_lock"),
        "{holder}"
    );
    assert_eq!(ask(&address, "to_regnamespace('poststack')").await, "");
}
