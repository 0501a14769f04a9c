//! Stopping and removing single containers of a project. Volumes are never removed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::project::{Containers, There, is_database};
use crate::diagnostic::nearest;
use crate::engine::Engine;
use crate::environment::stop::{Request, Stopped, stop_what};
use crate::environment::{Failure, Kind};
use crate::event::Listener;
use crate::plan::StopOptions;

/// Which containers are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    All,
    /// Not the database.
    Project,
    /// By their names, or by those of their services.
    Named(&'a [String]),
}

/// How they end.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Remove them as well.
    pub remove: bool,
    /// Leave what runs by now.
    pub idle: bool,
    /// Look for networks to remove even where no container is meant.
    pub networks: bool,
    pub lock_wait: Duration,
    /// For messages: `container stop`, …
    pub verb: &'static str,
}

/// The names of the containers that `which` means.
///
/// # Errors
/// A name is that of none.
pub fn meant(there: &There, which: Which<'_>) -> Result<BTreeSet<String>, Failure> {
    let names = match which {
        Which::All => return Ok(there.keys().cloned().collect()),
        Which::Project => {
            let project = there.values().filter(|one| !is_database(one));
            return Ok(project.map(|one| one.name.clone()).collect());
        }
        Which::Named(names) => names,
    };
    let mut meant = BTreeSet::new();
    for name in names {
        let found = there.values();
        let found = found.filter(|one| one.name == *name || one.service() == name);
        let found: Vec<String> = found.map(|one| one.name.clone()).collect();
        if found.is_empty() {
            return Err(unknown(there, name));
        }
        meant.extend(found);
    }
    Ok(meant)
}

fn unknown(there: &There, name: &str) -> Failure {
    let known: Vec<&str> = there.keys().map(String::as_str).collect();
    let message = format!("The project has no container `{name}`");
    let failure = Failure::new(Kind::Usage, message);
    match nearest(name, known.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => failure.hint("none was started"),
        None => failure.hint(format!("its containers are: {}", known.join(", "))),
    }
}

/// Ends the containers of these names, dependents first, the database last. Where they are removed,
/// the network goes with the last of all.
///
/// # Errors
/// The lock is held, or the engine fails.
pub async fn end(
    containers: &Containers,
    engine: &Engine,
    names: &BTreeSet<String>,
    end: End,
    listener: Listener<'_>,
) -> Result<Stopped, Failure> {
    let prepared = containers.glance()?;
    // A lock would be the only trace of us in a folder that is no project.
    if names.is_empty() && !end.networks {
        return Ok(Stopped::nothing(&prepared.identity));
    }
    let request = Request {
        options: StopOptions {
            remove: end.remove,
            keep_postgres: false,
        },
        only: Some(names),
        idle: end.idle,
        lock_wait: end.lock_wait,
        verb: end.verb,
    };
    stop_what(&containers.project, &prepared, engine, request, listener).await
}

/// Refuses to remove what runs, unless that is forced.
///
/// # Errors
/// Each container that runs.
pub fn refuse_running(there: &There, names: &BTreeSet<String>) -> Result<(), Failure> {
    let running = names
        .iter()
        .filter(|name| there.get(*name).is_some_and(|one| one.runs()));
    let running: Vec<&str> = running.map(String::as_str).collect();
    if running.is_empty() {
        return Ok(());
    }
    let listed = running.join(" ");
    let message = format!("Not removed, as they run: {}", running.join(", "));
    Err(Failure::new(Kind::Failed, message)
        .hint(format!("poststack container stop {listed}"))
        .hint(format!("or: poststack container remove --force {listed}")))
}
