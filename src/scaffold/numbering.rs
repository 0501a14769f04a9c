//! Migrations of a template beside those that a folder has already. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::files::NewFile;
use crate::migration::Version;
use crate::migration::next::next_version;

/// The folder of migrations in every template.
pub(super) const FOLDER: &str = "migrations/";

/// `files` with their migrations numbered after those called `existing`. A migration that is there
/// under another version keeps that one.
pub(super) fn after(files: Vec<NewFile>, existing: &[String], now: Timestamp) -> Vec<NewFile> {
    let mut versions: Vec<Version> = existing
        .iter()
        .filter(|name| name.ends_with(".sql"))
        .filter_map(|name| Version::parse(name.split_once('_')?.0))
        .collect();
    // Both directions of a migration get one version.
    let mut chosen: BTreeMap<String, String> = BTreeMap::new();
    let mut number = |file: NewFile| {
        let Some((version, name)) = parts(&file.path) else {
            return file;
        };
        let title = name.split('.').next().unwrap_or(name);
        let version = chosen.entry(title.to_owned()).or_insert_with(|| {
            let is_same = |other: &&String| title_of(other) == Some(title);
            let taken = Version::parse(version).is_some_and(|it| versions.contains(&it));
            let version = match existing
                .iter()
                .find(is_same)
                .and_then(|it| it.split_once('_'))
            {
                Some((found, _)) => found.to_owned(),
                None if taken => next_version(&versions, now),
                None => version.to_owned(),
            };
            versions.extend(Version::parse(&version));
            version
        });
        let path = format!("{FOLDER}{version}_{name}");
        NewFile { path, ..file }
    };
    files.into_iter().map(&mut number).collect()
}

/// Version and the rest of the name of a migration in [`FOLDER`].
fn parts(path: &str) -> Option<(&str, &str)> {
    let name = path.strip_prefix(FOLDER)?;
    name.ends_with(".sql").then_some(())?;
    name.split_once('_')
}

fn title_of(name: &str) -> Option<&str> {
    name.strip_suffix(".sql")?
        .split_once('_')?
        .1
        .split('.')
        .next()
}
