//! What a new project is called and how its first database is reached: all of it checked.

use crate::config::Config;
use crate::config::model::Environment;
use crate::names::{EnvironmentName, ProjectName};

/// What the files of a project are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub project: ProjectName,
    pub description: String,
    /// The first environment.
    pub environment: EnvironmentName,
    pub database: String,
    /// Host port of the database.
    pub port: u16,
    pub user: String,
}

/// Where applications of templates are reached, and where else when the database is there.
const WEB_PORTS: [u16; 2] = [8080, 8000];

impl Answers {
    /// Host port of the application of a template, unless its env file says otherwise.
    #[must_use]
    pub fn web_port(&self) -> u16 {
        let [usual, other] = WEB_PORTS;
        if self.port == usual { other } else { usual }
    }

    /// Those that a configuration gives, of its environment `name`, its default one, or its first.
    #[must_use]
    pub fn of_config(config: &Config, name: Option<&str>) -> Option<Self> {
        let by_name = |name: &str| {
            let mut all = config.environments.iter();
            all.find(|environment| environment.name.as_str() == name)
        };
        let default = config.default_environment.as_ref();
        let environment: &Environment = name
            .and_then(by_name)
            .or_else(|| default.and_then(|name| by_name(name.as_str())))
            .or_else(|| config.environments.first())?;
        Some(Self {
            project: config.project.name.clone(),
            description: config.project.description.clone().unwrap_or_default(),
            environment: environment.name.clone(),
            database: environment.postgres.database.clone(),
            port: environment.postgres.port,
            user: environment.postgres.user.clone(),
        })
    }
}
