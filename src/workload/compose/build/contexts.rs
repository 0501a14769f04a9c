//! `build.additional_contexts`: folders, images and other services that a Dockerfile may name
//! (<https://github.com/compose-spec/compose-spec/blob/main/build.md#additional_contexts>).

use std::collections::{BTreeMap, BTreeSet};

use super::super::file::File;
use super::super::service::Draft;
use super::super::{order, pairs, paths, remote};
use super::repository;
use crate::diagnostic::Diagnostic;
use crate::text::Span;
use crate::workload::model::{Build, Context, NamedContext};
use crate::yaml::Node;

pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, NamedContext> {
    let mut contexts = BTreeMap::new();
    for pair in pairs::read(file, node, path) {
        if !is_stage(&pair.name) {
            let message = format!("`{}` is no name for a context", pair.name);
            let help = "use lower-case letters, digits, `-`, `_` and `.`, a letter first";
            file.fault(pair.span, message, help);
            continue;
        }
        let written = pair.value.unwrap_or_default();
        if let Some(context) = context(file, pair.span, &written) {
            contexts.insert(pair.name, context);
        }
    }
    contexts
}

/// Reports services that have no build to be a context, and builds that wait for each other.
pub(in crate::workload::compose) fn check(file: &mut File<'_>, drafts: &[Draft]) {
    let index = order::index(drafts);
    let build = |name: &str| {
        let draft = index.get(name).and_then(|at| drafts.get(*at))?;
        draft.service.build.as_ref()
    };
    for draft in drafts {
        let Some(own) = &draft.service.build else {
            continue;
        };
        let others: Vec<&str> = services(own).collect();
        let unbuilt = others.iter().find(|name| build(name).is_none());
        let (message, help) = if let Some(name) = unbuilt {
            let message = format!("The service `{name}` is a context, but has no `build`");
            (message, "name its image: `docker-image://<image>`")
        } else if comes_back(&draft.service.name, &others, &build) {
            let name = &draft.service.name;
            let message = format!("The build of `{name}` waits for itself by way of its contexts");
            (message, "remove one of these contexts")
        } else {
            continue;
        };
        let diagnostic = Diagnostic::error(message).help(help);
        let place = Some(own.place.clone());
        file.decoder.diagnostics.push(Diagnostic {
            place,
            ..diagnostic
        });
    }
}

fn services(build: &Build) -> impl Iterator<Item = &str> {
    build.contexts.values().filter_map(|context| match context {
        NamedContext::Service(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Whether the way from `first` along contexts leads to `name`.
fn comes_back<'d>(
    name: &str,
    first: &[&'d str],
    build: &dyn Fn(&str) -> Option<&'d Build>,
) -> bool {
    let mut open = first.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if next == name {
            return true;
        }
        if seen.insert(next) {
            open.extend(build(next).into_iter().flat_map(services));
        }
    }
    false
}

/// The names that a stage of a Dockerfile may have.
fn is_stage(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed)
}

fn context(file: &mut File<'_>, span: Span, written: &str) -> Option<NamedContext> {
    if let Some(image) = written.strip_prefix("docker-image://") {
        return Some(NamedContext::Image(image.to_owned()));
    }
    if let Some(service) = written.strip_prefix("service:") {
        return file
            .has_service(span, service)
            .then(|| NamedContext::Service(service.to_owned()));
    }
    if written.is_empty() || written.starts_with("oci-layout:") {
        let message =
            format!("The context `{written}` is neither a folder of this host nor an image");
        let help = "name a folder, a Git repository, `docker-image://<image>` or `service:<name>`";
        file.fault(span, message, help);
        return None;
    }
    if remote::is_remote(written) {
        let repository = repository::read(file, span, written)?;
        return Some(NamedContext::Files(Context::Repository(repository)));
    }
    let folder = paths::resolve(file, span, written)?;
    if file.current.active && !folder.is_dir() {
        let message = format!("The context `{}` is not a folder", folder.display());
        let help = "a relative path starts at the folder of the Compose file";
        file.fault(span, message, help);
        return None;
    }
    Some(NamedContext::Files(Context::Folder(folder)))
}
