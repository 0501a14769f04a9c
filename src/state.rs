//! `.poststack/`, the folder beside `.poststack.yml` in which poststack remembers: generated
//! passwords, the switched environment and branches, locks.
//!
//! Reading never creates anything. Losing the folder must not lose a database, so nothing here may
//! become the only copy of something that cannot be made again.

mod adoption;
mod branch;
mod files;
mod forget;
mod healthy;
mod lock;
mod look;
mod password;
mod seen;
mod switched;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

pub use adoption::{Adoption, Former};
pub use lock::{Holder, Lock, LockError};
pub use look::{LockState, StateFile};

/// The name of the folder.
pub const FOLDER: &str = ".poststack";

/// Why the state of a project could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("failed to create `{}`", .path.display())]
    Create {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to read `{}`", .path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to write `{}`", .path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` is damaged: {problem}", .path.display())]
    Damaged {
        path: PathBuf,
        problem: String,
        /// What repairs it.
        repair: &'static str,
    },
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
}

impl StateError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { path, repair, .. } => Some(format!("{repair}: rm {}", path.display())),
            Self::Create { path, source } | Self::Write { path, source }
                if is_refused(source.kind()) =>
            {
                Some(make_writable(path.parent().unwrap_or(path)))
            }
            Self::Read { path, source } if is_refused(source.kind()) => Some(format!(
                "make `{}` readable for your user; was poststack run as another user before?",
                path.display()
            )),
            _ => None,
        }
    }
}

/// What to do where the folder refuses to be written to.
#[must_use]
pub fn make_writable(folder: &Path) -> String {
    format!("make `{}` writable for your user", folder.display())
}

/// Whether it is the user who may not do it.
#[must_use]
pub fn is_refused(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// The state of one project.
#[derive(Debug, Clone)]
pub struct State {
    folder: PathBuf,
    /// Whether reading leaves everything as it is, modes of files too.
    only_looks: bool,
}

impl State {
    /// The state of the project whose `.poststack.yml` lies in `root`. Touches nothing.
    #[must_use]
    pub fn of_project(root: &Path) -> Self {
        Self {
            folder: root.join(FOLDER),
            only_looks: false,
        }
    }

    /// The same state for who only looks: a file that others may read stays so.
    #[must_use]
    pub fn only_looking(self) -> Self {
        Self {
            only_looks: true,
            ..self
        }
    }

    fn read(&self, path: &Path) -> Result<Option<String>, StateError> {
        files::read(path, !self.only_looks)
    }

    /// The folder itself, which may not exist yet.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder, private and ignored by Git, when it is not there.
    fn ensure(&self) -> Result<(), StateError> {
        files::ensure_private_folder(&self.folder)?;
        let ignore = self.folder.join(".gitignore");
        if ignore.exists() {
            return Ok(());
        }
        files::replace(&ignore, "*\n")
    }

    /// Makes a folder inside, private too, and gives its path.
    fn ensure_inside(&self, name: &str) -> Result<PathBuf, StateError> {
        self.ensure()?;
        let folder = self.folder.join(name);
        files::ensure_private_folder(&folder)?;
        Ok(folder)
    }
}
