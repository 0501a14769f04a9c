//! `db adopt`: takes over what another tool applied, without running anything again; and turns files
//! in its manner into ours.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Target;
use super::author::{create, not_written, replace};
use super::baseline::refuse_entries;
use super::settle::{Picture, changed_meanwhile, look};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::adopt::{self, Adoption, History, HistoryError};
use crate::migration::files;
use crate::migration::rename::{self, Conversion};
use crate::migration::{Ledger, Migration, Tool, assess};
use crate::postgres::Connection;

/// Whose ledger it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Tool(Tool),
    /// The original poststack.
    Original,
}

/// What would be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The environment, or `host:port/database`.
    pub database: String,
    pub from: &'static str,
    /// The table with the other ledger.
    pub table: String,
    pub adopted: Vec<AdoptedFile>,
    /// `R_name` of each.
    pub repeatables: Vec<String>,
    /// `NNN_name` of the files that were not applied.
    pub pending: Vec<String>,
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdoptedFile {
    /// `NNN_name`
    pub migration: String,
    /// As the server words it; `None` where the tool does not keep it.
    pub applied_at: Option<String>,
}

/// What [`adopt()`] would record. `table` is the other ledger's, where it has another name than usual.
///
/// # Errors
/// Everything that does not fit, all at once; or poststack has a ledger already.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    (from, table): (From, Option<&str>),
) -> Result<Adopted, Failure> {
    let picture = look(target, connection).await?;
    match from {
        From::Original => of_original(target, &picture),
        From::Tool(tool) => {
            let history = read(target, connection, (tool, table), &picture).await?;
            let adoption = fitting(&picture, &history)?;
            Ok(adopted(target, &history, &adoption))
        }
    }
}

/// Records what was planned, in one transaction. With the lock held.
///
/// # Errors
/// It is not the same by now, or the server refuses it; then nothing was changed.
pub async fn adopt(
    target: &Target,
    connection: &Connection,
    (from, table): (From, Option<&str>),
    planned: &Adopted,
) -> Result<(), Failure> {
    let picture = look(target, connection).await?;
    let recorded = match from {
        From::Original => {
            if of_original(target, &picture)? != *planned {
                return Err(changed_meanwhile());
            }
            adopt::record_original(connection).await
        }
        From::Tool(tool) => {
            let history = read(target, connection, (tool, table), &picture).await?;
            let adoption = fitting(&picture, &history)?;
            if adopted(target, &history, &adoption) != *planned {
                return Err(changed_meanwhile());
            }
            adopt::record(connection, &adoption).await
        }
    };
    recorded.map_err(|error| migrations::failure(&error))
}

async fn read(
    target: &Target,
    connection: &Connection,
    (tool, table): (Tool, Option<&str>),
    picture: &Picture,
) -> Result<History, Failure> {
    refuse_entries(target, picture.ledger.as_ref())?;
    let history = adopt::read_history(connection, tool, table).await;
    history.map_err(|error| {
        let message = super::login::sentence(&error.to_string());
        let failure = Failure::new(Kind::Migration, message);
        match error {
            HistoryError::Absent { .. } => {
                failure.hint("when it has another name: --table SCHEMA.TABLE")
            }
            HistoryError::Several { .. } => failure.hint("name it: --table SCHEMA.TABLE"),
            HistoryError::Server { .. } => failure,
        }
    })
}

/// # Errors
/// The faults of the files beside those of the match.
fn fitting<'a>(picture: &'a Picture, history: &'a History) -> Result<Adoption<'a>, Failure> {
    let mut adoption = adopt::adoption(&picture.folder, history);
    let own = picture.faults.iter().filter(|fault| fault.is_error());
    let faults: Vec<_> = own.cloned().chain(adoption.faults.drain(..)).collect();
    if faults.is_empty() {
        return Ok(adoption);
    }
    let message = match faults.len() {
        1 => format!(
            "1 fault between the ledger of {} and the files",
            history.tool
        ),
        count => format!(
            "{count} faults between the ledger of {} and the files",
            history.tool
        ),
    };
    Err(Failure {
        diagnostics: faults.into_iter().chain(adoption.warnings).collect(),
        ..Failure::new(Kind::Migration, format!("{message}; nothing was recorded"))
    })
}

fn adopted(target: &Target, history: &History, adoption: &Adoption<'_>) -> Adopted {
    let files = adoption.adopted.iter().map(|one| AdoptedFile {
        migration: one.migration.title(),
        applied_at: one.applied.at.clone(),
    });
    let repeatables = adoption.repeatables.iter();
    Adopted {
        database: target.name(),
        from: history.tool.name(),
        table: history.table.clone(),
        adopted: files.collect(),
        repeatables: repeatables.map(|one| one.repeatable.title()).collect(),
        pending: adoption.pending.iter().map(|one| one.title()).collect(),
        warnings: adoption.warnings.clone(),
    }
}

/// The ledger of the original says of each migration what ours does: nothing has to be matched.
fn of_original(target: &Target, picture: &Picture) -> Result<Adopted, Failure> {
    let ledger = picture.ledger.as_ref().filter(|ledger| ledger.original);
    let Some(ledger) = ledger else {
        refuse_entries(target, picture.ledger.as_ref())?;
        let message = "There is no ledger of the original poststack: no table \
                       `public.schema_migrations` with its columns";
        return Err(Failure::new(Kind::Migration, message));
    };
    let files = ledger.entries.iter().map(|entry| AdoptedFile {
        migration: entry.title(),
        applied_at: Some(entry.applied_at.clone()),
    });
    Ok(Adopted {
        database: target.name(),
        from: "original",
        table: "public.schema_migrations".to_owned(),
        adopted: files.collect(),
        repeatables: Vec::new(),
        pending: pending(picture, ledger),
        warnings: doubts(picture, ledger),
    })
}

fn pending(picture: &Picture, ledger: &Ledger) -> Vec<String> {
    let is_known = |migration: &&Migration| {
        let mut entries = ledger.entries.iter();
        entries.any(|entry| entry.version == migration.version)
    };
    let files = picture.folder.migrations.iter();
    let pending = files.filter(|migration| !is_known(migration));
    pending.map(Migration::title).collect()
}

/// What the next `migrate` will refuse. It does not make the ledger less true.
fn doubts(picture: &Picture, ledger: &Ledger) -> Vec<Diagnostic> {
    let assessment = assess(&picture.folder, Some(ledger), false);
    let faults = picture.faults.iter().cloned().chain(assessment.faults);
    faults
        .map(|fault| Diagnostic {
            severity: crate::diagnostic::Severity::Warning,
            ..fault
        })
        .collect()
}

/// Files that were turned into ours.
#[derive(Debug, Clone, Serialize)]
pub struct Renamed {
    pub renamed: Vec<RenamedFile>,
    /// File → why it stays as it is.
    pub left_out: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RenamedFile {
    pub from: String,
    pub to: Vec<String>,
}

/// Turns the files of `tool` in the folder into ours; with `dry_run` only tells how.
///
/// # Errors
/// The folder cannot be read, or a file not be written. Files before it are done.
pub fn rename(target: &Target, tool: Tool, dry_run: bool) -> Result<Renamed, Failure> {
    if tool == Tool::Sqitch {
        let message = "Sqitch keeps its files in folders, and their order in `sqitch.plan`";
        return Err(Failure::new(Kind::Usage, message)
            .hint("copy `deploy/NAME.sql` to `NNN_NAME.sql` and `revert/NAME.sql` to `NNN_NAME.rollback.sql`, in the order of the plan"));
    }
    let folder = &target.existing_folder()?.path;
    let mut texts = BTreeMap::new();
    for entry in fs_err::read_dir(folder).map_err(not_written)? {
        let Ok(name) = entry.map_err(not_written)?.file_name().into_string() else {
            continue;
        };
        if name.ends_with(".sql") || name.ends_with(".go") {
            let source = files::read(&folder.join(&name), &target.folder.shown.join(&name));
            let source = source.map_err(|fault| migrations::conflict(vec![*fault]))?;
            texts.insert(name, source.text.clone());
        }
    }
    let renaming = rename::renaming(tool, &texts);
    if !dry_run {
        for conversion in &renaming.conversions {
            convert(folder, conversion)?;
        }
    }
    let renamed = renaming.conversions.iter().map(|conversion| RenamedFile {
        from: conversion.from.clone(),
        to: conversion.to.iter().map(|file| file.name.clone()).collect(),
    });
    Ok(Renamed {
        renamed: renamed.collect(),
        left_out: renaming.left_out,
    })
}

/// The old file goes last: what stops in between loses nothing.
fn convert(folder: &std::path::Path, conversion: &Conversion) -> Result<(), Failure> {
    let from = &conversion.from;
    for file in conversion.to.iter().filter(|file| file.name != *from) {
        create(&folder.join(&file.name), &file.text)?;
    }
    match conversion.to.iter().find(|file| file.name == *from) {
        Some(file) => replace(&folder.join(from), &file.text),
        None => fs_err::remove_file(folder.join(from)).map_err(not_written),
    }
}
