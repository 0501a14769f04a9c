//! `db squash`: one file for all migrations up to a version, proven on two scratch databases before
//! anything is touched. The old files move to `.squashed/`, which nobody reads.

mod proof;

use std::path::Path;

use serde::Serialize;

use super::Target;
use super::author::{not_written, replace};
use super::settle::{Picture, changed_meanwhile, look, write};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::{
    LedgerEntry, Migration, Script, State, Version, assess, files, insert_migration, repair, squash,
};
use crate::postgres::Connection;
use crate::postgres::quote::literal;
use crate::text::{Source, SourceFile};

/// What is squashed, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Squash {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// `NNN_name` of each file it stands for, in order.
    pub squashed: Vec<String>,
    /// As messages show it.
    pub file: String,
    /// Where the old files go, as messages show it.
    pub kept_in: String,
    /// Statements that make the schema.
    pub statements: usize,
    /// Rows that the migrations wrote, and the file writes.
    pub rows: usize,
    #[serde(skip)]
    source: Source,
}

/// Makes the squashed file without writing it: applies the files to a scratch database, writes down
/// what is there, applies that to another one, and compares the two.
///
/// # Errors
/// The files are not all applied, cannot be squashed, or the proof fails.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    version: &Version,
) -> Result<Squash, Failure> {
    let picture = look(target, connection).await?;
    let files = chosen(target, &picture, version)?;
    let last = files.last().map_or(version, |file| &file.version);
    let path = target.folder.shown.join(format!("{last}_{NAME}.sql"));
    let proven = proof::prove(target, &files, &path).await?;
    let range = range(&files);
    Ok(Squash {
        database: target.name(),
        squashed: files.iter().map(Migration::title).collect(),
        file: path.display().to_string(),
        kept_in: target
            .folder
            .shown
            .join(KEPT)
            .join(range)
            .display()
            .to_string(),
        statements: proven.statements,
        rows: proven.rows,
        source: SourceFile::new(path, proven.text),
    })
}

/// Does what was planned: files first, each step of which can be taken back, then the ledger. With
/// the lock held.
///
/// # Errors
/// Files or ledger are not the same by now, or something cannot be written.
pub async fn squash(
    target: &Target,
    connection: &Connection,
    (version, planned): (&Version, &Squash),
) -> Result<(), Failure> {
    let picture = look(target, connection).await?;
    let files = chosen(target, &picture, version)?;
    if !planned.source.text.starts_with(&squash::header(&files)) {
        return Err(changed_meanwhile());
    }
    let last = files.last().map_or(version, |file| &file.version);
    let file = migration(last, &planned.source);
    exchange(&target.folder.path, &files, &file)?;
    let entries = picture.ledger.iter().flat_map(|ledger| &ledger.entries);
    let entries: Vec<_> = entries.filter(|entry| entry.version <= *version).collect();
    write(connection, &ledger_change(&file, &entries)).await
}

/// The name of the file.
const NAME: &str = "squashed";
/// Hidden, so that nobody reads it.
const KEPT: &str = ".squashed";

fn range(files: &[Migration]) -> String {
    let version = |file: Option<&Migration>| file.map(|file| file.version.to_string());
    let first = files.first();
    // What was squashed before began earlier.
    let start = first.and_then(Migration::squashed);
    let start = start.map(|squashed| squashed.first.to_string());
    let start = start.or_else(|| version(first)).unwrap_or_default();
    format!("{start}-{}", version(files.last()).unwrap_or_default())
}

fn migration(version: &Version, source: &Source) -> Migration {
    Migration {
        version: version.clone(),
        name: NAME.to_owned(),
        up: source.clone(),
        rollback: None,
        checksum: files::checksum(&source.text),
    }
}

/// The files up to `version`, which all have to be applied as they are.
fn chosen(
    target: &Target,
    picture: &Picture,
    version: &Version,
) -> Result<Vec<Migration>, Failure> {
    picture.without_faults()?;
    let ledger = picture.own_ledger(target)?;
    let last = picture.migration(version)?;
    let files = picture.folder.migrations.iter();
    let files = files.filter(|file| file.version <= *version);
    let files: Vec<Migration> = files.cloned().collect();
    if files.len() < 2 {
        let message = format!(
            "There is nothing to squash: `{}` is the first file",
            last.title()
        );
        return Err(Failure::new(Kind::Migration, message));
    }
    let assessment = assess(&picture.folder, Some(ledger), true);
    if !assessment.faults.is_empty() {
        return Err(migrations::conflict(assessment.faults));
    }
    let entries = assessment.entries.iter();
    let open = entries.filter(|entry| entry.version <= version && entry.state != State::Applied);
    let open: Vec<String> = open
        .map(|entry| format!("{}_{}", entry.version, entry.name))
        .collect();
    if !open.is_empty() {
        let message = format!(
            "Not all up to `{}` is applied in {}",
            last.title(),
            target.name()
        );
        return Err(Failure::new(Kind::Migration, message)
            .excerpt("Not applied:", open)
            .hint(target.command(&format!("migrate --target-version {version}"))));
    }
    refuse_unfit(&files)?;
    Ok(files)
}

/// What a scratch database cannot show.
fn refuse_unfit(files: &[Migration]) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for file in files {
        match Script::parse(&file.up) {
            Ok(script) => {
                faults.extend(squash::outside(&script));
                if script.headers.substitute {
                    let message = "The file has values of one environment: it cannot be squashed";
                    let fault = Diagnostic::error(message).at(&file.up, crate::text::Span::at(0));
                    faults.push(fault.help("squash up to the file before it"));
                }
            }
            Err(found) => faults.extend(found),
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(migrations::conflict(faults)),
    }
}

/// Moves the old files away and puts the new one in place; goes back when that fails.
fn exchange(folder: &Path, files: &[Migration], file: &Migration) -> Result<(), Failure> {
    let kept = folder.join(KEPT).join(range(files));
    fs_err::create_dir_all(&kept).map_err(not_written)?;
    let sources = files
        .iter()
        .flat_map(|file| std::iter::once(&file.up).chain(&file.rollback));
    let mut moved = Vec::new();
    let mut outcome = Ok(());
    for name in sources.filter_map(|source| source.path.file_name()) {
        let (from, to) = (folder.join(name), kept.join(name));
        outcome = if to.exists() {
            let message = format!("`{}` is there already", to.display());
            Err(Failure::new(Kind::Failed, message))
        } else {
            fs_err::rename(&from, &to).map_err(not_written)
        };
        match &outcome {
            Ok(()) => moved.push((from, to)),
            Err(_) => break,
        }
    }
    let path = folder.join(format!("{}.sql", file.title()));
    let outcome = outcome.and_then(|()| replace(&path, &file.up.text));
    if outcome.is_err() {
        for (from, to) in moved {
            drop(fs_err::rename(to, from));
        }
    }
    outcome
}

/// The squashed file counts as applied when the last of them was.
fn ledger_change(file: &Migration, entries: &[&LedgerEntry]) -> String {
    let versions = entries.iter().map(|entry| &entry.version);
    let delete = repair::delete_migrations(versions);
    let insert = insert_migration(file, "0");
    let last = entries.last();
    let at = last.map_or_else(String::new, |entry| {
        format!(
            "UPDATE poststack.schema_migrations SET applied_at = {} WHERE version = {}",
            literal(&entry.applied_at),
            literal(file.version.as_str())
        )
    });
    format!("{delete};{insert};{at}")
}
