//! `db migration-info V`: everything known of one migration.

use serde::Serialize;

use super::status::state_name;
use super::{Target, files};
use crate::environment::{Failure, Kind};
use crate::event::Seconds;
use crate::migration::{Assessed, Folder, Script, Version, assess};
use crate::postgres::Connection;
use crate::text::Source;

/// One migration.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    pub version: String,
    pub name: String,
    /// As `db migration-status` words it.
    pub state: &'static str,
    /// `None` when the file is gone.
    pub file: Option<File>,
    pub rollback: Option<File>,
    pub applied: Option<Applied>,
    /// Of a file without a transaction that stopped half-way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// A file of SQL.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    pub path: String,
    /// SHA-256 of the text with line ends as `\n`, in hexadecimal.
    pub checksum: String,
    /// Zero when the text cannot be read as SQL; `db verify` says why.
    pub statements: usize,
    pub in_transaction: bool,
    /// Versions that have to be applied before.
    pub requires: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_timeout: Option<Seconds>,
    /// Whether `${…}` is expanded in it.
    pub substitute: bool,
    /// Whether something is left to be written.
    pub todo: bool,
    pub sql: String,
}

/// What the ledger says.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    pub at: String,
    pub by: String,
    pub seconds: Seconds,
    pub checksum: String,
    /// The version of poststack that applied it, or `original`.
    pub tool_version: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Unfinished {
    pub done: usize,
    pub total: usize,
    pub started_at: String,
    pub error: Option<String>,
}

/// What files and ledger say of `version`.
///
/// # Errors
/// Neither of them knows it, or the ledger cannot be read.
pub async fn info(
    target: &Target,
    connection: &Connection,
    folder: &Folder,
    version: &Version,
) -> Result<Info, Failure> {
    let ledger = files::ledger(connection).await?;
    let assessment = assess(folder, ledger.as_ref(), false);
    let found = { assessment.entries.iter() }.find(|entry| entry.version == version);
    found.map(of).ok_or_else(|| {
        let shown = target.folder.shown.display();
        let message = format!("There is no version `{version}` in `{shown}` or in the ledger");
        Failure::new(Kind::Failed, message).hint(format!(
            "list what there is: {}",
            target.command("migration-status")
        ))
    })
}

fn of(entry: &Assessed<'_>) -> Info {
    let migration = entry.migration;
    Info {
        version: entry.version.to_string(),
        name: entry.name.to_owned(),
        state: state_name(entry.state),
        file: migration.map(|migration| file(&migration.up)),
        rollback: migration.and_then(|migration| migration.rollback.as_ref().map(file)),
        applied: entry.entry.map(|row| Applied {
            at: row.applied_at.clone(),
            by: row.applied_by.clone(),
            seconds: Seconds(row.execution_time),
            checksum: row.checksum.clone(),
            tool_version: row.tool_version.clone(),
        }),
        unfinished: entry.unfinished.map(|row| Unfinished {
            done: row.done,
            total: row.total,
            started_at: row.started_at.clone(),
            error: row.error.clone(),
        }),
    }
}

fn file(source: &Source) -> File {
    let script = Script::parse(source).ok();
    let headers = script.as_ref().map(|script| script.headers.clone());
    let headers = headers.unwrap_or_default();
    File {
        path: source.path.display().to_string(),
        checksum: crate::migration::files::checksum(&source.text),
        statements: script.as_ref().map_or(0, |script| script.statements.len()),
        in_transaction: script.as_ref().is_none_or(Script::in_transaction),
        requires: { headers.requires.iter() }
            .map(|(version, _)| version.to_string())
            .collect(),
        lock_timeout: headers.lock_timeout.map(Seconds),
        statement_timeout: headers.statement_timeout.map(Seconds),
        substitute: headers.substitute,
        todo: !headers.todos.is_empty(),
        sql: source.text.clone(),
    }
}
