//! The configuration as it is in effect: defaults merged in, paths as the file writes them, the
//! password masked. For showing; what it writes is a valid configuration again.

mod verify;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::project::Project;
use crate::config::model::{
    Changelog, DataSource, DeploymentKind, Environment, InitKind, Migrations, NamedFile, Password,
    Postgres, PostgresImage, Rehearse, SslMode, Storage,
};
use crate::config::settings::WrittenSettings;
use crate::variables::value::masked_url;
pub use verify::DescribedPromises;

#[derive(Debug, Clone, Serialize)]
pub struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    pub project: DescribedProject,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<&'static str, String>,
    pub environments: BTreeMap<String, DescribedEnvironment>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub verify: BTreeMap<String, DescribedPromises>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedProject {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedEnvironment {
    pub postgres: DescribedPostgres,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init: Vec<BTreeMap<&'static str, DescribedPaths>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<BTreeMap<&'static str, DescribedPaths>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_file: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, String>,
    pub bind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrations_path: Option<String>,
    pub migrations: DescribedMigrations,
    pub protected: bool,
}

/// A path, several as a list, or a changelog with more than its path.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum DescribedPaths {
    One(String),
    Several(Vec<String>),
    Changelog(BTreeMap<&'static str, String>),
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedMigrations {
    pub lock_timeout: String,
    pub statement_timeout: String,
    pub lock_wait: String,
    pub rehearse: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedPostgres {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    pub database: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    pub storage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initdb_args: Option<String>,
    pub start_timeout: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sslmode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sslrootcert: Option<String>,
}

/// The whole configuration, or only `environment` of it.
#[must_use]
pub fn describe(project: &Project, only: Option<&Environment>) -> Described {
    let config = &project.config;
    let wanted = |one: &&Environment| only.is_none_or(|only| only.name == one.name);
    let environments = config.environments.iter().filter(wanted);
    Described {
        environment: config.default_environment.as_ref().map(ToString::to_string),
        project: DescribedProject {
            name: config.project.name.to_string(),
            description: config.project.description.clone(),
        },
        settings: settings(&config.settings),
        environments: environments
            .map(|one| (one.name.to_string(), environment(project, one)))
            .collect(),
        verify: verify::verify(&config.verify),
    }
}

/// As the file writes them; of the URL no password.
fn settings(written: &WrittenSettings) -> BTreeMap<&'static str, String> {
    let text = |text: &str| masked_url(text).unwrap_or_else(|| text.to_owned());
    let each = written.iter();
    each.map(|(setting, one)| (setting.name(), text(one.text.expose())))
        .collect()
}

fn environment(project: &Project, environment: &Environment) -> DescribedEnvironment {
    let shown = |path: &std::path::Path| project.shown(path).display().to_string();
    let one = |path: &std::path::Path| DescribedPaths::One(shown(path));
    let compose = |files: &[NamedFile]| match files {
        [file] => one(&file.path),
        files => DescribedPaths::Several(files.iter().map(|file| shown(&file.path)).collect()),
    };
    let init = environment.init.iter().map(|entry| match &entry.kind {
        InitKind::Migrations(path) => BTreeMap::from([("migrations", one(path))]),
        InitKind::Compose(files) => BTreeMap::from([("compose", compose(files))]),
        InitKind::Pod(path) => BTreeMap::from([("pod", one(path))]),
        InitKind::Liquibase(it) => BTreeMap::from([("liquibase", changelog(it, shown(&it.path)))]),
    });
    let deployment = environment.deployment.as_ref();
    let deployment = deployment.map(|deployment| match &deployment.kind {
        DeploymentKind::Compose(files) => BTreeMap::from([("compose", compose(files))]),
        DeploymentKind::Pod(path) => BTreeMap::from([("pod", one(path))]),
    });
    let variables = environment.variables.iter();
    DescribedEnvironment {
        postgres: postgres(project, &environment.postgres),
        init: init.collect(),
        deployment,
        env_file: environment
            .env_files
            .iter()
            .map(|path| shown(path))
            .collect(),
        variables: variables
            .map(|(name, variable)| (name.clone(), masked(name, &variable.text)))
            .collect(),
        volumes: environment
            .volumes
            .iter()
            .map(|(key, volume)| (key.clone(), volume.name.clone()))
            .collect(),
        bind: environment.bind.to_string(),
        migrations_path: environment.migrations_folder.as_deref().map(shown),
        migrations: migrations(&environment.migrations),
        protected: environment.protected,
    }
}

fn migrations(migrations: &Migrations) -> DescribedMigrations {
    let duration = |duration: Duration| match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    };
    DescribedMigrations {
        lock_timeout: duration(migrations.lock_timeout),
        statement_timeout: duration(migrations.statement_timeout.unwrap_or_default()),
        lock_wait: duration(migrations.lock_wait),
        rehearse: match migrations.rehearse {
            Rehearse::Required => "required",
            Rehearse::Optional => "optional",
        },
    }
}

fn changelog(changelog: &Changelog, path: String) -> DescribedPaths {
    let more = [
        ("contexts", &changelog.contexts),
        ("labels", &changelog.labels),
        ("image", &changelog.image),
    ];
    let more = more.into_iter();
    let more: Vec<_> = more
        .filter_map(|(key, value)| Some((key, value.clone()?)))
        .collect();
    if more.is_empty() {
        return DescribedPaths::One(path);
    }
    let path = std::iter::once(("changelog", path));
    DescribedPaths::Changelog(path.chain(more).collect())
}

/// What is named as a secret is masked, unless it is nothing but a reference: `${NAME}`.
fn masked(name: &str, text: &str) -> String {
    let reference = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    let pure = reference.is_some_and(crate::variables::grammar::is_name);
    if crate::variables::value::is_secret_name(name) && !pure {
        "***".to_owned()
    } else {
        text.to_owned()
    }
}

fn postgres(project: &Project, postgres: &Postgres) -> DescribedPostgres {
    let (version, image) = match &postgres.image {
        PostgresImage::Version(version) => (Some(*version), None),
        PostgresImage::Image(image) => (None, Some(image.clone())),
    };
    DescribedPostgres {
        version,
        image,
        database: postgres.database.clone(),
        port: postgres.port,
        user: postgres.user.clone(),
        password: match &postgres.password {
            Password::Generated => "auto_generated".to_owned(),
            Password::Text(text, _) => masked("PASSWORD", text.expose()),
        },
        host: postgres.host.clone(),
        extensions: postgres.extensions.clone(),
        settings: postgres.settings.clone(),
        storage: match postgres.storage {
            Storage::Volume => "volume",
            Storage::Tmpfs => "tmpfs",
        },
        volume: postgres.volume.as_ref().map(|volume| match &volume.source {
            DataSource::Folder(path) => match project.shown(path) {
                inside if inside.is_relative() => format!("./{}", inside.display()),
                outside => outside.display().to_string(),
            },
            source @ DataSource::Volume { .. } => source.to_string(),
        }),
        initdb_args: postgres.initdb_args.clone(),
        start_timeout: format!("{}s", postgres.start_timeout.as_secs()),
        sslmode: postgres.ssl_mode.map(SslMode::as_str),
        sslrootcert: postgres
            .ssl_root_certificate
            .as_deref()
            .map(|path| project.shown(path).display().to_string()),
    }
}
