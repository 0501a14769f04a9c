//! `db new` and `db create-rollback`: files for somebody to write on. Never overwrites what somebody
//! wrote.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Target;
use super::target::Folder;
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::next::{next_version, normalise};
use crate::migration::{self, Script, Version, files, inverse};

/// The files of a new migration.
#[derive(Debug, Clone, Serialize)]
pub struct New {
    pub version: String,
    pub name: String,
    /// The way there and the way back, as messages show them.
    pub files: Vec<String>,
}

/// A derived rollback file.
#[derive(Debug, Clone, Serialize)]
pub struct Derived {
    pub version: String,
    /// As messages show it.
    pub file: String,
    /// What is left to be written by hand.
    pub todos: usize,
}

/// Makes both files of the migration `name`, and the folder when it is not there.
///
/// # Errors
/// The name cannot be one, or the files cannot be made.
pub fn new(folder: &Folder, name: &str) -> Result<New, Failure> {
    let name = normalise(name).map_err(|error| {
        let message = super::login::sentence(&error.to_string());
        Failure::new(Kind::Usage, message).hint("for instance: poststack db new add_users")
    })?;
    fs_err::create_dir_all(&folder.path).map_err(not_written)?;
    let existing = versions(&folder.path).map_err(not_written)?;
    let version = next_version(&existing, jiff::Timestamp::now());
    let title = format!("{version}_{name}");
    let (up, rollback) = (format!("{title}.sql"), format!("{title}.rollback.sql"));
    let text = format!("-- {title}\n\n");
    create(&folder.path.join(&up), &text)?;
    let text = format!("-- {title}: the way back\n\n");
    if let Err(failure) = create(&folder.path.join(&rollback), &text) {
        // Half a pair is of no use to anybody.
        drop(fs_err::remove_file(folder.path.join(&up)));
        return Err(failure);
    }
    let shown = |file: &str| folder.shown.join(file).display().to_string();
    Ok(New {
        version,
        name,
        files: vec![shown(&up), shown(&rollback)],
    })
}

/// The versions of all files that begin with one, whatever else is wrong with them.
fn versions(folder: &Path) -> std::io::Result<Vec<Version>> {
    let mut versions = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".sql") {
            let digits = name.split('_').next().unwrap_or_default();
            versions.extend(Version::parse(digits));
        }
    }
    Ok(versions)
}

/// Writes the rollback of `version` as far as it can be derived. One that somebody wrote is only
/// overwritten with `force`; one without any statement always.
///
/// # Errors
/// There is no such migration, it has faults, or its rollback is there.
pub fn create_rollback(
    target: &Target,
    version: &Version,
    force: bool,
) -> Result<Derived, Failure> {
    let folder = target.existing_folder()?;
    let (files, faults) = migration::files::load(&folder.path, &folder.shown);
    let script = match files.migration(version) {
        Some(migration) => Script::parse(&migration.up).map_err(migrations::conflict)?,
        None => read_up(folder, version, faults)?,
    };
    let up = &script.source.path;
    let rollback = up.with_extension("rollback.sql");
    let file = rollback.file_name().map(PathBuf::from).unwrap_or_default();
    let path = folder.path.join(file);
    if !force && holds_sql(&path) {
        let message = format!("`{}` is there already", rollback.display());
        let command = target.command(&format!("create-rollback {version} --force"));
        return Err(Failure::new(Kind::Failed, message).hint(format!("to overwrite it: {command}")));
    }
    let derived = inverse(&script);
    replace(&path, &derived.text)?;
    let todos = derived.text.lines();
    let todos = todos.filter(|line| line.trim_start().starts_with(migration::TODO_MARKER));
    Ok(Derived {
        version: version.to_string(),
        file: rollback.display().to_string(),
        todos: todos.count(),
    })
}

/// A migration is left out when its rollback alone has faults: an empty one above all.
fn read_up(folder: &Folder, version: &Version, faults: Vec<Diagnostic>) -> Result<Script, Failure> {
    let names = fs_err::read_dir(&folder.path).map_err(not_written)?;
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names = names.filter(|name| {
        let digits = name.split('_').next().unwrap_or_default();
        let is_up = name.ends_with(".sql") && !name.ends_with(".rollback.sql");
        is_up && Version::parse(digits).as_ref() == Some(version)
    });
    match (names.next(), names.next()) {
        (Some(name), None) => {
            let source = files::read(&folder.path.join(&name), &folder.shown.join(&name));
            let source = source.map_err(|fault| migrations::conflict(vec![*fault]))?;
            Script::parse(&source).map_err(migrations::conflict)
        }
        (Some(_), Some(_)) => Err(migrations::conflict(faults)),
        (None, _) => {
            let message = format!("No file has the version `{version}`");
            Err(Failure::new(Kind::Migration, message))
        }
    }
}

/// Whether there is a file with more than comments in it.
fn holds_sql(path: &Path) -> bool {
    match files::read(path, path) {
        Ok(source) => Script::parse(&source).is_ok() || !is_blank(&source.text),
        Err(_) => path.exists(),
    }
}

fn is_blank(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.all(|line| line.is_empty() || line.starts_with("--"))
}

/// A new file; one that is there is never touched.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = fs_err::OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    let mut file = file.map_err(not_written)?;
    let written = file.write_all(text.as_bytes());
    written.and_then(|()| file.sync_all()).map_err(not_written)
}

/// The whole file at once, or nothing.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    drop(fs_err::remove_file(&temporary));
    create(&temporary, text)?;
    fs_err::rename(&temporary, path).map_err(not_written)
}

pub(super) fn not_written(error: std::io::Error) -> Failure {
    Failure::new(Kind::Failed, "The files were not written").because(error)
}
