//! The branch of an environment's database that `db switch` chose.

use std::path::PathBuf;

use super::{State, StateError, files};
use crate::names::{BranchName, EnvironmentName};

const FOLDER: &str = "branches";

impl State {
    /// The branch that `environment` uses, or `None` for its own database. Whether the branch still
    /// exists is for the server to say.
    ///
    /// # Errors
    /// [`StateError::Damaged`] for a file that holds no name, [`StateError::Read`].
    pub fn branch(&self, environment: &EnvironmentName) -> Result<Option<BranchName>, StateError> {
        let path = self.branch_file(environment);
        let Some(text) = self.read(&path)? else {
            return Ok(None);
        };
        let name = text.trim();
        BranchName::new(name)
            .map(Some)
            .map_err(|error| StateError::Damaged {
                problem: format!("the branch name `{name}` {error}"),
                path,
                repair: "switch again, or remove it",
            })
    }

    /// Remembers `branch` as the one that `environment` uses; `None`: its own database.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn use_branch(
        &self,
        environment: &EnvironmentName,
        branch: Option<&BranchName>,
    ) -> Result<(), StateError> {
        let path = self.branch_file(environment);
        match branch {
            None => files::remove(&path),
            Some(branch) => {
                self.ensure_inside(FOLDER)?;
                files::replace(&path, &format!("{branch}\n"))
            }
        }
    }

    fn branch_file(&self, environment: &EnvironmentName) -> PathBuf {
        self.folder.join(FOLDER).join(environment.as_str())
    }
}
