//! The environment that `env switch` chose.

use super::{State, StateError, files};
use crate::names::EnvironmentName;

const FILE: &str = "environment";

impl State {
    /// The environment that was switched to, or `None`. Whether it still exists in the
    /// configuration is for the caller to check.
    ///
    /// # Errors
    /// [`StateError::Damaged`] for a file that holds no name, [`StateError::Read`].
    pub fn switched(&self) -> Result<Option<EnvironmentName>, StateError> {
        let path = self.folder.join(FILE);
        let Some(text) = self.read(&path)? else {
            return Ok(None);
        };
        let name = text.trim();
        EnvironmentName::new(name)
            .map(Some)
            .map_err(|error| StateError::Damaged {
                problem: format!("the environment name `{name}` {error}"),
                path,
                repair: "switch again, or remove it",
            })
    }

    /// Remembers `environment` as the one to use when none is given.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn switch(&self, environment: &EnvironmentName) -> Result<(), StateError> {
        self.ensure()?;
        files::replace(&self.folder.join(FILE), &format!("{environment}\n"))
    }

    /// Forgets the switched environment.
    ///
    /// # Errors
    /// [`StateError::Write`].
    pub fn clear_switched(&self) -> Result<(), StateError> {
        files::remove(&self.folder.join(FILE))
    }
}
