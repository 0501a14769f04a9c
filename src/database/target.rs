//! Which database a command means, and what the project says of it: the folder of migrations, how
//! patient they are, whether it is protected. Reads `.poststack.yml` and env files; never a Compose
//! file, and asks no engine.
//!
//! A URL (`--database-url`, then the setting `database_url`) replaces the address alone. Folder,
//! settings and variables stay those of the environment that would be meant without it, where there
//! is one; otherwise they are the defaults, and the folder is `migrations_path`. When the URL names
//! the database of an environment, that one's settings and protection hold.
//!
//! A URL beside a named environment is refused, as far as somebody set it now: on the command line
//! or in the process environment. One that `.env` or `.poststack.yml` holds for good gives way.

mod by_url;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::by_url::of_url;
use super::same_server::environment_at;
use crate::config::model::{Environment, Migrations};
use crate::diagnostic::any_error;
use crate::environment::migrations::Rules;
use crate::environment::prepare::PrepareOptions;
use crate::environment::project::Location;
use crate::environment::reach::{Reach, reach};
use crate::environment::{Failure, Kind, Project};
use crate::names::BranchName;
use crate::plan::identity::Identity;
use crate::postgres::Address;
use crate::settings::{Origin, Settings, Value, process_environment};
use crate::variables::{DatabaseAddress, Variables};

/// The variable that holds the URL of a database.
pub const URL_VARIABLE: &str = "POSTSTACK_DATABASE_URL";
/// The option that does.
const URL_OPTION: &str = "--database-url";

/// What the command line says.
#[derive(Debug, Clone, Copy)]
pub struct Which<'a> {
    /// After the command or as `--env`.
    pub environment: Option<&'a str>,
    /// `--database-url`
    pub url: Option<&'a str>,
    /// `--migrations`, relative to the working directory.
    pub migrations: Option<&'a Path>,
    pub location: &'a Location<'a>,
    pub settings: &'a Settings,
}

impl<'a> Which<'a> {
    /// The URL that names the database, and where it came from.
    fn url(&self) -> Result<Option<(&'a str, Origin)>, Failure> {
        if let Some(url) = self.url {
            let origin = Origin::Flag(URL_OPTION);
            return match self.environment {
                Some(name) => Err(both(URL_OPTION, name)),
                None => Ok(Some((url, origin))),
            };
        }
        let Value { value, origin } = &self.settings.database_url;
        match (value, self.environment, origin) {
            (Some(_), Some(name), Origin::Variable(variable)) => Err(both(variable, name)),
            (Some(_), Some(_), _) | (None, _, _) => Ok(None),
            (Some(url), None, origin) => Ok(Some((url.expose(), origin.clone()))),
        }
    }

    fn project(&self) -> Result<Project, Failure> {
        let settings = self.settings.clone();
        Project::open(self.location, process_environment(), settings)
    }
}

/// One database with what the project says of it.
pub struct Target {
    pub address: Address,
    /// Whether the password is known: a generated one is made by the first start.
    pub has_password: bool,
    /// The environment whose own or external database it is; `None` when a URL names it.
    pub environment: Option<Named>,
    /// The branch of the environment's database that is meant; `address` names it.
    pub branch: Option<BranchName>,
    /// As readers inside the environment's network and on the host reach it.
    pub database: DatabaseAddress,
    pub folder: Folder,
    pub migrations: Migrations,
    /// What to type before something is destroyed: the name of the protected environment.
    pub protected: Option<String>,
    /// The other environments of the project; with a URL all of them.
    pub others: Vec<Environment>,
    /// Whether the command line itself says which database, and no default of the project or of the
    /// process environment.
    pub named: bool,
    /// For `${…}` in migrations.
    pub variables: Variables,
    /// The folder of `.poststack.yml`, or the working directory.
    pub root: PathBuf,
    /// Worth telling before anything is done.
    pub notes: Vec<String>,
}

/// An environment of the project.
#[derive(Debug, Clone)]
pub struct Named {
    pub identity: Identity,
    pub environment: Environment,
}

/// A folder of migrations, which may not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Absolute.
    pub path: PathBuf,
    /// As messages show it.
    pub shown: PathBuf,
}

impl Target {
    /// How messages call it: `dev`, or `host:port/database`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.environment {
            Some(named) => named.environment.name.to_string(),
            None => self.address.to_string(),
        }
    }

    /// The other environment whose database is the one called `database` on this server.
    #[must_use]
    pub fn owner_of(&self, database: &str) -> Option<&Environment> {
        environment_at(self.others.iter(), &self.address.with_database(database))
    }

    /// The environment's name, where one is meant.
    #[must_use]
    pub fn environment_name(&self) -> Option<&str> {
        let named = self.environment.as_ref();
        named.map(|named| named.environment.name.as_str())
    }

    /// The container of the database, when it is the environment's own.
    #[must_use]
    pub fn container(&self) -> Option<String> {
        let named = self.environment.as_ref()?;
        let is_own = named.environment.postgres.host.is_none();
        is_own.then(|| named.identity.database_container())
    }

    /// What the project says of a run of migrations; `lock_wait` is `--lock-wait`.
    #[must_use]
    pub fn rules(&self, lock_wait: Option<Duration>) -> Rules<'_> {
        Rules {
            settings: &self.migrations,
            protected: self.protected.is_some(),
            variables: &self.variables,
            lock_wait,
        }
    }

    /// That the database has a password to log in with.
    ///
    /// # Errors
    /// [`Kind::Unreachable`]: the environment was never started.
    pub fn has_started(&self) -> Result<(), Failure> {
        if self.has_password {
            return Ok(());
        }
        let name = self.name();
        let message = format!("The database of `{name}` was never started");
        let failure = Failure::new(Kind::Unreachable, message);
        Err(failure.hint(format!("start it: poststack env start {name}")))
    }

    /// A command line for a hint, with the environment at its end where one is meant.
    #[must_use]
    pub fn command(&self, verb: &str) -> String {
        match self.environment_name() {
            Some(name) => format!("poststack db {verb} {name}"),
            None => format!("poststack db {verb}"),
        }
    }

    /// The folder itself.
    ///
    /// # Errors
    /// It is not there.
    pub fn existing_folder(&self) -> Result<&Folder, Failure> {
        if self.folder.path.is_dir() {
            return Ok(&self.folder);
        }
        let shown = self.folder.shown.display();
        let message = format!("There is no folder `{shown}` with migrations");
        Err(Failure::new(Kind::Configuration, message)
            .hint("make it with its first migration: poststack db new NAME")
            .hint("or name another one: --migrations DIR, or `migrations_path` of the environment"))
    }
}

/// Finds the database that is meant.
///
/// # Errors
/// A URL beside a named environment, an unknown environment, a URL that is none, no project where
/// none names a database, or faults in the files that were read.
pub fn resolve(which: &Which<'_>) -> Result<Target, Failure> {
    match which.url()? {
        Some((url, origin)) => of_url(which, url, &origin),
        None => {
            let project = which.project()?;
            let (environment, _) = project.environment(which.environment)?;
            of_environment(which, &project, environment)
        }
    }
}

/// As [`resolve`], for verbs that write files alone: where nothing says which environment is meant
/// and all of them share one folder of migrations, any of them will do.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_files(which: &Which<'_>) -> Result<Target, Failure> {
    if which.url()?.is_some() || which.environment.is_some() {
        return resolve(which);
    }
    let project = which.project()?;
    let folder = |one| folder(which, Some((&project, one)));
    let mut environments = project.config.environments.iter();
    match (project.meant(None)?, environments.next()) {
        (None, Some(first)) if environments.all(|other| folder(other) == folder(first)) => {
            of_environment(which, &project, first)
        }
        _ => resolve(which),
    }
}

/// Two databases are named; whichever was taken, somebody would be surprised.
fn both(url: &str, environment: &str) -> Failure {
    let message = format!("Both `{url}` and the environment `{environment}` name a database");
    let failure = Failure::new(Kind::Usage, message);
    match url {
        URL_VARIABLE => failure.hint(format!(
            "drop one: unset {URL_VARIABLE}, or leave out `{environment}`"
        )),
        _ => failure.hint(format!("drop one: `{url}` or `{environment}`")),
    }
}

fn of_environment(
    which: &Which<'_>,
    project: &Project,
    environment: &Environment,
) -> Result<Target, Failure> {
    let reached = reach(project, environment, &PrepareOptions::default())?;
    refuse_faults(&reached)?;
    Ok(Target {
        address: reached.address(&environment.postgres),
        has_password: reached.has_password,
        folder: folder(which, Some((project, environment))),
        migrations: environment.migrations,
        protected: environment.protected.then(|| environment.name.to_string()),
        named: which.environment.is_some(),
        environment: Some(Named {
            identity: project.identity(environment),
            environment: environment.clone(),
        }),
        notes: on_branch(&reached).into_iter().collect(),
        others: { project.config.environments.iter() }
            .filter(|one| one.name != environment.name)
            .cloned()
            .collect(),
        branch: reached.branch,
        database: reached.database,
        variables: reached.variables,
        root: project.config.root.clone(),
    })
}

fn on_branch(reached: &Reach) -> Option<String> {
    let branch = reached.branch.as_ref()?;
    let database = &reached.database.database;
    Some(format!("on branch `{branch}`: database `{database}`"))
}

fn refuse_faults(reached: &Reach) -> Result<(), Failure> {
    match any_error(&reached.diagnostics) {
        true => Err(Failure::configuration(reached.diagnostics.clone())),
        false => Ok(()),
    }
}

/// `--migrations`, then the environment's, then the setting `migrations_path`.
fn folder(which: &Which<'_>, meant: Option<(&Project, &Environment)>) -> Folder {
    let working_directory = which.location.working_directory;
    let path = match (which.migrations, meant) {
        (Some(named), _) => working_directory.join(named),
        (None, Some((project, environment))) => environment
            .migrations_folder
            .clone()
            .unwrap_or_else(|| project.settings.migrations_path.value.clone()),
        (None, None) => which.settings.migrations_path.value.clone(),
    };
    let shown = path.strip_prefix(working_directory).unwrap_or(&path);
    Folder {
        shown: shown.to_path_buf(),
        path,
    }
}
