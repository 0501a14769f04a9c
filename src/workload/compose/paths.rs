//! Paths of the host, as Compose reads them: relative to the file, `~` as the home folder.

use std::path::{Component, Path, PathBuf};

use super::file::File;
use crate::diagnostic::Diagnostic;
use crate::text::Span;

/// The absolute, normalised folder of the file at `path`.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    normalise(absolute.parent().unwrap_or(&absolute))
}

/// The absolute path that `written` means in this file.
pub(super) fn resolve(file: &mut File<'_>, span: Span, written: &str) -> Option<PathBuf> {
    match absolute(file.folder(span), written) {
        Ok(path) => Some(path),
        Err(fault) => {
            let place = file.decoder.place(span);
            file.decoder.report(fault.at_place(place));
            None
        }
    }
}

/// The absolute path that `written` means in a file whose relative paths start at `folder`.
///
/// # Errors
/// A fault without a place: a `~` that has no meaning.
pub(super) fn absolute(folder: &Path, written: &str) -> Result<PathBuf, Box<Diagnostic>> {
    let Some(rest) = written.strip_prefix('~') else {
        return Ok(normalise(&folder.join(written)));
    };
    let fault =
        |message: String| Box::new(Diagnostic::error(message).help("write the path in full"));
    let Some(home) = std::env::home_dir() else {
        return Err(fault("`~` has no meaning here: HOME is not set".to_owned()));
    };
    match rest.strip_prefix('/').or(rest.is_empty().then_some("")) {
        Some(rest) => Ok(normalise(&home.join(rest))),
        None => Err(fault(format!(
            "`{written}` names the home folder of another user"
        ))),
    }
}

/// How messages show the file that is `written` in a file of the shown folder `beside`.
pub(super) fn shown(beside: &Path, written: &str) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in beside.join(written).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    clean
}

/// Drops `.` and resolves `..` by the text alone, as Compose does.
pub(super) fn normalise(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The normalised form of an absolute path in the container.
pub(super) fn in_container(file: &mut File<'_>, span: Span, written: &str) -> Option<String> {
    if written.starts_with('/') {
        return Some(normalise(Path::new(written)).to_string_lossy().into_owned());
    }
    let message = format!("The path in the container must be absolute: `{written}`");
    file.fault(span, message, format!("write `/{written}`"));
    None
}
