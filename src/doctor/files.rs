//! The files of `.poststack/`: nobody else may read them, and Git must not keep them.

use super::Check;
use crate::environment::project::{Location, find};
use crate::shell;
use crate::state::{State, StateFile};

const GROUP: &str = "files";

/// What lies in `.poststack/`.
pub(super) struct Files {
    folder: String,
    files: Vec<StateFile>,
    user: u32,
    is_ignored: bool,
}

/// `None` without a project, or without anything remembered.
pub(super) fn gather(location: &Location<'_>) -> Option<Files> {
    let path = find(location).ok()?;
    let root = std::path::absolute(path.parent()?).ok()?;
    let state = State::of_project(&root);
    let files = state.files();
    (!files.is_empty()).then(|| Files {
        folder: state.folder().display().to_string(),
        files,
        user: rustix::process::getuid().as_raw(),
        is_ignored: state.folder().join(".gitignore").exists(),
    })
}

pub(super) fn checks(found: &Files) -> Vec<Check> {
    let mut checks: Vec<Check> = { found.files.iter() }
        .filter_map(|file| private(file, found.user))
        .collect();
    if checks.is_empty() {
        let detail = format!("{} and what is in it is yours alone", found.folder);
        checks.push(Check::ok(GROUP, ".poststack", detail));
    }
    checks.push(ignored(&found.folder, found.is_ignored));
    checks
}

/// The fault of one file, if it has one.
pub(super) fn private(file: &StateFile, user: u32) -> Option<Check> {
    let shown = file.path.display();
    let word = shell::word(&file.path.to_string_lossy());
    let check = |detail: String| Check::ok(GROUP, "mode", detail);
    // Root reads everything, and owns what others began with sudo.
    if file.owner != user && user != 0 {
        let detail = format!(
            "{shown} belongs to user {}, so that poststack cannot write it",
            file.owner
        );
        return Some(check(detail).error(format!("sudo chown {user} {word}")));
    }
    let wanted = if file.is_folder { 0o700 } else { 0o600 };
    (file.mode & 0o077 != 0).then(|| {
        let detail = format!("{shown} is open to others (mode {:04o})", file.mode);
        check(detail).error(format!("chmod {wanted:04o} {word}"))
    })
}

pub(super) fn ignored(folder: &str, is_ignored: bool) -> Check {
    match is_ignored {
        true => Check::ok(GROUP, "git", format!("{folder} is ignored")),
        false => {
            let detail = format!("{folder} holds passwords and is not ignored by Git");
            let file = shell::word(&format!("{folder}/.gitignore"));
            Check::ok(GROUP, "git", detail).error(format!("echo '*' > {file}"))
        }
    }
}
