//! `db unlock`: whom it ends.

use std::collections::BTreeMap;

use poststack::database::{Which, resolve, unlock};
use poststack::environment::project::Location;
use poststack::postgres::Connection;
use poststack::settings;

use super::support::{Fresh, close};
use crate::cluster::cluster;

const LOCK: &str = "SELECT pg_advisory_lock(x'706f737473746163'::int8)";

/// Shows the holder of the lock to somebody who takes a while to agree, and unlocks afterwards.
async fn unlocked_after(
    fresh: &Fresh,
    connection: &Connection,
    meanwhile: impl AsyncFnOnce(&mut poststack::migration::Session),
) -> Result<unlock::Unlocked, String> {
    let url = fresh.url();
    let settings = settings::load(&settings::Request {
        config_file: None,
        working_directory: fresh.folder.path(),
        flags: &settings::Flags::default(),
        process: &BTreeMap::new(),
    });
    let target = resolve(&Which {
        environment: None,
        url: Some(&url),
        migrations: None,
        location: &Location {
            config_file: None,
            working_directory: fresh.folder.path(),
        },
        settings: &settings.unwrap(),
    });
    let mut shown = unlock::holder(connection).await.unwrap().unwrap();
    meanwhile(&mut shown).await;
    let done = unlock::unlock(&target.unwrap(), connection, &shown).await;
    done.map_err(|failure| failure.message)
}

#[tokio::test]
async fn a_session_that_is_gone_by_now_is_not_called_ended() {
    let fresh = Fresh::new(&[]).await;
    let holder = cluster().login(&fresh.address).await;
    holder.client().batch_execute(LOCK).await.unwrap();
    let connection = cluster().login(&fresh.address).await;
    let done = unlocked_after(&fresh, &connection, async |_| close(holder).await).await;
    let done = done.unwrap();
    assert_eq!((done.ended, done.process_id), (None, None));
}

#[tokio::test]
async fn another_session_with_the_same_process_id_is_left_alone() {
    let fresh = Fresh::new(&[]).await;
    let holder = cluster().login(&fresh.address).await;
    holder.client().batch_execute(LOCK).await.unwrap();
    let connection = cluster().login(&fresh.address).await;
    // What was shown had logged in earlier.
    let done = unlocked_after(&fresh, &connection, async |shown| shown.began -= 1.0).await;
    let message = done.unwrap_err();
    assert!(
        message.starts_with("By now another session holds the lock"),
        "{message}"
    );
    holder.client().batch_execute("SELECT 1").await.unwrap();
}
