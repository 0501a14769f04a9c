//! `ports` of a container
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::file::{File, Object};
use super::{keys, names};
use crate::text::Span;
use crate::workload::model::{Port, Protocol, PublishedPort};

const PORTS: std::ops::RangeInclusive<i64> = 1..=65_535;

/// The ports of one pod: published ones, and those that have a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Ports {
    pub published: Vec<Port>,
    /// Container and name → port.
    pub named: BTreeMap<(String, String), u16>,
    seen: BTreeMap<(u16, Protocol, Option<IpAddr>), Span>,
}

/// How the pod has its network, as far as its ports go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub on_host: bool,
    /// Pods of the same object.
    pub copies: u32,
}

/// Reads the ports of `container`, which is called `name`, into those of its pod.
pub(super) fn read(
    file: &mut File<'_>,
    container: &Object<'_>,
    name: &str,
    network: Network,
    ports: &mut Ports,
) {
    for port in container.children(file, "ports", &keys::PORT) {
        port.required(
            file,
            "containerPort",
            "the port that the container listens on",
        );
        let target = number(file, &port, "containerPort");
        let host = number(file, &port, "hostPort");
        let words = [
            ("TCP", Protocol::Tcp),
            ("UDP", Protocol::Udp),
            ("SCTP", Protocol::Sctp),
        ];
        let protocol = port.word(file, "protocol", &words).unwrap_or_default();
        let host_ip = address(file, &port);
        if port.entry("name").is_some()
            && let Some((label, span)) = names::label(file, &port, "name")
            && let Some(target) = target
            && ports
                .named
                .insert((name.to_owned(), label.clone()), target)
                .is_some()
        {
            let message = format!("Two ports of container `{name}` are called `{label}`");
            file.fault(span, message, "rename one of them");
        }
        if let (Some(target), Some(host)) = (target, host) {
            let published = Port {
                host_ip,
                published: Some(PublishedPort {
                    first: host,
                    last: host,
                }),
                target,
                protocol,
            };
            publish(file, (&port, host), published, network, ports);
        }
    }
}

/// Publishes a port on `host`, unless the pod cannot.
fn publish(
    file: &mut File<'_>,
    (written, host): (&Object<'_>, u16),
    port: Port,
    network: Network,
    ports: &mut Ports,
) {
    let span = written.place_of("hostPort");
    let target = port.target;
    if network.on_host {
        if host != target {
            let message = format!("In the network of the host, port {target} is port {target}");
            let help = format!("write `hostPort: {target}`, or leave it out");
            file.fault(span, message, help);
        }
    } else if network.copies > 1 {
        let message = format!("{} pods cannot all publish port {host}", network.copies);
        file.fault(span, message, "leave `hostPort` out, or make one pod");
    } else if let Some(first) = ports.seen.insert((host, port.protocol, port.host_ip), span) {
        let message = format!("Port {host} is published twice");
        file.contradiction(
            span,
            message,
            (first, "the first time"),
            "take another port",
        );
    } else {
        ports.published.push(port);
    }
}

fn number(file: &mut File<'_>, port: &Object<'_>, key: &str) -> Option<u16> {
    // Kubernetes takes 0 for no host port at all.
    let written = port.entry(key).and_then(|entry| entry.value.as_scalar());
    if key == "hostPort" && written.is_some_and(|value| &*value.text == "0") {
        return None;
    }
    let number = port.integer(file, key, PORTS)?;
    u16::try_from(number).ok()
}

fn address(file: &mut File<'_>, port: &Object<'_>) -> Option<IpAddr> {
    let text = port
        .string(file, "hostIP")
        .filter(|text| !text.is_empty())?;
    let parsed = text.parse();
    if parsed.is_err() {
        let message = format!("`{text}` is no IP address");
        file.fault(
            port.place_of("hostIP"),
            message,
            "write for instance `127.0.0.1`",
        );
    }
    parsed.ok()
}
