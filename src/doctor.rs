//! What is wrong with the engine, the machine and the project, each fault with the command that
//! repairs it. Looks and changes nothing: facts are gathered, and a pure function per check says
//! what they mean.

mod engine;
mod files;
mod machine;
mod ports;
mod project;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::{ConnectError, Engine, EngineKind};
use crate::environment::Failure;
use crate::environment::project::Location;
use crate::settings::Settings;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// Something works less well than it could, or may surprise.
    Warning,
    /// Something does not work, or is not safe.
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `engine`, `machine`, `versions`, `project`, `files` or `ports`.
    pub group: &'static str,
    pub name: String,
    pub verdict: Verdict,
    pub detail: String,
    /// A command to type, or else what to do where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Every check with its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub errors: usize,
    pub warnings: usize,
    pub checks: Vec<Check>,
}

impl Check {
    fn ok(group: &'static str, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            group,
            name: name.into(),
            verdict: Verdict::Ok,
            detail: detail.into(),
            fix: None,
        }
    }

    fn warning(self, fix: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warning,
            fix: Some(fix.into()),
            ..self
        }
    }

    fn error(self, fix: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Error,
            fix: Some(fix.into()),
            ..self
        }
    }
}

/// Looks at everything. A missing engine and a missing project are findings, not failures.
pub async fn examine(
    location: &Location<'_>,
    process: BTreeMap<String, String>,
    settings: Result<&Settings, Failure>,
    connected: Result<Engine, ConnectError>,
) -> Report {
    let files = files::gather(location);
    let mut checks = Vec::new();
    let engine = match connected {
        Ok(engine) => {
            checks.extend(engine::checks(&engine).await);
            Some(engine)
        }
        Err(error) => {
            checks.push(engine::unreachable(&error));
            None
        }
    };
    checks.extend(machine::checks(location, engine.as_ref()).await);
    checks.extend(project::checks(location, process, settings, engine.as_ref()).await);
    checks.extend(files.as_ref().map(files::checks).into_iter().flatten());
    let count = |verdict| checks.iter().filter(|one| one.verdict == verdict).count();
    Report {
        errors: count(Verdict::Error),
        warnings: count(Verdict::Warning),
        checks,
    }
}

/// The command-line program of the engine, for what is to be typed.
fn program(engine: Option<&Engine>) -> &'static str {
    let kind = engine.map_or(EngineKind::Docker, |engine| engine.kind);
    kind.program()
}

/// `["a", "b"]` → `a, b`; of many the first ones.
fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    let shown = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(MOST) {
        Some(others @ 1..) => format!("{shown} and {others} more"),
        _ => shown,
    }
}
