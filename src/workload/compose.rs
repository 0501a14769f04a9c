//! Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>) → [`Workload`].
//!
//! The file is parsed, expanded and then read key by key. Every fault of the file is reported in
//! one run; a key that is not supported is never dropped in silence.

mod build;
mod casts;
mod checks;
mod command;
mod depends;
mod deploy;
mod env_file;
mod environment;
mod file;
mod files;
mod healthcheck;
mod hosts;
mod keys;
mod links;
mod namespaces;
mod networks;
mod options;
mod order;
mod pairs;
mod paths;
mod ports;
mod resources;
mod scalars;
mod service;
mod shell;
#[cfg(test)]
mod tests;
mod tree;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[cfg(test)]
pub(super) use self::tests::variables as test_variables;

use self::file::File;
use self::service::Draft;
use super::model::{MountSource, Network, ServiceNetwork, Volume, Workload};
use super::{Context, Loaded, reading};
use crate::diagnostic::{Diagnostic, any_error, nearest};
use crate::template::{self, Expanded, Scope, Segment};
use crate::text::{Source, Sources, Span};
use crate::variables::Reader;
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node};

/// Longest way from service to service to the network that they share.
const MOST_SHARED: usize = 100;

pub(super) fn load(path: &Path, shown: &Path, context: &Context<'_>) -> Loaded {
    let (source, root) = match document(path, shown) {
        Ok(document) => document,
        Err(diagnostics) => {
            return Loaded {
                diagnostics,
                ..Loaded::default()
            };
        }
    };
    let (mut expanded, hosts) = expand(&source, &root, context);
    let mut diagnostics = reading::faults(&expanded, context);
    let tags = tree::prepare(&source, &mut expanded.root);
    let sources = Sources::new(source, paths::folder_of(path));
    let mut decoder = Decoder::new(&sources);
    decoder.diagnostics.extend(tags);
    let mut file = File::new(decoder, context);
    let workload = workload(&mut file, &expanded.root, &hosts);
    let found = std::mem::take(&mut file.decoder.diagnostics);
    diagnostics.extend(reading::beside(found, &diagnostics));
    let mut uses = expanded.uses;
    uses.append(&mut file.uses);
    Loaded {
        workload: workload.unwrap_or_default(),
        diagnostics: reading::presentable(diagnostics, &uses, context),
        uses,
    }
}

/// The one document of the file.
fn document(path: &Path, shown: &Path) -> Result<(Source, Node), Vec<Diagnostic>> {
    let (source, documents) = reading::documents(path, shown)?;
    let mut documents = documents.into_iter();
    let Some(root) = documents.next() else {
        let diagnostic = Diagnostic::error("The file is empty")
            .at(&source, Span::at(0))
            .help("a Compose file has `services:`");
        return Err(vec![diagnostic]);
    };
    if let Some(second) = documents.next() {
        let diagnostic = Diagnostic::error("A second document is not supported yet")
            .at(&source, Span::at(second.span.start))
            .label("it starts here")
            .help("merge it into the first one");
        return Err(vec![diagnostic]);
    }
    Ok((source, root))
}

/// Expands the file; services in the network of the host read the host's addresses. Which ones
/// these are is known only after a first expansion.
fn expand(source: &Source, root: &Node, context: &Context<'_>) -> (Expanded, BTreeSet<String>) {
    let expand = |reader: &dyn Fn(&[Segment]) -> Reader| {
        let variables = context.variables;
        template::expand(source, root, &Scope { variables, reader })
    };
    let first = expand(&|_| Reader::Network);
    let hosts = on_host(&first.root);
    if hosts.is_empty() {
        return (first, hosts);
    }
    let second = expand(&|path| match path {
        [Segment::Key(section), Segment::Key(name), rest @ ..] if &**section == "services" => {
            match rest {
                [Segment::Key(key), ..] if &**key == "build" => Reader::Network,
                _ => reader_of(&hosts, name),
            }
        }
        _ => Reader::Network,
    });
    (second, hosts)
}

/// The services in the network of the host, also by way of the service whose network they share.
fn on_host(root: &Node) -> BTreeSet<String> {
    let services = root.get("services").and_then(Node::as_mapping);
    let entries = services.into_iter().flat_map(|services| &services.entries);
    let modes: BTreeMap<&str, &str> = entries
        .filter_map(|entry| {
            let mode = entry.value.get("network_mode")?.as_scalar()?;
            Some((&*entry.key, &*mode.text))
        })
        .collect();
    let shared = |mode: &str| modes.get(mode.strip_prefix("service:")?).copied();
    let is_host = |mode: &str| {
        let way = std::iter::successors(Some(mode), |mode| shared(mode));
        way.take(MOST_SHARED).any(|mode| mode == "host")
    };
    let hosts = modes.iter().filter(|(_, mode)| is_host(mode));
    hosts.map(|(name, _)| (*name).to_owned()).collect()
}

fn reader_of(hosts: &BTreeSet<String>, service: &str) -> Reader {
    if hosts.contains(service) {
        Reader::Host
    } else {
        Reader::Network
    }
}

fn workload(file: &mut File<'_>, root: &Node, hosts: &BTreeSet<String>) -> Option<Workload> {
    let Some(mapping) = root.as_mapping() else {
        let message = format!("A Compose file is a mapping, this is {}", root.kind());
        file.fault(root.span, message, "start with `services:`");
        return None;
    };
    keys::check(file, mapping, "", &keys::TOP);
    for entry in ["name", "version"].map(|key| mapping.entry(key)) {
        if let Some(entry) = entry {
            file.decoder.string(&entry.value, &entry.key);
        }
    }
    let networks = resources::each(file, mapping, "networks", resources::network);
    let volumes = resources::each(file, mapping, "volumes", resources::volume);
    let secrets = resources::each(file, mapping, "secrets", files::declared);
    let configs = resources::each(file, mapping, "configs", files::declared);
    file.declared = file::Declared {
        services: BTreeSet::new(),
        networks,
        volumes,
        secrets,
        configs,
    };
    let mut drafts = drafts(file, root, mapping, hosts);
    let cyclic = order::cycles(file, &drafts);
    checks::across(file, &mut drafts);
    links::apply(file, &mut drafts);
    let any = drafts.len();
    drafts.retain(|draft| draft.active);
    if any > 0 && drafts.is_empty() && !any_error(&file.decoder.diagnostics) {
        none_active(file, mapping);
    }
    if cyclic {
        return None;
    }
    let services = order::sort(drafts)
        .into_iter()
        .map(|draft| draft.service)
        .collect();
    Some(used(services, &file.declared))
}

/// As in Compose, a file of which nothing would run is a fault.
fn none_active(file: &mut File<'_>, mapping: &Mapping) {
    let span = mapping
        .entry("services")
        .map_or(Span::at(0), |entry| entry.key_span);
    let message = "No service is active: each one has profiles, none of which is active";
    file.fault(
        span,
        message,
        "activate a profile, or leave `profiles` out of a service",
    );
}

fn drafts(
    file: &mut File<'_>,
    root: &Node,
    mapping: &Mapping,
    hosts: &BTreeSet<String>,
) -> Vec<Draft> {
    let services = mapping.entry("services");
    let services = match services {
        None => {
            let mut keys = mapping.entries.iter().map(|entry| &*entry.key);
            if !keys.any(|key| nearest(key, ["services"]).is_some()) {
                let help = "add `services:` with at least one service";
                file.fault(
                    Span::at(root.span.start),
                    "The file has no `services`",
                    help,
                );
            }
            return Vec::new();
        }
        Some(entry) => match file.decoder.mapping(&entry.value, "services") {
            Some(services) if !services.entries.is_empty() => services,
            Some(_) => {
                file.fault(entry.key_span, "`services` is empty", "add a service");
                return Vec::new();
            }
            None if entry.value.is_null() => {
                file.fault(entry.key_span, "`services` is empty", "add a service");
                return Vec::new();
            }
            None => return Vec::new(),
        },
    };
    file.declared.services = services
        .entries
        .iter()
        .map(|entry| entry.key.to_string())
        .collect();
    let mut seen = BTreeSet::new();
    let mut drafts = Vec::new();
    for entry in &services.entries {
        let before = file.decoder.diagnostics.len();
        drafts.extend(service::read(file, entry, hosts));
        reading::once(&mut file.decoder.diagnostics, before, &entry.key, &mut seen);
    }
    drafts
}

/// The workload with the networks and volumes that its services use.
fn used(services: Vec<super::model::Service>, declared: &file::Declared) -> Workload {
    let mut networks: BTreeMap<String, Network> = BTreeMap::new();
    let mut volumes: BTreeMap<String, Volume> = BTreeMap::new();
    for service in &services {
        if let ServiceNetwork::Networks(attachments) = &service.network {
            for attachment in attachments {
                let network = declared.networks.get(&attachment.network);
                networks.insert(
                    attachment.network.clone(),
                    network.cloned().unwrap_or_default(),
                );
            }
        }
        for mount in &service.mounts {
            if let MountSource::Volume { key, .. } = &mount.source
                && let Some(volume) = declared.volumes.get(key)
            {
                volumes.insert(key.clone(), volume.clone());
            }
        }
    }
    Workload {
        services,
        networks,
        volumes,
    }
}
