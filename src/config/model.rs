//! The configuration as plain data: every value checked, `extends` and `defaults` merged in.

pub mod verify;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::settings::WrittenSettings;
use crate::diagnostic::Place;
use crate::names::{EnvironmentName, ProjectName};
use crate::secret::Secret;
use crate::text::Source;

/// A checked `.poststack.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub source: Source,
    /// Absolute folder of the file; every relative path of it starts here.
    pub root: PathBuf,
    pub project: Project,
    /// What the file says of poststack itself.
    pub settings: WrittenSettings,
    /// `environment:`, the default one.
    pub default_environment: Option<EnvironmentName>,
    /// In the order of the file.
    pub environments: Vec<Environment>,
    /// Service → what its container promises.
    pub verify: BTreeMap<String, Vec<verify::Promise>>,
}

impl Config {
    /// The environment of this name, if the file has one.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|it| it.name == *name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub name: ProjectName,
    pub description: Option<String>,
}

/// One environment with its defaults merged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    pub name: EnvironmentName,
    /// Where its key stands.
    pub place: Place,
    pub postgres: Postgres,
    pub init: Vec<InitEntry>,
    pub deployment: Option<Deployment>,
    /// Absolute. Explicit ones must exist; `environments/<name>.env` is added only when it exists.
    pub env_files: Vec<PathBuf>,
    /// Where the explicit ones of `env_files` are written.
    pub env_file_places: BTreeMap<PathBuf, Place>,
    /// Name → value as it is written in the file.
    pub variables: BTreeMap<String, ConfigVariable>,
    /// Key of a volume in the Compose files → the one that is used in its place.
    pub volumes: BTreeMap<String, ExistingVolume>,
    /// Address for published ports that name none.
    pub bind: IpAddr,
    /// The one folder of migrations: absolute, from `migrations_path`, else from `init`.
    pub migrations_folder: Option<PathBuf>,
    pub migrations: Migrations,
    /// Destructive commands ask for the environment's name, and `db migrate` lints first.
    pub protected: bool,
}

/// How patient migrations are, and what they need first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrations {
    /// For a table that another session uses; zero waits for ever.
    pub lock_timeout: Duration,
    /// For one statement; `None` sets no limit.
    pub statement_timeout: Option<Duration>,
    /// For another run in the same database.
    pub lock_wait: Duration,
    /// Whether what is pending is tried on a clone before it is applied.
    pub rehearse: Rehearse,
}

impl Default for Migrations {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(3),
            statement_timeout: None,
            lock_wait: Duration::from_secs(60),
            rehearse: Rehearse::Optional,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rehearse {
    Required,
    #[default]
    Optional,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigVariable {
    /// May hold `${…}`, expanded with the layers below.
    pub text: String,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    pub place: Place,
    /// The name of its container, for who chose one; else it follows from the environment.
    pub container_name: Option<String>,
    pub image: PostgresImage,
    pub database: String,
    /// Published on `bind` of the environment, or the port of the external database.
    pub port: u16,
    /// `None` when the port was chosen: the first one free from 5433 on, or 5432 with `host`.
    pub port_place: Option<Place>,
    pub user: String,
    pub password: Password,
    /// `Some` names an external database: used, never provisioned. `localhost` in the file means
    /// the environment's own one and is `None` here.
    pub host: Option<String>,
    pub extensions: Vec<String>,
    /// Server settings, given as `-c name=value`.
    pub settings: BTreeMap<String, String>,
    pub storage: Storage,
    /// Where the data lies, if not on a volume of the environment's own.
    pub volume: Option<DataVolume>,
    /// `POSTGRES_INITDB_ARGS`
    pub initdb_args: Option<String>,
    /// How long to wait for the first login.
    pub start_timeout: Duration,
    /// Of an external database; `None` leaves it to the library's default.
    pub ssl_mode: Option<SslMode>,
    /// Absolute path of the certificates that an external database is trusted by.
    pub ssl_root_certificate: Option<PathBuf>,
    /// Where `sslrootcert` is written.
    pub ssl_root_certificate_place: Option<Place>,
}

/// How a connection is encrypted and what is checked, as libpq's `sslmode` without `allow`, which
/// protects from nothing.
/// <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    /// Every mode, the weakest first.
    pub const ALL: [Self; 5] = [
        Self::Disable,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    /// As libpq writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresImage {
    /// Built from `containers/postgres` with this major version.
    Version(u16),
    /// Any image with the official image's environment contract.
    Image(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// `auto_generated`: made once, kept in `.poststack/`.
    Generated,
    /// A literal or a text with `${…}`.
    Text(Secret, Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// A named volume.
    #[default]
    Volume,
    /// In memory, durability off: for tests and CI.
    Tmpfs,
}

/// A volume that somebody else made, and that the environment uses as its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingVolume {
    /// Its name at the engine.
    pub name: String,
    pub place: Place,
}

/// Data of a server that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataVolume {
    pub source: DataSource,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// A volume of the engine; `folder` in it, when the data does not lie at its top.
    Volume {
        name: String,
        folder: Option<String>,
    },
    /// Absolute path of a folder of the host.
    Folder(PathBuf),
}

/// As `postgres.volume` writes it.
impl std::fmt::Display for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Volume { name, folder: None } => f.write_str(name),
            Self::Volume {
                name,
                folder: Some(folder),
            } => write!(f, "{name}/{folder}"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A Compose file, or a folder that has one. Of several, later ones are merged onto earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Absolute.
    pub path: PathBuf,
    pub place: Place,
}

/// One entry of `init:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitEntry {
    pub place: Place,
    /// As written in the file, for messages; several files with commas between them.
    pub written: String,
    pub kind: InitKind,
}

/// Absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitKind {
    Migrations(PathBuf),
    Compose(Vec<NamedFile>),
    Pod(PathBuf),
    Liquibase(Changelog),
}

/// A changelog of Liquibase, and which of its change sets are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changelog {
    /// Absolute.
    pub path: PathBuf,
    /// An expression over the contexts of change sets; `None` runs all.
    pub contexts: Option<String>,
    /// An expression over the labels of change sets; `None` runs all.
    pub labels: Option<String>,
    /// An image with `liquibase` as its entry point, in place of poststack's own.
    pub image: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub place: Place,
    pub written: String,
    pub kind: DeploymentKind,
}

/// Absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentKind {
    Compose(Vec<NamedFile>),
    Pod(PathBuf),
}
