//! Which runs of containers have shown their health.
//!
//! An engine calls a container `starting` until its own first test, one interval after the start,
//! although poststack has seen a test succeed long before. Remembering that saves the next start a
//! test. Only a saving: what is lost or damaged here is tested again, so nothing is flushed.

use std::collections::BTreeSet;

use super::{State, StateError, files};
use crate::names::EnvironmentName;

const FOLDER: &str = "healthy";

impl State {
    /// The runs that were remembered; none when they cannot be read.
    #[must_use]
    pub fn healthy(&self, environment: &EnvironmentName) -> BTreeSet<String> {
        let path = self.folder.join(FOLDER).join(environment.as_str());
        let text = self.read(&path).ok().flatten().unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Remembers `runs` in place of the former ones.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn remember_healthy(
        &self,
        environment: &EnvironmentName,
        runs: &BTreeSet<String>,
    ) -> Result<(), StateError> {
        let path = self.ensure_inside(FOLDER)?.join(environment.as_str());
        let lines: String = runs.iter().map(|run| format!("{run}\n")).collect();
        files::write_unflushed(&path, &lines)
    }
}
