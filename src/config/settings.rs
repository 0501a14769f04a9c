//! The settings of poststack itself: their names, what values each takes, and the mapping
//! `settings` of `.poststack.yml`. Which source of a setting wins is the business of `settings`.

use std::collections::BTreeMap;
use std::path::Path;

use super::keys;
use super::value::only_keys;
use crate::diagnostic::{Diagnostic, Place, any_error, brief, nearest};
use crate::names::ProjectName;
use crate::text::{self, Sources};
use crate::yaml::decode::Decoder;
use crate::yaml::{self, Mapping, Node};

/// A setting of poststack itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    DatabaseUrl,
    LogLevel,
    LogDir,
    ContainerRuntime,
    PostgresContainerName,
    PostgresHostPort,
    MigrationsPath,
    ProjectContainersPath,
    ProjectContainerPrefix,
    ProjectContainerNetwork,
    ProjectContainerRestartPolicy,
}

impl Setting {
    /// Every setting, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::DatabaseUrl,
        Self::LogLevel,
        Self::LogDir,
        Self::ContainerRuntime,
        Self::PostgresContainerName,
        Self::PostgresHostPort,
        Self::MigrationsPath,
        Self::ProjectContainersPath,
        Self::ProjectContainerPrefix,
        Self::ProjectContainerNetwork,
        Self::ProjectContainerRestartPolicy,
    ];

    /// The key under `settings`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DatabaseUrl => "database_url",
            Self::LogLevel => "log_level",
            Self::LogDir => "log_dir",
            Self::ContainerRuntime => "container_runtime",
            Self::PostgresContainerName => "postgres_container_name",
            Self::PostgresHostPort => "postgres_host_port",
            Self::MigrationsPath => "migrations_path",
            Self::ProjectContainersPath => "project_containers_path",
            Self::ProjectContainerPrefix => "project_container_prefix",
            Self::ProjectContainerNetwork => "project_container_network",
            Self::ProjectContainerRestartPolicy => "project_container_restart_policy",
        }
    }

    /// The variable of the process environment and of `.env`.
    #[must_use]
    pub fn variable(self) -> String {
        format!("POSTSTACK_{}", self.name().to_uppercase())
    }

    /// Whether its value may hold a password.
    #[must_use]
    pub fn is_secret(self) -> bool {
        self == Self::DatabaseUrl
    }

    /// Whether `text` is a value of this setting.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::DatabaseUrl => database_url(text).map(drop),
            Self::LogLevel => LogLevel::parse(text).map(drop),
            Self::ContainerRuntime => Runtime::parse(text).map(drop),
            Self::PostgresHostPort => port(text).map(drop),
            Self::LogDir | Self::MigrationsPath | Self::ProjectContainersPath => {
                path(text).map(drop)
            }
            Self::PostgresContainerName
            | Self::ProjectContainerPrefix
            | Self::ProjectContainerNetwork => object_name(text).map(drop),
            Self::ProjectContainerRestartPolicy => restart_policy(text).map(drop),
        }
    }
}

/// Why a text is no value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Reads after the name of the setting: "is `x`, which is no port".
    pub why: String,
    /// How to write it right.
    pub help: String,
}

fn refuse<T>(why: impl Into<String>, help: impl Into<String>) -> Result<T, Refusal> {
    let (why, help) = (why.into(), help.into());
    Err(Refusal { why, help })
}

/// One of `words`, in any case.
fn one_of<'w>(text: &str, words: &[&'w str]) -> Result<&'w str, Refusal> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    if let Some(word) = found {
        return Ok(word);
    }
    let help = match nearest(&text.to_ascii_lowercase(), words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", words.join(", ")),
    };
    refuse(format!("is `{}`", brief(text)), help)
}

/// How much `logs/poststack.log` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Error,
    Warning,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// `error`, `warning`, `info`, `debug` or `trace`, in any case; `warn` and `critical` as well.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let word = match text.to_ascii_lowercase().as_str() {
            "warn" => "warning",
            "critical" => "error",
            _ => one_of(text, &["error", "warning", "info", "debug", "trace"])?,
        };
        Ok(match word {
            "error" => Self::Error,
            "warning" => Self::Warning,
            "debug" => Self::Debug,
            "trace" => Self::Trace,
            _ => Self::Info,
        })
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Which engine is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// The first one that answers.
    Auto,
    Docker,
    Podman,
}

impl Runtime {
    /// # Errors
    /// Anything but `auto`, `docker` and `podman`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(match one_of(text, &["docker", "podman", "auto"])? {
            "docker" => Self::Docker,
            "podman" => Self::Podman,
            _ => Self::Auto,
        })
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// The URL of a database, as far as its scheme tells.
///
/// # Errors
/// Another scheme, without the text: it may hold a password.
pub fn database_url(text: &str) -> Result<String, Refusal> {
    let schemes = ["postgresql://", "postgres://"];
    if schemes.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.to_owned());
    }
    refuse(
        "is not the URL of a database",
        "write it as postgresql://user:password@host:5432/database, each part percent-encoded",
    )
}

/// A TCP port of the host.
///
/// # Errors
/// Anything but a number from 1 to 65535.
pub fn port(text: &str) -> Result<u16, Refusal> {
    match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => refuse(
            format!("is `{}`, which is no port", brief(text)),
            "write a number from 1 to 65535",
        ),
    }
}

/// A path, relative to the project's folder or absolute.
///
/// # Errors
/// An empty one, or one with a variable that nothing would expand.
pub fn path(text: &str) -> Result<String, Refusal> {
    if text.contains("${") {
        let why = format!("is `{}`; it cannot hold a variable", brief(text));
        return refuse(why, "write the path itself");
    }
    if text.trim().is_empty() {
        return refuse("is empty", "write a path, or leave the setting out");
    }
    Ok(text.to_owned())
}

/// A name that Docker and Podman take for a container or a network.
/// <https://docs.docker.com/reference/cli/docker/container/run/#name>
///
/// # Errors
/// Any other text.
pub fn object_name(text: &str) -> Result<String, Refusal> {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins_well && text.chars().all(is_inner) {
        return Ok(text.to_owned());
    }
    refuse(
        format!("is `{}`, which engines do not take for a name", brief(text)),
        "use letters, digits, `_`, `.` and `-`, and start with a letter or a digit",
    )
}

/// `no`, `always`, `unless-stopped` or `on-failure[:times]`: the policy, and how often.
///
/// # Errors
/// Any other text.
pub fn restart_policy(text: &str) -> Result<(&'static str, Option<u32>), Refusal> {
    let words = ["no", "always", "unless-stopped", "on-failure"];
    let (word, times) = match text.split_once(':') {
        Some((word, times)) => (word, Some(times)),
        None => (text, None),
    };
    match (one_of(word, &words)?, times) {
        (policy, None) => Ok((policy, None)),
        ("on-failure", Some(times)) if times.parse::<u32>().is_ok() => {
            Ok(("on-failure", times.parse().ok()))
        }
        _ => refuse(
            format!("is `{}`", brief(text)),
            "write `no`, `always`, `unless-stopped` or `on-failure[:times]`",
        ),
    }
}

/// A setting as `.poststack.yml` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSetting {
    pub text: crate::secret::Secret,
    pub place: Place,
}

/// What stands under `settings`, every value checked.
pub type WrittenSettings = BTreeMap<Setting, WrittenSetting>;

/// Reads what stands under `settings` of the file whose root is `top`.
pub(super) fn settings(decoder: &mut Decoder<'_>, top: &Mapping) -> WrittenSettings {
    let mut settings = WrittenSettings::new();
    let mapping = top.get("settings");
    let Some(mapping) = mapping.and_then(|node| decoder.mapping(node, "settings")) else {
        return settings;
    };
    only_keys(decoder, mapping, "settings", keys::SETTINGS);
    for setting in Setting::ALL {
        let node = mapping.get(setting.name());
        let written = node.and_then(|node| value(decoder, setting, node));
        settings.extend(written.map(|written| (setting, written)));
    }
    settings
}

fn value(decoder: &mut Decoder<'_>, setting: Setting, node: &Node) -> Option<WrittenSetting> {
    let path = format!("settings.{}", setting.name());
    let text = decoder.text(node, &path)?;
    let place = decoder.place(node.span);
    match setting.check(&text) {
        Ok(()) => Some(WrittenSetting {
            text: text.into(),
            place,
        }),
        Err(refusal) => {
            decoder.report(fault(setting, &path, &refusal, place));
            None
        }
    }
}

/// What is said of a value that `called` gives `setting` at `place`. The line of a value that may
/// hold a password is not shown.
#[must_use]
pub fn fault(setting: Setting, called: &str, refusal: &Refusal, place: Place) -> Diagnostic {
    let why = &refusal.why;
    let fault = match setting.is_secret() {
        true => Diagnostic::error(format!("`{called}` in {place} {why}")),
        false => Diagnostic::error(format!("`{called}` {why}")).at_place(place),
    };
    fault.help(refusal.help.as_str())
}

/// What of `.poststack.yml` is known before the whole of it is read.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `project.name`, where it is one.
    pub project: Option<ProjectName>,
    pub settings: WrittenSettings,
}

/// Reads the settings and the project's name alone; whatever else the file holds may be faulty.
///
/// # Errors
/// The file cannot be read, is not YAML, or has a faulty setting.
pub fn head(path: &Path, shown: &Path) -> Result<Head, Vec<Diagnostic>> {
    let source = text::read(path, shown).map_err(|error| vec![Diagnostic::from(error)])?;
    let (documents, faults) = yaml::read(&source);
    let sources = Sources::one(source);
    let mut decoder = Decoder::new(&sources);
    let top = documents.first().and_then(Node::as_mapping);
    let Some(top) = top else {
        return match any_error(&faults) {
            true => Err(faults),
            false => Ok(Head::default()),
        };
    };
    let name = top.get("project").and_then(Node::as_mapping);
    let name = name.and_then(|project| project.get("name")?.as_scalar());
    let head = Head {
        project: name.and_then(|name| ProjectName::new(&*name.text).ok()),
        settings: settings(&mut decoder, top),
    };
    match any_error(&decoder.diagnostics) {
        true => Err(decoder.diagnostics),
        false => Ok(head),
    }
}
