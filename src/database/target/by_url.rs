//! The database that a URL names: it replaces the address of an environment, and nothing else of it.

use super::{Target, Which, folder, refuse_faults};
use crate::config;
use crate::config::model::{Environment, Migrations};
use crate::database::same_server::environment_at;
use crate::environment::prepare::PrepareOptions;
use crate::environment::reach::reach_at;
use crate::environment::{Failure, Kind, Project};
use crate::postgres::Address;
use crate::settings::{Origin, process_environment};
use crate::variables::{DatabaseAddress, Layers, Variables};

pub(super) fn of_url(which: &Which<'_>, url: &str, origin: &Origin) -> Result<Target, Failure> {
    let address = Address::parse(url).map_err(|error| {
        let called = called(origin);
        let message = format!("`{called}` is not the URL of a database: {error}");
        Failure::new(Kind::Usage, message).hint(
            "write it as postgresql://user:password@host:5432/database, each part \
             percent-encoded",
        )
    })?;
    let project = project_beside(which)?;
    // Nobody has to say which of several it would be: without one there are the defaults.
    let meant = match &project {
        Some(project) => project
            .meant(None)?
            .map(|(environment, _)| (project, environment)),
        None => None,
    };
    let database = as_database(&address);
    let variables = match meant {
        Some((project, environment)) => {
            let reached = reach_at(
                project,
                environment,
                &PrepareOptions::default(),
                database.clone(),
            );
            refuse_faults(&reached)?;
            reached.variables
        }
        None => process_alone(),
    };
    let root = project.as_ref().map(|project| project.config.root.clone());
    let all = project.as_ref().map(|project| &project.config.environments);
    let owner = environment_at(all.into_iter().flatten(), &address);
    let settings = owner.or(meant.map(|(_, environment)| environment));
    Ok(Target {
        folder: folder(which, meant),
        migrations: settings.map_or_else(Migrations::default, |one| one.migrations),
        protected: { owner.filter(|one| one.protected) }.map(|one| one.name.to_string()),
        others: all.cloned().unwrap_or_default(),
        named: which.url.is_some(),
        notes: note(origin, &address, meant.map(|(_, environment)| environment)),
        environment: None,
        branch: None,
        has_password: true,
        database,
        variables,
        root: root.unwrap_or_else(|| which.location.working_directory.to_path_buf()),
        address,
    })
}

/// The project around a URL, which needs none.
fn project_beside(which: &Which<'_>) -> Result<Option<Project>, Failure> {
    let location = which.location;
    let is_none =
        location.config_file.is_none() && config::find(location.working_directory).is_none();
    if is_none {
        return Ok(None);
    }
    which.project().map(Some)
}

/// A URL that no command line names may surprise where an environment would be meant.
fn note(origin: &Origin, address: &Address, meant: Option<&Environment>) -> Vec<String> {
    let Some(environment) = meant else {
        return Vec::new();
    };
    let (name, called) = (&environment.name, called(origin));
    let instead = match origin {
        Origin::Flag(_) => return Vec::new(),
        Origin::Variable(_) => format!("unset it to use environment `{name}`"),
        _ => format!("name the environment to use it: `--env {name}`"),
    };
    vec![format!("{called} names the database {address}; {instead}")]
}

/// What messages call the origin of a URL.
fn called(origin: &Origin) -> String {
    match origin {
        Origin::Variable(name) => name.clone(),
        Origin::Setting(place) => format!("settings.database_url in {place}"),
        other => other.to_string(),
    }
}

/// A URL is the same for every reader.
fn as_database(address: &Address) -> DatabaseAddress {
    DatabaseAddress {
        network_host: address.host.clone(),
        network_port: address.port,
        host_host: address.host.clone(),
        host_port: address.port,
        database: address.database.clone(),
        user: address.user.clone(),
        password: address.password.clone(),
    }
}

/// Outside a project there is the process environment.
fn process_alone() -> Variables {
    let layers = Layers {
        process: process_environment(),
        ..Layers::default()
    };
    Variables::resolve(&layers).0
}
