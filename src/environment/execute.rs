//! Runs a plan: every step as soon as the steps it waits for have ended. Decides nothing.

use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::context::{Context, service_of};
use super::failure::Failure;
use super::{hooks, step_failure, stopping};
use crate::engine::{Created, Engine, EngineError, HealthOutcome};
use crate::event::{Event, InitResult, Seconds, StepUnderWay, Subject};
use crate::plan::spec::{ContainerSpec, MountSpec, MountSpecSource};
use crate::plan::step::{NEXT, PREVIOUS, StepId, base_name};
use crate::plan::{Action, Phase, Plan, Step};

/// Runs `plan` to its end, or to the first failure: steps under way that change something end
/// first, those that only wait are dropped.
pub(super) async fn execute(plan: &Plan, context: &Context<'_>) -> Result<(), Failure> {
    let (stop, stopped) = watch::channel(false);
    let mut state = Progress::new(plan);
    let mut running = FuturesUnordered::new();
    let mut failure = None;
    loop {
        if failure.is_none() {
            for id in state.ready(plan) {
                if let Some(step) = plan.steps.get(id) {
                    running.push(run(id, step, context, stopped.clone()));
                }
            }
        }
        let Some((id, outcome)) = running.next().await else {
            break;
        };
        match outcome {
            Ok(()) => state.end(id),
            Err(None) => {}
            Err(Some(error)) => {
                // The first failure is the one that explains the others.
                failure.get_or_insert(*error);
                let _ = stop.send(true);
            }
        }
    }
    failure.map_or(Ok(()), Err)
}

struct Progress {
    /// Per step: how many it still waits for, or `None` when it was begun.
    waiting: Vec<Option<usize>>,
    followers: Vec<Vec<StepId>>,
}

impl Progress {
    fn new(plan: &Plan) -> Self {
        let mut followers = vec![Vec::new(); plan.steps.len()];
        for (id, step) in plan.steps.iter().enumerate() {
            for &before in &step.after {
                if let Some(list) = followers.get_mut(before) {
                    list.push(id);
                }
            }
        }
        Self {
            waiting: plan
                .steps
                .iter()
                .map(|step| Some(step.after.len()))
                .collect(),
            followers,
        }
    }

    /// Takes the steps that can begin now.
    fn ready(&mut self, plan: &Plan) -> Vec<StepId> {
        let ids = 0..plan.steps.len();
        let ready: Vec<StepId> = ids
            .filter(|&id| self.waiting.get(id).copied().flatten() == Some(0))
            .collect();
        for &id in &ready {
            if let Some(waiting) = self.waiting.get_mut(id) {
                *waiting = None;
            }
        }
        ready
    }

    fn end(&mut self, id: StepId) {
        for follower in self.followers.get(id).cloned().unwrap_or_default() {
            if let Some(Some(count)) = self.waiting.get_mut(follower) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

/// `Err(None)`: dropped because another step failed.
type StepOutcome = Result<(), Option<Box<Failure>>>;

async fn run(
    id: StepId,
    step: &Step,
    context: &Context<'_>,
    mut stopped: watch::Receiver<bool>,
) -> (StepId, StepOutcome) {
    let droppable = !step.action.changes() || matches!(step.action, Action::PrepareImage(_));
    let work = run_step(step, context);
    let outcome = if droppable {
        tokio::select! {
            outcome = work => outcome.map_err(Some),
            _ = stopped.wait_for(|stopped| *stopped) => Err(None),
        }
    } else {
        work.await.map_err(Some)
    };
    (id, outcome)
}

async fn run_step(step: &Step, context: &Context<'_>) -> Result<(), Box<Failure>> {
    let told = telling(&step.action).map(|(subject, work, done)| {
        let under_way = StepUnderWay::began(context.listener, subject, work);
        (under_way, done)
    });
    act(step, context).await?;
    if let Some((under_way, done)) = told {
        under_way.ended(done, context.prepared.mask(&step.cause));
    }
    Ok(())
}

/// How a step is told: its subject, what is under way, what is done. `None` for what tells itself.
fn telling(action: &Action) -> Option<(Subject, &'static str, &'static str)> {
    let container = |name: &str| Subject::new("Container", name);
    Some(match action {
        Action::CreateNetwork(network) => (
            Subject::new("Network", &network.name),
            "creating",
            "created",
        ),
        Action::CreateVolume(volume) => {
            (Subject::new("Volume", &volume.name), "creating", "created")
        }
        Action::RemoveNetwork(name) => (Subject::new("Network", name), "removing", "removed"),
        Action::RemoveVolume(name) => (Subject::new("Volume", name), "removing", "removed"),
        Action::PrepareImage(_) | Action::Migrate(_) | Action::AwaitExit { .. } => return None,
        Action::CreateContainer { spec, .. } => match spec.name.strip_suffix(NEXT) {
            Some(name) => (container(name), "creating anew", "created anew"),
            None => (container(&spec.name), "creating", "created"),
        },
        Action::RenameContainer { .. } => return None,
        Action::PostStart { name, .. } => (container(name), "running post_start", "ran post_start"),
        Action::PreStop { name, .. } => (
            container(base_name(name)),
            "running pre_stop",
            "ran pre_stop",
        ),
        Action::StartContainer(name) => (container(name), "starting", "started"),
        Action::StopContainer { name, .. } => (container(base_name(name)), "stopping", "stopped"),
        Action::RemoveContainer { name, .. } => match name.strip_suffix(PREVIOUS) {
            Some(_) => return None,
            None => (container(name), "removing", "removed"),
        },
        Action::AwaitLogin => (Subject::new("Database", ""), "waiting for a login", "ready"),
        Action::AwaitReady { name, tested, .. } => {
            let done = if *tested { "healthy" } else { "running" };
            (container(name), "waiting", done)
        }
    })
}

async fn act(step: &Step, context: &Context<'_>) -> Result<(), Box<Failure>> {
    let engine = context.engine;
    let result = match &step.action {
        Action::CreateNetwork(network) => {
            let made = engine.create_network(network).await;
            made.map(|warnings| warn(warnings, context))
        }
        Action::CreateVolume(volume) => engine.create_volume(volume).await.map(drop),
        Action::RemoveNetwork(name) => engine.remove_network(name).await,
        Action::RemoveVolume(name) => engine.remove_unused_volume(name).await,
        Action::PrepareImage(reference) => {
            return context.images.prepare(reference, context.listener).await;
        }
        Action::CreateContainer { spec, predecessor } => {
            let made = create(spec, predecessor.as_deref(), engine).await;
            made.map(|created| warn(created.warnings, context))
        }
        Action::RenameContainer { from, to } => engine.rename(from, to).await,
        Action::StartContainer(name) => engine.start(name).await,
        Action::PostStart { name, hook } => {
            return hooks::post_start(step, name, hook, context).await;
        }
        Action::PreStop { name, hook } => {
            hooks::pre_stop(name, hook, context).await;
            return Ok(());
        }
        Action::StopContainer { name, grace } => {
            stopping::stop(engine, name, *grace, context.listener).await
        }
        Action::RemoveContainer { name, volumes } => engine.remove(name, true, *volumes).await,
        Action::AwaitLogin => return super::database::await_login(context).await,
        Action::Migrate(folder) => return super::init_report::migrate(folder, context).await,
        Action::AwaitExit { name } => return await_exit(step.phase, name, context).await,
        Action::AwaitReady {
            name,
            tested,
            health_needed,
        } => {
            return match wait_ready(name, *tested, context).await {
                Ok(HealthOutcome::NoTest) if *health_needed => {
                    Err(step_failure::untested(step, name, context))
                }
                Ok(HealthOutcome::Healthy | HealthOutcome::NoTest) => Ok(()),
                Ok(other) => Err(step_failure::unready(step, name, &other, context).await),
                Err(error) => Err(step_failure::of_engine(step, &error, context).await),
            };
        }
    };
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(step_failure::of_engine(step, &error, context).await),
    }
}

/// What the engine leaves out is told, whatever it is.
fn warn(warnings: Vec<String>, context: &Context<'_>) {
    for warning in warnings {
        (context.listener)(Event::Warning(context.prepared.mask(&warning)));
    }
}

/// By the probes of its Pod file, else by the health test that the engine knows.
async fn wait_ready(
    name: &str,
    tested: bool,
    context: &Context<'_>,
) -> Result<HealthOutcome, EngineError> {
    let engine = context.engine;
    let (inspected, fingerprint) = engine.describe(name).await?;
    context.note(base_name(name), &inspected, fingerprint);
    let mut containers = context.prepared.desired.containers();
    let found = containers.find(|container| container.spec.name == name);
    match found.and_then(|container| container.readiness.as_ref()) {
        // A former container that was put back has other probes, or none.
        Some(readiness) if tested || readiness.probes.is_empty() => {
            engine.wait_ready(&inspected, readiness).await
        }
        _ => engine.wait_healthy(&inspected, context.caution, None).await,
    }
}

/// Creates a container; with a predecessor it takes over the anonymous volumes of that one.
async fn create(
    spec: &ContainerSpec,
    predecessor: Option<&str>,
    engine: &Engine,
) -> Result<Created, EngineError> {
    let mut spec = spec.clone();
    if let Some(predecessor) = predecessor {
        let volumes = engine.anonymous_volumes(predecessor).await?;
        if !volumes.is_empty() {
            let declared = engine.image_volumes(&spec.image).await?;
            inherit(&mut spec, volumes, &declared);
        }
    }
    for owner in spec.lives_in_mut() {
        find_successor(owner, engine).await?;
    }
    engine.create_container(&spec).await
}

/// Takes over those of `volumes` that are asked for still: by the container itself, or by its image,
/// whose volumes are `declared`, where the container has nothing else there.
fn inherit(spec: &mut ContainerSpec, volumes: Vec<MountSpec>, declared: &[String]) {
    let same = |one: &str, other: &str| one.trim_end_matches('/') == other.trim_end_matches('/');
    for mount in volumes {
        let target = mount.target.as_str();
        if let Some(own) = spec.mounts.iter_mut().find(|own| same(&own.target, target)) {
            if own.source == MountSpecSource::Anonymous {
                own.source = mount.source;
            }
            continue;
        }
        let of_image = declared.iter().any(|path| same(path, target));
        let covered = spec.files.iter().any(|file| same(&file.target, target))
            || spec.process.tmpfs.keys().any(|path| same(path, target));
        if of_image && !covered {
            spec.mounts.push(mount);
        }
    }
}

/// Names a container that takes another's place by its id: it gets its name at any moment.
async fn find_successor(name: &mut String, engine: &Engine) -> Result<(), EngineError> {
    let Some(base) = name.strip_suffix(NEXT) else {
        return Ok(());
    };
    let found = match engine.find_by_name(name).await? {
        Some(found) => Some(found),
        None => engine.find_by_name(base).await?,
    };
    if let Some(found) = found {
        *name = found.id;
    }
    Ok(())
}

async fn await_exit(phase: Phase, name: &str, context: &Context<'_>) -> Result<(), Box<Failure>> {
    let began = Instant::now();
    let service = service_of(name, context);
    let subject = match phase {
        Phase::Init(_) => Subject::new("Init", service),
        _ => Subject::new("Container", name),
    };
    let _running = StepUnderWay::began(context.listener, subject, "running");
    let code = context.engine.wait_success(name).await;
    let code = code.map_err(|error| Box::new(step_failure::engine_failure(&error)))?;
    if matches!(phase, Phase::Init(_)) {
        (context.listener)(Event::InitEnded(InitResult {
            name: service.to_owned(),
            ok: code == 0,
            exit_code: Some(code),
            seconds: Seconds(began.elapsed()),
            detail: String::new(),
        }));
    }
    if code == 0 {
        return Ok(());
    }
    Err(step_failure::exited(phase, name, code, context).await)
}

#[cfg(test)]
mod tests;
