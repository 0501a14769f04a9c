//! What is remembered of an environment goes when the environment does.

use super::{State, StateError, files};
use crate::names::EnvironmentName;

impl State {
    /// Forgets what was remembered of `environment`, its switches among it. The password stays where
    /// `keep_password`: as long as there are data that only it opens. The file of its lock stays,
    /// since somebody may wait for it.
    ///
    /// # Errors
    /// [`StateError::Write`], [`StateError::Read`].
    pub fn forget(
        &self,
        environment: &EnvironmentName,
        keep_password: bool,
    ) -> Result<(), StateError> {
        if self.switched()?.as_ref() == Some(environment) {
            self.clear_switched()?;
        }
        let name = environment.as_str();
        for folder in ["healthy", "branches"] {
            files::remove(&self.folder.join(folder).join(name))?;
        }
        for seen in self.seen_files(environment) {
            files::remove(&seen)?;
        }
        if !keep_password {
            self.forget_password(environment)?;
        }
        Ok(())
    }
}
