//! Stop and restart: dependents first, the database last, data untouched.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::context::Context;
use super::execute::execute;
use super::failure::{Failure, Kind};
use super::images::Images;
use super::observe;
use super::prepare::Prepared;
use super::project::Project;
use super::record;
use super::start::lock;
use crate::config::model::Storage;
use crate::engine::Engine;
use crate::event::{Event, Listener, Seconds};
use crate::plan::identity::{Identity, Role};
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::{self, Action, DesiredContainer, Plan, StopOptions};

/// What a stop did.
#[derive(Debug, Clone, Serialize)]
pub struct Stopped {
    pub project: String,
    pub environment: String,
    pub stopped: Vec<String>,
    pub removed: Vec<String>,
    /// Whether the data went with the database, since it was in memory.
    pub data_lost: bool,
    pub seconds: Seconds,
}

impl Stopped {
    /// There was nothing to do.
    #[must_use]
    pub fn nothing(identity: &Identity) -> Self {
        Self {
            project: identity.project.to_string(),
            environment: identity.environment.to_string(),
            stopped: Vec::new(),
            removed: Vec::new(),
            data_lost: false,
            seconds: Seconds(Duration::ZERO),
        }
    }
}

/// What to stop.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub options: StopOptions,
    /// The names of the containers; `None` for everything of the environment. Who removes them
    /// removes the networks with the last one.
    pub only: Option<&'a BTreeSet<String>>,
    /// Of those in `only`, leave what runs by now.
    pub idle: bool,
    pub lock_wait: Duration,
    /// For the lock file and messages: `env stop`, …
    pub verb: &'static str,
}

/// Stops an environment.
///
/// # Errors
/// The lock is held, or the engine fails.
pub async fn stop(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    (options, lock_wait): (StopOptions, Duration),
    listener: Listener<'_>,
) -> Result<Stopped, Failure> {
    let request = Request {
        options,
        only: None,
        idle: false,
        lock_wait,
        verb: "env stop",
    };
    stop_what(project, prepared, engine, request, listener).await
}

/// Stops what `request` names.
///
/// # Errors
/// As [`stop`].
pub async fn stop_what(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    request: Request<'_>,
    listener: Listener<'_>,
) -> Result<Stopped, Failure> {
    let began = Instant::now();
    let claim = (request.verb, request.lock_wait);
    let lock = lock(project, prepared, engine, claim).await?;
    listener(Event::Began {
        verb: request.verb,
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        engine: engine.to_string(),
    });
    let mut observed = observe::own(engine, &prepared.identity).await?;
    if let Some(only) = request.only {
        let there = observed.containers.len();
        let meant = |one: &ObservedContainer| !(request.idle && one.runs());
        observed
            .containers
            .retain(|name, one| only.contains(name) && meant(one));
        if observed.containers.len() < there {
            observed.networks.clear();
        }
        observed.volumes.clear();
    }
    let plan = plan::stop(&prepared.desired, &observed, request.options);
    let images = Images::new(engine, prepared);
    let context = Context::new(engine, prepared, &images, listener);
    execute(&plan, &context).await?;
    record::forget((project, &prepared.identity.environment), engine, &plan);
    lock.done();
    let in_memory = prepared.environment.postgres.storage == Storage::Tmpfs;
    let names = |wanted: fn(&Action) -> Option<&String>| -> Vec<String> {
        let actions = plan.steps.iter().map(|step| &step.action);
        actions.filter_map(wanted).cloned().collect()
    };
    Ok(Stopped {
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        stopped: names(|action| match action {
            Action::StopContainer { name, .. } => Some(name),
            _ => None,
        }),
        removed: names(|action| match action {
            Action::RemoveContainer { name, .. } | Action::RemoveNetwork(name) => Some(name),
            _ => None,
        }),
        data_lost: in_memory && ends_database(&plan, &observed),
        seconds: Seconds(began.elapsed()),
    })
}

fn ends_database(plan: &Plan, observed: &Observed) -> bool {
    let mut actions = plan.steps.iter().map(|step| &step.action);
    actions.any(|action| match action {
        Action::StopContainer { name, .. } | Action::RemoveContainer { name, .. } => {
            let container = observed.containers.get(name);
            container.is_some_and(|one| one.role() == Some(Role::Database))
        }
        _ => false,
    })
}

/// Which service to restart.
#[derive(Debug, Clone, Copy)]
pub struct Restart<'a> {
    pub service: &'a str,
    pub lock_wait: Duration,
}

/// Stops and starts the containers of one service and waits until they are ready again.
///
/// # Errors
/// An unknown service, or one that does not come back.
pub async fn restart_service(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    restart: Restart<'_>,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let claim = ("restart", restart.lock_wait);
    let lock = lock(project, prepared, engine, claim).await?;
    let containers = restartable(prepared, restart.service)?;
    let observed = observe::own(engine, &prepared.identity).await?;
    let plan = plan::restart(&prepared.desired, &containers, &observed);
    if plan.steps.is_empty() {
        let environment = &prepared.identity.environment;
        let message = format!("`{}` has no container yet", restart.service);
        let hint = format!("poststack env start {environment}");
        return Err(Failure::new(Kind::Failed, message).hint(hint));
    }
    let images = Images::new(engine, prepared);
    let context = Context::new(engine, prepared, &images, listener);
    execute(&plan, &context).await?;
    lock.done();
    Ok(())
}

/// The containers of a service that may be restarted; a service wins over the database.
fn restartable<'p>(
    prepared: &'p Prepared,
    service: &str,
) -> Result<Vec<&'p DesiredContainer>, Failure> {
    let environment = &prepared.identity.environment;
    let of_service = |one: &&DesiredContainer| one.service == service;
    let deployed = prepared.desired.deployment.iter().filter(of_service);
    let mut found: Vec<&DesiredContainer> = deployed.collect();
    if found.is_empty() {
        found = prepared.desired.containers().filter(of_service).collect();
    }
    if found.is_empty() {
        let known = prepared.desired.containers();
        let mut known: Vec<&str> = known.map(|one| one.service.as_str()).collect();
        known.dedup();
        let message = format!("Environment `{environment}` has no service `{service}`");
        let hint = format!("its services are: {}", known.join(", "));
        return Err(Failure::new(Kind::Usage, message).hint(hint));
    }
    let in_memory = prepared.environment.postgres.storage == Storage::Tmpfs;
    if in_memory && found.iter().any(|one| one.role == Role::Database) {
        let message =
            "The data is in memory (`storage: tmpfs`): a restart of the database loses it";
        return Err(Failure::new(Kind::Failed, message).hint(format!(
            "to start over with a new database: poststack env restart {environment}"
        )));
    }
    Ok(found)
}
