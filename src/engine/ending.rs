//! How a container ends: with which code, and whether its restart policy brings it back.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::health::FIRST_PAUSE;
use super::{Engine, EngineError, EngineKind, Inspected};
use crate::plan::observed::State;

/// Longest time from an end to the restart that Podman's policy asks for.
const PODMAN_RESTART: Duration = Duration::from_secs(5);

/// How long one that was brought back is given to end again. Docker waits longer each time, 1.6 s
/// before the fifth run.
pub(super) const NEXT_END: Duration = Duration::from_secs(2);

/// How often one that must succeed is tried again where its policy knows no limit; as the
/// `backoffLimit` of a Kubernetes Job.
const MOST_RESTARTS: u32 = 6;

impl Inspected {
    /// Whether the engine would start it again and again without end, though it has failed often
    /// enough to tell that it will not succeed.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        let policy = &self.restart_policy;
        let endless = policy.name == "on-failure" && policy.maximum_retry_count == 0;
        endless && self.restart_count >= MOST_RESTARTS
    }
}

impl Engine {
    /// The exit code once the container has ended; one that failed, and that its restart policy
    /// tries again so many times, once it has succeeded or is given up. One that is tried again
    /// without a limit is given up, and stopped, when it is [hopeless](Inspected::is_hopeless).
    ///
    /// # Errors
    /// As [`Engine::wait_exit`].
    pub async fn wait_success(&self, container: &str) -> Result<i64, EngineError> {
        loop {
            let code = self.wait_exit(container).await?;
            if code == 0 {
                return Ok(code);
            }
            let now = self.must_inspect(container).await?;
            if now.is_hopeless() {
                self.stop(container, Duration::ZERO).await?;
                return Ok(code);
            }
            let tried_again = now.restart_policy.name == "on-failure";
            if !tried_again || !self.comes_back(container, code).await? {
                return Ok(code);
            }
            sleep(FIRST_PAUSE).await;
        }
    }

    /// The exit code once the container has ended for good; a restart policy may bring it back.
    pub(super) async fn wait_final_exit(&self, container: &str) -> Result<i64, EngineError> {
        loop {
            let code = self.wait_exit(container).await?;
            if !self.comes_back(container, code).await? {
                return Ok(code);
            }
            sleep(FIRST_PAUSE).await;
        }
    }

    /// The container, and the exit code of one that its restart policy brings back again and again:
    /// it tells it when it ends the next time. `None` when it does not end soon.
    ///
    /// # Errors
    /// As [`Engine::wait_exit`].
    pub async fn code_of_restarting(
        &self,
        container: &str,
    ) -> Result<(Inspected, Option<i64>), EngineError> {
        let again = timeout(NEXT_END, self.wait_ended(container)).await;
        let now = self.must_inspect(container).await?;
        let code = match again {
            Ok(code) => Some(code?),
            // Of one that runs, not every engine knows how it ended before.
            Err(_elapsed) => Some(now.exit_code).filter(|code| *code != 0),
        };
        Ok((now, code))
    }

    /// Whether a container that ended runs again. Docker knows at once; Podman's restart comes a
    /// moment after the end.
    pub(super) async fn comes_back(&self, container: &str, code: i64) -> Result<bool, EngineError> {
        let patience = Instant::now() + PODMAN_RESTART;
        loop {
            let now = self.must_inspect(container).await?;
            let runs = matches!(
                now.state,
                State::Running | State::Restarting | State::Paused
            );
            // Another code is that of a run which has ended meanwhile.
            if runs || now.exit_code != code {
                return Ok(true);
            }
            let is_awaited = self.kind == EngineKind::Podman && now.restarts_after(code);
            if !is_awaited || Instant::now() > patience {
                return Ok(false);
            }
            sleep(FIRST_PAUSE).await;
        }
    }
}
