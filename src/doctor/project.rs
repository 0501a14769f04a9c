//! The project: its configuration, its runs, and what is left of it at the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::ports::{self, Owners};
use super::{Check, listed, program};
use crate::config::model::Environment;
use crate::diagnostic::Diagnostic;
use crate::engine::{Address, Engine};
use crate::environment::ports::published;
use crate::environment::prepare::{PrepareOptions, Prepared, gather};
use crate::environment::project::{FILE_NAMES, Location, find};
use crate::environment::{Failure, Project};
use crate::plan::identity::{CONTAINERS, ENVIRONMENT, PROJECT, PROJECT_DIR};
use crate::plan::observed::Observed;
use crate::plan::spec::Labels;
use crate::settings::Settings;
use crate::state::{Holder, LockState};

const GROUP: &str = "project";
const VERSIONS: &str = "versions";

pub(super) async fn checks(
    location: &Location<'_>,
    process: BTreeMap<String, String>,
    settings: Result<&Settings, Failure>,
    engine: Option<&Engine>,
) -> Vec<Check> {
    let version = env!("CARGO_PKG_VERSION");
    let mut checks = vec![Check::ok(VERSIONS, "poststack", version)];
    let everything = match engine {
        Some(engine) => {
            checks.push(Check::ok(VERSIONS, "engine", engine.to_string()));
            engine.observe(&[]).await.ok()
        }
        None => None,
    };
    let project = match (find(location), location.config_file) {
        (Err(_), None) => {
            let detail = "none in this folder or above it";
            checks.push(Check::ok(GROUP, "configuration", detail));
            None
        }
        _ => match settings.and_then(|one| Project::open(location, process, one.clone())) {
            Ok(project) => Some(Project {
                state: project.state.clone().only_looking(),
                ..project
            }),
            Err(failure) => {
                checks.push(unreadable(&failure));
                None
            }
        },
    };
    if let Some(project) = &project {
        checks.extend(of_project(project, engine, everything.as_ref()).await);
    }
    if let (Some(found), Some(engine)) = (&everything, engine)
        && matches!(engine.endpoint.address, Address::Unix(_))
    {
        checks.extend(abandoned(&gone(found), program(Some(engine))));
    }
    checks
}

async fn of_project(
    project: &Project,
    engine: Option<&Engine>,
    everything: Option<&Observed>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut images = BTreeSet::new();
    let options = PrepareOptions {
        allow_undefined: true,
        profiles: BTreeSet::from(["*".to_owned()]),
        ..PrepareOptions::default()
    };
    let mut at_ports = Vec::new();
    let environments = project.config.environments.iter();
    let databases = environments.map(|one| one.postgres.port).collect();
    for environment in &project.config.environments {
        let name = environment.name.as_str();
        let prepared = gather(project, environment, &options);
        // As a start without options reads them.
        match gather(project, environment, &PrepareOptions::default()) {
            Ok(read) => {
                let wherever = prepared.as_ref().map_or(&[][..], |one| &one.diagnostics);
                checks.extend(configuration(name, &read.diagnostics, wherever));
            }
            Err(failure) => checks.push(unusable(name, &failure)),
        }
        checks.extend(lock(name, &project.state.lock_state(&environment.name)));
        checks.extend(adoption(project, environment));
        let Ok(prepared) = prepared else {
            continue;
        };
        let database = prepared.desired.database.iter();
        images.extend(database.map(|one| one.spec.image.clone()));
        if let Some(found) = everything {
            checks.extend(orphans(&prepared, found));
        }
        let owners = Owners {
            program: program(engine),
            ..owners(project, &prepared, everything)
        };
        for port in published(&prepared, engine, &databases).await {
            at_ports.push(ports::port(name, &port, &owners));
        }
    }
    if let Some(found) = everything {
        checks.extend(homeless(project, found, program(engine)));
    }
    if let Some(engine) = engine {
        for reference in images {
            checks.extend(image(engine, &reference).await);
        }
    }
    checks.extend(at_ports);
    checks
}

fn unreadable(failure: &Failure) -> Check {
    let errors = failure.diagnostics.iter().filter(|one| one.is_error());
    let detail = match errors.map(placed).next() {
        Some(first) => format!("{}; the first: {first}", failure.message),
        None => failure.message.clone(),
    };
    Check::ok(GROUP, "configuration", detail).error("poststack config validate")
}

fn placed(fault: &Diagnostic) -> String {
    match &fault.place {
        Some(place) => format!("{place}: {}", fault.message),
        None => fault.message.clone(),
    }
}

/// Each fault of the files with what makes it right. One that is not among those that the files have
/// `wherever` they are read is a variable, which may well be there where the environment is deployed.
pub(super) fn configuration(
    environment: &str,
    found: &[Diagnostic],
    wherever: &[Diagnostic],
) -> Vec<Check> {
    const MOST: usize = 5;
    let name = format!("{environment}: files");
    let validate = format!("poststack config validate {environment}");
    let errors: Vec<&Diagnostic> = found.iter().filter(|one| one.is_error()).collect();
    if errors.is_empty() {
        return vec![Check::ok(GROUP, name, "valid")];
    }
    let told = errors.iter().take(MOST).map(|fault| {
        let fix = repair(fault).unwrap_or_else(|| validate.clone());
        let check = Check::ok(GROUP, name.clone(), placed(fault));
        match wherever.contains(fault) {
            true => check.error(fix),
            false => check.warning(fix),
        }
    });
    let mut checks: Vec<Check> = told.collect();
    if let Some(others @ 1..) = errors.len().checked_sub(MOST) {
        let detail = format!("{others} faults more");
        checks.push(Check::ok(GROUP, name, detail).warning(validate));
    }
    checks
}

/// A command, or else where to write what.
fn repair(fault: &Diagnostic) -> Option<String> {
    fault.fix.clone().or_else(|| {
        let (place, help) = (fault.place.as_ref()?, fault.help.as_ref()?);
        Some(format!("see {place}: {help}"))
    })
}

/// What leaves nothing of an environment to look at, with what its failure says to do.
pub(super) fn unusable(environment: &str, failure: &Failure) -> Check {
    let fix = match failure.hints.as_slice() {
        [] => format!("poststack config validate {environment}"),
        hints => hints.join("; or "),
    };
    Check::ok(GROUP, format!("{environment}: files"), &*failure.message).error(fix)
}

pub(super) fn lock(environment: &str, state: &LockState) -> Option<Check> {
    let name = format!("{environment}: runs");
    let by = |holder: &Option<Holder>| match holder {
        Some(holder) => holder.to_string(),
        None => "another process".to_owned(),
    };
    match state {
        LockState::Free => None,
        LockState::Held(holder) => {
            Some(Check::ok(GROUP, name, format!("in use by {}", by(holder))))
        }
        LockState::Interrupted(holder) => {
            let detail = format!("{} did not come to its end", by(holder));
            let fix = format!("poststack env start {environment}");
            Some(Check::ok(GROUP, name, detail).warning(fix))
        }
    }
}

fn adoption(project: &Project, environment: &Environment) -> Option<Check> {
    let found = project.state.adoption(&environment.name).ok()??;
    let name = format!("{}: adoption", environment.name);
    let detail = format!("the taking over of `{}` was interrupted", found.from);
    let fix = format!("poststack adopt {}", environment.name);
    Some(Check::ok(GROUP, name, detail).error(fix))
}

fn owners(project: &Project, prepared: &Prepared, everything: Option<&Observed>) -> Owners {
    let mut owners = Owners::default();
    let containers = everything
        .into_iter()
        .flat_map(|found| found.containers.values());
    for container in containers {
        if prepared.identity.owns(&container.labels) {
            owners.own.insert(container.name.clone());
        } else if of_this(project, &container.labels) {
            owners.siblings.insert(container.name.clone());
        }
    }
    owners
}

/// Whether something was made by this project.
fn of_this(project: &Project, labels: &Labels) -> bool {
    let is = |key: &str, value: &str| labels.get(key).is_some_and(|found| found == value);
    is(PROJECT, project.config.project.name.as_str())
        && is(PROJECT_DIR, &project.config.root.to_string_lossy())
}

/// Containers of an environment that no file describes.
fn orphans(prepared: &Prepared, found: &Observed) -> Option<Check> {
    let names: BTreeSet<&str> = prepared
        .desired
        .container_names()
        .chain(prepared.desired.hook_names())
        .collect();
    let own = found
        .containers
        .values()
        .filter(|one| prepared.identity.owns(&one.labels));
    let orphans = own.filter(|one| {
        let base = crate::plan::step::base_name(&one.name);
        let inactive = prepared.desired.inactive.contains(one.service());
        !names.contains(base) && !inactive
    });
    let orphans: Vec<String> = orphans.map(|one| one.name.clone()).collect();
    let environment = &prepared.identity.environment;
    (!orphans.is_empty()).then(|| {
        let detail = format!("no file describes {}", listed(&orphans));
        let fix = format!("poststack env start {environment} --remove-orphans");
        Check::ok(GROUP, format!("{environment}: orphans"), detail).warning(fix)
    })
}

/// Whether a project whose file has `environments` has this one: that of the container commands is
/// every project's own.
pub(super) fn is_known(environments: &[String], environment: &String) -> bool {
    environment == CONTAINERS || environments.contains(environment)
}

/// Containers and volumes of this project whose environment is not in the file any more.
fn homeless(project: &Project, found: &Observed, program: &str) -> Vec<Check> {
    let is_homeless = |labels: &Labels| {
        let environment = labels.get(ENVIRONMENT);
        let is_known = |name: &String| is_known(&project.names(), name);
        of_this(project, labels) && environment.is_some_and(|name| !is_known(name))
    };
    let containers = found
        .containers
        .values()
        .filter(|one| is_homeless(&one.labels));
    let containers: Vec<String> = containers.map(|one| one.name.clone()).collect();
    let volumes = found
        .volumes
        .values()
        .filter(|one| is_homeless(&one.labels));
    let volumes: Vec<String> = volumes.map(|one| one.name.clone()).collect();
    without_environment(&containers, &volumes, program)
}

pub(super) fn without_environment(
    containers: &[String],
    volumes: &[String],
    program: &str,
) -> Vec<Check> {
    let mut checks = Vec::new();
    if !containers.is_empty() {
        let detail = format!(
            "of environments that the file does not have: {}",
            listed(containers)
        );
        let fix = format!("{program} rm --force {}", containers.join(" "));
        checks.push(Check::ok(GROUP, "containers", detail).warning(fix));
    }
    if !volumes.is_empty() {
        let detail = format!(
            "with data of environments that the file does not have: {}",
            listed(volumes)
        );
        let fix = format!(
            "{program} volume rm {} (the data go with them)",
            volumes.join(" ")
        );
        checks.push(Check::ok(GROUP, "volumes", detail).warning(fix));
    }
    checks
}

/// Whether somebody still has what these labels are of: the folder has a configuration, or is there
/// for the container commands, which need none.
pub(super) fn is_there(folder: &Path, environment: Option<&str>) -> bool {
    let has_file = || FILE_NAMES.iter().any(|name| folder.join(name).exists());
    match environment {
        Some(CONTAINERS) => folder.is_dir(),
        _ => has_file(),
    }
}

/// Folder of a project that is gone → its containers.
fn gone(found: &Observed) -> BTreeMap<String, Vec<String>> {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for container in found.containers.values() {
        let environment = container.labels.get(ENVIRONMENT).map(String::as_str);
        if let Some(folder) = container.labels.get(PROJECT_DIR)
            && !is_there(Path::new(folder), environment)
        {
            folders
                .entry(folder.clone())
                .or_default()
                .push(container.name.clone());
        }
    }
    folders
}

/// Containers of projects that are not on this machine any more.
pub(super) fn abandoned(gone: &BTreeMap<String, Vec<String>>, program: &str) -> Option<Check> {
    let names: Vec<String> = gone.values().flatten().cloned().collect();
    let places: Vec<String> = gone.keys().cloned().collect();
    (!names.is_empty()).then(|| {
        let detail = format!(
            "{} are of projects that are gone: {}",
            listed(&names),
            listed(&places)
        );
        let fix = format!("{program} rm --force {}", names.join(" "));
        Check::ok(GROUP, "abandoned containers", detail).warning(fix)
    })
}

/// The image of a database; one that is not there is made or pulled by the first start.
async fn image(engine: &Engine, reference: &str) -> Option<Check> {
    let variables = engine.image_environment(reference).await.ok()?;
    let detail = match variables.map(|variables| {
        variables
            .get("PG_VERSION")
            .or(variables.get("PG_MAJOR"))
            .cloned()
    }) {
        Some(Some(version)) => format!("PostgreSQL {version}"),
        Some(None) => "of an unknown version".to_owned(),
        None => "not here yet; the first start gets it".to_owned(),
    };
    Some(Check::ok(VERSIONS, reference, detail))
}
