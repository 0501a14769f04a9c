//! The plan of a stop: dependents before what they depend on, the database last.

use std::collections::BTreeMap;

use super::desired::{Desired, DesiredContainer};
use super::identity::{self, Role};
use super::observed::{Observed, ObservedContainer};
use super::step::{Action, Phase, Plan, StepId, base_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StopOptions {
    /// Remove the containers, the volumes that hold nothing of worth (those of `emptyDir`, ConfigMaps
    /// and Secrets, of init containers too), and, unless the database is left, the networks; never a
    /// volume with data.
    pub remove: bool,
    /// Leave the database as it is.
    pub keep_postgres: bool,
}

/// Plans the stop of everything that belongs to the environment of `desired`, described or not.
#[must_use]
pub fn stop(desired: &Desired, observed: &Observed, options: StopOptions) -> Plan {
    let identity = &desired.identity;
    let mut plan = Plan::default();
    let own: Vec<&ObservedContainer> = observed
        .containers
        .values()
        .filter(|container| identity.owns(&container.labels))
        .filter(|container| !(options.keep_postgres && container.role() == Some(Role::Database)))
        .collect();
    let order = in_stop_order(desired, &own);
    let mut ended: BTreeMap<&str, StepId> = BTreeMap::new();
    for container in order {
        let is_database = container.role() == Some(Role::Database);
        let waits = |other: &&&ObservedContainer| {
            is_database
                || dependencies(other).any(|name| name == container.service())
                || shares(desired, other, container)
        };
        let others = own.iter().filter(|other| other.name != container.name);
        let after: Vec<StepId> = others
            .filter(waits)
            .filter_map(|other| ended.get(other.name.as_str()).copied())
            .collect();
        let described = desired.container(&container.name);
        if let Some(id) = stop_one(&mut plan, (container, described), options, after) {
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
    (container, described): (&ObservedContainer, Option<&DesiredContainer>),
    options: StopOptions,
    after: Vec<StepId>,
) -> Option<StepId> {
    let name = container.name.clone();
    let stopped = container.runs().then(|| {
        let after = plan.before_stop(Phase::Deploy, container, described, after.clone());
        let action = Action::StopContainer {
            name: name.clone(),
            grace: None,
        };
        plan.push(Phase::Deploy, action, "", after)
    });
    if !options.remove {
        return stopped;
    }
    let after = stopped.map_or(after, |id| vec![id]);
    let volumes = container.takes_volumes_along();
    let action = Action::RemoveContainer { name, volumes };
    Some(plan.push(Phase::Deploy, action, "", after))
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

/// Whether `other` is described to live in a namespace that ends with `container`.
fn shares(desired: &Desired, other: &ObservedContainer, container: &ObservedContainer) -> bool {
    let owner = base_name(&container.name);
    let described = desired.container(base_name(&other.name));
    described.is_some_and(|one| one.spec.dies_with().any(|(_, name)| name == owner))
}

/// Sorts containers so that each comes before those it lives in or depends on: by its place among
/// what is described, and where nothing describes it, by its label.
pub(super) fn in_stop_order<'o>(
    desired: &Desired,
    own: &[&'o ObservedContainer],
) -> Vec<&'o ObservedContainer> {
    let described: Vec<&str> = desired.container_names().collect();
    let place = |container: &ObservedContainer| {
        let name = base_name(&container.name);
        let place = described.iter().position(|one| *one == name);
        let is_database = container.role() == Some(Role::Database);
        (is_database, place.map_or(0, |place| usize::MAX - place))
    };
    let mut order = dependents_first(own);
    order.sort_by_key(|container| place(container));
    order
}

/// Sorts containers so that each comes before those it depends on, the database last.
fn dependents_first<'o>(own: &[&'o ObservedContainer]) -> Vec<&'o ObservedContainer> {
    let mut rest: Vec<&ObservedContainer> = own.to_vec();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let needed = |container: &ObservedContainer| {
            let by = |other: &&ObservedContainer| {
                other.name != container.name
                    && dependencies(other).any(|name| name == container.service())
            };
            let database = container.role() == Some(Role::Database) && rest.len() > 1;
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
