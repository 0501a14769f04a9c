//! Names and labels of everything an environment owns at the engine.

use std::path::PathBuf;

use super::spec::Labels;
use crate::names::{EnvironmentName, ProjectName};

pub const PROJECT: &str = "io.poststack.project";
pub const PROJECT_DIR: &str = "io.poststack.project-dir";
pub const ENVIRONMENT: &str = "io.poststack.environment";
pub const SERVICE: &str = "io.poststack.service";
pub const ROLE: &str = "io.poststack.role";
/// The version of poststack that made the object.
pub const REVISION: &str = "io.poststack.revision";
pub const DEFINITION_HASH: &str = "io.poststack.definition-hash";
/// `field=hash` of every field, so that a change can be named.
pub const DEFINITION: &str = "io.poststack.definition";
/// What is run in the container before it is stopped, as [`super::hooks`] writes it.
pub const PRE_STOP: &str = "io.poststack.pre-stop";
/// On a volume that holds nothing of worth.
pub const SCRATCH: &str = "io.poststack.scratch";
/// Nanoseconds between health tests while a container starts; older engines do not keep them.
pub const START_INTERVAL: &str = "io.poststack.start-interval";
/// Hash of the context a built-in image was made of.
pub const CONTEXT_HASH: &str = "io.poststack.context-hash";

pub const COMPOSE_PROJECT: &str = "com.docker.compose.project";
pub const COMPOSE_SERVICE: &str = "com.docker.compose.service";
pub const COMPOSE_NUMBER: &str = "com.docker.compose.container-number";
pub const COMPOSE_DEPENDS_ON: &str = "com.docker.compose.depends_on";

/// The environment of a project's own containers, which no file describes.
pub const CONTAINERS: &str = "containers";
/// The service name of the database.
pub const POSTGRES_SERVICE: &str = "postgres";
/// The key of the network every service of an environment joins.
pub const DEFAULT_NETWORK: &str = "default";
/// Longest host name a resolver takes, in characters.
pub const MAX_HOST_NAME: usize = 63;

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Database,
    Init,
    Service,
    /// One step of a service's `pre_start`.
    Hook,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Init => "init",
            Self::Service => "service",
            Self::Hook => "hook",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Database, Self::Init, Self::Service, Self::Hook]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// One environment of one project in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub project: ProjectName,
    pub environment: EnvironmentName,
    /// Absolute folder of `.poststack.yml`.
    pub directory: PathBuf,
    /// The name of the database's container, for who chose one.
    pub database: Option<String>,
}

impl Identity {
    /// `<project>-<environment>`: the prefix of every name and the Compose project.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{}-{}", self.project, self.environment)
    }

    /// The name of a container of a service; they count from 1.
    #[must_use]
    pub fn container(&self, service: &str, number: u32) -> String {
        format!("{}-{service}-{number}", self.prefix())
    }

    #[must_use]
    pub fn network(&self, key: &str) -> String {
        format!("{}_{key}", self.prefix())
    }

    #[must_use]
    pub fn volume(&self, key: &str) -> String {
        format!("{}_{key}", self.prefix())
    }

    #[must_use]
    pub fn database_container(&self) -> String {
        let own = || format!("{}-{POSTGRES_SERVICE}", self.prefix());
        self.database.clone().unwrap_or_else(own)
    }

    #[must_use]
    pub fn database_volume(&self) -> String {
        self.volume("pgdata")
    }

    /// The labels by which everything of this environment is found.
    #[must_use]
    pub fn selector(&self) -> Vec<(String, String)> {
        vec![
            (PROJECT.to_owned(), self.project.to_string()),
            (ENVIRONMENT.to_owned(), self.environment.to_string()),
        ]
    }

    /// Whether an object with these labels belongs to this environment.
    #[must_use]
    pub fn owns(&self, labels: &Labels) -> bool {
        let is = |key: &str, value: &str| labels.get(key).is_some_and(|found| found == value);
        is(PROJECT, self.project.as_str())
            && is(ENVIRONMENT, self.environment.as_str())
            && is(PROJECT_DIR, &self.directory.to_string_lossy())
    }

    /// The labels of every object; `key` is Compose's own (`network`, `volume`) with its value.
    #[must_use]
    pub fn labels(&self, key: Option<(&str, &str)>) -> Labels {
        let mut labels = Labels::from([
            (PROJECT.to_owned(), self.project.to_string()),
            (
                PROJECT_DIR.to_owned(),
                self.directory.to_string_lossy().into_owned(),
            ),
            (ENVIRONMENT.to_owned(), self.environment.to_string()),
            (REVISION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            (COMPOSE_PROJECT.to_owned(), self.prefix()),
            (
                "com.docker.compose.version".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
        ]);
        if let Some((key, value)) = key {
            labels.insert(format!("com.docker.compose.{key}"), value.to_owned());
        }
        labels
    }
}

/// Who owns an object with these labels, for a message.
#[must_use]
pub fn owner(labels: &Labels) -> String {
    let get = |key: &str| labels.get(key).map(String::as_str);
    match (get(PROJECT), get(ENVIRONMENT), get(PROJECT_DIR)) {
        (Some(project), Some(environment), Some(directory)) => {
            format!("poststack project `{project}`, environment `{environment}` in {directory}")
        }
        _ => match get(COMPOSE_PROJECT) {
            Some(project) => format!("Docker Compose project `{project}`"),
            None => "another tool".to_owned(),
        },
    }
}
