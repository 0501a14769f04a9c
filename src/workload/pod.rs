//! Pod files (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>) →
//! [`Workload`].
//!
//! Every document is parsed, expanded and read field by field; every fault of the file is reported in
//! one run. A pod becomes an infra container and its members, services like those of a Compose file,
//! so that nothing behind this module knows pods.

mod claims;
mod container;
mod contents;
mod controller;
mod environment;
mod fields;
mod file;
mod infra;
mod keys;
mod manifest;
mod member;
mod metadata;
mod mounts;
mod names;
mod network;
mod objects;
mod ports;
mod probes;
mod quantity;
mod references;
mod resources;
mod security;
#[cfg(test)]
mod tests;
mod volumes;

use std::collections::BTreeMap;
use std::path::Path;

use self::file::File;
use super::model::{Network, Service, Workload};
use super::{Context, Loaded, Rendered, reading};
use crate::diagnostic::Diagnostic;
use crate::template::{self, Scope, Segment};
use crate::text::{Sources, Span};
use crate::variables::Reader;
use crate::yaml::Node;
use crate::yaml::decode::Decoder;

/// The key of the environment's own network, which every pod joins.
const DEFAULT_NETWORK: &str = "default";

/// Reads every document of the file at `path`; messages show it as `shown`.
pub(super) fn load(path: &Path, shown: &Path, context: &Context<'_>) -> Loaded {
    let (source, mut documents) = match reading::documents(path, shown) {
        Ok(read) => read,
        Err(diagnostics) => {
            return Loaded {
                diagnostics,
                ..Loaded::default()
            };
        }
    };
    let mut loaded = Loaded {
        files: vec![shown.to_path_buf()],
        ..Loaded::default()
    };
    for document in &mut documents {
        let readers = readers_of(document);
        references::protect(document);
        let scope = Scope {
            variables: context.variables,
            reader: &|path| reader_at(&readers, path),
        };
        let expanded = template::expand(&source, document, &scope);
        let faults = reading::faults(&expanded, context);
        loaded.diagnostics.extend(faults);
        loaded.uses.extend(expanded.uses);
        *document = expanded.root;
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let sources = Sources::one(source);
    let mut file = File::new(Decoder::new(&sources), folder);
    loaded.workload = workload(&mut file, &documents);
    let found = std::mem::take(&mut file.decoder.diagnostics);
    let found = reading::beside(found, &loaded.diagnostics);
    loaded.diagnostics.extend(found);
    loaded.diagnostics = reading::presentable(loaded.diagnostics, &loaded.uses, context.variables);
    loaded
}

/// See [`super::render_pod`]; the file is without faults.
pub(super) fn render(path: &Path, shown: &Path, context: &Context<'_>) -> Rendered {
    let mut rendered = Rendered::default();
    let (source, mut documents) = match reading::documents(path, shown) {
        Ok(read) => read,
        Err(faults) => {
            rendered.diagnostics = faults;
            return rendered;
        }
    };
    let readers: Vec<Readers> = documents.iter().map(readers_of).collect();
    documents.iter_mut().for_each(references::protect);
    let reader = |document: usize, path: &[Segment]| {
        let readers = readers.get(document);
        readers.map_or(Reader::Network, |readers| reader_at(readers, path))
    };
    rendered.add(&source, documents, (context.variables, &reader));
    rendered
}

fn workload(file: &mut File<'_>, documents: &[Node]) -> Workload {
    let controllers = manifest::read(file, documents);
    let mut services: Vec<Service> = Vec::new();
    let any = !controllers.is_empty();
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for (kind, node) in controllers {
        for pod in controller::read(file, kind, node) {
            let span = pod.metadata.name_span;
            if let Some(first) = seen
                .insert(pod.name.clone(), span)
                .filter(|one| *one != span)
            {
                let message = format!("Two pods of the file are called `{}`", pod.name);
                file.contradiction(
                    span,
                    message,
                    (first, "the first one"),
                    "rename one of them",
                );
                continue;
            }
            for service in member::services(file, &pod) {
                add(file, &mut services, service);
            }
        }
    }
    if !any && file.decoder.diagnostics.is_empty() {
        let help = "add a Pod, Deployment, Job or DaemonSet";
        file.fault(Span::at(0), "The file has no pod", help);
    }
    let network = (DEFAULT_NETWORK.to_owned(), Network::default());
    Workload {
        networks: BTreeMap::from([network]),
        volumes: std::mem::take(&mut file.volumes),
        secrets: std::mem::take(&mut file.secrets).into_iter().collect(),
        services,
        ..Workload::default()
    }
}

/// Two pods may come to one name: `a-b` with `c`, and `a` with `b-c`.
fn add(file: &mut File<'_>, services: &mut Vec<Service>, service: Service) {
    if let Some(first) = services.iter().find(|one| one.name == service.name) {
        let message = format!(
            "Two containers of the file come to the name `{}`",
            service.name
        );
        let fault = Diagnostic::error(message)
            .at(&service.place.source, service.place.span)
            .related(&first.place.source, first.place.span, "the first one")
            .help("rename one of the pods");
        file.decoder.diagnostics.push(fault);
        return;
    }
    services.push(service);
}

/// Who reads the document, or each item of a list.
enum Readers {
    One(Reader),
    Items(Vec<Reader>),
}

fn readers_of(document: &Node) -> Readers {
    match document.get("items").and_then(Node::as_sequence) {
        Some(items) => Readers::Items(items.iter().map(reader_of).collect()),
        None => Readers::One(reader_of(document)),
    }
}

fn reader_at(readers: &Readers, path: &[Segment]) -> Reader {
    match (readers, path) {
        (Readers::One(reader), _) => *reader,
        (Readers::Items(items), [_, Segment::Index(index), ..]) => {
            items.get(*index).copied().unwrap_or(Reader::Network)
        }
        (Readers::Items(_), _) => Reader::Network,
    }
}

/// A pod with `hostNetwork: true` reads the host's addresses; of a Deployment its template counts.
fn reader_of(document: &Node) -> Reader {
    let spec = document.get("spec");
    let template = spec
        .and_then(|spec| spec.get("template"))
        .and_then(|template| template.get("spec"));
    let on_host = [spec, template].into_iter().flatten().any(|spec| {
        let network = spec.get("hostNetwork").and_then(Node::as_scalar);
        network.is_some_and(|network| &*network.text == "true")
    });
    if on_host {
        Reader::Host
    } else {
        Reader::Network
    }
}
