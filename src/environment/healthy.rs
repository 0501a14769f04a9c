//! A container that has shown its health need not show it again before the engine's first test.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::project::Project;
use super::status::Status;
use crate::engine::Engine;
use crate::names::EnvironmentName;
use crate::plan::identity::{self, Role};
use crate::plan::observed::{Health, Observed, ObservedContainer};

/// Calls a service healthy that the engine still calls starting, where an earlier start has seen it.
pub(super) async fn recall(
    project: &Project,
    environment: &EnvironmentName,
    engine: &Engine,
    observed: &mut Observed,
) {
    let is_service = |container: &ObservedContainer| {
        container.labels.get(identity::ROLE).map(String::as_str) == Some(Role::Service.as_str())
    };
    let starting = observed
        .containers
        .values_mut()
        .filter(|container| container.health == Health::Starting && is_service(container));
    let starting: Vec<_> = starting.collect();
    if starting.is_empty() {
        return;
    }
    let known = project.state.healthy(environment);
    let ids: Vec<String> = starting.iter().map(|found| found.id.clone()).collect();
    for (container, run) in starting.into_iter().zip(runs(engine, &ids).await) {
        if run.is_some_and(|run| known.contains(&run)) {
            container.health = Health::Healthy;
        }
    }
}

/// Notes the services that a start has seen healthy before the engine has.
pub(super) async fn remember(
    project: &Project,
    environment: &EnvironmentName,
    engine: &Engine,
    status: &Status,
) {
    let starting = status
        .services
        .iter()
        .filter(|service| service.health == Some("starting"));
    let ids: Vec<String> = starting.map(|service| service.id.clone()).collect();
    if ids.is_empty() {
        return;
    }
    let runs: BTreeSet<String> = runs(engine, &ids).await.into_iter().flatten().collect();
    if let Err(error) = project.state.remember_healthy(environment, &runs) {
        tracing::debug!("the next start will test health again: {error}");
    }
}

/// What tells one run of each container from its next: its id and when it was started.
async fn runs(engine: &Engine, ids: &[String]) -> Vec<Option<String>> {
    let inspected = join_all(ids.iter().map(|id| engine.inspect(id))).await;
    let run = |found: crate::engine::Inspected| {
        let started = found.started_at?;
        Some(format!("{} {started}", found.id))
    };
    inspected
        .into_iter()
        .map(|found| found.ok().flatten().and_then(run))
        .collect()
}
