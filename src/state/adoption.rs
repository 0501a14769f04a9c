//! What `poststack adopt` has decided: written before anything is touched, and removed when all of
//! it is done or undone. A start that finds it goes on with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{State, StateError, files};
use crate::names::EnvironmentName;

const FOLDER: &str = "adoptions";

/// The taking over of a Compose project, under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// The Compose project.
    pub from: String,
    /// Kind and address of the engine that it is on.
    pub engine: String,
    /// As `postgres.volume` names it in the configuration.
    pub data: Option<String>,
    /// As `volumes` names them.
    pub volumes: BTreeMap<String, String>,
    /// In the order in which they are stopped: the database last.
    pub containers: Vec<Former>,
    /// They go when nobody uses them any more.
    pub networks: Vec<String>,
    /// The configuration file as it was before, and as it was made.
    pub before: String,
    pub after: String,
    /// Whether the password was taken over, too.
    pub password: bool,
    /// Ours are ready and the former containers are being removed: nothing can be undone any more.
    #[serde(default)]
    pub done: bool,
}

/// A container that another one takes the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    pub id: String,
    pub name: String,
    pub service: String,
    /// The one of ours that takes its place.
    pub successor: String,
    /// Whether it ran, so that it is to run again when all is undone.
    pub ran: bool,
    pub database: bool,
    /// Whether it is a database that the engine starts again whenever it starts itself.
    #[serde(default)]
    pub always: bool,
}

impl State {
    /// The adoption that is under way, if there is one.
    ///
    /// # Errors
    /// [`StateError::Damaged`], [`StateError::Read`].
    pub fn adoption(&self, environment: &EnvironmentName) -> Result<Option<Adoption>, StateError> {
        let path = self.adoption_file(environment);
        let Some(text) = self.read(&path)? else {
            return Ok(None);
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| StateError::Damaged {
                problem: format!("line {} column {}", error.line(), error.column()),
                path,
                repair: "adopt again, or remove it",
            })
    }

    /// Remembers what is going to be taken over, and how far it is.
    ///
    /// # Errors
    /// [`StateError::Create`] or [`StateError::Write`].
    pub fn begin_adoption(
        &self,
        environment: &EnvironmentName,
        adoption: &Adoption,
    ) -> Result<(), StateError> {
        self.ensure_inside(FOLDER)?;
        let text = serde_json::to_string_pretty(adoption).unwrap_or_default();
        files::replace(&self.adoption_file(environment), &format!("{text}\n"))
    }

    /// Forgets it: it is done, or undone.
    ///
    /// # Errors
    /// [`StateError::Write`].
    pub fn end_adoption(&self, environment: &EnvironmentName) -> Result<(), StateError> {
        files::remove(&self.adoption_file(environment))
    }

    fn adoption_file(&self, environment: &EnvironmentName) -> PathBuf {
        self.folder.join(FOLDER).join(format!("{environment}.json"))
    }
}
