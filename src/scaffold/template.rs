//! The templates that there are.

use std::path::Path;

use serde::Serialize;

use crate::assets;

/// What `init --template` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Template {
    pub name: &'static str,
    pub summary: &'static str,
    /// The container that publishes `WEB_PORT`, and where; a worker has none.
    pub serves: bool,
    /// Folders of `templates/` whose files make it; of two files at one path the later one counts.
    #[serde(skip)]
    pub(super) layers: &'static [&'static str],
}

/// The first one is used when none is named.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "web",
        summary: "A web application in Python",
        serves: true,
        layers: &["common", "greetings", "python-web", "web"],
    },
    Template {
        name: "worker",
        summary: "A worker in Python that takes jobs from a table",
        serves: false,
        layers: &["common", "worker"],
    },
    Template {
        name: "nginx",
        summary: "nginx with files, and a web application in Python behind it",
        serves: true,
        layers: &["common", "greetings", "python-web", "nginx"],
    },
    Template {
        name: "apache-php",
        summary: "Apache with PHP, its configuration filled in by envsubst",
        serves: true,
        layers: &["common", "greetings", "apache-php"],
    },
    Template {
        name: "fastapi",
        summary: "An API in Python with FastAPI",
        serves: true,
        layers: &["common", "greetings", "fastapi"],
    },
    Template {
        name: "axum",
        summary: "An API in Rust with axum",
        serves: true,
        layers: &["common", "greetings", "axum"],
    },
];

/// A file with open places; its name loses this ending.
pub(super) const OPEN: &str = ".in";

/// Paths and texts of the files of a layer.
pub(super) fn layer(name: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let files = assets::TEMPLATES.iter();
    files.filter_map(move |(path, text)| {
        let path = path.strip_prefix("templates/")?.strip_prefix(name)?;
        Some((path.strip_prefix('/')?, *text))
    })
}

impl Template {
    /// The template whose containers the folder `root` has; of several the one with the most files.
    #[must_use]
    pub fn of_folder(root: &Path) -> Option<Self> {
        let containers = |template: &Self| -> Vec<&str> {
            let files = template.layers.iter().flat_map(|name| layer(name));
            let paths = files.map(|(path, _)| path.strip_suffix(OPEN).unwrap_or(path));
            paths
                .filter(|path| path.starts_with("containers/"))
                .collect()
        };
        let all = TEMPLATES.iter().map(|one| (one, containers(one)));
        let found = all.filter(|(_, paths)| paths.iter().all(|path| root.join(path).exists()));
        let found = found.max_by_key(|(_, paths)| paths.len());
        found.map(|(template, _)| *template)
    }

    /// The template called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TEMPLATES.iter().copied().find(|one| one.name == name)
    }
}
