//! Start: validate, lock, look, plan, do; a failed deploy is undone.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::adoption::{self, Pending};
use super::context::Context;
use super::data_in_use;
use super::database::EarlyLogin;
use super::execute::execute;
use super::failure::{Failure, Kind};
use super::healthy;
use super::images::Images;
use super::observe;
use super::ports;
use super::prepare::{Deciders, Prepared};
use super::project::{Project, state_failure};
use super::put_back::put_back;
use super::record;
use super::refusal::refused;
use super::status::{self, Status};
use crate::engine::{Caution, Engine};
use crate::event::{Event, Listener, Seconds};
use crate::names::EnvironmentName;
use crate::plan::desired::{External, ImageSource};
use crate::plan::observed::{Observed, State};
use crate::plan::seen::Seen;
use crate::plan::{self, Action, Phase, Plan, StartOptions};
use crate::settings::Decider;
use crate::state::{Lock, LockError};
use crate::workload::model::PullPolicy;

/// How a start goes beyond its plan.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub plan: StartOptions,
    /// Build images with a build section even if they are there.
    pub build: bool,
    pub lock_wait: Duration,
    /// For the lock file and messages: `env start`, `env init`, …
    pub verb: &'static str,
}

/// A start that ended well.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Whether anything was created, started, stopped or removed.
    pub changed: bool,
    pub seconds: Seconds,
    pub orphans: Vec<String>,
    #[serde(flatten)]
    pub status: Status,
}

/// Takes the lock of the environment for a verb that changes it, and waits for what an interrupted
/// holder before asked of the engine.
pub(super) async fn lock(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    (verb, wait): (&str, Duration),
) -> Result<Lock, Failure> {
    let lock = lock_files(project, &prepared.environment.name, (verb, wait)).await?;
    if lock.was_interrupted() {
        observe::settled(engine, &prepared.identity).await?;
    }
    Ok(lock)
}

/// As [`lock`], for what asks nothing of the engine.
pub(super) async fn lock_files(
    project: &Project,
    environment: &EnvironmentName,
    (verb, wait): (&str, Duration),
) -> Result<Lock, Failure> {
    let command = format!("{verb} {environment}");
    let lock = Lock::acquire(&project.state, environment, &command, wait).await;
    lock.map_err(lock_failure)
}

fn lock_failure(error: LockError) -> Failure {
    match error {
        LockError::State(error) => state_failure(&error),
        LockError::Busy { .. } => {
            let message = super::step_failure::capitalised(&error.to_string());
            let failure = Failure::new(Kind::LockBusy, message);
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }
    }
}

/// Brings an environment up.
///
/// # Errors
/// What failed; with a failed deploy the former containers run again.
pub async fn start(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    options: Options,
    listener: Listener<'_>,
) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let claim = (options.verb, options.lock_wait);
    let lock = lock(project, prepared, engine, claim).await?;
    listener(Event::Began {
        verb: options.verb,
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        engine: engine.to_string(),
    });
    let both = (project, prepared);
    let outcome = match adoption::pending(project, prepared, engine, listener).await? {
        Pending::GoOn(adoption) => {
            adoption::carry_out(both, &adoption, engine, options, listener).await?
        }
        Pending::Nothing => bring_up(project, prepared, engine, options, listener).await?,
        Pending::Undone => {
            lock.done();
            return Err(adoption::undone(&prepared.environment.name));
        }
    };
    lock.done();
    Ok(Outcome {
        seconds: Seconds(began.elapsed()),
        ..outcome
    })
}

/// As [`start`], with the lock held.
pub(super) async fn bring_up(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    options: Options,
    listener: Listener<'_>,
) -> Result<Outcome, Failure> {
    let images = Images::new(engine, prepared);
    build_first(prepared, &images, options.build, listener).await?;
    let environment = &prepared.identity.environment;
    let seen = record::seen(project, environment, engine);
    let login = EarlyLogin::begin(prepared, &seen);
    let observed = look(project, prepared, engine, &seen).await?;
    let started = plan::start(&prepared.desired, &observed, &options.plan)
        .map_err(|conflicts| refused(&conflicts, &prepared.identity))?;
    missing_externals(&started.missing, &prepared.deciders)?;
    data_in_use::check(prepared, engine).await?;
    ports::check(&started.plan, prepared, &observed, engine).await?;
    let context = Context {
        caution: caution(&started.plan),
        works: touches_containers(&started.plan),
        login: RefCell::new(login.end(&started.plan).await),
        ..Context::new(engine, prepared, &images, listener)
    };
    let mut status = run(&started.plan, &observed, &context).await?;
    let seen = (&seen, context.made.take());
    record::remember((project, prepared), engine, &status, seen).await;
    if options.plan.deploy && options.plan.wait {
        healthy::remember(project, environment, engine, &status).await;
        status.was_awaited();
    }
    Ok(Outcome {
        changed: context.migrated.get() || !started.plan.changes_nothing(),
        // Whoever began knows.
        seconds: Seconds(Duration::ZERO),
        orphans: started.orphans,
        status,
    })
}

/// Everything that a plan is made over.
pub(super) async fn look(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    seen: &Seen,
) -> Result<Observed, Failure> {
    let (observed, fingerprints) = futures_util::try_join!(
        observe::everything(engine, &prepared.desired, seen),
        record::fingerprints(engine, seen),
    )?;
    let mut observed = observed;
    record::mark(&mut observed, seen, &fingerprints);
    let environment = &prepared.identity.environment;
    healthy::recall(project, environment, engine, &mut observed).await;
    Ok(observed)
}

/// Where something that runs is stopped for what comes, that has to show more than a good start.
fn caution(plan: &Plan) -> Caution {
    let mut actions = plan.steps.iter().map(|step| &step.action);
    match actions.any(|action| matches!(action, Action::StopContainer { .. })) {
        true => Caution::Settle,
        false => Caution::UntilAtRest,
    }
}

/// Whether the plan changes or awaits a container, so that it is another one afterwards.
fn touches_containers(plan: &Plan) -> bool {
    let mut actions = plan.steps.iter().map(|step| &step.action);
    actions.any(|action| !matches!(action, Action::AwaitLogin | Action::Migrate(_)))
}

/// Builds what is to be built even if it is there, so that the plan sees the new images.
async fn build_first(
    prepared: &Prepared,
    images: &Images<'_>,
    all: bool,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    for (reference, image) in &prepared.desired.images {
        let ImageSource::Build(_, policy) = &image.source else {
            continue;
        };
        if all || matches!(policy, PullPolicy::Build | PullPolicy::Always) {
            images
                .prepare(reference, listener)
                .await
                .map_err(|failure| *failure)?;
        }
    }
    Ok(())
}

async fn run(plan: &Plan, before: &Observed, context: &Context<'_>) -> Result<Status, Failure> {
    let entries = plan.steps.iter().filter_map(|step| match step.phase {
        Phase::Init(index) => Some(index),
        _ => None,
    });
    let entries: std::collections::BTreeSet<usize> = entries.collect();
    if !entries.is_empty() {
        let entries = entries.len();
        (context.listener)(Event::InitBegan { entries });
    }
    // What was replaced is kept until everything else has ended well.
    let (work, finish) = plan.before_finish();
    let mut status = match do_work(&work, before, context).await {
        Ok(status) => status,
        Err(failure) => return Err(put_back(failure, before, context).await),
    };
    if let Err(failure) = execute(&finish, context).await {
        // What was asked for runs; only what it has replaced is still there.
        let text = format!("{}; the next start tries it again", failure.message);
        (context.listener)(Event::Warning(text));
    }
    status
        .services
        .retain(|one| !removes(&finish, &one.container));
    Ok(status)
}

/// What runs once `work` is done.
async fn do_work(work: &Plan, before: &Observed, context: &Context<'_>) -> Result<Status, Failure> {
    execute(work, context).await?;
    let status = if context.works {
        let mut described = context.made.take();
        let (status, made) = futures_util::join!(
            status::status(context.prepared, context.engine),
            record::of_made(context.engine, work, &described),
        );
        described.extend(made);
        context.made.replace(described);
        status?
    } else {
        let summary = context.summary.take();
        status::of(
            context.prepared,
            context.engine,
            &before.containers,
            summary,
        )
    };
    match ended(work, &status, context).await {
        Some(failure) => Err(failure),
        None => Ok(status),
    }
}

fn removes(plan: &Plan, container: &str) -> bool {
    let mut actions = plan.steps.iter().map(|step| &step.action);
    actions
        .any(|action| matches!(action, Action::RemoveContainer { name, .. } if name == container))
}

pub(super) fn missing_externals(missing: &[External], deciders: &Deciders) -> Result<(), Failure> {
    let told = |external: &External| match external {
        External::Network(name) => format!("network `{name}`"),
        External::Volume(name) => format!("volume `{name}`"),
    };
    let names: Vec<String> = missing.iter().map(told).collect();
    match names.as_slice() {
        [] => Ok(()),
        names => {
            let message = format!("External and not there: {}", names.join(", "));
            let mut decided = missing.iter().filter_map(|external| match external {
                External::Network(name) => deciders.networks.get(name),
                External::Volume(_) => None,
            });
            let remedy = decided.next().map(Decider::another);
            let remedy = remedy.unwrap_or_else(|| "remove `external: true`".to_owned());
            let hint = format!("create it, or {remedy}; nothing was changed");
            Err(Failure::new(Kind::Failed, message).hint(hint))
        }
    }
}

/// A service that ended with an error right after it was started is a failed deploy.
async fn ended(work: &Plan, status: &Status, context: &Context<'_>) -> Option<Failure> {
    for container in &context.prepared.desired.deployment {
        let name = &container.spec.name;
        let mut actions = work.steps.iter().map(|step| &step.action);
        let started =
            actions.any(|action| matches!(action, Action::StartContainer(one) if one == name));
        let Some(found) = status.services.iter().find(|one| one.container == *name) else {
            continue;
        };
        let code = match found.engine_state {
            State::Exited(Some(code)) if started && code != 0 => code,
            State::Restarting => {
                let told = context.engine.code_of_restarting(name).await;
                match told {
                    // It has come up meanwhile.
                    Ok((now, None)) if now.state == State::Running => continue,
                    told => told.ok().and_then(|(_, code)| code).unwrap_or_default(),
                }
            }
            _ => continue,
        };
        return Some(*super::step_failure::exited(Phase::Deploy, name, code, context).await);
    }
    None
}
