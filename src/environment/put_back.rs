//! A failed start is undone: what ran before runs again.

use std::time::Duration;

use super::context::Context;
use super::execute::execute;
use super::failure::{Failure, Kind};
use super::observe;
use super::step_failure::VIEW_LOGS;
use crate::event::Event;
use crate::plan::observed::{Observed, State};
use crate::plan::{self, Action, Plan};

/// How often an undoing is tried: an engine that hung up once may answer the next time.
const ATTEMPTS: u32 = 3;

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// Puts the containers of `before` back where a start that ended with `failure` had replaced or
/// stopped them; the failure, with what came of it.
pub(super) async fn put_back(
    failure: Failure,
    before: &Observed,
    context: &Context<'_>,
) -> Failure {
    let mut failure = failure;
    let mut restored: Vec<String> = Vec::new();
    let mut lost = failure.kind == Kind::Unreachable;
    for attempt in 1..=ATTEMPTS {
        match once(before, context, &mut restored, lost).await {
            Ok(removed) => {
                // What failed goes, and its log with it: the lines shown are all there is.
                if removed {
                    failure.hints.retain(|hint| !hint.starts_with(VIEW_LOGS));
                }
                return match restored.is_empty() {
                    true => failure,
                    false => {
                        let names = restored.join(", ");
                        failure.hint(format!("what ran before runs again: {names}"))
                    }
                };
            }
            Err(second) if attempt == ATTEMPTS => {
                let environment = &context.prepared.identity.environment;
                return failure.hint(format!(
                    "the former containers could not all be put back: {}; run `poststack env start \
                     {environment}` again",
                    second.message
                ));
            }
            Err(_) => {
                lost = true;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    failure
}

/// One attempt; whether a container that has run was removed by it. `lost` where answers of the engine were, so
/// that it may still be at work.
async fn once(
    before: &Observed,
    context: &Context<'_>,
    restored: &mut Vec<String>,
    lost: bool,
) -> Result<bool, Failure> {
    let (engine, prepared) = (context.engine, context.prepared);
    if lost {
        observe::settled(engine, &prepared.identity).await?;
    }
    let now = observe::own(engine, &prepared.identity).await?;
    let undo = plan::undo(&prepared.desired, before, &now);
    let started = started(&undo);
    if !started.is_empty() {
        let text = "Putting the former containers back".to_owned();
        (context.listener)(Event::Note(text));
    }
    for name in started {
        if !restored.contains(&name) {
            restored.push(name);
        }
    }
    let had_log = |action: &Action| match action {
        Action::RemoveContainer { name, .. } => {
            let found = now.containers.get(name);
            found.is_some_and(|found| found.state != State::Created)
        }
        _ => false,
    };
    let removed = undo.steps.iter().any(|step| had_log(&step.action));
    execute(&undo, context).await?;
    Ok(removed)
}

fn started(undo: &Plan) -> Vec<String> {
    let actions = undo.steps.iter().map(|step| &step.action);
    let names = actions.filter_map(|action| match action {
        Action::StartContainer(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}
