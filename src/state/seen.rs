//! What the last start of an environment left at the engine.
//!
//! Only an aid: without it nobody can tell what was changed behind poststack's back, and a start takes
//! everything for as it shall be. So nothing is flushed. Values are hashed. Each engine has a file of its
//! own: an environment may be on several.

use std::path::PathBuf;

use super::{State, StateError, files};
use crate::names::EnvironmentName;
use crate::plan::definition::short;
use crate::plan::seen::Seen;

const FOLDER: &str = "seen";

impl State {
    /// What was remembered of `engine`, which is its kind and address; nothing when it cannot be read.
    #[must_use]
    pub fn seen(&self, environment: &EnvironmentName, engine: &str) -> Seen {
        let path = self.folder.join(FOLDER).join(file(environment, engine));
        let text = self.read(&path).ok().flatten().unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Remembers `seen` in place of what was remembered of `engine` before.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn remember_seen(
        &self,
        environment: &EnvironmentName,
        engine: &str,
        seen: &Seen,
    ) -> Result<(), StateError> {
        let path = self.ensure_inside(FOLDER)?.join(file(environment, engine));
        let text = serde_json::to_string(seen).unwrap_or_default();
        files::write_unflushed(&path, &text)
    }

    /// The files of all engines.
    pub(super) fn seen_files(&self, environment: &EnvironmentName) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.join(FOLDER));
        let paths = entries.into_iter().flatten().flatten();
        let paths = paths.map(|entry| entry.path());
        let is_its = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.split_once('@'));
            name.is_some_and(|(name, _)| name == environment.as_str())
        };
        paths.filter(is_its).collect()
    }
}

fn file(environment: &EnvironmentName, engine: &str) -> String {
    format!("{environment}@{}", short(engine))
}
