//! Standard files out: an environment as Compose file, pod, Kubernetes objects, Quadlet units or
//! variables, which run without poststack, on the same data.
//!
//! Every format is made of one [`stack::Stack`], what poststack itself would run. A value never
//! changes on the way: each writer quotes for its reader. What a format cannot say is a warning.

mod compose;
mod document;
mod files;
mod images;
mod kube;
mod kubernetes;
mod podman;
mod quadlet;
mod render;
mod secrets;
mod stack;
mod variables;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::compose_files;
use crate::config::model::{DeploymentKind, InitKind};
use crate::diagnostic::{Diagnostic, any_error};
use crate::environment::{Failure, Prepared};
use crate::text::SourceFile;
use crate::yaml::{self, Node, Value};
use files::{Copied, Files};
use stack::Stack;

pub use files::File;
pub use render::render;
pub use write::{Written, write};

/// What an environment is exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    DockerCompose,
    PodmanPod,
    Kubernetes,
    Quadlet,
    EnvVars,
}

impl Format {
    /// Every format, by the name that users write.
    pub const ALL: [(&'static str, Self); 5] = [
        ("docker-compose", Self::DockerCompose),
        ("podman-pod", Self::PodmanPod),
        ("env-vars", Self::EnvVars),
        ("kubernetes", Self::Kubernetes),
        ("quadlet", Self::Quadlet),
    ];

    /// The format of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, format)| *format)
    }
}

/// An environment in one format; nothing is written yet.
#[derive(Debug, Clone)]
pub struct Export {
    /// What the format is made of, the main document first.
    pub documents: Vec<File>,
    /// What the documents refer to.
    pub files: Vec<File>,
    /// Files of the project, by their place in the export.
    copied: BTreeMap<PathBuf, Copied>,
    folders: BTreeSet<PathBuf>,
    /// The commands that build images which no registry has, in the folder of the export.
    pub builds: Vec<String>,
    /// The commands that run it, in the folder of the export.
    pub run: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// Absolute folder of the project.
    root: PathBuf,
    /// Absolute paths of files that it is made from.
    sources: Vec<PathBuf>,
}

impl Export {
    fn empty(prepared: &Prepared, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            documents: Vec::new(),
            files: Vec::new(),
            copied: BTreeMap::new(),
            folders: BTreeSet::new(),
            builds: Vec::new(),
            run: Vec::new(),
            diagnostics,
            root: prepared.identity.directory.clone(),
            sources: sources(prepared),
        }
    }

    /// What stdout shows: the main document, and the others that hold no secrets.
    #[must_use]
    pub fn shown(&self) -> Vec<&File> {
        match self.documents.as_slice() {
            [main, rest @ ..] => {
                let rest = rest.iter().filter(|file| !file.is_private());
                std::iter::once(main).chain(rest).collect()
            }
            [] => Vec::new(),
        }
    }

    /// The outermost copied files and folders that `files` does not name.
    fn copied_beside(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        let places = self.copied.keys();
        let is_below = |place: &PathBuf| {
            let mut others = self.copied.keys();
            others.any(|other| other != place && place.starts_with(other))
        };
        places
            .filter(|place| !files.contains(place) && !is_below(place))
            .cloned()
            .collect()
    }

    /// Whether the shown documents refer to others.
    #[must_use]
    pub fn is_more_than_shown(&self) -> bool {
        let rest = self.files.len() + self.copied.len() + self.documents.len();
        rest > self.shown().len()
    }
}

/// What a format makes of a stack.
struct Made {
    documents: Vec<File>,
    builds: Vec<String>,
    run: Vec<String>,
}

/// The environment in `format`.
///
/// # Errors
/// Faults of migration files, and what the format cannot do at all.
pub fn export(prepared: &Prepared, format: Format) -> Result<Export, Failure> {
    let (stack, mut diagnostics) = Stack::of(prepared).map_err(Failure::configuration)?;
    let is_secret = |text: &str| prepared.mask(text) != text;
    let mut files = Files::new(&prepared.identity.directory, &is_secret);
    let made = match format {
        Format::DockerCompose => compose::export(&stack, &mut files),
        Format::PodmanPod => podman::export(&stack, &mut files),
        Format::Quadlet => quadlet::export(&stack, &mut files),
        Format::Kubernetes => kubernetes::export(&stack, &mut files),
        Format::EnvVars => {
            diagnostics.clear();
            variables::export(prepared, &mut files)
        }
    };
    if format != Format::EnvVars {
        files.made.push(read_me(prepared, &made));
    }
    for found in files.diagnostics {
        if !diagnostics.contains(&found) {
            diagnostics.push(found);
        }
    }
    if any_error(&diagnostics) {
        return Err(Failure::configuration(diagnostics));
    }
    let documents = made.documents.into_iter();
    let documents = documents.map(|file| guarded(file, &is_secret, &mut diagnostics));
    Ok(Export {
        documents: documents.collect(),
        files: files.made,
        copied: files.copied,
        folders: files.folders,
        builds: made.builds,
        run: made.run,
        ..Export::empty(prepared, diagnostics)
    })
}

/// A document that holds a secret, which a format has no other place for, is its owner's alone.
fn guarded(
    file: File,
    is_secret: &dyn Fn(&str) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> File {
    let text = String::from_utf8_lossy(file.content.expose());
    if file.is_private() || !holds_secret(&text, is_secret) {
        return file;
    }
    diagnostics.push(in_clear(&file.path));
    File::private(file.path.clone(), text.as_bytes())
}

/// The warning about a document that holds a secret, and is its owner's alone therefore.
fn in_clear(path: &Path) -> Diagnostic {
    let message = format!("`{}` holds a secret in clear", path.display());
    let help = "only its owner can read the file; in `environment:` a secret is kept apart, in a \
                label, a command, a health test or a host it is not";
    Diagnostic::warning(message).help(help)
}

/// Whether a YAML text holds a secret, however the value is quoted that it stands in.
fn holds_secret(text: &str, is_secret: &dyn Fn(&str) -> bool) -> bool {
    fn holds(node: &Node, is_secret: &dyn Fn(&str) -> bool) -> bool {
        match &node.value {
            Value::Scalar(scalar) => is_secret(&scalar.text),
            Value::Sequence(items) => items.iter().any(|item| holds(item, is_secret)),
            Value::Mapping(mapping) => mapping
                .entries
                .iter()
                .any(|entry| is_secret(&entry.key) || holds(&entry.value, is_secret)),
        }
    }
    let documents = || yaml::parse(&SourceFile::new("", text));
    is_secret(text) || documents().is_ok_and(|all| all.iter().any(|one| holds(one, is_secret)))
}

/// The files that the environment is described in.
fn sources(prepared: &Prepared) -> Vec<PathBuf> {
    let environment = &prepared.environment;
    let mut sources = environment.env_files.clone();
    for entry in &environment.init {
        match &entry.kind {
            InitKind::Compose(named) => sources.extend(compose_files(named)),
            InitKind::Pod(path) => sources.push(path.clone()),
            InitKind::Migrations(_) | InitKind::Liquibase(_) => {}
        }
    }
    match environment.deployment.as_ref().map(|one| &one.kind) {
        Some(DeploymentKind::Compose(named)) => sources.extend(compose_files(named)),
        Some(DeploymentKind::Pod(path)) => sources.push(path.clone()),
        None => {}
    }
    // Those of `include` and `extends` as well.
    let root = &prepared.identity.directory;
    let places = prepared.desired.containers().map(|one| &one.place.source);
    let places = places.filter(|source| !source.path.as_os_str().is_empty());
    sources.extend(places.map(|source| root.join(&source.path)));
    sources
}

/// How the folder is run, for whoever finds it without poststack.
fn read_me(prepared: &Prepared, made: &Made) -> File {
    let block = |title: &str, commands: &[String]| match commands {
        [] => String::new(),
        commands => format!("\n{title}\n\n```console\n{}\n```\n", commands.join("\n")),
    };
    let text = format!(
        "# {} of {}\n\nWritten by `poststack env export`. The folder needs nothing else of the \
         project; what names no image of a registry is built from it.\n{}{}",
        prepared.identity.environment,
        prepared.identity.project,
        block("Images that no registry has:", &made.builds),
        block("To run it, in this folder:", &made.run),
    );
    File::public("README.md", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_its_yaml_is_quoted() {
        let secret = "a'b\"c\\\nd";
        let is_secret = |text: &str| text.contains(secret);
        for text in [
            r#"pw: "a'b\"c\\\nd""#,
            r#"- { url: "x://u:a'b\"c\\\x0Ad@h" }"#,
            "one: 1\n---\npw: |\n  a'b\"c\\\n  d\n",
            "pw: 'a''b\"c\\\n\n  d'\n",
            r#"? "a'b\"c\\\nd""#,
        ] {
            assert!(holds_secret(text, &is_secret), "{text}");
        }
        assert!(!holds_secret("pw: \"a'b\\\"c\"\n", &is_secret));
    }
}
