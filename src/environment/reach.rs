//! How the database of an environment is reached: variables, password, address. Reads env files and
//! `.poststack/`, never a Compose file, and asks no engine.

use std::collections::BTreeMap;

use super::address;
use super::failure::{Failure, Kind};
use super::prepare::PrepareOptions;
use super::project::{Project, state_failure};
use crate::config::model::{Environment, Password, Postgres};
use crate::diagnostic::{Diagnostic, any_error};
use crate::names::{BranchName, NameError};
use crate::plan::identity::Identity;
use crate::postgres::Address;
use crate::secret::Secret;
use crate::text;
use crate::variables::{DatabaseAddress, Layers, Reader, Variables, built_ins};

pub use super::address::reachable;

/// A database with what surrounds it.
pub struct Reach {
    /// As readers inside the environment's network and on the host reach it.
    pub database: DatabaseAddress,
    /// The branch of the database that `db switch` chose, which `database` names then.
    pub branch: Option<BranchName>,
    /// Whether the password is the real one: a generated one is made by the first start.
    pub has_password: bool,
    pub variables: Variables,
    pub diagnostics: Vec<Diagnostic>,
}

impl Reach {
    /// The address that poststack itself uses; `postgres` is the section of the environment.
    #[must_use]
    pub fn address(&self, postgres: &Postgres) -> Address {
        address::host(&self.database, postgres)
    }
}

/// Resolves the variables of `environment` and the address of its database.
///
/// # Errors
/// `.poststack/` cannot be read. Faults of files are among the diagnostics.
pub fn reach(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
) -> Result<Reach, Failure> {
    let mut diagnostics = Vec::new();
    let layers = layers(project, environment, options, &mut diagnostics);
    let password = password(project, environment, options, &layers, &mut diagnostics)?;
    let has_password = password.is_some();
    let password = password.unwrap_or_else(|| Secret::from("generated at the first start"));
    let identity = project.identity(environment);
    let mut database = address::database(&identity, environment, &password);
    let branch = project.state.branch(&environment.name);
    let branch = branch.map_err(|error| state_failure(&error))?;
    if let Some(branch) = &branch {
        let name = branch.database(&environment.postgres.database);
        database.database = name.map_err(|error| unusable(environment, branch, &error))?;
    }
    Ok(Reach {
        branch,
        has_password,
        ..resolved(&identity, layers, database, diagnostics)
    })
}

fn unusable(environment: &Environment, branch: &BranchName, error: &NameError) -> Failure {
    let name = &environment.name;
    let message = format!("The branch `{branch}` of `{name}` {error}");
    Failure::new(Kind::Failed, message).hint(format!("leave it: poststack db switch --main {name}"))
}

/// As [`reach`], for a database elsewhere; the password of `environment` is not asked for.
#[must_use]
pub fn reach_at(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    database: DatabaseAddress,
) -> Reach {
    let mut diagnostics = Vec::new();
    let layers = layers(project, environment, options, &mut diagnostics);
    let identity = project.identity(environment);
    resolved(&identity, layers, database, diagnostics)
}

fn resolved(
    identity: &Identity,
    mut layers: Layers,
    database: DatabaseAddress,
    mut diagnostics: Vec<Diagnostic>,
) -> Reach {
    layers.built_in = built_ins(
        identity.project.as_str(),
        identity.environment.as_str(),
        &database,
    );
    let (variables, faults) = Variables::resolve(&layers);
    diagnostics.extend(faults);
    Reach {
        database,
        branch: None,
        has_password: true,
        variables,
        diagnostics,
    }
}

fn layers(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Layers {
    let mut env_files = Vec::new();
    for path in &environment.env_files {
        match text::read(path, &project.shown(path)) {
            Ok(source) => env_files.push(source),
            // A missing one is reported where it is named.
            Err(text::ReadError::Missing(_)) => {}
            Err(error) => diagnostics.push(error.into()),
        }
    }
    Layers {
        built_in: Vec::new(),
        set: options.set.clone(),
        variables: environment.variables.clone(),
        env_files,
        process: process(project, environment),
    }
}

/// The process environment, with the project's name as Compose files may ask for it.
fn process(project: &Project, environment: &Environment) -> BTreeMap<String, String> {
    let name = project.identity(environment).prefix();
    let mut process = project.process.clone();
    process.insert("COMPOSE_PROJECT_NAME".to_owned(), name);
    process
}

/// The password; `None` when it is generated and was not yet.
fn password(
    project: &Project,
    environment: &Environment,
    options: &PrepareOptions,
    layers: &Layers,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Secret>, Failure> {
    let name = &environment.name;
    match &environment.postgres.password {
        Password::Generated if options.generate => project
            .state
            .password_or_generate(name)
            .map(Some)
            .map_err(|error| state_failure(&error)),
        Password::Generated => {
            let known = project.state.password(name);
            known.map_err(|error| state_failure(&error))
        }
        Password::Text(secret, place) => {
            // The built-ins need the password, so it cannot refer to them.
            let (variables, _) = Variables::resolve(layers);
            let expanded = variables.expand(secret.expose(), place, Reader::Network);
            let expanded = expanded.unwrap_or_else(|faults| {
                diagnostics.extend(faults);
                Secret::default()
            });
            if expanded.expose().is_empty() && !any_error(diagnostics) {
                let message = "The database password is empty";
                diagnostics.push(
                    Diagnostic::error(message)
                        .at(&place.source, place.span)
                        .help("write `auto_generated`, or set the variable that it names"),
                );
            }
            Ok(Some(expanded))
        }
    }
}
