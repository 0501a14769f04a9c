//! What is done with a container when a source file changes
//! (<https://github.com/compose-spec/compose-spec/blob/main/develop.md>).

use std::path::PathBuf;

use super::Hook;
use crate::diagnostic::Place;

/// One rule of `develop.watch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRule {
    /// Absolute path of a file or folder of the host; it need not be there.
    pub path: PathBuf,
    pub action: WatchAction,
    /// Patterns of `.dockerignore`, relative to `path`: what matches none is passed over. Empty
    /// takes everything.
    pub include: Vec<String>,
    /// Patterns of `.dockerignore`, relative to `path`: what matches is passed over.
    pub ignore: Vec<String>,
    /// Where the rule stands in the file.
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchAction {
    /// Build the image anew and replace the container by one of it.
    Rebuild,
    Restart,
    Sync(WatchSync),
}

/// Changed files go into the running container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSync {
    /// Absolute path in the container that stands for [`WatchRule::path`]; with a slash at its end
    /// a folder, even for a single file.
    pub target: String,
    /// Everything goes there when watching begins.
    pub initial: bool,
    pub then: AfterSync,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterSync {
    Nothing,
    Restart,
    Exec(Hook),
}
