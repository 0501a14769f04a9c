//! Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>) → [`Workload`].
//!
//! The files of a project become one tree, with its variables expanded ([`project`]), and the tree is
//! then read key by key. Every fault is reported in one run; a key that is not supported is never
//! dropped in silence.

mod build;
mod casts;
mod checks;
mod command;
mod depends;
mod deploy;
mod develop;
mod devices;
mod env_file;
mod environment;
mod extends;
mod file;
mod files;
mod healthcheck;
mod hooks;
mod hosts;
mod include;
mod item;
mod keys;
mod labels;
mod limits;
mod links;
mod merge;
mod namespaces;
mod networks;
mod options;
mod order;
mod pairs;
mod paths;
mod ports;
mod project;
mod readers;
mod remote;
mod render;
mod resources;
mod scalars;
mod scale;
mod service;
mod shell;
#[cfg(test)]
mod tests;
mod tree;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

#[cfg(test)]
pub(super) use self::tests::variables as test_variables;

pub(super) use self::render::render;

use self::file::File;
use self::project::{Chain, Found, Loader, Named, Scope};
use self::service::Draft;
use super::model::{MountSource, Network, ServiceNetwork, Volume, Workload};
use super::{Context, Loaded, reading};
use crate::diagnostic::{Diagnostic, Place, any_error, nearest};
use crate::text::{Sources, Span};
use crate::variables::{Layer, Reader, Variable};
use crate::yaml::decode::Decoder;
use crate::yaml::{Mapping, Node};

/// Reads one project: the first of `files` and the others merged onto it, each with the path that
/// messages show.
pub(super) fn load(files: &[(PathBuf, PathBuf)], context: &Context<'_>) -> Loaded {
    let named = files.iter().map(|(path, shown)| Named {
        path: path.clone(),
        shown: shown.clone(),
        place: None,
    });
    let named: Vec<Named> = named.collect();
    let mut loader = Loader::new(context, Reader::Network);
    let scope = scope(&mut loader, &named);
    let mut root = loader.project(&named, &scope, &Chain::default());
    let mut hosts = BTreeSet::new();
    if let Some(root) = &mut root {
        hosts = readers::on_host(root);
        if !hosts.is_empty() {
            readers::reread(&mut loader, root, &hosts, (&named, &scope));
        }
    }
    let mut found = std::mem::take(&mut loader.found);
    let workload = match root {
        Some(root) if loader.is_whole => read(&loader, &root, &hosts, &mut found),
        None if loader.is_whole => {
            found.diagnostics.push(empty(&loader.sources));
            None
        }
        _ => None,
    };
    loaded(workload, found, &loader)
}

/// What the files of the project are read with: paths start at the folder of the first one, and the
/// `.env` there lies under all other variables.
fn scope(loader: &mut Loader<'_>, files: &[Named]) -> Scope {
    let first = files.first();
    let folder = first.map_or_else(PathBuf::new, |first| paths::folder_of(&first.path));
    let shown = first.and_then(|first| first.shown.parent());
    let shown = shown.unwrap_or(Path::new(""));
    let dot_env = include::dot_env(loader, &folder, shown);
    let (variables, faults) = loader.context.variables.over(&dot_env);
    loader.found.diagnostics.extend(faults);
    Scope {
        folder: folder.into(),
        shown: shown.into(),
        variables: Rc::new(variables),
    }
}

fn empty(sources: &Sources) -> Diagnostic {
    Diagnostic::error("The file is empty")
        .at_place(Place::within(sources, Span::at(0)))
        .help("a Compose file has `services:`")
}

/// Reads the merged tree key by key; what it tells is added to `found`.
fn read(
    loader: &Loader<'_>,
    root: &Node,
    hosts: &BTreeSet<String>,
    found: &mut Found,
) -> Option<Workload> {
    let decoder = Decoder::new(&loader.sources);
    let mut file = File::new(decoder, loader.context, &loader.scopes);
    let workload = workload(&mut file, root, hosts);
    let told = std::mem::take(&mut file.decoder.diagnostics);
    let told = reading::beside(told, &found.expansion);
    found.diagnostics.extend(told);
    found.uses.append(&mut file.uses);
    workload
}

fn loaded(workload: Option<Workload>, found: Found, loader: &Loader<'_>) -> Loaded {
    let local = loader
        .scopes
        .iter()
        .flat_map(|scope| scope.variables.iter());
    let local = local.filter(|variable| variable.layer == Layer::DotEnv);
    let mut by_place: BTreeMap<_, Variable> = BTreeMap::new();
    for variable in local {
        let place = variable.place.as_ref().map(ToString::to_string);
        by_place.entry(place).or_insert_with(|| variable.clone());
    }
    let local: Vec<Variable> = by_place.into_values().collect();
    let mut variables = loader.context.variables.clone();
    variables.also_mask(local.iter());
    let mut diagnostics = found.expansion;
    diagnostics.extend(found.diagnostics);
    Loaded {
        workload: workload.unwrap_or_default(),
        diagnostics: reading::presentable(diagnostics, &found.uses, &variables),
        uses: found.uses,
        files: loader
            .sources
            .iter()
            .map(|source| source.path.clone())
            .collect(),
        local,
    }
}

fn workload(file: &mut File<'_>, root: &Node, hosts: &BTreeSet<String>) -> Option<Workload> {
    let mapping = root.as_mapping()?;
    keys::check(file, mapping, "", &keys::TOP);
    let texts = ["name", "version"].map(|key| mapping.entry(key));
    for entry in texts.into_iter().flatten() {
        file.decoder.string(&entry.value, &entry.key);
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
    build::contexts::check(file, &drafts);
    let (drafts, inactive): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|draft| draft.active);
    if !inactive.is_empty() && drafts.is_empty() && !any_error(&file.decoder.diagnostics) {
        none_active(file, mapping);
    }
    if cyclic {
        return None;
    }
    let services = order::sort(drafts)
        .into_iter()
        .map(|draft| draft.service)
        .collect();
    let inactive = inactive.into_iter().map(|draft| draft.service.name);
    Some(Workload {
        inactive: inactive.collect(),
        ..used(services, &file.declared)
    })
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
        ..Workload::default()
    }
}
