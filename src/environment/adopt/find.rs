//! The Compose project that is meant, its containers, and which of ours take their places.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Found;
use super::database::FoundDatabase;
use crate::engine::Engine;
use crate::environment::failure::{Failure, Kind};
use crate::environment::prepare::Prepared;
use crate::environment::project::Project;
use crate::environment::step_failure::engine_failure;
use crate::names::EnvironmentName;
use crate::plan::DesiredContainer;
use crate::plan::identity::{COMPOSE_PROJECT, COMPOSE_SERVICE, PROJECT};
use crate::plan::observed::ObservedContainer;

const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// A container with the one of ours that takes its place.
pub(super) struct Pair<'a> {
    pub found: &'a Found,
    /// Its name.
    pub successor: String,
    /// `None` for the database.
    pub desired: Option<&'a DesiredContainer>,
    pub is_database: bool,
}

/// The name of the Compose project: the one that is named, or the only one of the project's folder.
pub(super) async fn compose_project(
    (project, environment): (&Project, &EnvironmentName),
    engine: &Engine,
    named: Option<&str>,
) -> Result<String, Failure> {
    let all = engine.containers(&[]).await;
    let all = all.map_err(|error| engine_failure(&error))?;
    // Name → the folders that it was started in.
    let mut known: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for container in all.values().filter(|one| is_compose(one)) {
        let Some(name) = container.labels.get(COMPOSE_PROJECT) else {
            continue;
        };
        let folders = known.entry(name.clone()).or_default();
        folders.extend(container.labels.get(WORKING_DIR).map(PathBuf::from));
    }
    let root = &project.config.root;
    let chosen: Vec<&String> = match named {
        Some(name) => known.keys().filter(|one| *one == name).collect(),
        None => of_folder(&known, root),
    };
    match (chosen.as_slice(), named) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(name)) => Err(none(
            &format!("There is no Compose project `{name}` on {engine}"),
            environment,
            &known,
        )),
        ([], None) => {
            let message = format!(
                "No Compose project on {engine} was started in {}",
                root.display()
            );
            Err(none(&message, environment, &known))
        }
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            let message = format!("Which Compose project? There are {}", names.join(", "));
            Err(Failure::new(Kind::Usage, message).hint(format!(
                "name one: poststack adopt {environment} --from NAME"
            )))
        }
    }
}

fn none(
    message: &str,
    environment: &EnvironmentName,
    known: &BTreeMap<String, BTreeSet<PathBuf>>,
) -> Failure {
    let failure = Failure::new(Kind::Failed, message);
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => failure.hint(
            "this engine has none at all; start yours: docker compose up --detach; or name the engine \
             that has it with --host",
        ),
        names => failure.hint(format!(
            "name one: poststack adopt {environment} --from NAME; there are {}",
            names.join(", ")
        )),
    }
}

/// Whether Docker Compose made it, and not poststack; `docker compose run` makes others.
fn is_compose(container: &ObservedContainer) -> bool {
    let labels = &container.labels;
    let one_off = labels.get(ONE_OFF).is_some_and(|it| it == "True");
    labels.contains_key(COMPOSE_PROJECT) && !labels.contains_key(PROJECT) && !one_off
}

/// The projects that were started in `root`; without one those of a folder in it or above it.
fn of_folder<'k>(known: &'k BTreeMap<String, BTreeSet<PathBuf>>, root: &Path) -> Vec<&'k String> {
    let where_any = |fits: &dyn Fn(&Path) -> bool| -> Vec<&'k String> {
        let fitting = known.iter().filter(|(_, folders)| {
            let mut real = folders
                .iter()
                .map(|folder| std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()));
            real.any(|folder| fits(&folder))
        });
        fitting.map(|(name, _)| name).collect()
    };
    let same = where_any(&|folder| folder == root);
    match same.as_slice() {
        [] => where_any(&|folder| folder.starts_with(root) || root.starts_with(folder)),
        _ => same,
    }
}

/// Every container of the Compose project in full.
pub(super) async fn containers(engine: &Engine, from: &str) -> Result<Vec<Found>, Failure> {
    let label = (COMPOSE_PROJECT.to_owned(), from.to_owned());
    let all = engine.containers(&[label]).await;
    let all = all.map_err(|error| engine_failure(&error))?;
    let mut found = Vec::new();
    for observed in all.into_values().filter(is_compose) {
        let inspected = engine.inspect(&observed.id).await;
        let inspected = inspected.map_err(|error| engine_failure(&error))?;
        found.extend(inspected.map(|inspected| Found {
            observed,
            inspected,
        }));
    }
    Ok(found)
}

/// The networks that the Compose project made for itself.
pub(super) async fn networks(engine: &Engine, from: &str) -> Result<Vec<String>, Failure> {
    let label = (COMPOSE_PROJECT.to_owned(), from.to_owned());
    let observed = engine.observe(&[label]).await;
    let observed = observed.map_err(|error| engine_failure(&error))?;
    let own = observed.networks.into_values();
    let own = own.filter(|network| !network.labels.contains_key(PROJECT));
    Ok(own.map(|network| network.name).collect())
}

/// The containers that ours take the places of: by service and number, and the database.
pub(super) fn pairs<'a>(
    prepared: &'a Prepared,
    found: &'a [Found],
    database: Option<&FoundDatabase>,
) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for one in found {
        let service = service_of(one);
        if let (Some(database), Some(own)) = (database, &prepared.desired.database)
            && database.id == one.observed.id
        {
            pairs.push(Pair {
                found: one,
                successor: own.spec.name.clone(),
                desired: None,
                is_database: true,
            });
            continue;
        }
        let mut deployment = prepared.desired.deployment.iter();
        let number = one.observed.number();
        let desired = deployment.find(|it| it.service == service && it.number == number);
        pairs.extend(desired.map(|desired| Pair {
            found: one,
            successor: desired.spec.name.clone(),
            desired: Some(desired),
            is_database: false,
        }));
    }
    pairs
}

pub(super) fn service_of(found: &Found) -> &str {
    let service = found.observed.labels.get(COMPOSE_SERVICE);
    service.map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_of_the_very_folder_wins_over_those_around_it() {
        let project = |name: &str, folder: &str| (name.to_owned(), [PathBuf::from(folder)].into());
        let mut known = BTreeMap::from([project("above", "/w"), project("in", "/w/shop/deploy")]);
        let root = Path::new("/w/shop");
        assert_eq!(of_folder(&known, root), ["above", "in"]);
        known.extend([project("shop", "/w/shop"), project("other", "/w/shop2")]);
        assert_eq!(of_folder(&known, root), ["shop"]);
    }
}
