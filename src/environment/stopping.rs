//! Stopping one container, and saying why it took so long where it need not have.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::engine::{Engine, EngineError, Inspected};
use crate::event::{Event, Listener};
use crate::plan::identity;
use crate::plan::step::base_name;

/// The exit code of a program that was killed.
const KILLED: i64 = 128 + 9;

/// Programs that are made to be the first process: below one of them it is the program itself that
/// does not listen.
const INITS: [&str; 6] = [
    "tini",
    "dumb-init",
    "docker-init",
    "catatonit",
    "s6-svscan",
    "init",
];

/// Stops a container within `grace`, or the time it was made with. A program that lets all of it
/// pass is told of: the kernel gives a first process no default for `SIGTERM`.
///
/// # Errors
/// As [`Engine::stop`].
pub(super) async fn stop(
    engine: &Engine,
    name: &str,
    grace: Option<Duration>,
    listener: Listener<'_>,
) -> Result<(), EngineError> {
    let began = Instant::now();
    match grace {
        Some(grace) => engine.stop(name, grace).await?,
        None => engine.stop_in_its_time(name).await?,
    }
    let took = began.elapsed();
    // The shortest grace is a second; most containers are gone long before.
    if took < Duration::from_secs(1) {
        return Ok(());
    }
    let Ok(Some(found)) = engine.find_by_name(name).await else {
        return Ok(());
    };
    let grace = grace.unwrap_or(found.stop_timeout);
    if !grace.is_zero() && took >= grace && was_deaf(&found) {
        listener(Event::Note(advice(name, &found, grace)));
    }
    Ok(())
}

/// Whether an init process would have let the program end.
fn was_deaf(found: &Inspected) -> bool {
    let program = Path::new(&found.program).file_name();
    let program = program.and_then(|name| name.to_str()).unwrap_or_default();
    let asked_to_die = matches!(found.stop_signal.as_str(), "SIGKILL" | "KILL" | "9");
    found.exit_code == KILLED
        && !found.out_of_memory
        && !asked_to_die
        && !found.init
        && !found.shares_processes
        && !INITS.contains(&program)
}

fn advice(name: &str, found: &Inspected, grace: Duration) -> String {
    let name = base_name(name);
    let service = found
        .labels
        .get(identity::SERVICE)
        .map_or(name, String::as_str);
    let signal = match found.stop_signal.as_str() {
        // Podman tells the number.
        "" | "15" => "SIGTERM",
        signal => signal,
    };
    let seconds = grace.as_secs_f64();
    let is_own =
        found.labels.get(identity::ENVIRONMENT).map(String::as_str) == Some(identity::CONTAINERS);
    let advice = match is_own {
        true => "a program that handles it ends at once".to_owned(),
        false => format!("with `init: true` in `{service}` it ends at once"),
    };
    format!(
        "{name} did not listen to {signal} and was killed after its {seconds} s of grace; {advice}"
    )
}
