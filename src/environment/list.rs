//! Every environment of a project in a line each.

use serde::Serialize;

use super::project::Project;
use crate::engine::Engine;
use crate::plan::identity;
use crate::plan::observed::State;

#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub name: String,
    /// Whether a command without an environment means this one.
    pub current: bool,
    pub database: String,
    pub port: u16,
    /// Running containers; `None` when no engine answers.
    pub running: Option<usize>,
    pub containers: Option<usize>,
}

/// Lists the environments; with an engine also what runs of them.
pub async fn list(project: &Project, engine: Option<&Engine>) -> Vec<Listed> {
    let current = project
        .environment(None)
        .ok()
        .map(|(environment, _)| &environment.name);
    let name = project.config.project.name.to_string();
    let observed = match engine {
        Some(engine) => {
            let label = (identity::PROJECT.to_owned(), name);
            engine.observe(&[label]).await.ok()
        }
        None => None,
    };
    let environments = project.config.environments.iter();
    environments
        .map(|environment| {
            let identity = project.identity(environment);
            let count = |running_only: bool| {
                let observed = observed.as_ref()?;
                let own = observed
                    .containers
                    .values()
                    .filter(|one| identity.owns(&one.labels));
                let counted = own.filter(|one| !running_only || one.state == State::Running);
                Some(counted.count())
            };
            Listed {
                name: environment.name.to_string(),
                current: Some(&environment.name) == current,
                database: environment.postgres.database.clone(),
                port: environment.postgres.port,
                running: count(true),
                containers: count(false),
            }
        })
        .collect()
}
