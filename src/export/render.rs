//! The Compose and Pod files of an environment with their variables replaced, byte for byte the same
//! otherwise.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::Export;
use super::files::File;
use crate::config::{
    self,
    model::{DeploymentKind, InitKind, NamedFile},
};
use crate::diagnostic::{Diagnostic, any_error};
use crate::environment::prepare::PrepareOptions;
use crate::environment::{Failure, Prepared, Project};
use crate::workload::{self, Context, Rendered};

/// Where files go that lie outside the project.
const OUTSIDE: &str = "outside";

/// The files of `prepared`, which is without faults.
///
/// # Errors
/// A file that has no one text.
pub fn render(
    project: &Project,
    prepared: &Prepared,
    options: &PrepareOptions,
) -> Result<Export, Failure> {
    let context = Context {
        variables: &prepared.variables,
        profiles: &options.profiles,
        allow_undefined: options.allow_undefined,
    };
    let environment = &prepared.environment;
    let mut found: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    let mut keep = |rendered: Rendered| {
        found.extend(rendered.files);
        diagnostics.extend(rendered.diagnostics);
    };
    for entry in &environment.init {
        match &entry.kind {
            // Their files hold no variables.
            InitKind::Migrations(_) | InitKind::Liquibase(_) => {}
            InitKind::Compose(named) => keep(compose(project, named, &context)),
            InitKind::Pod(path) => keep(workload::render_pod(path, &project.shown(path), &context)),
        }
    }
    match environment.deployment.as_ref().map(|one| &one.kind) {
        Some(DeploymentKind::Compose(named)) => keep(compose(project, named, &context)),
        Some(DeploymentKind::Pod(path)) => {
            keep(workload::render_pod(path, &project.shown(path), &context));
        }
        None => {}
    }
    if any_error(&diagnostics) {
        return Err(Failure::configuration(diagnostics));
    }
    let sources = found.keys().map(|shown| project.config.root.join(shown));
    let sources = sources.collect();
    let is_secret = |text: &str| prepared.mask(text) != text;
    let documents = found.into_iter().map(|(shown, text)| {
        let path = place(&shown, &mut diagnostics);
        match super::holds_secret(&text, &is_secret) {
            true => File::private(path, text),
            false => File::public(path, text),
        }
    });
    Ok(Export {
        documents: documents.collect(),
        sources,
        ..Export::empty(prepared, diagnostics)
    })
}

fn compose(project: &Project, named: &[NamedFile], context: &Context<'_>) -> Rendered {
    let files = config::compose_files(named).into_iter().map(|path| {
        let shown = project.shown(&path);
        (path, shown)
    });
    workload::render_compose(&files.collect::<Vec<_>>(), context)
}

/// The same place as in the project; nothing is written outside the output.
fn place(shown: &Path, diagnostics: &mut Vec<Diagnostic>) -> PathBuf {
    let inside = |component: &Component<'_>| matches!(component, Component::Normal(_));
    let components: Vec<Component<'_>> = shown.components().collect();
    if components.iter().all(inside) {
        return shown.to_path_buf();
    }
    let below: PathBuf = components.into_iter().filter(inside).collect();
    let place = Path::new(OUTSIDE).join(below);
    let (from, to) = (shown.display(), place.display());
    let message = format!("{from} lies outside the project; it is written to {to}");
    diagnostics.push(Diagnostic::warning(message));
    place
}
