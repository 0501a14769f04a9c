//! Taking over a project of Docker Compose: what would be done, and writing it down before it is
//! done. Doing it is a start, see `adoption`.
//!
//! Nothing here touches what the Compose project has; labels of containers and volumes cannot be
//! changed, so ours take the place of its containers, and its volumes are named in `.poststack.yml`.

mod database;
mod find;
mod settings;
mod volumes;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::adoption::{self, Pending};
use super::edit::{as_it_would_be, checked, only_changes, write};
use super::failure::{Failure, Kind};
use super::observe;
use super::prepare::{PrepareOptions, Prepared, gather, prepare};
use super::project::{Project, state_failure};
use super::record;
use super::refusal::refused;
use super::start;
use crate::config::model::{Environment, Password};
use crate::diagnostic::{Diagnostic, any_error};
use crate::engine::{Engine, Inspected};
use crate::event::Listener;
use crate::plan::observed::{Observed, ObservedContainer};
use crate::plan::{self, StartOptions};
use crate::secret::Secret;
use crate::state::{Adoption, Former};
use crate::text::Source;

use database::FoundDatabase;
use settings::Settings;

/// What is asked to be taken over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The Compose project; else the one of this folder.
    pub from: Option<&'a str>,
    /// Its service that is the database; else the only one that is a PostgreSQL server.
    pub database: Option<&'a str>,
}

/// What taking over would do.
#[derive(Debug, Serialize)]
pub struct Planned {
    pub from: String,
    pub project: String,
    pub environment: String,
    pub engine: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<PlannedDatabase>,
    /// Former containers with what takes their place, the database first.
    pub containers: Vec<PlannedContainer>,
    /// Key in the Compose files → volume of the Compose project.
    pub volumes: BTreeMap<String, String>,
    /// What is written into the configuration file.
    pub settings: Vec<Setting>,
    /// Containers of the Compose project that stay as they are: no service of the environment is theirs.
    pub left: Vec<String>,
    /// Those of them that a file does describe, for a profile that is not active.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inactive: Vec<String>,
    pub notes: Vec<String>,
    #[serde(skip)]
    decided: Decided,
}

#[derive(Debug, Clone, Serialize)]
pub struct PlannedDatabase {
    pub service: String,
    /// Major version of the data.
    pub version: u16,
    /// As `postgres.volume` names them.
    pub data: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct PlannedContainer {
    pub service: String,
    pub container: String,
    pub becomes: String,
}

/// One value in `.poststack.yml`.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Below the environment, as in `postgres.volume`.
    pub key: String,
    pub value: String,
    /// What is in effect before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

/// What is written when it is agreed to.
#[derive(Debug)]
struct Decided {
    adoption: Adoption,
    text: Source,
    password: Option<Secret>,
}

/// A container of the Compose project in full.
struct Found {
    observed: ObservedContainer,
    inspected: Inspected,
}

/// Whether an adoption of the environment was begun and is to be gone on with. One that was
/// interrupted before its volumes were written into the configuration is undone.
///
/// # Errors
/// The state cannot be read, the environment is locked, or the engine fails.
pub async fn is_under_way(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    (lock_wait, listener): (Duration, Listener<'_>),
) -> Result<bool, Failure> {
    let name = &prepared.environment.name;
    let found = project.state.adoption(name);
    if found.map_err(|error| state_failure(&error))?.is_none() {
        return Ok(false);
    }
    let lock = start::lock(project, prepared, engine, ("adopt", lock_wait)).await?;
    let pending = adoption::pending(project, prepared, engine, listener).await?;
    lock.done();
    Ok(matches!(pending, Pending::GoOn(_)))
}

/// Looks at the Compose project and at the environment; touches nothing.
///
/// # Errors
/// There is nothing to take over, or something is in the way.
pub async fn plan(
    (project, environment): (&Project, &Environment),
    options: &PrepareOptions,
    engine: &Engine,
    request: Request<'_>,
) -> Result<Planned, Failure> {
    let prepared = prepare(project, environment, options)?;
    refuse_started(engine, &prepared).await?;
    let from = find::compose_project((project, &environment.name), engine, request.from).await?;
    let found = find::containers(engine, &from).await?;
    let database = database::find(engine, &prepared, &found, request.database).await?;
    if let Some(database) = &database {
        refuse_password(&prepared, database)?;
    }
    let pairs = find::pairs(&prepared, &found, database.as_ref());
    let mut notes = Vec::new();
    let volumes = volumes::taken_over(&prepared, &pairs, &mut notes);
    if let Some(database) = &database {
        notes.extend(database.notes(&prepared));
    }
    let settings = Settings::of(project, environment, database.as_ref(), &volumes);
    let (after, kept) = rewritten(project, environment, &settings)?;
    notes.extend(kept);
    let text = after.config.source.clone();
    let formers = formers(&pairs);
    check(&after, environment, (options, engine), &formers).await?;
    let (password, is_taken) = password(environment, database.as_ref());
    let left = found
        .iter()
        .filter(|one| !formers.iter().any(|former| former.id == one.observed.id));
    let inactive = &prepared.desired.inactive;
    let off = left
        .clone()
        .filter(|one| inactive.contains(find::service_of(one)));
    let networks = find::networks(engine, &from).await?;
    Ok(Planned {
        project: prepared.identity.project.to_string(),
        environment: environment.name.to_string(),
        engine: engine.to_string(),
        database: database.as_ref().map(planned_database),
        containers: formers.iter().rev().map(planned_container).collect(),
        settings: settings.list,
        inactive: off.map(|one| one.observed.name.clone()).collect(),
        left: left.map(|one| one.observed.name.clone()).collect(),
        notes,
        decided: Decided {
            adoption: Adoption {
                from: from.clone(),
                engine: record::which(engine),
                data: database.map(|one| one.data),
                volumes: volumes.clone(),
                containers: formers,
                networks,
                before: project.config.source.text.clone(),
                after: text.text.clone(),
                password: is_taken,
                done: false,
            },
            text,
            password,
        },
        volumes,
        from,
    })
}

/// The project with `settings`, checked, and what else is written so that other environments stay.
fn rewritten(
    project: &Project,
    environment: &Environment,
    settings: &Settings,
) -> Result<(Project, Vec<String>), Failure> {
    let (text, kept) = settings.kept_by_heirs(project, &environment.name)?;
    let after = checked(project, &settings.written(&text, &environment.name)?)?;
    only_changes(&environment.name, project, &after)?;
    Ok((after, kept))
}

fn planned_database(found: &FoundDatabase) -> PlannedDatabase {
    PlannedDatabase {
        service: found.service.clone(),
        version: found.version,
        data: found.data.clone(),
    }
}

fn planned_container(former: &Former) -> PlannedContainer {
    PlannedContainer {
        service: former.service.clone(),
        container: former.name.clone(),
        becomes: former.successor.clone(),
    }
}

/// What was begun already cannot be begun with other data.
async fn refuse_started(engine: &Engine, prepared: &Prepared) -> Result<(), Failure> {
    let identity = &prepared.identity;
    let observed = observe::own(engine, identity).await?;
    let own = |labels| identity.owns(labels);
    let containers = observed.containers.values().filter(|one| own(&one.labels));
    let containers: Vec<&str> = containers.map(|one| one.name.as_str()).collect();
    let volumes = observed.volumes.values().filter(|one| own(&one.labels));
    let volumes: Vec<&str> = volumes.map(|one| one.name.as_str()).collect();
    if containers.is_empty() && volumes.is_empty() {
        return Ok(());
    }
    let environment = &identity.environment;
    let names = [containers.as_slice(), volumes.as_slice()].concat();
    let names = names.join(", ");
    let message = format!("Environment `{environment}` has been started before: {names}");
    let mut failure = Failure::new(Kind::Failed, message).hint(format!(
        "adopt into an environment that is new, for instance a copy: poststack env copy \
         {environment} NAME"
    ));
    // One that has taken over already has no data of its own to begin anew.
    if volumes.contains(&identity.database_volume().as_str()) {
        let stop = match containers.is_empty() {
            true => String::new(),
            false => format!("poststack env stop {environment} --rm && "),
        };
        failure = failure.hint(format!(
            "or lose what that start made, its database with all data: {stop}{} volume rm {} && \
             poststack adopt {environment}",
            engine.kind.program(),
            volumes.join(" ")
        ));
    }
    Err(failure)
}

/// A start would give the database the password of the file, and what the Compose project has would
/// not let it in again should that fail.
fn refuse_password(prepared: &Prepared, database: &FoundDatabase) -> Result<(), Failure> {
    let Password::Text(_, place) = &prepared.environment.postgres.password else {
        return Ok(());
    };
    let ours = &prepared.address.password;
    if database
        .password
        .as_ref()
        .is_none_or(|theirs| theirs == ours)
    {
        return Ok(());
    }
    let service = &database.service;
    let fault = Diagnostic::error(format!("This is not the password of `{service}`"))
        .at(&place.source, place.span)
        .help("write `password: auto_generated`, which takes over the one that it has");
    let message = format!("The file has another password than the database of `{service}`");
    Err(Failure::configuration(vec![fault]).saying(message))
}

/// In the order in which they are stopped: what was made last first, the database last.
fn formers(pairs: &[find::Pair<'_>]) -> Vec<Former> {
    let mut pairs: Vec<&find::Pair<'_>> = pairs.iter().collect();
    pairs.sort_by_key(|pair| {
        (
            pair.is_database,
            std::cmp::Reverse(pair.found.observed.created),
        )
    });
    let former = |pair: &&find::Pair<'_>| Former {
        id: pair.found.observed.id.clone(),
        name: pair.found.observed.name.clone(),
        service: pair
            .found
            .observed
            .labels
            .get(plan::identity::COMPOSE_SERVICE)
            .cloned()
            .unwrap_or_default(),
        successor: pair.successor.clone(),
        ran: pair.found.observed.runs(),
        database: pair.is_database,
        always: pair.is_database && pair.found.inspected.restart_policy.name == adoption::ALWAYS,
    };
    pairs.iter().map(former).collect()
}

/// Fails at what a start would fail at, the former containers apart.
async fn check(
    after: &Project,
    environment: &Environment,
    (options, engine): (&PrepareOptions, &Engine),
    formers: &[Former],
) -> Result<(), Failure> {
    let Some(environment) = after.config.environment(&environment.name) else {
        return Ok(());
    };
    let prepared: Prepared = gather(after, environment, options)?;
    if any_error(&prepared.diagnostics) {
        let faults = as_it_would_be(&after.config.source, prepared.diagnostics);
        return Err(Failure::configuration(faults));
    }
    let seen = record::seen(after, &environment.name, engine);
    let mut observed: Observed = start::look(after, &prepared, engine, &seen).await?;
    let is_former = |found: &ObservedContainer| formers.iter().any(|one| one.id == found.id);
    observed.containers.retain(|_, found| !is_former(found));
    let started = plan::start(&prepared.desired, &observed, &StartOptions::default());
    let started = started.map_err(|conflicts| refused(&conflicts, &prepared.identity))?;
    start::missing_externals(&started.missing, &prepared.deciders)
}

/// The password to keep, and whether it is the one of the former database.
fn password(environment: &Environment, database: Option<&FoundDatabase>) -> (Option<Secret>, bool) {
    let generated = matches!(environment.postgres.password, Password::Generated);
    let found = database.filter(|_| generated);
    let password = found.and_then(|database| database.password.clone());
    let is_taken = password.is_some();
    (password, is_taken)
}

/// Writes down what was decided: from here on a start goes on with it.
///
/// # Errors
/// The environment is locked, or a file cannot be written; then nothing has begun.
pub async fn decide(
    project: &Project,
    environment: &Environment,
    planned: &Planned,
    lock_wait: Duration,
) -> Result<(), Failure> {
    let lock = start::lock_files(project, &environment.name, ("adopt", lock_wait)).await?;
    let Decided {
        adoption,
        text,
        password,
    } = &planned.decided;
    let name = &environment.name;
    let state = &project.state;
    let other = state
        .adoption(name)
        .map_err(|error| state_failure(&error))?;
    if let Some(other) = other {
        return Err(adoption::unfinished(name, &other));
    }
    let begun = state.begin_adoption(name, adoption);
    begun.map_err(|error| state_failure(&error))?;
    if let Some(password) = password {
        let kept = state.keep_password(name, password);
        kept.map_err(|error| state_failure(&error))?;
    }
    write(project, text)?;
    lock.done();
    Ok(())
}
