//! The migrations of a folder. Every fault of every name, and of texts as far as reading them shows,
//! is found in one run. Statements are not looked at here: most files were applied long ago.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Script;
use super::name::{self, Direction, FileName, Version};
use super::{script, sql};
use crate::diagnostic::Diagnostic;
use crate::text::{self, ReadError, Source, SourceFile, Span};

/// Largest file that is read, in bytes: dumps are migrations too. The server takes 1 GiB at once.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The migrations of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folder {
    /// Ordered by version.
    pub migrations: Vec<Migration>,
    /// Ordered by name.
    pub repeatables: Vec<Repeatable>,
    /// Versions whose files are there, but cannot be read.
    pub left_out: Vec<Version>,
}

/// One version: how to get there, and back where the author says how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub version: Version,
    /// The file name without version and ending.
    pub name: String,
    pub up: Source,
    pub rollback: Option<Source>,
    /// See [`checksum`].
    pub checksum: String,
}

/// `R_name.sql`: applied again whenever its text has changed, after the versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    pub name: String,
    pub source: Source,
    /// See [`checksum`].
    pub checksum: String,
}

impl Folder {
    /// The migration of `version`, however its zeros are written.
    #[must_use]
    pub fn migration(&self, version: &Version) -> Option<&Migration> {
        let found = self.migrations.binary_search_by(|m| m.version.cmp(version));
        self.migrations.get(found.ok()?)
    }

    #[must_use]
    pub fn repeatable(&self, name: &str) -> Option<&Repeatable> {
        self.repeatables.iter().find(|file| file.name == name)
    }

    /// Everything [`Script::parse`] finds wrong in any of the files.
    #[must_use]
    pub fn faults(&self) -> Vec<Diagnostic> {
        let versions = self.migrations.iter();
        let versions = versions.flat_map(|m| std::iter::once(&m.up).chain(&m.rollback));
        let repeatables = self.repeatables.iter().map(|file| &file.source);
        let scripts = versions.chain(repeatables).map(Script::parse);
        scripts.filter_map(Result::err).flatten().collect()
    }
}

impl Migration {
    /// `NNN_name`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

impl Repeatable {
    /// `R_name`
    #[must_use]
    pub fn title(&self) -> String {
        format!("R_{}", self.name)
    }
}

/// SHA-256 of a migration's text, in hexadecimal. Line ends do not count: a checkout on another
/// system is the same migration. A byte order mark does not either; reading drops it.
#[must_use]
pub fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = if text.contains('\r') {
        Sha256::digest(text.replace("\r\n", "\n"))
    } else {
        Sha256::digest(text)
    };
    let digit = |value: u8| {
        DIGITS
            .get(usize::from(value))
            .map(|digit| char::from(*digit))
    };
    let digits = digest
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.flatten().collect()
}

/// Reads the migrations in `folder`. `shown` is the folder's path in messages.
///
/// A file with an error is left out, so the folder is only complete when no diagnostic is an
/// error. Files that do not end in `.sql` and hidden files are none of its business.
#[must_use]
pub fn load(folder: &Path, shown: &Path) -> (Folder, Vec<Diagnostic>) {
    let names = match sql_files(folder) {
        Ok(names) => names,
        Err(error) => {
            let message = format!(
                "Failed to read the migrations in `{}`: {error}",
                shown.display()
            );
            return (Folder::default(), vec![Diagnostic::error(message)]);
        }
    };
    let mut found = Found::default();
    for file_name in names {
        found.add(&file_name, shown);
    }
    found.check_rollbacks();
    let mut diagnostics = std::mem::take(&mut found.diagnostics);
    let mut read = |file: &str| {
        let source = read_source(folder, shown, file);
        source.map_err(|fault| diagnostics.push(*fault)).ok()
    };
    let mut loaded = Folder::default();
    for (version, files) in found.versions {
        let up = read(&files.up);
        // A rollback with an error must not pass for one that is not there.
        let rollback = files.rollback.as_deref().map(&mut read);
        match (up, rollback.map_or(Some(None), |read| read.map(Some))) {
            (Some(up), Some(rollback)) => loaded.migrations.push(Migration {
                version,
                name: files.name,
                checksum: checksum(&up.text),
                up,
                rollback,
            }),
            _ => loaded.left_out.push(version),
        }
    }
    for (name, file) in found.repeatables {
        loaded
            .repeatables
            .extend(read(&file).map(|source| Repeatable {
                name,
                checksum: checksum(&source.text),
                source,
            }));
    }
    (loaded, diagnostics)
}

/// Names of the files in `folder` that may be migrations, sorted.
fn sql_files(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name.to_ascii_lowercase().ends_with(".sql") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The text of the file at `path`, of at most [`MAX_BYTES`]; `shown` is its path in messages.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn read(path: &Path, shown: &Path) -> Result<Source, Box<Diagnostic>> {
    text::read_up_to(path, shown, MAX_BYTES).map_err(|error| {
        let is_too_large = matches!(error, ReadError::TooLarge { .. });
        let fault = Diagnostic::from(error);
        Box::new(match is_too_large {
            true => fault.help(
                "split it into several migrations; rows that are not part of the schema are \
                 loaded with `poststack db shell -- -f FILE`",
            ),
            false => fault,
        })
    })
}

fn read_source(folder: &Path, shown: &Path, file: &str) -> Result<Source, Box<Diagnostic>> {
    let source = read(&folder.join(file), &shown.join(file))?;
    if sql::is_blank(&source.text) {
        return Err(Box::new(script::is_empty(&source)));
    }
    Ok(source)
}

/// The files of one version.
struct Files {
    name: String,
    up: String,
    rollback: Option<String>,
}

/// What the file names alone tell.
#[derive(Default)]
struct Found {
    versions: BTreeMap<Version, Files>,
    /// Name → file.
    repeatables: BTreeMap<String, String>,
    rollbacks: Vec<RollbackFile>,
    diagnostics: Vec<Diagnostic>,
}

struct RollbackFile {
    version: Version,
    name: String,
    file: String,
    /// To show.
    path: PathBuf,
}

impl Found {
    fn add(&mut self, file: &str, shown: &Path) {
        let path = shown.join(file);
        let Some(FileName {
            version,
            name,
            direction,
        }) = name::parse(file)
        else {
            self.diagnostics.push(foreign_name(&path));
            return;
        };
        let file = file.to_owned();
        match (version, direction) {
            (None, _) => self.add_repeatable(name, file, shown),
            (Some(version), Direction::Rollback) => self.rollbacks.push(RollbackFile {
                version,
                name,
                file,
                path,
            }),
            (Some(version), Direction::Up) => self.add_version(version, name, file, shown),
        }
    }

    fn add_version(&mut self, version: Version, name: String, up: String, shown: &Path) {
        if let Some(first) = self.versions.get(&version) {
            let first = shown.join(&first.up);
            let fault = duplicate(&version, &shown.join(up), &first);
            self.diagnostics.push(fault);
            return;
        }
        let files = Files {
            name,
            up,
            rollback: None,
        };
        self.versions.insert(version, files);
    }

    fn add_repeatable(&mut self, name: String, file: String, shown: &Path) {
        if let Some(first) = self.repeatables.get(&name) {
            let fault = same_name(&shown.join(file), &shown.join(first));
            self.diagnostics.push(fault);
            return;
        }
        self.repeatables.insert(name, file);
    }

    fn check_rollbacks(&mut self) {
        for rollback in std::mem::take(&mut self.rollbacks) {
            match self.versions.get_mut(&rollback.version) {
                Some(files) if files.name == rollback.name && files.rollback.is_none() => {
                    files.rollback = Some(rollback.file);
                }
                other => {
                    let up = other.map(|files| files.up.as_str());
                    let fault = rollback_alone(&rollback.path, up);
                    self.diagnostics.push(fault);
                }
            }
        }
    }
}

/// A place that says which file is meant, not where in it.
fn whole(path: &Path) -> Source {
    SourceFile::new(path, "")
}

fn foreign_name(path: &Path) -> Diagnostic {
    Diagnostic::warning("The file is not used: its name is not that of a migration")
        .at(&whole(path), Span::at(0))
        .help(
            "name it `NNN_name.sql`, `NNN_name.rollback.sql` for the way back, or `R_name.sql` \
             for what is applied again when it changes",
        )
}

fn same_name(path: &Path, first: &Path) -> Diagnostic {
    Diagnostic::error("Two repeatable migrations have the same name")
        .at(&whole(path), Span::at(0))
        .related(&whole(first), Span::at(0), "the other file of this name")
        .help("rename one of them")
}

fn duplicate(version: &Version, path: &Path, first: &Path) -> Diagnostic {
    Diagnostic::error(format!("Version `{version}` is used twice"))
        .at(&whole(path), Span::at(0))
        .related(&whole(first), Span::at(0), "the other file of this version")
        .help("give one of them a higher version")
}

fn rollback_alone(path: &Path, same_version: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("The rollback file has no migration").at(&whole(path), Span::at(0));
    match same_version {
        Some(file) => diagnostic.help(format!(
            "the migration of this version is `{file}`; name it alike"
        )),
        None => diagnostic.help("add the migration, or remove the rollback file"),
    }
}
