//! The plan of a restart of one service: all its containers, and those that live in them.

use std::collections::BTreeSet;

use super::desired::{Desired, DesiredContainer};
use super::identity::Role;
use super::observed::Observed;
use super::step::{Action, Phase, Plan, StepId};
use crate::workload::model::HealthTest;

/// Plans the restart of `containers`, which are of one service. Those that do not exist are passed
/// over.
#[must_use]
pub fn restart(desired: &Desired, containers: &[&DesiredContainer], observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let is_there = |one: &&DesiredContainer| observed.containers.contains_key(&one.spec.name);
    let mut again: BTreeSet<&str> = BTreeSet::new();
    let mut gate = Vec::new();
    for container in containers.iter().copied().filter(is_there) {
        again.insert(&container.spec.name);
        gate.extend(restart_one(&mut plan, container, observed, Vec::new()));
    }
    for container in desired.deployment.iter().filter(is_there) {
        let name = container.spec.name.as_str();
        let lives_in = container
            .spec
            .dies_with()
            .any(|(_, owner)| again.contains(owner));
        if lives_in && again.insert(name) {
            gate = restart_one(&mut plan, container, observed, gate);
        }
    }
    plan
}

/// The last step of the restart of one container.
fn restart_one(
    plan: &mut Plan,
    container: &DesiredContainer,
    observed: &Observed,
    mut after: Vec<StepId>,
) -> Vec<StepId> {
    let phase = Phase::Deploy;
    let name = container.spec.name.clone();
    if let Some(found) = observed.containers.get(&name).filter(|found| found.runs()) {
        after = plan.before_stop(phase, found, Some(container), after);
        let (name, grace) = (name.clone(), None);
        after = vec![plan.push(phase, Action::StopContainer { name, grace }, "", after)];
    }
    after = vec![plan.push(phase, Action::StartContainer(name.clone()), "", after)];
    for hook in &container.hooks.post_start {
        let (name, hook) = (name.clone(), Box::new(hook.clone()));
        after = vec![plan.push(phase, Action::PostStart { name, hook }, "", after)];
    }
    let end = if container.role == Role::Database {
        Action::AwaitLogin
    } else if container.completes {
        Action::AwaitExit { name }
    } else {
        let test = container.healthcheck().map(|check| &check.test);
        Action::AwaitReady {
            name,
            tested: test.is_some_and(|test| *test != HealthTest::None),
            health_needed: false,
        }
    };
    vec![plan.push(phase, end, "", after)]
}
