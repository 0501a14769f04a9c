//! `networks` and `network_mode` of a service
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#networks>).

use std::collections::BTreeSet;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use super::pairs;
use crate::diagnostic::nearest;
use crate::text::Span;
use crate::workload::model::{Attachment, Network, ServiceNetwork};
use crate::yaml::{Entry, Node, Value};

const ATTACHMENT: Keys = Keys {
    read: &[
        "aliases",
        "ipv4_address",
        "ipv6_address",
        "link_local_ips",
        "mac_address",
        "interface_name",
        "driver_opts",
        "priority",
        "gw_priority",
    ],
    ignored: &[],
    refused: &[],
};

/// The network of a service; without a word about it, the attachment to `default`.
pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> ServiceNetwork {
    let mode = service
        .entry("network_mode")
        .and_then(|entry| network_mode(file, entry, &service.at("network_mode")));
    let mut networks = service.read(file, "networks", attachments);
    match (mode, service.entry("networks")) {
        (Some((_, span)), Some(entry)) if !networks.is_empty() => {
            let place = file.decoder.place(span);
            let message = "`network_mode` and `networks` exclude each other";
            let diagnostic = file.decoder.error(entry.key_span, message);
            diagnostic.related.push((place, "the other one".to_owned()));
            diagnostic.help = Some("keep one of the two".to_owned());
            ServiceNetwork::Networks(networks)
        }
        (Some((mode, _)), _) => {
            if let Some(entry) = service.entry("mac_address") {
                let message =
                    "`mac_address` has no effect: `network_mode` leaves no network to join";
                file.decoder.warning(entry.key_span, message);
            }
            mode
        }
        (None, _) => {
            if networks.is_empty() {
                networks.push(Attachment {
                    network: "default".to_owned(),
                    ..Attachment::default()
                });
            }
            service_mac(file, service, networks.first_mut());
            ServiceNetwork::Networks(networks)
        }
    }
}

/// `mac_address` of the service belongs to its first network.
fn service_mac(file: &mut File<'_>, service: &Section<'_>, first: Option<&mut Attachment>) {
    let given = service.read(file, "mac_address", mac);
    let (Some(given), Some(first), Some(entry)) = (given, first, service.entry("mac_address"))
    else {
        return;
    };
    let own = first.mac_address.get_or_insert_with(|| given.clone());
    if *own != given {
        let message = format!(
            "`mac_address` differs from that of the network `{}`",
            first.network
        );
        file.fault(entry.key_span, message, "keep one of the two");
    }
}

/// Six bytes in hexadecimal, separated by `:` or `-`.
fn mac(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    let bytes: Vec<&str> = text.split([':', '-']).collect();
    let is_byte = |byte: &&str| byte.len() == 2 && byte.chars().all(|c| c.is_ascii_hexdigit());
    if bytes.len() == 6 && bytes.iter().all(is_byte) {
        return Some(text);
    }
    let message = format!("`{path}` is no hardware address: `{text}`");
    file.fault(node.span, message, "write for instance `02:42:ac:11:00:02`");
    None
}

fn network_mode(file: &mut File<'_>, entry: &Entry, path: &str) -> Option<(ServiceNetwork, Span)> {
    let text = casts::string(file, &entry.value, path)?;
    let span = entry.value.span;
    let mode = match text.split_once(':') {
        None => match text.as_str() {
            "host" => ServiceNetwork::Host,
            "none" => ServiceNetwork::None,
            "bridge" | "default" => ServiceNetwork::Bridge,
            name => by_name(file, span, name),
        },
        Some(("service", name)) => {
            if !file.has_service(span, name) {
                return None;
            }
            ServiceNetwork::Service(name.to_owned())
        }
        Some(("container", name)) if !name.is_empty() => ServiceNetwork::Container(name.to_owned()),
        Some(_) => {
            let help = "write `service:<name>` or `container:<name>`";
            file.fault(span, format!("`{path}` is `{text}`"), help);
            return None;
        }
    };
    Some((mode, span))
}

/// Any other word names a network of the engine, which is there already.
fn by_name(file: &mut File<'_>, span: Span, name: &str) -> ServiceNetwork {
    let help = match nearest(name, ["host", "none", "bridge"]) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if file.declared.networks.contains_key(name) => Some(format!(
            "write `networks: [{name}]` for the network of this file"
        )),
        None => None,
    };
    if help.is_some() {
        let message = format!("`network_mode` means the engine's own network `{name}`");
        file.decoder.warning(span, message).help = help;
    }
    let network = format!("{name} (network_mode)");
    let external = Network {
        name: Some(name.to_owned()),
        external: true,
        ..Network::default()
    };
    file.declared.networks.insert(network.clone(), external);
    ServiceNetwork::Networks(vec![Attachment {
        network,
        ..Attachment::default()
    }])
}

/// Attachments by falling priority, then by name, as Compose orders them.
fn attachments(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Attachment> {
    let mut found: Vec<(i64, Attachment)> = Vec::new();
    let mut seen = BTreeSet::new();
    match &node.value {
        Value::Sequence(items) => {
            for item in items {
                if let Some(name) = file.decoder.string(item, path)
                    && let Some(network) = declared(file, item.span, &name)
                {
                    if !seen.insert(network.clone()) {
                        let message = format!("`{path}` names `{network}` twice");
                        file.fault(item.span, message, "drop one of the two");
                        continue;
                    }
                    let attachment = Attachment {
                        network,
                        ..Attachment::default()
                    };
                    found.push((0, attachment));
                }
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                if let Some(network) = declared(file, entry.key_span, &entry.key) {
                    found.push(attachment(file, entry, network, path));
                }
            }
        }
        Value::Scalar(_) => {
            let what = "a list of networks or a mapping";
            file.decoder.wrong_type(node, path, what);
        }
    }
    found.sort_by(|(left, a), (right, b)| right.cmp(left).then(a.network.cmp(&b.network)));
    found
        .into_iter()
        .map(|(_, attachment)| attachment)
        .collect()
}

fn attachment(
    file: &mut File<'_>,
    entry: &Entry,
    network: String,
    path: &str,
) -> (i64, Attachment) {
    let path = format!("{path}.{}", entry.key);
    let mut attachment = Attachment {
        network,
        ..Attachment::default()
    };
    let Some(section) = Section::open(file, &entry.value, &path, &ATTACHMENT) else {
        return (0, attachment);
    };
    attachment.aliases = section.read(file, "aliases", casts::list);
    attachment.ipv4_address = section.read(file, "ipv4_address", address::<std::net::Ipv4Addr>);
    attachment.ipv6_address = section.read(file, "ipv6_address", address::<std::net::Ipv6Addr>);
    attachment.link_local_ips = section.read(file, "link_local_ips", casts::list);
    attachment.mac_address = section.read(file, "mac_address", mac);
    attachment.interface_name = section.read(file, "interface_name", casts::string);
    attachment.gateway_priority = section.read(file, "gw_priority", |file, node, path| {
        casts::integer(file, node, path, i64::MIN)
    });
    attachment.driver_options = section.read(file, "driver_opts", pairs::options);
    let priority = section.read(file, "priority", |file, node, path| {
        casts::integer(file, node, path, i64::MIN)
    });
    (priority.unwrap_or_default(), attachment)
}

fn address<A: std::str::FromStr>(file: &mut File<'_>, node: &Node, path: &str) -> Option<String> {
    let text = casts::string(file, node, path)?;
    if text.parse::<A>().is_err() {
        let message = format!("`{path}` is no such address: `{text}`");
        let help = "write an address of the network, such as `172.28.0.5` or `fd00::5`";
        file.fault(node.span, message, help);
        return None;
    }
    Some(text)
}

/// `default` exists without being declared.
fn declared(file: &mut File<'_>, span: Span, name: &str) -> Option<String> {
    if name == "default" || file.declared.networks.contains_key(name) {
        return Some(name.to_owned());
    }
    let mut known: Vec<String> = file.declared.networks.keys().cloned().collect();
    known.push("default".to_owned());
    file.undeclared(span, "network", name, known.iter());
    None
}

#[cfg(test)]
mod tests;
