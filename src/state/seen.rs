//! What the last start of an environment left at the engine.
//!
//! Only an aid: without it nobody can tell what was changed behind poststack's back, and a start takes
//! everything for as it shall be. So nothing is flushed. Values are hashed. Each engine has a file of its
//! own: an environment may be on several.

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
        let text = files::read(&path).ok().flatten().unwrap_or_default();
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
}

fn file(environment: &EnvironmentName, engine: &str) -> String {
    format!("{environment}@{}", short(engine))
}
