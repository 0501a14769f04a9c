//! The state of an environment, again and again: after a while, and as soon as the engine tells that a
//! container changed.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Status, status};
use crate::engine::Engine;
use crate::environment::{Failure, Prepared};

/// Changes that come together are looked at once.
const TOGETHER: Duration = Duration::from_millis(100);
/// Between two tries to listen to an engine that hung up.
const RECONNECT: Duration = Duration::from_secs(2);

/// A look at an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub status: Status,
    /// Whether it differs from the look before in more than figures, such as the size of the database.
    pub has_changed: bool,
}

/// Tells the state now, every `interval`, and when something changes; ends only by a failure.
///
/// # Errors
/// The engine fails.
pub async fn watch(
    prepared: &Prepared,
    engine: &Engine,
    interval: Duration,
    tell: &mut dyn FnMut(&Look),
) -> Result<Infallible, Failure> {
    let changed = Notify::new();
    let look = async {
        let mut before = None;
        loop {
            let status = status(prepared, engine).await?;
            let now = without_figures(&status);
            let has_changed = before.as_ref() != Some(&now);
            before = Some(now);
            tell(&Look {
                status,
                has_changed,
            });
            // What comes too late is looked at anyway.
            if timeout(interval, changed.notified()).await.is_ok() {
                sleep(TOGETHER.min(interval)).await;
            }
        }
    };
    tokio::select! {
        outcome = look => outcome,
        never = listen(prepared, engine, &changed) => match never {},
    }
}

async fn listen(prepared: &Prepared, engine: &Engine, changed: &Notify) -> Infallible {
    let labels = prepared.identity.selector();
    loop {
        let mut tell = || changed.notify_one();
        if let Err(error) = engine.changes(&labels, &mut tell).await {
            tracing::debug!("changes of containers are not heard of: {error}");
        }
        sleep(RECONNECT).await;
    }
}

/// The state without what differs from one moment to the next while nothing happens.
fn without_figures(status: &Status) -> Status {
    let mut status = status.clone();
    status.database.size = None;
    status.database.connections = None;
    let container = status.database.container.as_mut();
    for service in status.services.iter_mut().chain(container) {
        // `Up 3 seconds`
        service.status = String::new();
    }
    status
}
