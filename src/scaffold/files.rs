//! Answers and a template → paths and texts. Looks at no disk.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::fill::Values;
use super::template::{OPEN, Template, layer};
use crate::assets::CONTAINERS;

/// What is to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// The configuration and what is ignored.
    pub project: bool,
    /// The deployment, the migrations, the application.
    pub template: Option<Template>,
    /// `containers/postgres/`: the image of the database.
    pub postgres: bool,
    /// Whether the project has that folder, from before or by `postgres`.
    pub has_database_image: bool,
    /// `containers/postgres/postgres-pod.yaml`.
    pub deploy: bool,
    pub pipeline: Option<Pipeline>,
}

/// Who runs the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pipeline {
    Github,
    Gitlab,
}

impl Pipeline {
    /// Where its host looks for it, from the root of a repository.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/poststack.yml",
            Self::Gitlab => ".gitlab-ci.yml",
        }
    }
}

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Below the project, with `/`.
    pub path: String,
    pub text: String,
    pub is_executable: bool,
    /// Whether a file that is there gets the lines it lacks, and is never replaced.
    pub is_list: bool,
}

/// Where the image of the database is made from.
const POSTGRES: &str = "containers/postgres/";

/// The files of `parts`, by path.
#[must_use]
pub fn files(answers: &Answers, parts: &Parts) -> Vec<NewFile> {
    let values = Values::new(answers, parts.has_database_image);
    let template = parts.template.map_or(&[][..], |one| one.layers);
    let others = [
        (parts.project, "project"),
        (parts.postgres, "postgres"),
        (parts.deploy, "postgres-pod"),
    ];
    let others = others.into_iter().filter(|(wanted, _)| *wanted);
    let layers = template
        .iter()
        .copied()
        .chain(others.map(|(_, layer)| layer));
    let mut files = BTreeMap::new();
    for (path, text) in layers.flat_map(layer) {
        let file = open(path, text, &values);
        files.insert(file.path.clone(), file);
    }
    if parts.postgres {
        let shipped = CONTAINERS.iter().filter(|(at, _)| at.starts_with(POSTGRES));
        for (path, text) in shipped {
            let file = file((*path).to_owned(), (*text).to_owned());
            files.insert(file.path.clone(), file);
        }
    }
    files.extend(pipeline(parts.pipeline, &values).map(|file| (file.path.clone(), file)));
    files.into_values().collect()
}

fn open(path: &str, text: &str, values: &Values) -> NewFile {
    match path.strip_suffix(OPEN) {
        Some(path) => file(values.fill(path), values.fill(text)),
        None => file(path.to_owned(), text.to_owned()),
    }
}

fn file(path: String, text: String) -> NewFile {
    NewFile {
        is_executable: text.starts_with("#!"),
        is_list: path.ends_with("ignore"),
        path,
        text,
    }
}

fn pipeline(pipeline: Option<Pipeline>, values: &Values) -> Option<NewFile> {
    let pipeline = pipeline?;
    let template = match pipeline {
        Pipeline::Github => "github.yml.in",
        Pipeline::Gitlab => "gitlab.yml.in",
    };
    let (_, text) = layer("ci").find(|(path, _)| *path == template)?;
    Some(file(pipeline.path().to_owned(), values.fill(text)))
}
