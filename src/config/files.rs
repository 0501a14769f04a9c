//! The files around the configuration: where it is found, and whether those it names are there.

use std::path::{Path, PathBuf};

use super::compose;
use super::liquibase;
use super::model::{Config, DeploymentKind, Environment, InitKind};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::names::EnvironmentName;

/// Names of the configuration file; the first one that is there counts.
pub const FILE_NAMES: &[&str] = &[".poststack.yml", ".poststack.yaml"];

/// Files of a folder that a suggestion considers.
const MAX_CANDIDATES: usize = 1000;

/// The configuration file of the folder `start` or of the nearest one above it that has one.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start
        .ancestors()
        .flat_map(|folder| FILE_NAMES.iter().map(|name| folder.join(name)))
        .find(|path| path.exists())
}

/// Reports what `environment` alone names and is not there, and notes what is there and not read: Compose and Pod files, folders of
/// migrations, env files. An environment that the file does not have names nothing.
#[must_use]
pub fn check_files(config: &Config, environment: &EnvironmentName) -> Vec<Diagnostic> {
    let Some(environment) = config.environment(environment) else {
        return Vec::new();
    };
    let mut found: Vec<Diagnostic> = named(environment)
        .into_iter()
        .filter_map(|file| check(config, &file))
        .collect();
    for files in compose::lists(environment) {
        found.extend(compose::check(config, files));
    }
    found.extend(liquibase::unreadable(config, environment));
    found
}

pub(super) struct Named<'a> {
    pub path: &'a Path,
    pub place: &'a Place,
    pub is_folder: bool,
    /// Whether one with nothing in it is enough.
    pub may_be_empty: bool,
}

fn named(environment: &Environment) -> Vec<Named<'_>> {
    let file = |path, place| Named {
        path,
        place,
        is_folder: false,
        may_be_empty: false,
    };
    let env_files = environment.env_files.iter().filter_map(|path| {
        let place = environment.env_file_places.get(path)?;
        Some(Named {
            may_be_empty: true,
            ..file(path, place)
        })
    });
    let init = environment
        .init
        .iter()
        .filter_map(|entry| match &entry.kind {
            InitKind::Compose(_) => None,
            InitKind::Pod(path) => Some(file(path, &entry.place)),
            InitKind::Liquibase(changelog) => Some(file(&changelog.path, &entry.place)),
            InitKind::Migrations(path) => Some(Named {
                is_folder: true,
                may_be_empty: true,
                ..file(path, &entry.place)
            }),
        });
    let deployment = environment.deployment.iter();
    let deployment = deployment.filter_map(|it| match &it.kind {
        DeploymentKind::Compose(_) => None,
        DeploymentKind::Pod(path) => Some(file(path, &it.place)),
    });
    let postgres = &environment.postgres;
    let certificate = postgres.ssl_root_certificate.as_deref();
    let certificate = certificate.zip(postgres.ssl_root_certificate_place.as_ref());
    let certificate = certificate.map(|(path, place)| file(path, place));
    let all = env_files.chain(init).chain(deployment);
    all.chain(certificate).collect()
}

pub(super) fn check(config: &Config, file: &Named<'_>) -> Option<Diagnostic> {
    let shown = file.path.strip_prefix(&config.root).unwrap_or(file.path);
    let shown = shown.display();
    let (noun, other) = match file.is_folder {
        true => ("folder", "file"),
        false => ("file", "folder"),
    };
    let mut fix = None;
    let (message, help) = match std::fs::metadata(file.path) {
        Ok(found) if found.is_dir() == file.is_folder && (found.is_dir() || found.is_file()) => {
            return None;
        }
        Ok(found) if found.is_dir() || found.is_file() => (
            format!("`{shown}` is a {other}, not a {noun}"),
            format!("name a {noun} here"),
        ),
        Ok(_) => (
            format!("`{shown}` is not a {noun}"),
            format!("name a {noun} here"),
        ),
        Err(error) if is_missing(&error) => {
            fix = making(config, file);
            (
                format!("No such {noun}: `{shown}`"),
                missing_help(config, file.path),
            )
        }
        Err(error) => (
            format!("`{shown}` cannot be looked at: {error}"),
            format!("it is `{}`", file.path.display()),
        ),
    };
    let fault = Diagnostic::error(message).at(&file.place.source, file.place.span);
    Some(Diagnostic {
        fix,
        ..fault.help(help)
    })
}

/// What makes a missing file or folder, where an empty one is enough and no other was meant.
fn making(config: &Config, file: &Named<'_>) -> Option<String> {
    let folder = file.path.parent().unwrap_or(&config.root);
    if !file.may_be_empty || near(folder, file.path).is_some() {
        return None;
    }
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let word = |path: &Path| match compose::shown(config, path) {
        plain if plain.chars().all(is_plain) => plain,
        other => format!("'{}'", other.replace('\'', r"'\''")),
    };
    let (path, folder_word) = (word(file.path), word(folder));
    Some(match (file.is_folder, folder.is_dir()) {
        (true, _) => format!("mkdir -p {path}"),
        (false, true) => format!("touch {path}"),
        (false, false) => format!("mkdir -p {folder_word} && touch {path}"),
    })
}

fn is_missing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

/// Where the file was looked for, with the nearest name that is there.
fn missing_help(config: &Config, path: &Path) -> String {
    let folder = path.parent().unwrap_or(&config.root);
    let looked = format!("looked for in `{}`", folder.display());
    if !folder.is_dir() {
        return format!("{looked}, a folder that does not exist");
    }
    match near(folder, path) {
        Some(near) => format!("{looked}; did you mean `{near}`?"),
        None => looked,
    }
}

/// The name in `folder` that is the nearest to that of `path`.
fn near(folder: &Path, path: &Path) -> Option<String> {
    let names = names_in(folder);
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned)
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.take(MAX_CANDIDATES).collect();
    names.sort();
    names
}
