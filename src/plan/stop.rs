//! The plan of a stop: dependents before what they depend on, the database last.

use std::collections::BTreeMap;

use super::identity::{self, Identity, Role};
use super::observed::{Observed, ObservedContainer, State};
use super::step::{Action, Phase, Plan, StepId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StopOptions {
    /// Remove the containers, the volumes that hold nothing of worth, and the networks when nothing
    /// is left on them; never a volume with data.
    pub remove: bool,
    /// Leave the database as it is.
    pub keep_postgres: bool,
}

/// Plans the stop of everything `identity` owns.
#[must_use]
pub fn stop(identity: &Identity, observed: &Observed, options: StopOptions) -> Plan {
    let mut plan = Plan::default();
    let own: Vec<&ObservedContainer> = observed
        .containers
        .values()
        .filter(|container| identity.owns(&container.labels))
        .filter(|container| !(options.keep_postgres && role(container) == Some(Role::Database)))
        .collect();
    let order = dependents_first(&own);
    let mut ended: BTreeMap<&str, StepId> = BTreeMap::new();
    for container in order {
        let is_database = role(container) == Some(Role::Database);
        let waits = |other: &&&ObservedContainer| {
            is_database || dependencies(other).any(|name| name == service(container))
        };
        let others = own.iter().filter(|other| other.name != container.name);
        let after: Vec<StepId> = others
            .filter(waits)
            .filter_map(|other| ended.get(other.name.as_str()).copied())
            .collect();
        if let Some(id) = stop_one(&mut plan, container, options, after) {
            ended.insert(&container.name, id);
        }
    }
    if options.remove {
        let all: Vec<StepId> = (0..plan.steps.len()).collect();
        for volume in observed.volumes.values() {
            if identity.owns(&volume.labels) && volume.labels.contains_key(identity::SCRATCH) {
                let action = Action::RemoveVolume(volume.name.clone());
                plan.push(Phase::Finish, action, "", all.clone());
            }
        }
    }
    if options.remove && !options.keep_postgres {
        let all: Vec<StepId> = (0..plan.steps.len()).collect();
        for network in observed.networks.values() {
            if identity.owns(&network.labels) {
                let action = Action::RemoveNetwork(network.name.clone());
                plan.push(Phase::Finish, action, "", all.clone());
            }
        }
    }
    plan
}

fn stop_one(
    plan: &mut Plan,
    container: &ObservedContainer,
    options: StopOptions,
    after: Vec<StepId>,
) -> Option<StepId> {
    let name = container.name.clone();
    let runs = matches!(
        container.state,
        State::Running | State::Restarting | State::Paused
    );
    let stopped = runs.then(|| {
        let action = Action::StopContainer {
            name: name.clone(),
            grace: None,
        };
        plan.push(Phase::Deploy, action, "", after.clone())
    });
    if !options.remove {
        return stopped;
    }
    let after = stopped.map_or(after, |id| vec![id]);
    let volumes = role(container) == Some(Role::Init);
    let action = Action::RemoveContainer { name, volumes };
    Some(plan.push(Phase::Deploy, action, "", after))
}

fn role(container: &ObservedContainer) -> Option<Role> {
    container
        .labels
        .get(identity::ROLE)
        .and_then(|role| Role::parse(role))
}

fn service(container: &ObservedContainer) -> &str {
    container
        .labels
        .get(identity::SERVICE)
        .map(String::as_str)
        .unwrap_or_default()
}

/// Services a container depends on, as its label says.
fn dependencies(container: &ObservedContainer) -> impl Iterator<Item = &str> {
    container
        .labels
        .get(identity::COMPOSE_DEPENDS_ON)
        .into_iter()
        .flat_map(|label| label.split(','))
        .filter_map(|part| part.split(':').next())
        .filter(|name| !name.is_empty())
}

fn dependents_first<'o>(own: &[&'o ObservedContainer]) -> Vec<&'o ObservedContainer> {
    let mut rest: Vec<&ObservedContainer> = own.to_vec();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let needed = |container: &ObservedContainer| {
            let by = |other: &&ObservedContainer| {
                other.name != container.name
                    && dependencies(other).any(|name| name == service(container))
            };
            let database = role(container) == Some(Role::Database) && rest.len() > 1;
            database || rest.iter().copied().any(|other| by(&other))
        };
        let (later, now): (Vec<_>, Vec<_>) = rest.iter().partition(|one| needed(one));
        if now.is_empty() {
            // Labels in a circle: any order is as good as another.
            order.extend(later);
            break;
        }
        order.extend(now);
        rest = later;
    }
    order
}
