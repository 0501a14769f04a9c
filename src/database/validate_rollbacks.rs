//! `db validate-rollbacks`: whether every migration has a way back. Looks at files alone.

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::migration::{Folder, Migration, Step, no_variables};

/// The way back of one migration.
#[derive(Debug, Clone, Serialize)]
pub struct WayBack {
    pub version: String,
    pub name: String,
    pub state: WayBackState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayBackState {
    Ready,
    /// There is no file.
    Missing,
    /// The file has faults, or something is left to be written.
    Faulty,
    /// A squashed file: where it ends, every database began.
    NotNeeded,
}

/// Each migration with its way back, and what is wrong with those that have none.
#[must_use]
pub fn validate_rollbacks(folder: &Folder) -> (Vec<WayBack>, Vec<Diagnostic>) {
    let mut ways = Vec::with_capacity(folder.migrations.len());
    let mut faults = Vec::new();
    for migration in &folder.migrations {
        let is_squashed = migration.rollback.is_none() && migration.squashed().is_some();
        let found = if is_squashed {
            Vec::new()
        } else {
            check(migration)
        };
        let state = match (&migration.rollback, found.is_empty()) {
            _ if is_squashed => WayBackState::NotNeeded,
            (None, _) => WayBackState::Missing,
            (Some(_), true) => WayBackState::Ready,
            (Some(_), false) => WayBackState::Faulty,
        };
        faults.extend(found);
        ways.push(WayBack {
            version: migration.version.to_string(),
            name: migration.name.clone(),
            state,
        });
    }
    (ways, faults)
}

/// What is wrong with the way back. The values of variables are those of an environment: here they
/// do not matter.
fn check(migration: &Migration) -> Vec<Diagnostic> {
    let script = migration
        .rollback
        .as_ref()
        .map(crate::migration::Script::parse);
    let substitutes = matches!(&script, Some(Ok(script)) if script.headers.substitute);
    match Step::rollback(migration, &no_variables) {
        Err(_) if substitutes => Vec::new(),
        Err(faults) => faults,
        Ok(_) => Vec::new(),
    }
}
