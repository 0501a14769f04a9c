//! The deployment in dependency order, each service behind what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use super::decision::Decision;
use crate::plan::desired::DesiredContainer;
use crate::plan::observed::{Health, State};
use crate::plan::step::{Action, Phase, StepId};
use crate::workload::model::{Condition, Dependency};

impl Planner<'_> {
    pub(super) fn deploy(&mut self, gate: &[StepId]) {
        let mut ready: BTreeMap<&str, Ready> = BTreeMap::new();
        let mut renewed: BTreeSet<&str> = BTreeSet::new();
        // Service → the steps that `pre_start` demands before any of its containers starts.
        let mut prepared: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
        for container in &self.desired.deployment {
            let mut decision = self.decide(container);
            if decision == Decision::Keep {
                let restarting = container.depends_on.iter().find(|dependency| {
                    dependency.restart && renewed.contains(dependency.service.as_str())
                });
                if let Some(dependency) = restarting {
                    decision = Decision::Restart(format!("`{}` changed", dependency.service));
                }
            }
            if matches!(decision, Decision::Recreate(_) | Decision::Restart(_)) {
                renewed.insert(&container.service);
            }
            let kept = decision == Decision::Keep;
            let mut after = gate.to_vec();
            after.extend(gates(container, &ready));
            after.extend(prepared.get(&*container.service).into_iter().flatten());
            let first = self.plan.steps.len();
            let started = self.bring_up(container, decision, Phase::Deploy, after);
            if container.number == 1 {
                let done = self.hooks_done(container, first);
                prepared.insert(&container.service, done);
            }
            let end = self.ready_step(container, kept, &started);
            let all = ready.entry(&container.service).or_default();
            all.started.extend(started);
            all.end.extend(end);
        }
    }

    /// Waits for what a service promises; nothing when it is known to hold already.
    fn ready_step(
        &mut self,
        container: &DesiredContainer,
        kept: bool,
        started: &[StepId],
    ) -> Vec<StepId> {
        let name = &container.spec.name;
        let state = self
            .containers
            .get(name)
            .map(|found| (found.state, found.health));
        if kept && matches!(state, Some((State::Exited(Some(0)), _))) {
            return started.to_vec();
        }
        if container.completes {
            let action = Action::AwaitExit { name: name.clone() };
            let after = started.to_vec();
            return vec![self.plan.push(Phase::Deploy, action, "", after)];
        }
        let health = state.map(|(_, health)| health).unwrap_or_default();
        let tested = container.is_tested();
        let runs = matches!(state, Some((State::Running, _)));
        if kept && runs && (health == Health::Healthy || (health == Health::None && !tested)) {
            return started.to_vec();
        }
        if !self.options.wait && !container.health_needed {
            return started.to_vec();
        }
        vec![self.await_ready(container, Phase::Deploy, started.to_vec())]
    }

    pub(super) fn await_ready(
        &mut self,
        container: &DesiredContainer,
        phase: Phase,
        after: Vec<StepId>,
    ) -> StepId {
        let action = Action::AwaitReady {
            name: container.spec.name.clone(),
            tested: container.is_tested(),
            health_needed: container.health_needed,
        };
        self.plan.push(phase, action, "", after)
    }
}

/// The steps of all containers of one service that others wait for.
#[derive(Default)]
pub(super) struct Ready {
    pub started: Vec<StepId>,
    pub end: Vec<StepId>,
}

pub(super) fn gates(container: &DesiredContainer, ready: &BTreeMap<&str, Ready>) -> Vec<StepId> {
    let of = |dependency: &Dependency| {
        let ready = ready.get(dependency.service.as_str())?;
        Some(match dependency.condition {
            Condition::Started => ready.started.clone(),
            Condition::Healthy | Condition::CompletedSuccessfully => ready.end.clone(),
        })
    };
    container
        .depends_on
        .iter()
        .filter_map(of)
        .flatten()
        .collect()
}
