//! An environment taken away: its containers and networks, its entry in the configuration file, what
//! is remembered of it, and only where that was asked for its data.
//!
//! The file is changed last, so that a removal that was interrupted is gone on with by the next one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::edit::{checked, not_edited, only_changes, write};
use super::failure::{Failure, Kind};
use super::observe;
use super::prepare::Prepared;
use super::project::{Project, state_failure};
use super::step_failure::engine_failure;
use super::stop::{Request, stop_what};
use crate::config::edit;
use crate::config::model::{Environment, Storage};
use crate::diagnostic::Diagnostic;
use crate::engine::Engine;
use crate::event::{Event, Listener};
use crate::plan::StopOptions;
use crate::plan::identity::{Identity, SCRATCH};
use crate::text::{Source, Span};

/// What a removal takes away, before it does.
#[derive(Debug)]
pub struct Removal {
    pub containers: Vec<String>,
    pub networks: Vec<String>,
    /// Its own volumes with data.
    pub volumes: Vec<String>,
    /// Volumes that it uses and others made, or that other environments use: never removed.
    pub foreign: Vec<String>,
    /// What else changes in the configuration file.
    pub edits: Vec<String>,
    /// The file with its variables, which stays.
    pub env_file: Option<String>,
    text: Source,
}

/// What a removal has taken away.
#[derive(Debug, Clone, Serialize)]
pub struct Removed {
    pub environment: String,
    /// Containers, networks and volumes.
    pub removed: Vec<String>,
    /// Volumes with data that are still there.
    pub kept: Vec<String>,
    /// Whether the generated password is kept, since it opens what is kept.
    pub password_kept: bool,
    /// The file with its variables, which is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_file: Option<String>,
}

/// Looks at everything that goes with `environment`; changes nothing.
///
/// # Errors
/// Others extend it, it is the last one, or its entry is not edited in place.
pub async fn plan(
    project: &Project,
    environment: &Environment,
    engine: &Engine,
) -> Result<Removal, Failure> {
    refuse_needed(project, environment)?;
    let adoption = project.state.adoption(&environment.name);
    if let Some(adoption) = adoption.map_err(|error| state_failure(&error))? {
        let name = &environment.name;
        let message = format!(
            "The taking over of `{}` as `{name}` was interrupted",
            adoption.from
        );
        return Err(Failure::new(Kind::Failed, message)
            .hint(format!("go on with it first: poststack adopt {name}")));
    }
    let (text, edits) = without(project, environment)?;
    let identity = project.identity(environment);
    let observed = observe::own(engine, &identity).await?;
    let own = |labels| identity.owns(labels);
    let containers = observed.containers.values().filter(|one| own(&one.labels));
    let networks = observed.networks.values().filter(|one| own(&one.labels));
    let volumes = observed.volumes.values().filter(|one| own(&one.labels));
    let volumes: Vec<String> = volumes
        .filter(|one| !one.labels.contains_key(SCRATCH))
        .map(|one| one.name.clone())
        .collect();
    let mut foreign = named_volumes(environment);
    let others = project.config.environments.iter();
    let others = others.filter(|one| one.name != environment.name);
    let needed = others.flat_map(named_volumes);
    foreign.extend(needed.filter(|name| volumes.contains(name)));
    Ok(Removal {
        containers: containers.map(|one| one.name.clone()).collect(),
        networks: networks.map(|one| one.name.clone()).collect(),
        volumes: volumes
            .into_iter()
            .filter(|name| !foreign.contains(name))
            .collect(),
        foreign: foreign.into_iter().collect(),
        edits,
        env_file: own_env_file(project, environment.name.as_str()),
        text,
    })
}

/// Does what `removal` says; `volumes`: the data go as well.
///
/// # Errors
/// The lock is held, or the engine fails; the entry in the file is still there then.
pub async fn remove(
    (project, prepared): (&Project, &Prepared),
    engine: &Engine,
    removal: &Removal,
    (volumes, lock_wait): (bool, Duration),
    listener: Listener<'_>,
) -> Result<Removed, Failure> {
    let options = StopOptions {
        remove: true,
        keep_postgres: false,
    };
    let request = Request {
        options,
        only: None,
        idle: false,
        lock_wait,
        verb: "env remove",
    };
    let stopped = stop_what(project, prepared, engine, request, listener).await?;
    let mut removed = stopped.removed;
    let mut kept = removal.foreign.clone();
    if volumes {
        for name in own_data(engine, &prepared.identity).await? {
            if removal.foreign.contains(&name) {
                continue;
            }
            let gone = engine.remove_volume(&name).await;
            gone.map_err(|error| engine_failure(&error))?;
            listener(Event::Note(format!(
                "volume {name} is removed, and its data with it"
            )));
            removed.push(name);
        }
    } else {
        kept.extend(removal.volumes.iter().cloned());
    }
    let environment = &prepared.environment;
    let on_volume =
        environment.postgres.host.is_none() && environment.postgres.storage == Storage::Volume;
    let password_kept = on_volume && !kept.is_empty();
    write(project, &removal.text)?;
    let forgotten = project.state.forget(&environment.name, password_kept);
    forgotten.map_err(|error| state_failure(&error))?;
    let password = project.state.password(&environment.name);
    let has_password = password.map_err(|error| state_failure(&error))?.is_some();
    Ok(Removed {
        environment: environment.name.to_string(),
        removed,
        kept,
        password_kept: has_password,
        env_file: own_env_file(project, environment.name.as_str()),
    })
}

/// The volumes that an environment names in `postgres.volume` and `volumes`.
fn named_volumes(environment: &Environment) -> BTreeSet<String> {
    let data = environment.postgres.volume.iter();
    let data = data.map(|volume| volume.source.to_string());
    let others = environment.volumes.values().map(|one| one.name.clone());
    data.chain(others).collect()
}

/// The file that is read for this environment by its name, where there is one.
fn own_env_file(project: &Project, environment: &str) -> Option<String> {
    let path = format!("environments/{environment}.env");
    project.config.root.join(&path).exists().then_some(path)
}

/// The volumes of the environment that hold data, as they are by now.
async fn own_data(engine: &Engine, identity: &Identity) -> Result<Vec<String>, Failure> {
    let observed = observe::own(engine, identity).await?;
    let own = observed.volumes.into_values();
    let own = own.filter(|one| identity.owns(&one.labels));
    Ok(own.map(|one| one.name).collect())
}

/// Fails where the file cannot do without the environment.
fn refuse_needed(project: &Project, environment: &Environment) -> Result<(), Failure> {
    let source = &project.config.source;
    let name = environment.name.as_str();
    let extending = extending(source, name);
    if !extending.is_empty() {
        let names: Vec<&str> = extending.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!(
            "`{name}` cannot be removed: {} extends it",
            names.join(", ")
        );
        let faults = extending.iter().map(|(other, span)| {
            Diagnostic::error(format!("`{other}` extends `{name}`")).at(source, *span)
        });
        return Err(Failure::configuration(faults.collect())
            .saying(message)
            .hint("let them extend another one, or remove them first; nothing was changed"));
    }
    if project.config.environments.len() == 1 {
        let message = format!("`{name}` is the only environment; a project has at least one");
        return Err(Failure::new(Kind::Usage, message).hint(format!(
            "to remove its containers: poststack env stop {name} --rm"
        )));
    }
    Ok(())
}

/// The environments that name this one with `extends`, and where.
pub(super) fn extending(source: &Source, name: &str) -> Vec<(String, Span)> {
    let documents = crate::yaml::read(source).0;
    let environments = documents.first().and_then(|root| root.get("environments"));
    let environments = environments.and_then(|node| node.as_mapping());
    let entries = environments
        .into_iter()
        .flat_map(|mapping| &mapping.entries);
    let extending = entries.filter_map(|entry| {
        let extends = entry.value.get("extends")?;
        let is_it = extends.as_scalar().is_some_and(|it| &*it.text == name);
        is_it.then(|| (entry.key.to_string(), extends.span))
    });
    extending.collect()
}

/// The configuration without `environment`, checked, and what else was changed in it.
fn without(project: &Project, environment: &Environment) -> Result<(Source, Vec<String>), Failure> {
    let name = environment.name.as_str();
    let mut edits = Vec::new();
    let mut text = project.config.source.clone();
    if project.config.default_environment.as_ref() == Some(&environment.name) {
        text = edit::remove(&text, &["environment"]).map_err(not_edited)?;
        edits.push(format!(
            "`environment: {name}`, the default, goes from it as well"
        ));
    }
    text = edit::remove(&text, &["environments", name]).map_err(not_edited)?;
    let mut after = checked(project, &text)?;
    // A port that was chosen would be chosen anew, and the database with it moved.
    for old in &project.config.environments {
        let new = after.config.environment(&old.name);
        if new.is_some_and(|new| new.postgres.port != old.postgres.port) {
            let (other, port) = (old.name.as_str(), old.postgres.port.to_string());
            let path = ["environments", other, "postgres", "port"];
            text = edit::set(&text, &path, &port).map_err(not_edited)?;
            edits.push(format!(
                "`{other}` keeps its port: `port: {port}` is written for it"
            ));
        }
    }
    if !edits.is_empty() {
        after = checked(project, &text)?;
    }
    only_changes(&environment.name, project, &after)?;
    Ok((text, edits))
}
