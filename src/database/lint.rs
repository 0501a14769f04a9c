//! `db lint`: what is dangerous in the files that are still to be applied, or in all of them.

use serde::Serialize;

use super::{Target, files};
use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::Failure;
use crate::environment::migrations::{Rules, Wanted, conflict, failure, lint};
use crate::lint::rules;
use crate::migration::{Folder, Step, Subject, plan_migrate};
use crate::postgres::Connection;

/// What was looked at.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Linted {
    /// Titles of the files, `NNN_name` or `R_name`.
    pub files: Vec<String>,
    pub errors: usize,
    pub warnings: usize,
}

/// A danger that lint knows.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// For `-- poststack: allow NAME reason`.
    pub name: &'static str,
    /// `error`, `warning` or `note`, where a finding does not say otherwise.
    pub severity: &'static str,
    pub what: &'static str,
    /// How to do without.
    pub instead: &'static str,
}

/// All of them, in the order of their description.
#[must_use]
pub fn known() -> Vec<Known> {
    let rules = rules().iter();
    rules
        .map(|rule| Known {
            name: rule.name,
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            what: rule.what,
            instead: rule.instead,
        })
        .collect()
}

/// Looks at what `db migrate` would run now, and at its rollbacks.
///
/// # Errors
/// Files and ledger do not fit.
pub async fn lint_pending(
    connection: &Connection,
    (folder, rules, wanted): (&Folder, &Rules<'_>, &Wanted),
) -> Result<(Linted, Vec<Diagnostic>), Failure> {
    let values = rules.values();
    let request = rules.request(wanted, &values);
    let ledger = files::ledger(connection).await?;
    let steps = plan_migrate(folder, ledger.as_ref(), &request).map_err(|error| failure(&error))?;
    Ok(look(&steps, rules, Some(connection.server_major())))
}

/// Looks at every file of the folder; asks no server.
///
/// # Errors
/// A file that is no SQL.
pub fn lint_all(target: &Target, folder: &Folder) -> Result<(Linted, Vec<Diagnostic>), Failure> {
    let rules = target.rules(None);
    let values = rules.values();
    let versions = folder.migrations.iter();
    let versions = versions.map(|migration| Step::up(migration, &values));
    let repeatables = folder.repeatables.iter();
    let repeatables = repeatables.map(|file| Step::repeatable(file, &values));
    let (mut steps, mut faults) = (Vec::new(), Vec::new());
    for step in versions.chain(repeatables) {
        match step {
            Ok(step) => steps.push(step),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(conflict(faults).saying("Some migrations cannot be read"));
    }
    let mut all = Linted::default();
    let mut found = Vec::new();
    // Each by itself: a table that an earlier file made may be in use when a later one comes.
    for step in &steps {
        let (linted, of_step) = look(std::slice::from_ref(step), &rules, None);
        all.files.extend(linted.files);
        all.errors += linted.errors;
        all.warnings += linted.warnings;
        found.extend(of_step);
    }
    Ok((all, found))
}

fn look(
    steps: &[Step<'_>],
    rules: &Rules<'_>,
    server_major: Option<u32>,
) -> (Linted, Vec<Diagnostic>) {
    let values = rules.values();
    let mut found = lint(steps, server_major);
    let rollbacks = steps.iter().filter_map(|step| match step.subject {
        Subject::Migration(migration) => Step::rollback(migration, &values).ok(),
        Subject::Repeatable(_) => None,
    });
    let rollbacks: Vec<Step<'_>> = rollbacks.collect();
    found.extend(lint(&rollbacks, server_major));
    let count = |severity| found.iter().filter(|one| one.severity == severity).count();
    let linted = Linted {
        files: steps.iter().map(Step::title).collect(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
    };
    (linted, found)
}
