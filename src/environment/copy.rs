//! An environment copied under another name, in the configuration file. Asks no engine.

use std::collections::BTreeSet;

use serde::Serialize;

use super::edit::{checked, not_edited, only_changes, write};
use super::failure::{Failure, Kind};
use super::port_origin::{Origin, origin};
use super::prepare::{PrepareOptions, gather};
use super::project::Project;
use crate::config::edit;
use crate::config::model::Environment;
use crate::names::EnvironmentName;
use crate::text::Source;
use crate::variables::Layer;

/// What a copy has that its original has not.
#[derive(Debug, Clone, Serialize)]
pub struct Copied {
    pub environment: String,
    pub from: String,
    /// Of its own database; `None` for an external one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    pub database: String,
    pub user: String,
    /// What the user may have to see to.
    pub notes: Vec<String>,
}

/// Writes a copy of `from` into the configuration file, with values of its own where two
/// environments must differ.
///
/// # Errors
/// The name is taken or is no name; the file is written in a way that is not edited in place.
pub fn copy(project: &Project, from: &Environment, to: &str) -> Result<Copied, Failure> {
    let name = new_name(project, to)?;
    let mut text = edit::copy(
        &project.config.source,
        &["environments", from.name.as_str()],
        to,
    )
    .map_err(not_edited)?;
    let port = from
        .postgres
        .host
        .is_none()
        .then(|| free_port(project, from));
    let mut settings: Vec<(&str, String)> = Vec::new();
    settings.extend(port.map(|port| ("port", port.to_string())));
    let old = from.name.as_str();
    for (key, value) in [
        ("database", &from.postgres.database),
        ("user", &from.postgres.user),
    ] {
        let derived = renamed(value, old, to);
        // A name that is not written follows from that of the environment by itself.
        let is_written = is_written(&text, to, key);
        settings.extend(derived.filter(|_| is_written).map(|derived| (key, derived)));
    }
    for (key, value) in &settings {
        let path = ["environments", to, "postgres", key];
        text = edit::set(&text, &path, value).map_err(not_edited)?;
    }
    // What is there belongs to one environment.
    for path in [
        ["environments", to, "postgres", "volume"].as_slice(),
        &["environments", to, "volumes"],
    ] {
        match edit::remove(&text, path) {
            Ok(without) => text = without,
            Err(edit::EditError::Missing(_)) => {}
            Err(error) => return Err(not_edited(error)),
        }
    }
    let after = checked(project, &text)?;
    only_changes(&name, project, &after)?;
    let made = after.config.environment(&name).ok_or_else(|| {
        Failure::new(
            Kind::Configuration,
            format!("`{name}` could not be written"),
        )
    })?;
    let copied = Copied {
        environment: name.to_string(),
        from: from.name.to_string(),
        port,
        database: made.postgres.database.clone(),
        user: made.postgres.user.clone(),
        notes: notes((project, from), (&after, made)),
    };
    write(project, &text)?;
    Ok(copied)
}

fn new_name(project: &Project, to: &str) -> Result<EnvironmentName, Failure> {
    let name = EnvironmentName::new(to).map_err(|why| {
        let nearest = EnvironmentName::nearest(to);
        Failure::new(Kind::Usage, format!("Environment name `{to}` {why}"))
            .hint(format!("write `{nearest}`"))
    })?;
    if project.config.environment(&name).is_some() {
        let message = format!("There is an environment `{name}` already");
        return Err(Failure::new(Kind::Usage, message).hint("choose another name"));
    }
    Ok(name)
}

/// The first port behind that of the original which no environment of the file has, neither for its
/// database nor for a service.
fn free_port(project: &Project, from: &Environment) -> u16 {
    let environments = &project.config.environments;
    let own = environments
        .iter()
        .filter(|one| one.postgres.host.is_none());
    let mut taken: BTreeSet<u16> = own.map(|one| one.postgres.port).collect();
    let services = environments.iter().flat_map(|one| published(project, one));
    taken.extend(services.map(|(port, ..)| port));
    let first = from.postgres.port;
    let mut behind = (first..=u16::MAX).chain(1024..first);
    behind.find(|port| !taken.contains(port)).unwrap_or(first)
}

/// Whether the environment writes this key of its database itself, or inherits it.
pub(super) fn is_written(text: &Source, environment: &str, key: &str) -> bool {
    let documents = crate::yaml::read(text).0;
    let found = documents.first().and_then(|root| {
        let environment = root.get("environments")?.get(environment)?;
        environment.get("postgres")?.get(key)
    });
    found.is_some()
}

/// `value` with the name `to` where it holds the name `from` as a word of its own.
fn renamed(value: &str, from: &str, to: &str) -> Option<String> {
    let with_underscores = from.replace('-', "_");
    let plain = to.replace('-', "_");
    let words = [(from, to), (with_underscores.as_str(), plain.as_str())];
    // Names with `-` need quotes in SQL; where the old one had none, the new one gets none.
    let words = words
        .into_iter()
        .filter(|(old, _)| old.contains('-') || *old == with_underscores);
    words
        .filter_map(|(old, new)| {
            let new = if old.contains('-') {
                new
            } else {
                plain.as_str()
            };
            let at = find_word(value, old)?;
            let (before, rest) = value.split_at_checked(at)?;
            Some(format!("{before}{new}{}", rest.strip_prefix(old)?))
        })
        .next()
}

/// Where `word` stands in `text` with no letter or digit beside it.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut found = text.match_indices(word).filter(|(at, _)| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        let after = text
            .get(at + word.len()..)
            .and_then(|after| after.chars().next());
        !is_inner(before) && !is_inner(after)
    });
    found.next().map(|(at, _)| at)
}

fn notes(
    (project, from): (&Project, &Environment),
    (after, made): (&Project, &Environment),
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(host) = &made.postgres.host {
        notes.push(format!(
            "both use database `{}` at `{host}`, which is external",
            made.postgres.database
        ));
    }
    let own = format!("environments/{}.env", from.name);
    let new = format!("environments/{}.env", made.name);
    let is_there = |path: &str| project.config.root.join(path).exists();
    let is_copied = is_there(&own)
        && !is_there(&new)
        && !from.env_file_places.keys().any(|path| path.ends_with(&own));
    if is_copied {
        notes.push(format!(
            "`{own}` is read for `{}` alone: cp {own} {new}",
            from.name
        ));
    }
    let copies = published(after, made);
    for (port, service, origin) in published(project, from) {
        // What the copied file will set is the same there too.
        let comes_with_it = is_copied
            && matches!(&origin, Origin::Variable { set: Some(place), .. } if place.source.path.ends_with(&own));
        let same = copies.iter().find(|(other, ..)| *other == port);
        let origin = match same {
            Some((.., origin)) => origin,
            None if comes_with_it => &origin,
            None => continue,
        };
        let what_to_do = match origin {
            // What is set for the environment itself is in the copy of it.
            Origin::Variable {
                layer: Some(Layer::Variables),
                ..
            } => origin.advice(made.name.as_str()),
            Origin::Variable { name, .. } => format!("set another `{name}` in `{new}`"),
            _ => {
                let variable = service.to_ascii_uppercase().replace(['-', '.'], "_");
                format!("write `${{{variable}_PORT:-{port}}}` in its place")
            }
        };
        notes.push(format!(
            "`{service}` publishes port {port} in both, so that only one of the two can run: {what_to_do}"
        ));
    }
    notes
}

/// The fixed host ports of the deployment with their services and what decides them, as far as its
/// files can be read.
fn published(project: &Project, environment: &Environment) -> Vec<(u16, String, Origin)> {
    let options = PrepareOptions {
        allow_undefined: true,
        ..PrepareOptions::default()
    };
    let Ok(prepared) = gather(project, environment, &options) else {
        return Vec::new();
    };
    let mut found: Vec<(u16, String, Origin)> = Vec::new();
    for container in &prepared.desired.deployment {
        for port in &container.spec.process.ports {
            let fixed = port.published.filter(|it| it.first == it.last);
            let known = |number| found.iter().any(|(other, ..)| *other == number);
            if let Some(range) = fixed.filter(|range| !known(range.first)) {
                let origin = origin(&prepared, container, port);
                found.push((range.first, container.service.clone(), origin));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn a_name_that_holds_the_old_environment_gets_the_new_one() {
        let cases = [
            ("myapp_dev", "dev", "qa", Some("myapp_qa")),
            ("myapp__dev", "dev", "qa-2", Some("myapp__qa_2")),
            ("dev", "dev", "qa", Some("qa")),
            ("myapp_dev_user", "dev", "qa", Some("myapp_qa_user")),
            ("myapp-dev-1", "dev-1", "qa-2", Some("myapp-qa-2")),
            ("myapp_dev_1", "dev-1", "qa-2", Some("myapp_qa_2")),
            ("devices", "dev", "qa", None),
            ("shop", "dev", "qa", None),
        ];
        for (value, from, to, expected) in cases {
            assert_eq!(renamed(value, from, to).as_deref(), expected, "{value}");
        }
    }
}
