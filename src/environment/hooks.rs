//! Programs that run in a container after its start and before its stop.

use std::time::Duration;

use super::context::{Context, service_of};
use super::failure::{Failure, Kind};
use super::step_failure;
use crate::engine::{Engine, EngineError, ExecOptions, ExecOutput};
use crate::event::Event;
use crate::plan::hooks::PreStop;
use crate::plan::observed::State;
use crate::plan::{Phase, Step};
use crate::workload::model::Hook;

/// Runs a hook; one that fails fails the deploy.
pub(super) async fn post_start(
    step: &Step,
    name: &str,
    hook: &Hook,
    context: &Context<'_>,
) -> Result<(), Box<Failure>> {
    let output = run(name, hook, context.engine).await;
    if matches!(&output, Ok(output) if output.exit_code == 0) {
        return Ok(());
    }
    // A container that has ended meanwhile explains better why nothing can be run in it.
    let found = context.engine.find_by_name(name).await.ok().flatten();
    let ended = found.filter(|found| matches!(found.state, State::Exited(_) | State::Restarting));
    if let Some(ended) = ended {
        return Err(step_failure::exited(step.phase, name, ended.exit_code, context).await);
    }
    let output = match output {
        Ok(output) => output,
        Err(error) => return Err(step_failure::of_engine(step, &error, context).await),
    };
    let service = service_of(name, context);
    let program = hook.command.first().map_or("", String::as_str);
    let message = format!(
        "`post_start` of `{service}` failed: `{program}` exited with code {} in container {name}",
        output.exit_code
    );
    let text = context.prepared.mask(&output.text());
    let lines = text.lines().map(str::to_owned).collect();
    let failure = Failure::new(kind(step.phase), context.prepared.mask(&message));
    Err(Box::new(failure.excerpt("It said:", lines)))
}

fn kind(phase: Phase) -> Kind {
    match phase {
        Phase::Init(_) => Kind::Init,
        _ => Kind::Deploy,
    }
}

/// Runs a hook; whatever comes of it, the stop goes on: who stops a service wants it stopped.
pub(super) async fn pre_stop(name: &str, before: &PreStop, context: &Context<'_>) {
    let warn = |text: String| {
        let text = format!("`pre_stop` of {name} {text}");
        (context.listener)(Event::Warning(context.prepared.mask(&text)));
    };
    if before.lost {
        warn("is not run: its command holds a secret, which only the Compose file has".to_owned());
        return;
    }
    if !before.unknown.is_empty() {
        let names = before.unknown.join(", ");
        warn(format!(
            "runs without {names}: only the Compose file holds the values"
        ));
    }
    match run(name, &before.hook, context.engine).await {
        Ok(output) if output.exit_code == 0 => {}
        Ok(output) => {
            let said = output.text();
            let said = said.lines().last().unwrap_or_default();
            warn(format!("exited with code {}: {said}", output.exit_code));
        }
        // It has ended by itself meanwhile.
        Err(EngineError::NotFound { .. } | EngineError::Refused { status: 409, .. }) => {}
        Err(error) => warn(format!("could not be run: {error}")),
    }
}

/// Runs a hook to its end.
pub(super) async fn run(
    name: &str,
    hook: &Hook,
    engine: &Engine,
) -> Result<ExecOutput, EngineError> {
    let words: Vec<&str> = hook.command.iter().map(String::as_str).collect();
    let variables = hook.environment.iter();
    let set = variables.clone().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some((name.clone(), value.clone()))
    });
    let removed = variables.filter(|(_, value)| value.is_none());
    let options = ExecOptions {
        environment: set.collect(),
        removed: removed.map(|(name, _)| name.clone()).collect(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        working_dir: hook.working_dir.clone(),
        stdin: None,
        // As long as it takes, as in Compose.
        timeout: Duration::MAX,
    };
    engine.exec(name, &words, &options).await
}
