//! The configuration as it is in effect: defaults merged in, paths as the file writes them, the
//! password masked. For showing; what it writes is a valid configuration again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::project::Project;
use crate::config::model::{
    DeploymentKind, Environment, InitKind, Password, Postgres, PostgresImage, Storage,
};

#[derive(Debug, Clone, Serialize)]
pub struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    pub project: DescribedProject,
    pub environments: BTreeMap<String, DescribedEnvironment>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedProject {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedEnvironment {
    pub postgres: DescribedPostgres,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init: Vec<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_file: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    pub bind: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedPostgres {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    pub database: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    pub storage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initdb_args: Option<String>,
    pub start_timeout: String,
}

/// The whole configuration, or only `environment` of it.
#[must_use]
pub fn describe(project: &Project, only: Option<&Environment>) -> Described {
    let config = &project.config;
    let wanted = |one: &&Environment| only.is_none_or(|only| only.name == one.name);
    let environments = config.environments.iter().filter(wanted);
    Described {
        environment: config.default_environment.as_ref().map(ToString::to_string),
        project: DescribedProject {
            name: config.project.name.to_string(),
            description: config.project.description.clone(),
        },
        environments: environments
            .map(|one| (one.name.to_string(), environment(project, one)))
            .collect(),
    }
}

fn environment(project: &Project, environment: &Environment) -> DescribedEnvironment {
    let shown = |path: &std::path::Path| project.shown(path).display().to_string();
    let init = environment.init.iter().map(|entry| match &entry.kind {
        InitKind::Migrations(path) => BTreeMap::from([("migrations", shown(path))]),
        InitKind::Compose(path) => BTreeMap::from([("compose", shown(path))]),
        InitKind::Pod(path) => BTreeMap::from([("pod", shown(path))]),
    });
    let deployment = environment
        .deployment
        .as_ref()
        .map(|deployment| match &deployment.kind {
            DeploymentKind::Compose(path) => BTreeMap::from([("compose", shown(path))]),
            DeploymentKind::Pod(path) => BTreeMap::from([("pod", shown(path))]),
        });
    let variables = environment.variables.iter();
    DescribedEnvironment {
        postgres: postgres(&environment.postgres),
        init: init.collect(),
        deployment,
        env_file: environment
            .env_files
            .iter()
            .map(|path| shown(path))
            .collect(),
        variables: variables
            .map(|(name, variable)| (name.clone(), masked(name, &variable.text)))
            .collect(),
        bind: environment.bind.to_string(),
    }
}

/// What is named as a secret is masked, unless it is nothing but a reference: `${NAME}`.
fn masked(name: &str, text: &str) -> String {
    let reference = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    let pure = reference.is_some_and(crate::variables::grammar::is_name);
    if crate::variables::value::is_secret_name(name) && !pure {
        "***".to_owned()
    } else {
        text.to_owned()
    }
}

fn postgres(postgres: &Postgres) -> DescribedPostgres {
    let (version, image) = match &postgres.image {
        PostgresImage::Version(version) => (Some(*version), None),
        PostgresImage::Image(image) => (None, Some(image.clone())),
    };
    DescribedPostgres {
        version,
        image,
        database: postgres.database.clone(),
        port: postgres.port,
        user: postgres.user.clone(),
        password: match &postgres.password {
            Password::Generated => "auto_generated".to_owned(),
            Password::Text(text, _) => masked("PASSWORD", text.expose()),
        },
        host: postgres.host.clone(),
        extensions: postgres.extensions.clone(),
        settings: postgres.settings.clone(),
        storage: match postgres.storage {
            Storage::Volume => "volume",
            Storage::Tmpfs => "tmpfs",
        },
        initdb_args: postgres.initdb_args.clone(),
        start_timeout: format!("{}s", postgres.start_timeout.as_secs()),
    }
}
