//! `container start` and `container start-project`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::build::build;
use super::project::{Containers, There, is_database, narrow};
use super::service::{Folder, Given, publishes};
use super::{ports, reworded};
use crate::diagnostic::{Diagnostic, any_error};
use crate::engine::Engine;
use crate::environment::start::{Options, Outcome, start};
use crate::environment::{BuildOptions, Failure, Kind, Prepared, engine_failure};
use crate::event::{Event, Listener};
use crate::plan::StartOptions;
use crate::plan::identity::POSTGRES_SERVICE;
use crate::plan::observed::State;
use crate::plan::step::base_name;
use crate::secret::Secret;
use crate::text;
use crate::variables::dotenv;
use crate::workload::model::{Mount, Port};

/// How the database is started.
#[derive(Debug, Clone, Copy)]
pub struct StartDatabase {
    /// `--postgres-port`
    pub port: Option<u16>,
    /// `--wait-timeout`: for the first login.
    pub timeout: Option<Duration>,
    pub lock_wait: Duration,
}

/// Starts the database and waits for its first login.
///
/// # Errors
/// What failed.
pub async fn start_database(
    containers: &mut Containers,
    engine: &Engine,
    request: StartDatabase,
    listener: Listener<'_>,
) -> Result<Outcome, Failure> {
    if let Some(port) = request.port {
        containers.publish_database(port, "--postgres-port");
    }
    let postgres = &mut containers.environment.postgres;
    postgres.start_timeout = request.timeout.unwrap_or(postgres.start_timeout);
    let mut prepared = containers.prepare(&Given::default())?;
    narrow(&mut prepared, |service| service == POSTGRES_SERVICE);
    let options = Options {
        plan: StartOptions {
            deploy: false,
            ..StartOptions::default()
        },
        build: false,
        lock_wait: request.lock_wait,
        verb: "container start",
    };
    let started = start(&containers.project, &prepared, engine, options, listener).await;
    started.map_err(|failure| reworded(failure, "poststack container start"))
}

/// How project containers are started.
#[derive(Debug, Clone)]
pub struct StartProject {
    /// `None` for all.
    pub container: Option<String>,
    pub port: Option<u16>,
    /// Absolute.
    pub env_file: Option<PathBuf>,
    pub mounts: Vec<Mount>,
    /// Wait until they are healthy.
    pub wait: bool,
    pub lock_wait: Duration,
}

/// Starts project containers; an image that is not there is built first.
///
/// # Errors
/// What failed; the former containers run again then.
pub async fn start_project(
    containers: &mut Containers,
    engine: &Engine,
    request: &StartProject,
    listener: Listener<'_>,
) -> Result<Outcome, Failure> {
    let there = containers.there(engine).await?;
    containers.follow(&there);
    refuse_renamed(containers, &there)?;
    let chosen = containers.chosen(request.container.as_deref())?;
    let names: Vec<String> = chosen.iter().map(|one| one.name.clone()).collect();
    let mut given = Given {
        mounts: request.mounts.clone(),
        ..Given::default()
    };
    if let Some(path) = &request.env_file {
        given.environment = env_file(containers, path)?;
    }
    let network = &containers.project.settings.project_container_network.value;
    if let (Some(port), false) = (request.port, publishes(network)) {
        let message = format!("`--port {port}` has no effect in the network `{network}`");
        return Err(Failure::new(Kind::Configuration, message)
            .hint("leave it out, or set project_container_network to `bridge`"));
    }
    build_missing(containers, &chosen, engine, listener).await?;
    if publishes(network) {
        given.ports = published(&chosen, engine, request.port).await?;
    }
    let mut prepared = containers.prepare(&given)?;
    let ports = chosen.iter().map(|folder| {
        let decider = ports::decider(folder, request.port);
        (folder.name.clone(), decider)
    });
    prepared.deciders.ports.extend(ports);
    warn_of_host(&prepared, &given, listener);
    narrow(&mut prepared, |service| {
        names.iter().any(|name| name == service)
    });
    let options = Options {
        plan: StartOptions {
            init: false,
            login: awaits_login(&there, listener),
            wait: request.wait,
            ..StartOptions::default()
        },
        build: false,
        lock_wait: request.lock_wait,
        verb: "container start-project",
    };
    let started = start(&containers.project, &prepared, engine, options, listener).await;
    started.map_err(|failure| reworded(failure, "poststack container start-project"))
}

/// Where each of `chosen` is published.
async fn published(
    chosen: &[&Folder],
    engine: &Engine,
    flag: Option<u16>,
) -> Result<BTreeMap<String, Vec<Port>>, Failure> {
    let mut all = BTreeMap::new();
    for folder in chosen {
        let image = engine.image(&folder.image).await;
        let image = image.map_err(|error| engine_failure(&error))?;
        let exposed = image.map(|image| image.exposed).unwrap_or_default();
        let ports = ports::published(folder, &exposed, flag)?;
        all.insert(folder.name.clone(), ports);
    }
    ports::check(&all)?;
    Ok(all)
}

/// Builds those that are not there: what they listen on is in their images.
async fn build_missing(
    containers: &Containers,
    chosen: &[&Folder],
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let mut images = Vec::new();
    for folder in chosen {
        let id = engine.image_id(&folder.image).await;
        if id.map_err(|error| engine_failure(&error))?.is_none() {
            images.push(folder.image.clone());
        }
    }
    if images.is_empty() {
        return Ok(());
    }
    let options = BuildOptions {
        images,
        no_cache: false,
    };
    build(containers, engine, &options, listener)
        .await
        .map(drop)
}

/// Applications are told the name of the database that settings give it, and the network knows only
/// the one that it has.
fn refuse_renamed(containers: &Containers, there: &There) -> Result<(), Failure> {
    let described = containers.project.identity(&containers.environment);
    let described = described.database_container();
    let mut databases = there.values().filter(|one| is_database(one) && one.runs());
    let Some(other) = databases.find(|one| base_name(&one.name) != described) else {
        return Ok(());
    };
    let message = format!(
        "The database runs as `{}`, and settings name it `{described}`: no container would find it",
        other.name
    );
    let failure = Failure::new(Kind::Failed, message);
    Err(failure.hint("to give it that name: poststack container start"))
}

/// Applications begin after the database, where there is one that shall run.
fn awaits_login(there: &There, listener: Listener<'_>) -> bool {
    let Some(database) = there.values().find(|one| is_database(one)) else {
        return false;
    };
    let runs = database.state == State::Running;
    if !runs {
        let name = &database.name;
        let text = format!("the database `{name}` does not run; poststack container start");
        listener(Event::Warning(text));
    }
    runs
}

/// The variables of an env file; one may refer to the process environment and to those before it.
fn env_file(containers: &Containers, path: &Path) -> Result<Vec<(String, Secret)>, Failure> {
    let project = &containers.project;
    let source = text::read(path, &project.shown(path));
    let source = source.map_err(|error| Failure::configuration(vec![error.into()]))?;
    let lookup = |name: &str| project.process.get(name).cloned();
    let (entries, diagnostics) = dotenv::parse(&source, &lookup);
    if any_error(&diagnostics) {
        let errors = diagnostics.into_iter().filter(Diagnostic::is_error);
        return Err(Failure::configuration(errors.collect()));
    }
    let entries = entries.into_iter();
    let set = entries.filter_map(|entry| Some((entry.key, Secret::from(entry.value?))));
    Ok(set.collect())
}

/// An address that worked on the host is another one in a container.
fn warn_of_host(prepared: &Prepared, given: &Given, listener: Listener<'_>) {
    let mut given = given.environment.iter();
    let here = ["localhost", "127.0.0.1", "::1"];
    if given.any(|(name, value)| name == "DB_HOST" && here.contains(&value.expose())) {
        let database = prepared.identity.database_container();
        listener(Event::Warning(format!(
            "DB_HOST of the env file names the container itself; without it, it is `{database}`"
        )));
    }
}
