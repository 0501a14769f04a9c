//! `networks` and `volumes` of the top level
//! (<https://github.com/compose-spec/compose-spec/blob/main/06-networks.md>).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::pairs;
use crate::workload::model::{Ipam, Network, Subnet, Volume};
use crate::yaml::{Entry, Mapping, Node};

const NETWORK: Keys = Keys {
    read: &[
        "name",
        "driver",
        "driver_opts",
        "external",
        "internal",
        "attachable",
        "enable_ipv4",
        "enable_ipv6",
        "ipam",
        "labels",
    ],
    ignored: &[],
    refused: &[],
};
const IPAM: Keys = Keys::only(&["driver", "config", "options"]);
const SUBNET: Keys = Keys::only(&["subnet", "gateway", "ip_range", "aux_addresses"]);
const VOLUME: Keys = Keys::only(&["name", "driver", "driver_opts", "external", "labels"]);

/// The driver of addresses that engines take without a word.
const DEFAULT_IPAM: &str = "default";

/// Reads every entry of the section `kind`, for instance `networks`.
pub(super) fn each<T: Default>(
    file: &mut File<'_>,
    root: &Mapping,
    kind: &str,
    read: fn(&mut File<'_>, &str, &Node, &str) -> T,
) -> BTreeMap<String, T> {
    let mapping = root
        .get(kind)
        .and_then(|node| file.decoder.mapping(node, kind));
    let mut found = BTreeMap::new();
    for entry in mapping.into_iter().flat_map(|mapping| &mapping.entries) {
        let path = format!("{kind}.{}", entry.key);
        check_name(file, entry, kind);
        let value = read(file, &entry.key, &entry.value, &path);
        found.insert(entry.key.to_string(), value);
    }
    found
}

/// `[a-zA-Z0-9._-]+`, as for services.
fn check_name(file: &mut File<'_>, entry: &Entry, kind: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if entry.key.is_empty() || !entry.key.chars().all(allowed) {
        let kind = kind.trim_end_matches('s');
        let message = format!("`{}` is no name for a {kind}", entry.key);
        let help = "use letters, digits, `.`, `_` and `-`; variables are not expanded in keys";
        file.fault(entry.key_span, message, help);
    }
}

pub(super) fn network(file: &mut File<'_>, key: &str, node: &Node, path: &str) -> Network {
    let Some(section) = Section::open(file, node, path, &NETWORK) else {
        return Network::default();
    };
    let (name, external) = identity(file, &section, key);
    Network {
        name,
        external,
        driver: section.read(file, "driver", casts::string),
        driver_options: section.read(file, "driver_opts", pairs::options),
        internal: section.read(file, "internal", casts::flag),
        attachable: section.read(file, "attachable", casts::flag),
        ipv4: section.read(file, "enable_ipv4", casts::boolean),
        ipv6: section.read(file, "enable_ipv6", casts::flag),
        labels: section.read(file, "labels", pairs::map),
        ipam: section.read(file, "ipam", ipam),
    }
}

pub(super) fn volume(file: &mut File<'_>, key: &str, node: &Node, path: &str) -> Volume {
    let Some(section) = Section::open(file, node, path, &VOLUME) else {
        return Volume::default();
    };
    let (name, external) = identity(file, &section, key);
    Volume {
        name,
        external,
        driver: section.read(file, "driver", casts::string),
        driver_options: section.read(file, "driver_opts", volume_options),
        labels: section.read(file, "labels", pairs::map),
        ..Volume::default()
    }
}

/// A relative `device` of the local driver's bind is a path beside the file.
fn volume_options(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let mut options = pairs::options(file, node, path);
    let bind = options
        .get("o")
        .is_some_and(|list| list.split(',').any(|option| option == "bind"));
    if bind
        && let Some(device) = options.get_mut("device")
        && device.starts_with(['.', '~'])
        && let Some(absolute) = super::paths::resolve(file, node.span, device)
    {
        *device = absolute.to_string_lossy().into_owned();
    }
    options
}

/// The explicit name, and whether the object is external: then its key is its name by default.
pub(super) fn identity(
    file: &mut File<'_>,
    section: &Section<'_>,
    key: &str,
) -> (Option<String>, bool) {
    let name = section.read(file, "name", casts::string);
    let Some(entry) = section.entry("external") else {
        return (name, false);
    };
    if let Some(old) = entry.value.as_mapping() {
        let path = section.at("external");
        file.decoder.only_keys(old, &path, &["name"]);
        let message = format!("`{path}.name` is the old form");
        file.decoder.warning(entry.key_span, message).help =
            Some("write `external: true` and `name:` beside it".to_owned());
        let name = old
            .get("name")
            .and_then(|node| casts::string(file, node, &path))
            .or(name);
        return (Some(name.unwrap_or_else(|| key.to_owned())), true);
    }
    let external = casts::flag(file, &entry.value, &section.at("external"));
    if !external {
        return (name, false);
    }
    for other in &section.mapping.entries {
        if !matches!(&*other.key, "name" | "external") && !other.key.starts_with("x-") {
            let message = format!(
                "`{}` of `{}` has no meaning: it is external, made by somebody else",
                other.key, section.path
            );
            // Compose refuses it in a volume and passes over it in a network.
            let diagnostic = if section.path.starts_with("networks.") {
                file.decoder.warning(other.key_span, message)
            } else {
                file.decoder.error(other.key_span, message)
            };
            diagnostic.help = Some("keep `external` and `name` only".to_owned());
        }
    }
    (Some(name.unwrap_or_else(|| key.to_owned())), true)
}

fn ipam(file: &mut File<'_>, node: &Node, path: &str) -> Ipam {
    let Some(section) = Section::open(file, node, path, &IPAM) else {
        return Ipam::default();
    };
    let subnets = section.read(file, "config", |file, node, path| {
        let items = file.decoder.sequence(node, path).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| subnet(file, item, path))
            .collect()
    });
    Ipam {
        driver: section
            .read(file, "driver", casts::string)
            .filter(|driver| driver != DEFAULT_IPAM),
        options: section.read(file, "options", pairs::options),
        subnets,
    }
}

fn subnet(file: &mut File<'_>, item: &Node, path: &str) -> Option<Subnet> {
    let section = Section::open(file, item, path, &SUBNET)?;
    Some(Subnet {
        subnet: section.read(file, "subnet", range),
        gateway: section.read(file, "gateway", address),
        ip_range: section.read(file, "ip_range", range),
        aux_addresses: section.read(file, "aux_addresses", pairs::options),
    })
}

fn address(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    if text.parse::<IpAddr>().is_err() {
        let message = format!("`{path}` is no address: `{text}`");
        file.fault(node.span, message, "write for instance `172.28.0.1`");
        return None;
    }
    Some(text)
}

/// An address with the length of its prefix.
fn range(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    let is_range = text.split_once('/').is_some_and(|(address, bits)| {
        let most = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    });
    if !is_range {
        let message = format!("`{path}` is no range of addresses: `{text}`");
        file.fault(node.span, message, "write for instance `172.28.0.0/16`");
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests;
