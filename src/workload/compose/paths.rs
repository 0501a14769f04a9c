//! Paths of the host, as Compose reads them: relative to the file, `~` as the home folder.

use std::path::{Component, Path, PathBuf};

use super::file::File;
use crate::text::Span;

/// The absolute, normalised folder of the file at `path`.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    normalise(absolute.parent().unwrap_or(&absolute))
}

/// The absolute path that `written` means in this file.
pub(super) fn resolve(file: &mut File<'_>, span: Span, written: &str) -> Option<PathBuf> {
    let path = match home_relative(written) {
        None => file.folder(span).join(written),
        Some(rest) => {
            let home = std::env::home_dir();
            match (
                home,
                rest.strip_prefix('/').or(rest.is_empty().then_some("")),
            ) {
                (Some(home), Some(rest)) => home.join(rest),
                (None, _) => {
                    file.fault(
                        span,
                        "`~` has no meaning here: HOME is not set",
                        "write the path in full",
                    );
                    return None;
                }
                (_, None) => {
                    let message = format!("`{written}` names the home folder of another user");
                    file.fault(span, message, "write the path in full");
                    return None;
                }
            }
        }
    };
    Some(normalise(&path))
}

fn home_relative(written: &str) -> Option<&str> {
    written.strip_prefix('~')
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
