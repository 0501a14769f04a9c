//! Where values of the tool itself come from: flag, then `POSTSTACK_*`, then `.env`, then the file,
//! then default. Each value knows its origin.

mod load;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::config::settings::{LogLevel, Runtime, Setting};
use crate::diagnostic::Place;
use crate::names::{EnvironmentName, ProjectName};
use crate::secret::Secret;
use crate::workload::model::Restart;

pub use load::{Request, load};
pub use show::Shown;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A word of the command line.
    Argument,
    /// An option of the command line, as in `--log-dir`.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// A variable of the `.env` beside `.poststack.yml`.
    DotEnv(String, Place),
    /// `env switch`.
    Switched,
    /// `environment:` in `.poststack.yml`.
    File,
    /// A key under `settings:` of `.poststack.yml`.
    Setting(Place),
    /// The only environment there is.
    Only,
    /// Nothing names another one.
    Default,
}

impl Origin {
    /// The place in a file, where the value stands in one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::DotEnv(_, place) | Self::Setting(place) => Some(place),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("the command line"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => write!(f, "${name}"),
            Self::DotEnv(name, place) => write!(f, "{name} in {place}"),
            Self::Switched => f.write_str("`env switch`"),
            Self::File => f.write_str("`environment:` in .poststack.yml"),
            Self::Setting(place) => write!(f, "{place}"),
            Self::Only => f.write_str("the only environment there is"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What decides a value, and so what gives another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decider {
    /// The variable that would decide it where nothing does.
    pub variable: String,
    pub origin: Origin,
}

impl Decider {
    /// What gives another value, in words.
    #[must_use]
    pub fn another(&self) -> String {
        match &self.origin {
            Origin::Flag(flag) => format!("give another `{flag}`"),
            Origin::Variable(name) => format!("export another `{name}`"),
            Origin::DotEnv(name, place) => format!("set another `{name}` at {place}"),
            Origin::Setting(place) => format!("write another one at {place}"),
            _ => format!("write a `{}` into .env", self.variable),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Value<T> {
    #[must_use]
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// What the command line says of settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--log-level`
    pub log_level: Option<String>,
    /// `--log-dir`
    pub log_dir: Option<String>,
    /// `--engine`
    pub container_runtime: Option<String>,
}

impl Flags {
    /// The flag of `setting` and its text.
    fn get(&self, setting: Setting) -> Option<(&'static str, &str)> {
        let (flag, text) = match setting {
            Setting::LogLevel => ("--log-level", &self.log_level),
            Setting::LogDir => ("--log-dir", &self.log_dir),
            Setting::ContainerRuntime => ("--engine", &self.container_runtime),
            _ => return None,
        };
        Some((flag, text.as_deref()?))
    }
}

/// The settings of poststack itself. Folders are absolute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of `.poststack.yml`; without one the working directory.
    pub root: PathBuf,
    /// `.poststack.yml`; without one the folder is no poststack project.
    pub file: Option<PathBuf>,
    /// `project.name`, or the folder's name made to one.
    pub project: ProjectName,
    /// The database that commands of `db` mean; `None` leaves it to the environment.
    pub database_url: Value<Option<Secret>>,
    /// How much `poststack.log` tells.
    pub log_level: Value<LogLevel>,
    /// The folder of logs; `logs` by default.
    pub log_dir: Value<PathBuf>,
    /// Which engine is used.
    pub container_runtime: Value<Runtime>,
    /// The database of the `container` commands; `<project>-postgres` by default.
    pub postgres_container_name: Value<String>,
    /// Its port on the host; 5432 by default.
    pub postgres_host_port: Value<u16>,
    /// The folder of migrations of an environment that names none; `migrations` by default.
    pub migrations_path: Value<PathBuf>,
    /// The folder with a folder per image; `containers` by default.
    pub project_containers_path: Value<PathBuf>,
    /// Project containers are called `<prefix>-<name>`; the project's name by default.
    pub project_container_prefix: Value<String>,
    /// The network of project containers; `bridge` by default.
    pub project_container_network: Value<String>,
    /// When the engine restarts project containers; `unless-stopped` by default.
    pub project_container_restart_policy: Value<Restart>,
    /// What is said of single containers.
    pub variables: ContainerVariables,
}

/// Every `POSTSTACK_*` of the process environment, and under them those of `.env`.
#[derive(Debug, Clone, Default)]
pub struct ContainerVariables(BTreeMap<String, Value<Secret>>);

impl ContainerVariables {
    /// The variable of this whole name, unless it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<Secret>> {
        self.0.get(name)
    }

    /// What [`variable`] names, as `of("web", "PORT")`.
    #[must_use]
    pub fn of(&self, container: &str, what: &str) -> Option<&Value<Secret>> {
        self.get(&variable(container, what))
    }

    /// `POSTSTACK_<CONTAINER>_ENV_<NAME>`: the variables of a container, by their names.
    pub fn environment(&self, container: &str) -> impl Iterator<Item = (&str, &Value<Secret>)> {
        let start = format!("{}ENV_", start(container));
        self.0.iter().filter_map(move |(name, value)| {
            let name = name.strip_prefix(&start)?;
            (!name.is_empty()).then_some((name, value))
        })
    }
}

/// `POSTSTACK_<CONTAINER>_<WHAT>`: the name in capitals, with `_` for every character that no name of
/// a variable has.
#[must_use]
pub fn variable(container: &str, what: &str) -> String {
    format!("{}{what}", start(container))
}

/// How the variables of a container begin.
fn start(container: &str) -> String {
    let name = container.chars().map(|c| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    });
    format!("POSTSTACK_{}_", name.collect::<String>())
}

/// The variable that names the environment.
pub const ENVIRONMENT_VARIABLE: &str = "POSTSTACK_ENV";

/// What may name an environment, highest first.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentChoice<'a> {
    pub argument: Option<&'a str>,
    pub variable: Option<&'a str>,
    pub switched: Option<&'a EnvironmentName>,
    pub file: Option<&'a EnvironmentName>,
    pub known: Vec<&'a EnvironmentName>,
}

impl EnvironmentChoice<'_> {
    /// The name to use with its origin; `None` when nothing names one of several.
    #[must_use]
    pub fn choose(&self) -> Option<(String, Origin)> {
        let argument = self
            .argument
            .map(|name| (name.to_owned(), Origin::Argument));
        let variable = self.variable.filter(|name| !name.is_empty()).map(|name| {
            (
                name.to_owned(),
                Origin::Variable(ENVIRONMENT_VARIABLE.to_owned()),
            )
        });
        let switched = self
            .switched
            .map(|name| (name.to_string(), Origin::Switched));
        let file = self.file.map(|name| (name.to_string(), Origin::File));
        let only = match self.known.as_slice() {
            [one] => Some((one.to_string(), Origin::Only)),
            _ => None,
        };
        argument.or(variable).or(switched).or(file).or(only)
    }
}

/// The process environment as text; variables that are not UTF-8 are left out.
#[must_use]
pub fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
