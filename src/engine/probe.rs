//! Waiting until a container of a pod is ready, by its own probes.
//! <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
//!
//! Probes run eagerly, as health tests do: the first one at once, then backing off to the period. A
//! failure counts once per period, and none before the initial delay.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep, timeout};

use super::health::{BACK_OFF_PERCENT, FIRST_PAUSE, Patience, running_for};
use super::{Engine, EngineError, ExecOptions, HealthOutcome, Inspected};
use crate::workload::model::{Probe, ProbeKind, Readiness};

/// What running a program through the engine may take beyond the program itself.
const OVERHEAD: Duration = Duration::from_secs(2);

/// Why a probe did not come to its end; its last output explains both.
enum Lost {
    Unhealthy(String),
    TimedOut(String),
    Engine(EngineError),
}

impl Engine {
    /// Waits until every probe of the container, seen after its start, has succeeded: that of the
    /// startup first, then the others.
    ///
    /// # Errors
    /// When the engine or the container goes away.
    pub async fn wait_ready(
        &self,
        inspected: &Inspected,
        readiness: &Readiness,
    ) -> Result<HealthOutcome, EngineError> {
        if readiness.probes.is_empty() {
            return Ok(HealthOutcome::NoTest);
        }
        let (container, ran) = (inspected.name.as_str(), running_for(inspected));
        let probed = async {
            let (startup, others): (Vec<&Probe>, Vec<&Probe>) = readiness
                .probes
                .iter()
                .partition(|probe| probe.kind == ProbeKind::Startup);
            let mut deadline = Instant::now() + readiness.patience.saturating_sub(ran);
            if !startup.is_empty() {
                let all = startup
                    .into_iter()
                    .map(|probe| self.probe_until_decided_by(container, probe, ran, None));
                try_join_all(all).await?;
                deadline = Instant::now() + readiness.patience;
            }
            let all = others.into_iter().map(|probe| {
                let by = (probe.kind == ProbeKind::Readiness).then_some(deadline);
                self.probe_until_decided_by(container, probe, ran, by)
            });
            try_join_all(all).await.map(drop)
        };
        let probed = tokio::select! {
            probed = probed => probed,
            code = self.wait_final_exit(container) => return code.map(HealthOutcome::Exited),
        };
        Ok(match probed {
            Ok(()) => HealthOutcome::Healthy,
            Err(Lost::Unhealthy(last_output)) => HealthOutcome::Unhealthy { last_output },
            Err(Lost::TimedOut(last_output)) => HealthOutcome::TimedOut { last_output },
            Err(Lost::Engine(error)) => return Err(error),
        })
    }

    /// Only a probe that may fail as often as it likes has a deadline; the others have their number
    /// of failures.
    async fn probe_until_decided_by(
        &self,
        container: &str,
        probe: &Probe,
        ran: Duration,
        deadline: Option<Instant>,
    ) -> Result<(), Lost> {
        let mut patience = Patience::counting(
            probe.initial_delay.max(probe.period).saturating_sub(ran),
            probe.period,
            probe.failure_threshold,
        );
        let mut pause = FIRST_PAUSE.min(probe.period);
        let mut successes = 0;
        loop {
            let failed = self
                .probe_once(container, probe)
                .await
                .map_err(Lost::Engine)?;
            let Err(output) = failed else {
                successes += 1;
                if successes >= probe.success_threshold {
                    return Ok(());
                }
                sleep(probe.period).await;
                continue;
            };
            successes = 0;
            let output = format!("{}: {output}", probe.kind.key());
            let now = Instant::now();
            match deadline {
                None if patience.is_lost_at(now) => return Err(Lost::Unhealthy(output)),
                Some(deadline) if now >= deadline => return Err(Lost::TimedOut(output)),
                _ => {}
            }
            sleep(pause).await;
            pause = (pause * BACK_OFF_PERCENT / 100).min(probe.period);
        }
    }

    /// Runs the test once: well, or what it printed.
    async fn probe_once(
        &self,
        container: &str,
        probe: &Probe,
    ) -> Result<Result<(), String>, EngineError> {
        let words: Vec<&str> = probe.command.iter().map(String::as_str).collect();
        let limit = probe.timeout + OVERHEAD;
        let options = ExecOptions {
            timeout: limit,
            ..ExecOptions::default()
        };
        let runs_in = probe.runs_in.as_deref().unwrap_or(container);
        match timeout(limit, self.exec(runs_in, &words, &options)).await {
            Err(_elapsed) => Ok(Err(format!(
                "no answer in {:.1} s",
                probe.timeout.as_secs_f64()
            ))),
            Ok(Ok(output)) if output.exit_code == 0 => Ok(Ok(())),
            Ok(Ok(output)) => Ok(Err(output.text())),
            Ok(Err(error)) if error.is_engine_gone() => Err(error),
            // Between two runs of a restarting container there is nothing to probe.
            Ok(Err(error)) => Ok(Err(error.to_string())),
        }
    }
}
