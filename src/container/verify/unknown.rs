//! Names under `verify:` that nothing of the project has: what they promise would never be looked at.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Place, any_error, nearest};
use crate::environment::Project;
use crate::environment::own_images::own_images;
use crate::environment::prepare::{PrepareOptions, gather};
use crate::plan::identity::POSTGRES_SERVICE;

/// A name under `verify:` that is no service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    pub name: String,
    /// A service that is called almost like it.
    pub near: Option<String>,
    /// Of its first promise.
    #[serde(skip)]
    pub place: Option<Place>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`verify.{}` names no service of an environment and no folder of a container",
            self.name
        )?;
        match &self.near {
            Some(near) => write!(formatter, "; did you mean `{near}`?"),
            None => Ok(()),
        }
    }
}

impl Unknown {
    /// Nothing keeps such a configuration from being started.
    #[must_use]
    pub fn warning(&self) -> Diagnostic {
        let warning = Diagnostic::warning(self.to_string());
        match &self.place {
            Some(place) => warning.at_place(place.clone()),
            None => warning,
        }
    }
}

/// The names under `verify:` that are a service of no environment, no folder of `containers/`, and
/// not the database. None where a faulty file hides what services there are.
#[must_use]
pub fn unknown(project: &Project) -> Vec<Unknown> {
    let promises = &project.config.verify;
    if promises.is_empty() {
        return Vec::new();
    }
    let Some(services) = services(project) else {
        return Vec::new();
    };
    let strangers = promises
        .iter()
        .filter(|(name, _)| !services.contains(*name));
    let described = strangers.map(|(name, promises)| Unknown {
        name: name.clone(),
        near: nearest(name, services.iter().map(String::as_str)).map(str::to_owned),
        place: promises.first().map(|promise| promise.place.clone()),
    });
    described.collect()
}

/// Every service of the project, whether it is active or not.
fn services(project: &Project) -> Option<BTreeSet<String>> {
    let options = PrepareOptions {
        allow_undefined: true,
        profiles: BTreeSet::from(["*".to_owned()]),
        ..PrepareOptions::default()
    };
    let folders = own_images(&project.settings).ok()?;
    let mut services: BTreeSet<String> = folders.into_iter().map(|folder| folder.name).collect();
    services.insert(POSTGRES_SERVICE.to_owned());
    for environment in &project.config.environments {
        let prepared = gather(project, environment, &options).ok()?;
        if any_error(&prepared.diagnostics) {
            return None;
        }
        let containers = prepared.desired.containers();
        services.extend(containers.map(|one| one.service.clone()));
        services.extend(prepared.desired.inactive.iter().cloned());
    }
    Some(services)
}
