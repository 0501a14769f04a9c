//! Which Compose files a path of the configuration stands for. A file stands for itself alone; a
//! folder for what `docker compose` would find there.

use std::path::{Path, PathBuf};

use super::files::{self, Named};
use super::model::{Config, DeploymentKind, Environment, InitKind, NamedFile};
use crate::diagnostic::Diagnostic;

/// The Compose file of a folder; the first one that is there counts.
/// <https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file>
const FILE_NAMES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
/// The file that is merged onto it; the first one that is there counts.
const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The files that `named` stand for, each to be merged onto those before it. What is not there stays
/// as it is named.
#[must_use]
pub fn compose_files(named: &[NamedFile]) -> Vec<PathBuf> {
    let found = |file: &NamedFile| match of_folder(&file.path) {
        Some(files) if !files.is_empty() => files,
        _ => vec![file.path.clone()],
    };
    named.iter().flat_map(found).collect()
}

/// The Compose file of a folder and the one that is merged onto it; nothing when it is no folder.
fn of_folder(folder: &Path) -> Option<Vec<PathBuf>> {
    if !folder.is_dir() {
        return None;
    }
    let first = |names: [&str; 4]| {
        let mut paths = names.into_iter().map(|name| folder.join(name));
        paths.find(|path| path.is_file())
    };
    let Some(main) = first(FILE_NAMES) else {
        return Some(Vec::new());
    };
    Some(std::iter::once(main).chain(first(OVERRIDE_NAMES)).collect())
}

/// Every list of Compose files that the environment names.
pub(super) fn lists(environment: &Environment) -> impl Iterator<Item = &[NamedFile]> {
    let init = environment
        .init
        .iter()
        .filter_map(|entry| match &entry.kind {
            InitKind::Compose(files) => Some(files.as_slice()),
            InitKind::Migrations(_) | InitKind::Pod(_) | InitKind::Liquibase(_) => None,
        });
    let deployment = environment.deployment.iter();
    let deployment = deployment.filter_map(|it| match &it.kind {
        DeploymentKind::Compose(files) => Some(files.as_slice()),
        DeploymentKind::Pod(_) => None,
    });
    init.chain(deployment)
}

/// What is wrong with the files of one list, and what beside them is not read.
pub(super) fn check(config: &Config, named: &[NamedFile]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = named
        .iter()
        .filter_map(|file| check_one(config, file))
        .collect();
    if let [alone] = named {
        found.extend(unread(config, alone));
    }
    found
}

fn check_one(config: &Config, file: &NamedFile) -> Option<Diagnostic> {
    match of_folder(&file.path) {
        None => files::check(
            config,
            &Named {
                path: &file.path,
                place: &file.place,
                is_folder: false,
                may_be_empty: false,
            },
        ),
        Some(files) if !files.is_empty() => None,
        Some(_) => {
            let shown = shown(config, &file.path);
            let message = format!("The folder `{shown}` has no Compose file");
            let help = format!("looked for {}; name the file itself", FILE_NAMES.join(", "));
            let place = file.place.clone();
            Some(Diagnostic::error(message).at_place(place).help(help))
        }
    }
}

/// Notes an override file beside the one file that is named: Compose would read it, here it must be
/// asked for, so that nobody deploys the changes of a developer by accident.
fn unread(config: &Config, file: &NamedFile) -> Option<Diagnostic> {
    if !file.path.is_file() {
        return None;
    }
    let stem = file.path.file_stem()?.to_string_lossy();
    let mut beside = ["yml", "yaml"].into_iter().map(|extension| {
        let name = format!("{stem}.override.{extension}");
        file.path.with_file_name(name)
    });
    let other = beside.find(|path| path.is_file())?;
    let (shown, other) = (shown(config, &file.path), shown(config, &other));
    let message = format!("`{other}` beside `{shown}` is not read");
    let help = format!("to merge it onto the file, write `compose: [{shown}, {other}]`");
    let place = file.place.clone();
    Some(Diagnostic::note(message).at_place(place).help(help))
}

/// The path from the folder of the configuration on, as messages show it.
pub(super) fn shown(config: &Config, path: &Path) -> String {
    let shown = path.strip_prefix(&config.root).unwrap_or(path);
    let shown = shown.display().to_string();
    if shown.is_empty() {
        ".".to_owned()
    } else {
        shown
    }
}
