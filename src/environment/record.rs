//! What a start leaves is noted, so that the next one, and `env diff`, can tell what somebody else has
//! changed since.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::failure::Failure;
use super::prepare::Prepared;
use super::project::Project;
use super::status::Status;
use super::step_failure::engine_failure;
use crate::engine::Engine;
use crate::names::EnvironmentName;
use crate::plan::observed::{Observed, State};
use crate::plan::seen::{Fingerprint, Seen, SeenContainer};
use crate::plan::step::base_name;
use crate::plan::{Action, Plan};

/// What the last start has left at `engine`, as far as it can be compared.
pub(super) fn seen(project: &Project, environment: &EnvironmentName, engine: &Engine) -> Seen {
    let seen = project.state.seen(environment, &which(engine));
    seen.under(&engine.version)
}

/// Tells one engine from another, whatever their versions.
pub(super) fn which(engine: &Engine) -> String {
    format!("{} {}", engine.kind, engine.endpoint.address)
}

/// The fingerprints of what the last start left, as far as it is still there.
pub(super) async fn fingerprints(
    engine: &Engine,
    seen: &Seen,
) -> Result<BTreeMap<String, Fingerprint>, Failure> {
    let names: Vec<&String> = seen.containers.keys().collect();
    of(engine, &names).await
}

/// The fingerprints of what `done` has made, under the names that it has now, besides those that
/// are `known`; none where the engine does not tell.
pub(super) async fn of_made(
    engine: &Engine,
    done: &Plan,
    known: &BTreeMap<String, Fingerprint>,
) -> BTreeMap<String, Fingerprint> {
    let actions = done.steps.iter().map(|step| &step.action);
    let made = actions.filter_map(|action| match action {
        Action::CreateContainer { spec, .. } => Some(base_name(&spec.name).to_owned()),
        _ => None,
    });
    let made: Vec<String> = made.filter(|name| !known.contains_key(name)).collect();
    let names: Vec<&String> = made.iter().collect();
    of(engine, &names).await.unwrap_or_default()
}

async fn of(engine: &Engine, names: &[&String]) -> Result<BTreeMap<String, Fingerprint>, Failure> {
    let found = join_all(names.iter().map(|name| engine.fingerprint(name))).await;
    let mut fingerprints = BTreeMap::new();
    for (name, found) in names.iter().zip(found) {
        let found = found.map_err(|error| engine_failure(&error))?;
        fingerprints.extend(found.map(|found| ((*name).clone(), found)));
    }
    Ok(fingerprints)
}

/// Notes in `observed` what was edited.
pub(super) fn mark(
    observed: &mut Observed,
    seen: &Seen,
    fingerprints: &BTreeMap<String, Fingerprint>,
) {
    for (name, now) in fingerprints {
        if let Some(container) = observed.containers.get_mut(name) {
            container.edited = seen.edited(name, now);
        }
    }
}

/// Remembers what a start has left, of which the fingerprints of `made` are known. What it did not
/// make is as it was remembered before.
pub(super) async fn remember(
    (project, prepared): (&Project, &Prepared),
    engine: &Engine,
    status: &Status,
    (before, made): (&Seen, BTreeMap<String, Fingerprint>),
) {
    let all = status.database.container.iter().chain(&status.services);
    let there: Vec<_> = all
        .filter(|one| !one.id.is_empty() && one.role != "orphan")
        .collect();
    let known = |name: &str, id: &str| before.fields(name, id).cloned();
    let new = there.iter().filter(|one| {
        !made.contains_key(&one.container) && known(&one.container, &one.id).is_none()
    });
    let new: Vec<&String> = new.map(|one| &one.container).collect();
    let mut fingerprints = of(engine, &new).await.unwrap_or_default();
    fingerprints.extend(made);
    let desired = &prepared.desired;
    let networks = desired.networks.iter().map(|one| one.name.clone());
    let volumes = desired.volumes.iter().map(|one| one.name.clone());
    let mut seen = Seen {
        version: engine.version.clone(),
        containers: BTreeMap::new(),
        networks: networks.collect(),
        volumes: volumes.collect(),
    };
    for one in there {
        let fresh = || {
            fingerprints
                .get(&one.container)
                .map(|found| found.fields.clone())
        };
        let Some(fields) = known(&one.container, &one.id).or_else(fresh) else {
            continue;
        };
        let container = SeenContainer {
            id: one.id.clone(),
            service: one.service.clone(),
            runs: matches!(one.engine_state, State::Running | State::Restarting),
            fields,
        };
        seen.containers.insert(one.container.clone(), container);
    }
    if seen != *before {
        let environment = &prepared.identity.environment;
        write((project, environment), engine, &seen);
    }
}

/// Notes what a stop has stopped and removed.
pub(super) fn forget(
    (project, environment): (&Project, &EnvironmentName),
    engine: &Engine,
    done: &Plan,
) {
    let before = seen(project, environment, engine);
    let mut seen = before.clone();
    for step in &done.steps {
        match &step.action {
            Action::RemoveContainer { name, .. } => drop(seen.containers.remove(name)),
            Action::RemoveNetwork(name) => {
                seen.networks.remove(name);
            }
            Action::RemoveVolume(name) => {
                seen.volumes.remove(name);
            }
            Action::StopContainer { name, .. } => {
                if let Some(container) = seen.containers.get_mut(name) {
                    container.runs = false;
                }
            }
            _ => {}
        }
    }
    if seen != before {
        write((project, environment), engine, &seen);
    }
}

fn write((project, environment): (&Project, &EnvironmentName), engine: &Engine, seen: &Seen) {
    let state = &project.state;
    if let Err(error) = state.remember_seen(environment, &which(engine), seen) {
        tracing::debug!("changes behind poststack's back will not be seen: {error}");
    }
}
