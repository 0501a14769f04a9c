//! Who reads a value: a service in the network of the host gets the host's addresses, whichever
//! file its values come from.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Chain, Loader, Named, Scope};
use crate::template::Use;
use crate::variables::Reader;
use crate::yaml::{Mapping, Node, Value};

/// Longest way from service to service to the network that they share.
const MOST_SHARED: usize = 100;

/// Which reader the service is.
pub(super) fn reader_of(hosts: &BTreeSet<String>, service: &str) -> Reader {
    if hosts.contains(service) {
        Reader::Host
    } else {
        Reader::Network
    }
}

/// The services in the network of the host, also by way of the service whose network they share.
pub(super) fn on_host(root: &Node) -> BTreeSet<String> {
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

/// Reads the files once more for the services on the host, whose network only the whole tree tells,
/// and puts what these read in its place. An image is built for any reader: `build` stays.
pub(super) fn reread(
    loader: &mut Loader<'_>,
    root: &mut Node,
    hosts: &BTreeSet<String>,
    (files, scope): (&[Named], &Scope),
) {
    let mut again = Loader::new(loader.context, Reader::Host);
    let Some(other) = again.project(files, scope, &Chain::default()) else {
        return;
    };
    let on_host = |one: &Use| is_of_host(&one.path, hosts);
    loader.found.uses.retain(|one| !on_host(one));
    let uses = again.found.uses.into_iter();
    loader.found.uses.extend(uses.filter(on_host));
    let Some(services) = section(root) else {
        return;
    };
    for entry in &mut services.entries {
        let other = other.get("services").and_then(|all| all.get(&entry.key));
        if hosts.contains(&*entry.key)
            && let Some(other) = other
        {
            let build = entry.value.get("build").cloned();
            entry.value = other.clone();
            if let (Value::Mapping(service), Some(build)) = (&mut entry.value.value, build) {
                let mut keys = service.entries.iter_mut();
                if let Some(own) = keys.find(|key| &*key.key == "build") {
                    own.value = build;
                }
            }
        }
    }
}

fn section(root: &mut Node) -> Option<&mut Mapping> {
    let Value::Mapping(mapping) = &mut root.value else {
        return None;
    };
    let mut sections = mapping.entries.iter_mut();
    match &mut sections.find(|one| &*one.key == "services")?.value.value {
        Value::Mapping(services) => Some(services),
        _ => None,
    }
}

/// Whether a service on the host reads what stands at `path`.
fn is_of_host(path: &str, hosts: &BTreeSet<String>) -> bool {
    let Some(path) = path.strip_prefix("services.") else {
        return false;
    };
    hosts.iter().any(|host| {
        let below = path.strip_prefix(host.as_str());
        let key = below.and_then(|below| below.strip_prefix('.'));
        key.is_some_and(|key| key != "build" && !key.starts_with("build."))
    })
}
