//! The migrations of a folder. Every fault of every file is found in one run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Script;
use super::name::{self, Direction, FileName, Version};
use crate::diagnostic::Diagnostic;
use crate::text::{self, Source, SourceFile, Span};

/// One version: how to get there, and back where the author says how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub version: Version,
    /// The file name without version and ending.
    pub name: String,
    pub up: Script,
    pub rollback: Option<Script>,
    /// See [`checksum`].
    pub checksum: String,
}

impl Migration {
    /// `NNN_name`
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

/// SHA-256 of a migration's text, in hexadecimal. Line ends do not count: a checkout on another
/// system is the same migration. A byte order mark does not either; reading drops it.
#[must_use]
pub fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.replace("\r\n", "\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the migrations in `folder`, ordered by version. `shown` is the folder's path in messages.
///
/// A file with an error is left out, so the migrations are only complete when no diagnostic is an
/// error. Files that do not end in `.sql` and hidden files are none of its business.
#[must_use]
pub fn load(folder: &Path, shown: &Path) -> (Vec<Migration>, Vec<Diagnostic>) {
    let names = match sql_files(folder) {
        Ok(names) => names,
        Err(error) => {
            let message = format!(
                "Failed to read the migrations in `{}`: {error}",
                shown.display()
            );
            return (Vec::new(), vec![Diagnostic::error(message)]);
        }
    };
    let mut found = Found::default();
    for file_name in names {
        found.add(&file_name, shown);
    }
    found.check_rollbacks();
    let mut diagnostics = found.diagnostics;
    let mut migrations = Vec::new();
    for (version, files) in found.versions {
        let mut read = |file: &str| read_script(folder, shown, file, &mut diagnostics);
        let up = read(&files.up);
        let rollback = files.rollback.as_deref().map(&mut read);
        // A rollback with an error must not pass for one that is not there.
        if let (Some(up), Some(rollback)) = (up, rollback.map_or(Some(None), |r| r.map(Some))) {
            migrations.push(Migration {
                version,
                name: files.name,
                checksum: checksum(&up.source.text),
                up,
                rollback,
            });
        }
    }
    (migrations, diagnostics)
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

fn read_script(
    folder: &Path,
    shown: &Path,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Script> {
    let source = match text::read(&folder.join(file), &shown.join(file)) {
        Ok(source) => source,
        Err(error) => {
            diagnostics.push(error.into());
            return None;
        }
    };
    Script::parse(&source)
        .map_err(|faults| diagnostics.extend(faults))
        .ok()
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
    /// (what the name says, the name, its path to show)
    rollbacks: Vec<(FileName, String, PathBuf)>,
    diagnostics: Vec<Diagnostic>,
}

impl Found {
    fn add(&mut self, file: &str, shown: &Path) {
        let path = shown.join(file);
        let Some(parsed) = name::parse(file) else {
            self.diagnostics.push(foreign_name(&path));
            return;
        };
        if parsed.direction == Direction::Rollback {
            self.rollbacks.push((parsed, file.to_owned(), path));
            return;
        }
        if let Some(first) = self.versions.get(&parsed.version) {
            let first = shown.join(&first.up);
            self.diagnostics
                .push(duplicate(&parsed.version, &path, &first));
            return;
        }
        let files = Files {
            name: parsed.name,
            up: file.to_owned(),
            rollback: None,
        };
        self.versions.insert(parsed.version, files);
    }

    fn check_rollbacks(&mut self) {
        for (parsed, file, path) in std::mem::take(&mut self.rollbacks) {
            match self.versions.get_mut(&parsed.version) {
                Some(files) if files.name == parsed.name && files.rollback.is_none() => {
                    files.rollback = Some(file);
                }
                other => {
                    let version_file = other.map(|files| files.up.clone());
                    self.diagnostics
                        .push(rollback_alone(&path, version_file.as_deref()));
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
        .help("name it `NNN_name.sql`, or `NNN_name.rollback.sql` for the way back")
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
