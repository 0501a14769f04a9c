//! A project on disk: its configuration, its state folder, and which environment is meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Kind};
use crate::config::model::{Config, Environment};
use crate::config::{self};
use crate::diagnostic::{Diagnostic, nearest};
use crate::names::EnvironmentName;
use crate::plan::identity::Identity;
use crate::settings::{EnvironmentChoice, Origin, Settings};
use crate::state::State;
use crate::text::SourceFile;

/// The name of the configuration file.
pub const FILE_NAME: &str = ".poststack.yml";
/// All names it may have.
pub const FILE_NAMES: [&str; 2] = [FILE_NAME, ".poststack.yaml"];

/// An opened project.
pub struct Project {
    pub config: Config,
    /// Warnings and notes about the configuration.
    pub diagnostics: Vec<Diagnostic>,
    pub state: State,
    /// The process environment, read once.
    pub process: BTreeMap<String, String>,
    pub settings: Settings,
}

/// Where to look for the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Location<'a> {
    /// `--config-file`: the file, or the folder that holds it.
    pub config_file: Option<&'a Path>,
    pub working_directory: &'a Path,
}

impl Project {
    /// Reads the configuration found upward from the working directory, or the one that is named.
    ///
    /// # Errors
    /// No configuration, or every fault in it.
    pub fn open(
        location: &Location<'_>,
        process: BTreeMap<String, String>,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let path = find(location)?;
        let shown = relative(&path, location.working_directory);
        let loaded = config::load(&path, &shown).map_err(Failure::configuration)?;
        Ok(Self {
            state: State::of_project(&loaded.config.root),
            config: loaded.config,
            diagnostics: loaded.diagnostics,
            process,
            settings,
        })
    }

    /// A folder without a configuration as a project: what settings say of it, no environment.
    #[must_use]
    pub fn of_folder(process: BTreeMap<String, String>, settings: Settings) -> Self {
        let config = Config {
            source: SourceFile::new(FILE_NAME, ""),
            root: settings.root.clone(),
            project: config::model::Project {
                name: settings.project.clone(),
                description: None,
            },
            settings: BTreeMap::new(),
            default_environment: None,
            environments: Vec::new(),
            verify: BTreeMap::new(),
        };
        Self {
            state: State::of_project(&config.root),
            config,
            diagnostics: Vec::new(),
            process,
            settings,
        }
    }

    /// The environment that is meant, with what named it.
    ///
    /// # Errors
    /// An unknown name, or none where there are several.
    pub fn environment(&self, argument: Option<&str>) -> Result<(&Environment, Origin), Failure> {
        self.meant(argument)?.ok_or_else(|| {
            if self.config.environments.is_empty() {
                let message = format!("{FILE_NAME} describes no environment");
                return Failure::new(Kind::Configuration, message)
                    .hint("add `environments:`; every key is explained in .poststack.yml.example");
            }
            let message = format!("Which environment? There are {}", self.names().join(", "));
            Failure::new(Kind::Usage, message)
                .hint("name one after the command, or choose one with `poststack env switch NAME`")
                .hint("or set `environment:` in .poststack.yml")
        })
    }

    /// As [`Self::environment`]; `None` when nothing names one of several.
    ///
    /// # Errors
    /// An unknown name.
    pub fn meant(&self, argument: Option<&str>) -> Result<Option<(&Environment, Origin)>, Failure> {
        let switched = self.switched()?;
        let choice = EnvironmentChoice {
            argument,
            variable: self
                .process
                .get(crate::settings::ENVIRONMENT_VARIABLE)
                .map(String::as_str),
            switched: switched.as_ref(),
            file: self.config.default_environment.as_ref(),
            known: self
                .config
                .environments
                .iter()
                .map(|one| &one.name)
                .collect(),
        };
        let Some((name, origin)) = choice.choose() else {
            return Ok(None);
        };
        let environment = self.named(&name, &origin)?;
        Ok(Some((environment, origin)))
    }

    fn named(&self, name: &str, origin: &Origin) -> Result<&Environment, Failure> {
        let found = self
            .config
            .environments
            .iter()
            .find(|one| one.name.as_str() == name);
        found.ok_or_else(|| {
            let names = self.names();
            let message = format!("There is no environment `{name}` (named by {origin})");
            let failure = Failure::new(Kind::Usage, message);
            match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("the environments are: {}", names.join(", "))),
            }
        })
    }

    /// What `env switch` stored.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn switched(&self) -> Result<Option<EnvironmentName>, Failure> {
        self.state.switched().map_err(|error| state_failure(&error))
    }

    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let environments = &self.config.environments;
        environments
            .iter()
            .map(|one| one.name.to_string())
            .collect()
    }

    #[must_use]
    pub fn identity(&self, environment: &Environment) -> Identity {
        Identity {
            project: self.config.project.name.clone(),
            environment: environment.name.clone(),
            directory: self.config.root.clone(),
            database: environment.postgres.container_name.clone(),
        }
    }

    /// `path` as messages show it: relative to the project where it lies in it.
    #[must_use]
    pub fn shown(&self, path: &Path) -> PathBuf {
        relative(path, &self.config.root)
    }
}

/// What failed with `.poststack/`, for the user.
pub(super) fn state_failure(error: &crate::state::StateError) -> Failure {
    let mut message = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        message = format!("{message}: {source}");
    }
    let failure = Failure::new(Kind::Failed, message);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The path of the configuration file, found upward or named; a named one may not be there.
///
/// # Errors
/// There is none in the working directory or above it.
pub fn find(location: &Location<'_>) -> Result<PathBuf, Failure> {
    match location.config_file {
        Some(path) => {
            let path = location.working_directory.join(path);
            if path.is_dir() {
                return Ok(path.join(FILE_NAME));
            }
            Ok(path)
        }
        None => config::find(location.working_directory).ok_or_else(|| {
            let place = location.working_directory.display();
            Failure::new(
                Kind::Configuration,
                format!("There is no {FILE_NAME} in {place} or above it"),
            )
            .hint("go to a project folder, or name the file: poststack -C path/to/project …")
            .hint("or make a project here: poststack init")
        }),
    }
}

fn relative(path: &Path, base: &Path) -> PathBuf {
    match path.strip_prefix(base) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_path_buf(),
        _ => path.to_path_buf(),
    }
}
