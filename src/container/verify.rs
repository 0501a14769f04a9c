//! Whether containers keep what they promise: to run, to be healthy, to listen where their image and
//! their published ports say, and what `verify:` of `.poststack.yml` says besides.
//!
//! Nothing is asked of the programs of an image. Files and processes are the engine's to tell; the
//! network is looked at from a container of our own in the same network.

mod checks;
mod looker;
mod sockets;
mod unknown;

use futures_util::future::join_all;
use serde::Serialize;

use crate::diagnostic::nearest;
use crate::engine::{Engine, Inspected};
use crate::environment::{Failure, Kind, Prepared, Project, engine_failure, shipped_image};
use crate::event::Listener;
use crate::plan::DesiredContainer;
use crate::plan::identity::Role;
use crate::plan::observed::State;

use looker::Looker;
pub use unknown::{Unknown, unknown};

/// What is verified.
pub struct Request<'a> {
    pub prepared: &'a Prepared,
    /// Whose `verify:` says what is promised.
    pub project: &'a Project,
    /// Services or containers; empty for all.
    pub names: &'a [String],
    pub depth: Depth,
    /// Whether a container that is not there breaks a promise.
    pub required: bool,
}

/// How closely is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Whether it runs, is healthy, and as a database lets its user in.
    Health,
    Everything,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    pub project: String,
    pub environment: String,
    /// Whether every promise is kept, and can be.
    pub ok: bool,
    pub checks: Vec<Check>,
    /// Names under `verify:` that are no service, where everything is looked at.
    pub unknown: Vec<Unknown>,
}

/// One promise, and whether it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub service: String,
    pub container: String,
    pub ok: bool,
    /// What was promised, for instance `listens on 8080/tcp`.
    pub expected: String,
    /// What was found; empty where it is what was expected.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub found: String,
}

/// What a check came to: kept, or what was found instead.
type Outcome = Result<(), String>;

/// Looks at every promise of the containers that `request` names.
///
/// # Errors
/// An unknown name, or the engine fails. A promise that is not kept is no error.
pub async fn verify(
    engine: &Engine,
    request: &Request<'_>,
    listener: Listener<'_>,
) -> Result<Verified, Failure> {
    let prepared = request.prepared;
    let wanted = wanted(request)?;
    if request.depth == Depth::Everything {
        shipped_image(engine, prepared, looker::IMAGE, listener).await?;
    }
    let looks = wanted
        .iter()
        .map(|container| verify_one(engine, request, container));
    let mut checks = Vec::new();
    for found in join_all(looks).await {
        checks.extend(found?);
    }
    for check in &mut checks {
        check.found = prepared.mask(&check.found);
    }
    let unknown = match request.depth {
        Depth::Everything if request.names.is_empty() => unknown(request.project),
        _ => Vec::new(),
    };
    Ok(Verified {
        project: prepared.identity.project.to_string(),
        environment: prepared.identity.environment.to_string(),
        ok: unknown.is_empty() && checks.iter().all(|check| check.ok),
        unknown,
        checks,
    })
}

/// The containers that are looked at: those of the init phase have done their work.
fn wanted<'a>(request: &Request<'a>) -> Result<Vec<&'a DesiredContainer>, Failure> {
    let all = request.prepared.desired.containers();
    let all: Vec<&DesiredContainer> = all.filter(|one| one.role != Role::Init).collect();
    let is = |one: &DesiredContainer, name: &str| one.service == name || one.spec.name == name;
    for name in request.names {
        if !all.iter().any(|one| is(one, name)) {
            let mut known: Vec<&str> = all.iter().map(|one| one.service.as_str()).collect();
            known.dedup();
            let message = format!("There is no service `{name}` to look at");
            let failure = Failure::new(Kind::Usage, message);
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("there are: {}", known.join(", "))),
            });
        }
    }
    let is_wanted = |one: &&DesiredContainer| {
        request.names.is_empty() || request.names.iter().any(|name| is(one, name))
    };
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// Everything that one container promises.
async fn verify_one(
    engine: &Engine,
    request: &Request<'_>,
    container: &DesiredContainer,
) -> Result<Vec<Check>, Failure> {
    let prepared = request.prepared;
    let name = &container.spec.name;
    let failed = |error| engine_failure(&error);
    let found = engine.find_by_name(name).await.map_err(failed)?;
    let found = found.filter(|found| prepared.identity.owns(&found.labels));
    if found.is_none() && !request.required {
        return Ok(Vec::new());
    }
    let runs = running(container, found.as_ref());
    let told = |(expected, outcome): (String, Outcome)| Check {
        service: container.service.clone(),
        container: name.clone(),
        ok: outcome.is_ok(),
        expected,
        found: outcome.err().unwrap_or_default(),
    };
    let (Some(found), Ok(())) = (found, &runs) else {
        return Ok(vec![told(("runs".to_owned(), runs))]);
    };
    if found.state != State::Running {
        return Ok(vec![told(("has ended with 0".to_owned(), Ok(())))]);
    }
    let image = engine.image(&found.image_id).await.map_err(failed)?;
    let exposed = image.map(|image| image.exposed).unwrap_or_default();
    let looker = Looker::new(engine, prepared, &found);
    let subject = checks::Subject {
        engine,
        prepared,
        found: &found,
        exposed: &exposed,
        looker: &looker,
    };
    let outcomes = async {
        let mut all = vec![("runs".to_owned(), runs)];
        all.extend(subject.own(container).await?);
        if request.depth == Depth::Everything {
            all.extend(subject.ports().await?);
            let promises = request.project.config.verify.get(&container.service);
            for promise in promises.into_iter().flatten() {
                let told = subject.promise(&promise.kind).await?;
                // The file may promise what the image says as well.
                if !all.contains(&told) {
                    all.push(told);
                }
            }
        }
        Ok(all)
    };
    let outcomes = outcomes.await;
    looker.end().await;
    let outcomes = outcomes.map_err(failed)?;
    Ok(outcomes.into_iter().map(told).collect())
}

/// Whether it runs, or has ended as it may.
fn running(container: &DesiredContainer, found: Option<&Inspected>) -> Outcome {
    match found.map(|found| (found.state, found.exit_code)) {
        None => Err("there is no such container".to_owned()),
        Some((State::Running, _)) => Ok(()),
        Some((State::Exited(_), 0)) if container.may_end => Ok(()),
        Some((State::Exited(_), code)) => Err(format!("it has exited with {code}")),
        Some((state, _)) => Err(format!("it is {state:?}").to_lowercase()),
    }
}
