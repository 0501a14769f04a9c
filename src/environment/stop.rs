//! Stop and restart: dependents first, the database last, data untouched.

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::context::Context;
use super::execute::execute;
use super::failure::{Failure, Kind};
use super::images::Images;
use super::observe;
use super::prepare::Prepared;
use super::project::Project;
use super::start::lock;
use super::step_failure::engine_failure;
use crate::config::model::Storage;
use crate::engine::{Engine, HealthOutcome};
use crate::event::{Event, Listener, Seconds, Subject};
use crate::plan::identity::Role;
use crate::plan::{self, Action, DesiredContainer, StopOptions};

/// What a stop did.
#[derive(Debug, Clone, Serialize)]
pub struct Stopped {
    pub project: String,
    pub environment: String,
    pub stopped: Vec<String>,
    pub removed: Vec<String>,
    pub seconds: Seconds,
}

/// Stops an environment.
///
/// # Errors
/// The lock is held, or the engine fails.
pub async fn stop(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    options: (StopOptions, Duration),
    listener: Listener<'_>,
) -> Result<Stopped, Failure> {
    let began = Instant::now();
    let (options, wait) = options;
    let lock = lock(project, prepared, engine, ("env stop", wait)).await?;
    listener(Event::Began {
        verb: "env stop",
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        engine: engine.to_string(),
    });
    let observed = observe::own(engine, &prepared.identity).await?;
    let plan = plan::stop(&prepared.identity, &observed, options);
    let images = Images::new(engine, prepared);
    let context = Context {
        engine,
        prepared,
        images: &images,
        listener,
        migrated: Cell::new(false),
    };
    execute(&plan, &context)
        .await
        .map_err(|stopped| stopped.failure)?;
    lock.done();
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
        seconds: Seconds(began.elapsed()),
    })
}

/// Which service to restart.
#[derive(Debug, Clone, Copy)]
pub struct Restart<'a> {
    pub service: &'a str,
    pub lock_wait: Duration,
}

/// Stops and starts the container of one service and waits until it is ready again.
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
    let container = restartable(prepared, restart.service)?;
    let name = &container.spec.name;
    let began = Instant::now();
    let found = engine.find_by_name(name).await;
    let found = found.map_err(|error| engine_failure(&error))?;
    if !found.is_some_and(|found| prepared.identity.owns(&found.labels)) {
        let environment = &prepared.identity.environment;
        let message = format!("`{}` has no container yet", restart.service);
        let hint = format!("poststack env start {environment}");
        return Err(Failure::new(Kind::Failed, message).hint(hint));
    }
    let stopped = engine.stop_in_its_time(name).await;
    stopped.map_err(|error| engine_failure(&error))?;
    let started = engine.start(name).await;
    started.map_err(|error| engine_failure(&error))?;
    let images = Images::new(engine, prepared);
    let context = Context {
        engine,
        prepared,
        images: &images,
        listener,
        migrated: Cell::new(false),
    };
    ready_again(container, &context).await?;
    listener(Event::StepEnded {
        subject: Subject::new("Container", name),
        done: "restarted",
        cause: String::new(),
        took: began.elapsed(),
    });
    lock.done();
    Ok(())
}

/// The container of a service that may be restarted; a service wins over the database.
fn restartable<'p>(prepared: &'p Prepared, service: &str) -> Result<&'p DesiredContainer, Failure> {
    let environment = &prepared.identity.environment;
    let services = prepared.desired.deployment.iter();
    let mut candidates = services.chain(prepared.desired.containers());
    let Some(container) = candidates.find(|one| one.service == service) else {
        let known = prepared.desired.containers();
        let known: Vec<&str> = known.map(|one| one.service.as_str()).collect();
        let message = format!("Environment `{environment}` has no service `{service}`");
        let hint = format!("its services are: {}", known.join(", "));
        return Err(Failure::new(Kind::Usage, message).hint(hint));
    };
    let in_memory = prepared.environment.postgres.storage == Storage::Tmpfs;
    if container.role == Role::Database && in_memory {
        let message =
            "The data is in memory (`storage: tmpfs`): a restart of the database loses it";
        return Err(Failure::new(Kind::Failed, message).hint(format!(
            "to start over with a new database: poststack env restart {environment}"
        )));
    }
    Ok(container)
}

async fn ready_again(container: &DesiredContainer, context: &Context<'_>) -> Result<(), Failure> {
    if container.role == Role::Database {
        let login = super::database::await_login(context).await;
        return login.map_err(|failure| *failure);
    }
    let name = &container.spec.name;
    let outcome = context.engine.wait_healthy(name, None).await;
    match outcome.map_err(|error| engine_failure(&error))? {
        HealthOutcome::Healthy | HealthOutcome::NoTest | HealthOutcome::Exited(0) => Ok(()),
        other => {
            let step = plan::Step {
                phase: plan::Phase::Deploy,
                action: Action::StartContainer(name.clone()),
                cause: String::new(),
                after: Vec::new(),
            };
            let failure = super::step_failure::unready(&step, name, &other, context).await;
            Err(*failure)
        }
    }
}
