//! What went wrong in a step, in words, with the last lines of the container and a next step.

use std::time::Duration;

use super::context::{Context, LOG_TAIL, service_of};
use super::failure::{Failure, Kind};
use super::liquibase;
use crate::diagnostic::Place;
use crate::engine::{EngineError, HealthOutcome};
use crate::event::{Event, InitResult, Seconds};
use crate::plan::{self, Action, Phase, Step};

/// Opens the hint that shows a log; the log must outlive the failure.
pub(super) const VIEW_LOGS: &str = "View logs:";

/// The class of a failure in this phase.
fn kind(phase: Phase) -> Kind {
    match phase {
        Phase::Init(_) => Kind::Init,
        Phase::Deploy => Kind::Deploy,
        Phase::Prepare | Phase::Database | Phase::Finish => Kind::Failed,
    }
}

/// An engine call that failed outside any step.
#[must_use]
pub fn engine_failure(error: &EngineError) -> Failure {
    let kind = if error.is_engine_gone() {
        Kind::Unreachable
    } else {
        Kind::Failed
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    let failure = Failure::new(kind, capitalised(&message));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// An engine call of `step` that failed.
pub(super) async fn of_engine(
    step: &Step,
    error: &EngineError,
    context: &Context<'_>,
) -> Box<Failure> {
    let mut failure = engine_failure(error);
    failure.message = context.prepared.mask(&failure.message);
    if failure.kind == Kind::Failed {
        failure.kind = kind(step.phase);
    }
    if let Action::StartContainer(name) = &step.action {
        let lines = last_lines(name, context).await;
        failure = failure.excerpt(format!("The last lines of {name}:"), lines);
    }
    if let Phase::Init(_) = step.phase {
        failure.message = format!("Init failed: {}; nothing was deployed", failure.message);
        failure = with_init_hints(failure, &step.action, context);
    } else if let Some(place) = place(&step.action, context) {
        let environment = &context.prepared.identity.environment;
        // What failed to take over has put the former containers back.
        let verb = match context.prepared.desired.predecessors.is_empty() {
            true => "env start",
            false => "adopt",
        };
        failure = failure.hint(format!(
            "correct {place} and type: poststack {verb} {environment}"
        ));
    }
    Box::new(failure)
}

/// Tells of the init container that failed and adds what to type next.
fn with_init_hints(failure: Failure, action: &Action, context: &Context<'_>) -> Failure {
    let environment = &context.prepared.identity.environment;
    let failure = match action {
        Action::StartContainer(name) | Action::AwaitReady { name, .. } => {
            let service = service_of(name, context);
            (context.listener)(Event::InitEnded(InitResult {
                name: service.to_owned(),
                ok: false,
                exit_code: None,
                seconds: Seconds(Duration::ZERO),
                detail: "not started".to_owned(),
            }));
            failure.hint(format!(
                "{VIEW_LOGS} poststack env logs {environment} {service}"
            ))
        }
        _ => failure,
    };
    failure.hint(format!("Retry init: poststack env init {environment}"))
}

/// Where the container of an action is described.
fn place(action: &Action, context: &Context<'_>) -> Option<Place> {
    let name = match action {
        Action::CreateContainer { spec, .. } => &spec.name,
        Action::StartContainer(name) => name,
        _ => return None,
    };
    let name = name.strip_suffix(plan::NEXT).unwrap_or(name);
    let mut containers = context.prepared.desired.containers();
    let found = containers.find(|one| one.spec.name == *name);
    found.map(|container| container.place.clone())
}

/// A container that ended with a code other than 0.
pub(super) async fn exited(
    phase: Phase,
    name: &str,
    code: i64,
    context: &Context<'_>,
) -> Box<Failure> {
    let service = service_of(name, context);
    let environment = &context.prepared.identity.environment;
    let mut lines = tail(name, liquibase::LINES, context).await;
    let message = match phase {
        Phase::Init(_) => {
            let reason = liquibase::reason(&lines);
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!(
                "Init failed: `{service}` exited with code {code}{reason}; nothing was deployed"
            )
        }
        _ => format!("`{service}` (container {name}) exited with code {code}"),
    };
    lines.drain(..lines.len().saturating_sub(LOG_TAIL));
    let failure = Failure::new(kind(phase), message)
        .excerpt(format!("The last lines of {name}:"), lines)
        .hint(format!(
            "{VIEW_LOGS} poststack env logs {environment} {service}"
        ));
    Box::new(match phase {
        Phase::Init(_) => failure.hint(format!("Retry init: poststack env init {environment}")),
        _ => failure,
    })
}

/// A service without a health test that others wait for.
pub(super) fn untested(step: &Step, name: &str, context: &Context<'_>) -> Box<Failure> {
    let service = service_of(name, context);
    let message =
        format!("`{service}` has no health test, and another service waits for its health");
    Box::new(
        Failure::new(kind(step.phase), message)
            .hint("give it a `healthcheck`, or wait for `service_started`"),
    )
}

/// A service that did not become healthy, or that ended while it was waited for.
pub(super) async fn unready(
    step: &Step,
    name: &str,
    outcome: &HealthOutcome,
    context: &Context<'_>,
) -> Box<Failure> {
    let service = service_of(name, context);
    let environment = &context.prepared.identity.environment;
    let (message, output) = match outcome {
        HealthOutcome::Exited(code) => return exited(step.phase, name, *code, context).await,
        HealthOutcome::Unhealthy { last_output, .. } => (
            format!("`{service}` (container {name}) did not become healthy"),
            last_output.as_str(),
        ),
        HealthOutcome::TimedOut { last_output } => (
            format!("`{service}` (container {name}) did not become healthy in time"),
            last_output.as_str(),
        ),
        HealthOutcome::Healthy | HealthOutcome::NoTest => (format!("`{service}` is ready"), ""),
    };
    let lines = last_lines(name, context).await;
    let output = context.prepared.mask(output);
    let output: Vec<String> = output.lines().map(str::to_owned).collect();
    let failure = Failure::new(kind(step.phase), message)
        .excerpt("Its health test said:", output)
        .excerpt(format!("The last lines of {name}:"), lines)
        .hint(format!(
            "{VIEW_LOGS} poststack env logs {environment} {service}"
        ));
    Box::new(failure)
}

pub(super) async fn last_lines(name: &str, context: &Context<'_>) -> Vec<String> {
    tail(name, LOG_TAIL, context).await
}

/// The last `count` lines, without secrets.
async fn tail(name: &str, count: usize, context: &Context<'_>) -> Vec<String> {
    let lines = context.engine.last_lines(name, count).await;
    let lines = lines.unwrap_or_default();
    lines
        .iter()
        .map(|line| context.prepared.mask(line))
        .collect()
}

pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
