//! Waiting until a container is healthy, without waiting for the engine's timer.
//!
//! The container's own health test is run eagerly: after 20 ms, then backing off to its interval.
//! Whoever says healthy first wins, the engine or the probe. Podman without systemd never runs a
//! health test by itself, so there the probe is the engine's own test, run on demand.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::ending::NEXT_END;
use super::inspect::{Inspected, InspectedHealthTest};
use super::quiet;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind, ExecOptions};
use crate::plan::identity::START_INTERVAL;
use crate::plan::observed::{Health, State};

/// How a wait for health ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthOutcome {
    Healthy,
    /// The test failed as often as its `retries` allow.
    Unhealthy {
        last_output: String,
    },
    /// The limit passed before the test was decided.
    TimedOut {
        last_output: String,
    },
    /// The container ended, with this exit code.
    Exited(i64),
    /// Neither the container nor its image has a health test; it has not failed yet.
    NoTest,
}

/// How a container without a health test is watched for an early end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// Until it has come to rest, as far as that can be seen.
    UntilAtRest,
    /// As long as most programs take that cannot do their work: another one was stopped for it.
    Settle,
}

/// How long a container without a health test is watched: a program that cannot do its work
/// mostly ends at once.
const SETTLE: Duration = Duration::from_millis(400);

/// A container that has ended so often after its restart keeps ending.
const ENDS: u32 = 2;

/// A container that has run for so long is not watched any more; a start itself may take a while.
const SETTLED: Duration = Duration::from_secs(5);

/// How long a container that failed its test is given to have ended.
const LAST_LOOK: Duration = Duration::from_millis(300);

/// The first pause between two probes.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Each pause in percent of the one before: a service is found ready after at most so much longer.
pub(super) const BACK_OFF_PERCENT: u32 = 130;

/// A health test with the engine's defaults filled in.
/// <https://docs.docker.com/reference/dockerfile/#healthcheck>
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    command: Vec<String>,
    interval: Duration,
    timeout: Duration,
    start_period: Duration,
    /// The longest pause within the start period.
    start_interval: Option<Duration>,
    retries: u32,
}

/// Which failures count: one per interval, the start period left out.
pub(super) struct Patience {
    next: Instant,
    interval: Duration,
    left: u32,
}

impl Engine {
    /// Waits until the container, seen after its start, is healthy, unhealthy or gone.
    ///
    /// # Errors
    /// When the engine or the container goes away.
    pub async fn wait_healthy(
        &self,
        inspected: &Inspected,
        caution: Caution,
        limit: Option<Duration>,
    ) -> Result<HealthOutcome, EngineError> {
        let container = inspected.name.as_str();
        let Some(test) = Test::of(inspected) else {
            return self.settled(container, inspected, caution).await;
        };
        let mut last_output = String::new();
        let decided = async {
            tokio::select! {
                outcome = self.probe_until_decided(container, &test, inspected, &mut last_output) => outcome,
                code = self.wait_final_exit(container) => code.map(HealthOutcome::Exited),
            }
        };
        match limit {
            None => decided.await,
            Some(limit) => match timeout(limit, decided).await {
                Ok(result) => result,
                Err(_elapsed) => Ok(HealthOutcome::TimedOut { last_output }),
            },
        }
    }

    /// Runs the container's health test once, now; `None` when it has none. On Podman this also
    /// renews what [`Engine::observe`] shows.
    ///
    /// # Errors
    /// When the container does not run.
    pub async fn probe_health(&self, container: &str) -> Result<Option<bool>, EngineError> {
        let inspected = self.must_inspect(container).await?;
        match Test::of(&inspected) {
            None => Ok(None),
            Some(test) => Ok(Some(self.probe(container, &test).await?.is_ok())),
        }
    }

    /// Watches a container without a health test for the first moments of its life.
    async fn settled(
        &self,
        container: &str,
        inspected: &Inspected,
        caution: Caution,
    ) -> Result<HealthOutcome, EngineError> {
        let left = match running_for(inspected) < SETTLED {
            true => SETTLE,
            false => Duration::ZERO,
        };
        let over = matches!(inspected.state, State::Exited(_) | State::Restarting);
        let mut code = inspected.exit_code;
        if !over && inspected.restart_count == 0 {
            let ended = async {
                // Who has come to rest meanwhile needs no call.
                sleep(FIRST_PAUSE.min(left)).await;
                timeout(left, self.wait_end(container)).await
            };
            let at_rest = async {
                match caution {
                    Caution::UntilAtRest => quiet::at_rest(&inspected.id, inspected.process).await,
                    Caution::Settle => std::future::pending().await,
                }
            };
            tokio::select! {
                ended = ended => match ended {
                    Ok(ended) => code = ended?,
                    Err(_elapsed) => {
                        // A busy engine may tell of an end late, but knows when it is asked.
                        let now = self.must_inspect(container).await?;
                        if now.restart_count == 0 && matches!(now.state, State::Running | State::Paused) {
                            return Ok(HealthOutcome::NoTest);
                        }
                        code = now.exit_code;
                    }
                },
                () = at_rest => return Ok(HealthOutcome::NoTest),
            }
        }
        self.settled_after_an_end(container, code).await
    }

    /// Watches a container that has ended with `code`, and that its restart policy may bring back:
    /// a service may need another one that is still getting ready.
    async fn settled_after_an_end(
        &self,
        container: &str,
        mut code: i64,
    ) -> Result<HealthOutcome, EngineError> {
        for _ in 0..ENDS {
            if !self.comes_back(container, code).await? {
                return Ok(match code {
                    // It did what it had to do.
                    0 => HealthOutcome::NoTest,
                    code => HealthOutcome::Exited(code),
                });
            }
            match timeout(NEXT_END, self.wait_next_end(container)).await {
                Ok(ended) => code = ended?,
                Err(_elapsed) => {
                    let now = self.must_inspect(container).await?;
                    return Ok(match now.state {
                        State::Running | State::Paused => HealthOutcome::NoTest,
                        _ => HealthOutcome::Exited(code),
                    });
                }
            }
        }
        if code == 0 {
            // Perhaps of a run that had begun when it was asked for.
            code = self.code_of_restarting(container).await?.1.unwrap_or(0);
        }
        Ok(HealthOutcome::Exited(code))
    }

    async fn probe_until_decided(
        &self,
        container: &str,
        test: &Test,
        inspected: &Inspected,
        last_output: &mut String,
    ) -> Result<HealthOutcome, EngineError> {
        let (before, began) = (running_for(inspected), Instant::now());
        let longest_pause = || test.longest_pause(before + began.elapsed());
        let mut patience = Patience::new(test, before);
        let mut pause = FIRST_PAUSE.min(longest_pause());
        loop {
            match self.probe(container, test).await? {
                Ok(()) => return Ok(HealthOutcome::Healthy),
                Err(output) => *last_output = output,
            }
            let now = self.must_inspect(container).await?;
            // Podman's verdict counts every eager probe as a retry, and Docker calls whatever has
            // ended unhealthy.
            let verdict = match (self.kind, now.state) {
                (EngineKind::Docker, State::Running) => now.health,
                _ => Health::None,
            };
            if verdict == Health::Healthy {
                return Ok(HealthOutcome::Healthy);
            }
            if patience.is_lost_at(Instant::now()) || verdict == Health::Unhealthy {
                // An end that the engine has not told yet explains the failed test better.
                if let Ok(code) = timeout(LAST_LOOK, self.wait_final_exit(container)).await {
                    return code.map(HealthOutcome::Exited);
                }
                let last_output = std::mem::take(last_output);
                return Ok(HealthOutcome::Unhealthy { last_output });
            }
            sleep(pause.min(patience.until_next())).await;
            pause = (pause * BACK_OFF_PERCENT / 100).min(longest_pause());
        }
    }

    /// Runs the test once: healthy, or what it printed.
    async fn probe(&self, container: &str, test: &Test) -> Result<Result<(), String>, EngineError> {
        let probing = async {
            match self.kind {
                EngineKind::Docker => self.probe_by_exec(container, test).await,
                EngineKind::Podman => self.probe_by_podman(container).await,
            }
        };
        match timeout(test.timeout, probing).await {
            Err(_elapsed) => Ok(Err(format!(
                "the health test took longer than {:.1} s",
                test.timeout.as_secs_f64()
            ))),
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) if error.is_engine_gone() => Err(error),
            // Between two runs of a restarting container there is nothing to probe.
            Ok(Err(error)) => Ok(Err(error.to_string())),
        }
    }

    async fn probe_by_exec(
        &self,
        container: &str,
        test: &Test,
    ) -> Result<Result<(), String>, EngineError> {
        let words: Vec<&str> = test.command.iter().map(String::as_str).collect();
        let options = ExecOptions {
            timeout: test.timeout,
            ..ExecOptions::default()
        };
        let output = self.exec(container, &words, &options).await?;
        Ok(match output.exit_code {
            0 => Ok(()),
            _ => Err(output.text()),
        })
    }

    async fn probe_by_podman(&self, container: &str) -> Result<Result<(), String>, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Run {
            status: String,
        }
        let call = Call::get(
            &format!("/v4.0.0/libpod/containers/{container}/healthcheck"),
            format!("run the health test of container `{container}`"),
        );
        let run: Run = self.wire.fetch(call).await?;
        if run.status == "healthy" {
            return Ok(Ok(()));
        }
        let output = self.must_inspect(container).await?.health_output;
        Ok(Err(output.unwrap_or_default().trim_end().to_owned()))
    }
}

/// How long the container has been running, on this machine's clock.
pub(super) fn running_for(inspected: &Inspected) -> Duration {
    let started = inspected.started_at.unwrap_or_else(Timestamp::now);
    Duration::try_from(Timestamp::now().duration_since(started)).unwrap_or_default()
}

impl Test {
    /// With what no engine before Docker 25 keeps, and poststack therefore writes on a label.
    fn of(inspected: &Inspected) -> Option<Self> {
        let stored = inspected.health_test.as_ref()?;
        let start_interval = inspected.labels.get(START_INTERVAL);
        let nanoseconds = start_interval.and_then(|text| text.parse().ok());
        Some(Self {
            start_interval: nanoseconds.map(Duration::from_nanos),
            ..Self::read(stored)?
        })
    }

    /// The longest pause between two probes of a container that has run for so long.
    fn longest_pause(&self, running_for: Duration) -> Duration {
        match self.start_interval {
            Some(pause) if running_for < self.start_period => pause.min(self.interval),
            _ => self.interval,
        }
    }

    /// `None` for a missing or switched-off test.
    fn read(stored: &InspectedHealthTest) -> Option<Self> {
        let (kind, words) = stored.test.split_first()?;
        let command = match kind.as_str() {
            "CMD" => words.to_vec(),
            "CMD-SHELL" => ["/bin/sh", "-c"]
                .into_iter()
                .map(str::to_owned)
                .chain(words.iter().cloned())
                .collect(),
            _ => return None,
        };
        let or = |nanoseconds: i64, default: Duration| match u64::try_from(nanoseconds) {
            Ok(0) | Err(_) => default,
            Ok(given) => Duration::from_nanos(given),
        };
        Some(Self {
            command,
            interval: or(stored.interval, Duration::from_secs(30)),
            timeout: or(stored.timeout, Duration::from_secs(30)),
            start_period: or(stored.start_period, Duration::ZERO),
            start_interval: None,
            retries: match u32::try_from(stored.retries) {
                Ok(0) | Err(_) => 3,
                Ok(given) => given,
            },
        })
    }
}

impl Patience {
    fn new(test: &Test, running_for: Duration) -> Self {
        // The engine's first test that counts comes one interval after the start.
        let wait = test.start_period.max(test.interval);
        Self::counting(
            wait.saturating_sub(running_for),
            test.interval,
            test.retries,
        )
    }

    /// From `wait` on, one failure counts per `interval`, and the last of `retries` decides.
    pub(super) fn counting(wait: Duration, interval: Duration, retries: u32) -> Self {
        Self {
            next: Instant::now() + wait,
            interval,
            left: retries,
        }
    }

    /// Notes a failure; `true` when it was the last one allowed.
    pub(super) fn is_lost_at(&mut self, now: Instant) -> bool {
        if now >= self.next {
            self.left = self.left.saturating_sub(1);
            self.next = now + self.interval;
        }
        self.left == 0
    }

    fn until_next(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests;
