//! Sources of settings → [`Settings`]: flag, then `POSTSTACK_*` of the process environment, then
//! `.env`, then `settings:` of `.poststack.yml`, then the default. Every faulty value in one run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ContainerVariables, Flags, Origin, Settings, Value};
use crate::config;
use crate::config::files::{self, FILE_NAMES};
use crate::config::settings::{
    self as rules, Head, LogLevel, Refusal, Runtime, Setting, WrittenSetting, fault,
};
use crate::diagnostic::{Diagnostic, any_error};
use crate::names::ProjectName;
use crate::secret::Secret;
use crate::text::{self, ReadError};
use crate::variables::dotenv;
use crate::workload::model::Restart;

/// The name of the file of variables beside `.poststack.yml`.
const DOTENV: &str = ".env";
/// How variables of poststack begin.
const PREFIX: &str = "POSTSTACK_";

/// Where settings come from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `--config-file`: the file, or the folder that holds it.
    pub config_file: Option<&'a Path>,
    pub working_directory: &'a Path,
    pub flags: &'a Flags,
    /// The process environment.
    pub process: &'a BTreeMap<String, String>,
}

/// Reads the settings. There need not be a `.poststack.yml`: the folder is then the one that
/// `--config-file` names, or the working directory.
///
/// # Errors
/// Every value that is none, each with its origin; a `.poststack.yml` that is not YAML, or a `.env`
/// that cannot be read.
pub fn load(request: &Request<'_>) -> Result<Settings, Vec<Diagnostic>> {
    let place = Found::of(request);
    let head = match &place.file {
        Some(file) => rules::head(file, &shown(file, request.working_directory)),
        None => Ok(Head::default()),
    };
    let mut diagnostics = Vec::new();
    let head = head.unwrap_or_else(|faults| {
        diagnostics.extend(faults);
        Head::default()
    });
    let (dotenv, faults) = read_dotenv(&place.root, request);
    diagnostics.extend(faults);
    let mut reading = Reading {
        request,
        head,
        dotenv,
        root: place.root,
        diagnostics,
    };
    let settings = reading.settings(place.file);
    match any_error(&reading.diagnostics) {
        true => Err(with_those_of_the_file(
            &settings,
            reading.diagnostics,
            request,
        )),
        false => Ok(settings),
    }
}

/// Together with every other fault of `.poststack.yml`.
fn with_those_of_the_file(
    settings: &Settings,
    faults: Vec<Diagnostic>,
    request: &Request<'_>,
) -> Vec<Diagnostic> {
    let file = settings.file.as_deref();
    let loaded = file.map(|file| config::load(file, &shown(file, request.working_directory)));
    let mut all = match loaded {
        Some(Err(all)) => all,
        _ => Vec::new(),
    };
    for fault in faults {
        if !all.contains(&fault) {
            all.push(fault);
        }
    }
    all
}

/// The file of the project, if there is one, and the folder that everything starts at.
struct Found {
    file: Option<PathBuf>,
    root: PathBuf,
}

impl Found {
    fn of(request: &Request<'_>) -> Self {
        let here = request.working_directory;
        let named = request.config_file.map(|path| here.join(path));
        let file = match &named {
            Some(folder) if folder.is_dir() => {
                let names = FILE_NAMES.iter();
                names.map(|name| folder.join(name)).find(|it| it.exists())
            }
            Some(file) => Some(file.clone()).filter(|it| it.exists()),
            None => files::find(here),
        };
        let root = match (&file, named) {
            (Some(file), _) => file.parent().unwrap_or(here).to_path_buf(),
            (None, Some(folder)) if folder.is_dir() => folder,
            _ => here.to_path_buf(),
        };
        let root = std::fs::canonicalize(&root).unwrap_or(root);
        Self { file, root }
    }
}

/// `path` as messages show it.
fn shown(path: &Path, working_directory: &Path) -> PathBuf {
    path.strip_prefix(working_directory)
        .unwrap_or(path)
        .to_path_buf()
}

/// The variables of poststack in the `.env` of `root`; what else it holds is for Compose files. An
/// entry may refer to variables of the process environment and to earlier entries.
fn read_dotenv(
    root: &Path,
    request: &Request<'_>,
) -> (BTreeMap<String, WrittenSetting>, Vec<Diagnostic>) {
    let path = root.join(DOTENV);
    let source = match text::read(&path, &shown(&path, request.working_directory)) {
        Ok(source) => source,
        // Some tools keep a folder of this name.
        Err(ReadError::Missing(_) | ReadError::Directory(_)) => return Default::default(),
        Err(error) => return (BTreeMap::new(), vec![error.into()]),
    };
    let lookup = |name: &str| request.process.get(name).cloned();
    let (entries, faults) = dotenv::parse(&source, &lookup);
    let is_ours = |fault: &Diagnostic| {
        let at = fault.place.as_ref().map_or(0, |place| place.span.start);
        let line = source.text.get(..at).and_then(|text| text.rfind('\n'));
        let line = source.text.get(line.map_or(0, |end| end + 1)..);
        let line = line.unwrap_or_default().trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        fault.is_error() && line.trim_start().starts_with(PREFIX)
    };
    let faults = faults.into_iter().filter(is_ours).collect();
    let entries = entries.into_iter().filter_map(|entry| {
        let (text, place) = (Secret::from(entry.value?), entry.place);
        let is_set = entry.key.starts_with(PREFIX) && !text.expose().is_empty();
        is_set.then_some((entry.key, WrittenSetting { text, place }))
    });
    (entries.collect(), faults)
}

struct Reading<'a> {
    request: &'a Request<'a>,
    head: Head,
    dotenv: BTreeMap<String, WrittenSetting>,
    root: PathBuf,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn settings(&mut self, file: Option<PathBuf>) -> Settings {
        let project = self.head.project.clone().unwrap_or_else(|| {
            let folder = self.root.file_name().unwrap_or_default();
            ProjectName::nearest(&folder.to_string_lossy())
        });
        let name = |text: &str| rules::object_name(text);
        let url = |text: &str| rules::database_url(text).map(|url| Some(Secret::from(url)));
        Settings {
            database_url: self.pick(Setting::DatabaseUrl, url, None),
            log_level: self.pick(Setting::LogLevel, LogLevel::parse, LogLevel::Info),
            log_dir: self.folder(Setting::LogDir, "logs"),
            container_runtime: self.pick(Setting::ContainerRuntime, Runtime::parse, Runtime::Auto),
            postgres_container_name: self.pick(
                Setting::PostgresContainerName,
                name,
                format!("{project}-postgres"),
            ),
            postgres_host_port: self.pick(Setting::PostgresHostPort, rules::port, 5432),
            migrations_path: self.folder(Setting::MigrationsPath, "migrations"),
            project_containers_path: self.folder(Setting::ProjectContainersPath, "containers"),
            project_container_prefix: self.pick(
                Setting::ProjectContainerPrefix,
                name,
                project.to_string(),
            ),
            project_container_network: self.pick(
                Setting::ProjectContainerNetwork,
                name,
                "bridge".to_owned(),
            ),
            project_container_restart_policy: self.pick(
                Setting::ProjectContainerRestartPolicy,
                restart,
                Restart::UnlessStopped,
            ),
            variables: self.variables(),
            root: self.root.clone(),
            file,
            project,
        }
    }

    /// The value of the first source that has one. A faulty one is reported, and stands for none.
    fn pick<T>(
        &mut self,
        setting: Setting,
        parse: impl Fn(&str) -> Result<T, Refusal>,
        default: T,
    ) -> Value<T> {
        let Some((text, origin)) = self.written(setting) else {
            return Value::new(default, Origin::Default);
        };
        match parse(text.expose()) {
            Ok(value) => Value::new(value, origin),
            Err(refusal) => {
                self.diagnostics.push(refused(setting, &refusal, &origin));
                Value::new(default, Origin::Default)
            }
        }
    }

    /// A folder: from the command line relative to the working directory, else to the project's.
    fn folder(&mut self, setting: Setting, default: &str) -> Value<PathBuf> {
        let path = self.pick(setting, rules::path, default.to_owned());
        let base = match path.origin {
            Origin::Flag(_) => self.request.working_directory,
            _ => &self.root,
        };
        let joined = base.join(path.value);
        // `./containers` and `containers` are one folder.
        Value::new(joined.components().collect(), path.origin)
    }

    fn written(&self, setting: Setting) -> Option<(Secret, Origin)> {
        if let Some((flag, text)) = self.request.flags.get(setting) {
            return Some((text.into(), Origin::Flag(flag)));
        }
        let name = setting.variable();
        let process = self.request.process.get(&name);
        if let Some(text) = process.filter(|text| !text.is_empty()) {
            return Some((text.as_str().into(), Origin::Variable(name)));
        }
        if let Some(found) = self.dotenv.get(&name) {
            let origin = Origin::DotEnv(name, found.place.clone());
            return Some((found.text.clone(), origin));
        }
        let found = self.head.settings.get(&setting)?;
        Some((found.text.clone(), Origin::Setting(found.place.clone())))
    }

    fn variables(&self) -> ContainerVariables {
        let from_file = self.dotenv.iter().map(|(name, found)| {
            let origin = Origin::DotEnv(name.clone(), found.place.clone());
            (name.clone(), Value::new(found.text.clone(), origin))
        });
        let process = self.request.process.iter();
        let process = process.filter(|(name, text)| name.starts_with(PREFIX) && !text.is_empty());
        let from_process = process.map(|(name, text)| {
            let origin = Origin::Variable(name.clone());
            (name.clone(), Value::new(text.as_str().into(), origin))
        });
        ContainerVariables(from_file.chain(from_process).collect())
    }
}

fn refused(setting: Setting, refusal: &Refusal, origin: &Origin) -> Diagnostic {
    let called = match origin {
        Origin::Flag(flag) => (*flag).to_owned(),
        Origin::Variable(name) | Origin::DotEnv(name, _) => name.clone(),
        _ => format!("settings.{}", setting.name()),
    };
    match origin.place() {
        Some(place) => fault(setting, &called, refusal, place.clone()),
        None => {
            Diagnostic::error(format!("`{called}` {}", refusal.why)).help(refusal.help.as_str())
        }
    }
}

fn restart(text: &str) -> Result<Restart, Refusal> {
    Ok(match rules::restart_policy(text)? {
        ("always", _) => Restart::Always,
        ("unless-stopped", _) => Restart::UnlessStopped,
        ("on-failure", max_retries) => Restart::OnFailure { max_retries },
        _ => Restart::No,
    })
}
