//! `.poststack.yml` → [`Config`]: reading, merging, validation. Every fault of the file in one run.
//!
//! The way of the file: text → YAML nodes → one [`layer`] per mapping that describes an environment
//! → layers merged ([`inherit`]) → environments with nothing left out ([`complete`]). Reads the file
//! and looks which files are there; touches nothing else and expands no variable.

mod complete;
mod compose;
mod document;
pub mod edit;
mod environment;
pub mod files;
mod inherit;
pub mod keys;
mod layer;
mod liquibase;
mod migrations;
pub mod model;
mod ports;
mod postgres;
pub mod settings;
#[cfg(test)]
mod tests;
mod value;
mod verify;
mod volumes;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity, any_error};
use crate::text::{self, Source, Sources, Span};
use crate::yaml;
use crate::yaml::decode::{Decoder, ENOUGH_ERRORS};

pub use compose::compose_files;
pub use files::{check_files, find};
pub use model::Config;
pub use postgres::SHIPPED_VERSION;

/// Most diagnostics reported of one file; a last one counts the others.
pub const MAX_DIAGNOSTICS: usize = 50;

/// A configuration without errors.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// Warnings and notes, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the configuration file at `path`; messages show it as `shown`.
///
/// # Errors
/// Every fault of the file in its order, warnings and notes among them; at most
/// [`MAX_DIAGNOSTICS`] and one that counts the others.
pub fn load(path: &Path, shown: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let source = text::read(path, shown).map_err(|error| vec![Diagnostic::from(error)])?;
    let (config, mut diagnostics) = parse(&source, &root_of(path));
    diagnostics.extend(second_file(path));
    loaded(config, diagnostics)
}

/// As [`load`], of a text that is no file yet; `root` is the folder it will lie in.
///
/// # Errors
/// As [`load`].
pub fn read(source: &Source, root: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let (config, diagnostics) = parse(source, root);
    loaded(config, diagnostics)
}

/// What was read, when there is no error among the diagnostics.
fn loaded(config: Option<Config>, diagnostics: Vec<Diagnostic>) -> Result<Loaded, Vec<Diagnostic>> {
    let diagnostics = finished(diagnostics);
    match config {
        Some(config) if !any_error(&diagnostics) => Ok(Loaded {
            config,
            diagnostics,
        }),
        _ => Err(diagnostics),
    }
}

/// The absolute folder of the file at `path`, without symbolic links.
fn root_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().unwrap_or(&path);
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf())
}

/// A warning when a folder has the file under both of its names.
fn second_file(path: &Path) -> Option<Diagnostic> {
    let [first, second] = files::FILE_NAMES else {
        return None;
    };
    let is_shadowing = path.ends_with(first) && path.with_file_name(second).exists();
    is_shadowing.then(|| {
        let message = format!("`{second}` beside `{first}` is not read");
        Diagnostic::warning(message).help("remove one of the two")
    })
}

fn parse(source: &Source, root: &Path) -> (Option<Config>, Vec<Diagnostic>) {
    let (documents, faults) = yaml::read(source);
    let sources = Sources::one(source.clone());
    let mut decoder = Decoder::new(&sources);
    let is_unreadable = documents.is_empty() && any_error(&faults);
    let mut documents = documents.into_iter();
    let first = documents.next();
    if let Some(second) = documents.next() {
        decoder
            .error(
                second.span,
                "A configuration is one YAML document, this is a second one",
            )
            .help = Some("remove the line `---` before it".to_owned());
    }
    let config = match first {
        Some(node) if !node.is_null() => document::config(&mut decoder, &node, root),
        _ if is_unreadable => None,
        _ => {
            decoder.error(Span::at(0), "The file is empty").help =
                Some(document::EXAMPLE.to_owned());
            None
        }
    };
    // What stands where the YAML itself is at fault is a consequence of that.
    let at_fault: HashSet<_> = faults.iter().filter_map(span_of).collect();
    let is_own = |it: &Diagnostic| span_of(it).is_none_or(|span| !at_fault.contains(&span));
    let own = decoder.diagnostics.into_iter().filter(is_own);
    let own: Vec<_> = own.collect();
    (config, faults.into_iter().chain(own).collect())
}

fn span_of(diagnostic: &Diagnostic) -> Option<Span> {
    diagnostic.place.as_ref().map(|place| place.span)
}

/// In the order of the file, each fault once, cut to [`MAX_DIAGNOSTICS`]; errors are cut last.
fn finished(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(span_of);
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        // Nodes behind an alias are read more than once; their faults stand at the same place.
        let same_place = kept
            .iter()
            .rev()
            .take_while(|it| it.place == diagnostic.place);
        let is_repeated = { same_place }.any(|it| it.message == diagnostic.message);
        if !is_repeated {
            kept.push(diagnostic);
        }
    }
    if kept.len() > MAX_DIAGNOSTICS {
        kept.sort_by_key(|it| it.severity);
        let others = kept.len() - MAX_DIAGNOSTICS;
        kept.truncate(MAX_DIAGNOSTICS);
        kept.sort_by_key(span_of);
        // Reading stops early when there are this many, so the others are not counted to the end.
        let least = if others >= ENOUGH_ERRORS - MAX_DIAGNOSTICS {
            "at least "
        } else {
            ""
        };
        let message = format!("And {least}{others} more faults in this file");
        kept.push(Diagnostic::new(Severity::Note, message));
    }
    kept
}
