//! What is written into the configuration file, so that the environment uses what is there.

use std::collections::BTreeMap;

use super::Setting;
use super::database::FoundDatabase;
use crate::config::edit;
use crate::config::model::Environment;
use crate::environment::copy::is_written;
use crate::environment::edit::not_edited;
use crate::environment::failure::Failure;
use crate::environment::project::Project;
use crate::environment::remove::extending;
use crate::names::EnvironmentName;
use crate::text::Source;

/// Values of an environment that differ from those in effect.
pub(super) struct Settings {
    pub list: Vec<Setting>,
}

impl Settings {
    pub fn of(
        project: &Project,
        environment: &Environment,
        database: Option<&FoundDatabase>,
        volumes: &BTreeMap<String, String>,
    ) -> Self {
        let mut list = Vec::new();
        if let Some(found) = database {
            let postgres = &environment.postgres;
            list.push(Setting {
                key: "postgres.volume".to_owned(),
                value: found.data.clone(),
                instead_of: None,
            });
            let names = [
                ("postgres.database", &postgres.database, &found.database),
                ("postgres.user", &postgres.user, &found.user),
            ];
            let differing = names.into_iter().filter(|(_, ours, theirs)| ours != theirs);
            list.extend(differing.map(|(key, ours, theirs)| Setting {
                key: key.to_owned(),
                value: theirs.clone(),
                instead_of: Some(ours.clone()),
            }));
            list.extend(port(project, environment, found));
        }
        list.extend(volumes.iter().map(|(key, name)| Setting {
            key: format!("volumes.{key}"),
            value: name.clone(),
            instead_of: None,
        }));
        Self { list }
    }

    /// `source` in which the environments that extend this one keep the values they have where it
    /// gets others, and what was written for that.
    pub fn kept_by_heirs(
        &self,
        project: &Project,
        environment: &EnvironmentName,
    ) -> Result<(Source, Vec<String>), Failure> {
        let source = &project.config.source;
        let (mut text, mut notes) = (source.clone(), Vec::new());
        for setting in self.list.iter().filter(|one| one.instead_of.is_some()) {
            let key = setting.key.trim_start_matches("postgres.");
            for heir in heirs(source, environment.as_str(), key) {
                let mut all = project.config.environments.iter();
                let Some(found) = all.find(|one| one.name.as_str() == heir) else {
                    continue;
                };
                let value = match key {
                    "database" => found.postgres.database.clone(),
                    "user" => found.postgres.user.clone(),
                    _ => found.postgres.port.to_string(),
                };
                let path = ["environments", heir.as_str(), "postgres", key];
                text = edit::set(&text, &path, &value).map_err(not_edited)?;
                notes.push(format!(
                    "`{heir}` extends `{environment}` and keeps its {key}: `{key}: {value}` is written \
                     for it"
                ));
            }
        }
        Ok((text, notes))
    }

    /// `source` with all of them.
    pub fn written(
        &self,
        source: &Source,
        environment: &EnvironmentName,
    ) -> Result<Source, Failure> {
        let mut text = source.clone();
        // Each is put before what is there: the first one ends at the top.
        for setting in self.list.iter().rev() {
            let below = setting.key.split_once('.');
            let path = ["environments", environment.as_str()].into_iter();
            let path = path.chain(below.into_iter().flat_map(|(section, key)| [section, key]));
            let path: Vec<&str> = path.collect();
            text = edit::set(&text, &path, &setting.value).map_err(not_edited)?;
        }
        Ok(text)
    }
}

/// The environments that have the `key` of their database from `name`, by one `extends` or several.
fn heirs(source: &Source, name: &str, key: &str) -> Vec<String> {
    let direct = extending(source, name).into_iter().map(|(heir, _)| heir);
    let direct = direct.filter(|heir| !is_written(source, heir, key));
    direct
        .flat_map(|heir| {
            let mut below = heirs(source, &heir, key);
            below.push(heir);
            below
        })
        .collect()
}

/// The port that the database had, where the file leaves it to us and nobody else has it.
fn port(project: &Project, environment: &Environment, found: &FoundDatabase) -> Option<Setting> {
    let (_, theirs) = found.port.as_ref()?;
    let ours = environment.postgres.port;
    let others = project.config.environments.iter();
    let mut others = others.filter(|one| one.name != environment.name);
    let is_taken = others.any(|one| one.postgres.port == *theirs);
    let is_free = environment.postgres.port_place.is_none() && !is_taken && *theirs != ours;
    is_free.then(|| Setting {
        key: "postgres.port".to_owned(),
        value: theirs.to_string(),
        instead_of: Some(ours.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::heirs;
    use crate::text::SourceFile;

    #[test]
    fn an_heir_has_what_neither_it_nor_one_between_writes() {
        let text = "environments:\n  dev: {}\n  qa: { extends: dev }\n  qa2: { extends: qa }\n  \
                    own: { extends: dev, postgres: { user: me } }\n  own2: { extends: own }\n";
        let source = SourceFile::new(".poststack.yml", text);
        assert_eq!(heirs(&source, "dev", "user"), ["qa2", "qa"]);
        assert_eq!(heirs(&source, "dev", "port"), ["qa2", "qa", "own2", "own"]);
    }
}
