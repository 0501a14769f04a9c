//! Everything that needs no server, by theme, and what the themes share.

mod assess;
mod folders;
mod hidden;
mod index;
mod outside;
mod script;
mod sql;
mod substitute;

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::diagnostic::Diagnostic;

fn messages(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| match &d.place {
        Some(place) => format!("{place} {}", d.message),
        None => d.message.clone(),
    };
    diagnostics.iter().map(line).collect()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir) -> (Folder, Vec<Diagnostic>) {
    files::load(folder.path(), Path::new("migrations"))
}

fn titles<'a>(migrations: impl IntoIterator<Item = &'a Migration>) -> Vec<String> {
    migrations.into_iter().map(Migration::title).collect()
}

/// A ledger that has these of the files.
fn ledger(folder: &Folder, applied: &[&str]) -> Ledger {
    let applied = folder
        .migrations
        .iter()
        .filter(|migration| applied.contains(&migration.title().as_str()));
    let entry = |migration: &Migration| LedgerEntry {
        version: migration.version.clone(),
        name: migration.name.clone(),
        checksum: migration.checksum.clone(),
        applied_at: "2026-01-01 00:00:00+00".to_owned(),
        execution_time: Duration::from_millis(1),
        applied_by: "me".to_owned(),
        tool_version: "0".to_owned(),
        rollback_checksum: migration
            .rollback
            .as_ref()
            .map(|source| files::checksum(&source.text)),
    };
    Ledger {
        entries: applied.map(entry).collect(),
        ..Ledger::default()
    }
}
