//! `env diff`: what somebody else has changed since the last start.

use serde::Serialize;

use super::failure::Failure;
use super::prepare::Prepared;
use super::project::Project;
use super::{record, start};
use crate::engine::Engine;
use crate::plan::seen::{Difference, differences};

#[derive(Debug, Clone, Serialize)]
pub struct Differences {
    pub project: String,
    pub environment: String,
    /// Whether a start has left anything that could be compared.
    pub started: bool,
    pub differences: Vec<Difference>,
}

/// Holds what is there against what the last start left.
///
/// # Errors
/// The engine fails.
pub async fn diff(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
) -> Result<Differences, Failure> {
    let identity = &prepared.identity;
    let seen = record::seen(project, &identity.environment, engine);
    let observed = start::look(project, prepared, engine, &seen).await?;
    Ok(Differences {
        project: identity.project.to_string(),
        environment: identity.environment.to_string(),
        started: !seen.containers.is_empty(),
        differences: differences(&observed, &seen),
    })
}
