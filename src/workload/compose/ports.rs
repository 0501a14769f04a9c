//! `ports` and `expose`
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#ports>).

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use crate::text::Span;
use crate::workload::model::{ExposedPort, Port, Protocol, PublishedPort};
use crate::yaml::{Node, Value};

const LONG: Keys = Keys {
    read: &["target", "published", "host_ip", "protocol"],
    ignored: &[
        ("mode", "one engine publishes on its own host only"),
        ("name", "it only documents the port"),
        ("app_protocol", "it only documents the port"),
    ],
    refused: &[],
};

/// A published port with the place it is written at.
pub(super) type Published = (Port, Span);

/// Every published port, each once; equally long ranges are taken apart.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Published> {
    let Some(items) = file.decoder.sequence(node, path) else {
        return Vec::new();
    };
    let mut published = Vec::new();
    let mut seen = HashSet::new();
    for item in items {
        let ports = match &item.value {
            Value::Mapping(_) => long(file, item, path),
            _ => short(file, item, path),
        };
        if !file.take_ports(item.span, ports.len()) {
            break;
        }
        let fresh = ports.into_iter().filter(|port| seen.insert(port.clone()));
        published.extend(fresh.map(|port| (port, item.span)));
    }
    published
}

fn short(file: &mut File<'_>, item: &Node, path: &str) -> Vec<Port> {
    let Some(text) = file.decoder.text(item, path) else {
        return Vec::new();
    };
    match parse(&text) {
        Ok(ports) => {
            if text.starts_with(':') {
                let message = format!("`{text}` publishes a random port of the host");
                file.decoder.warning(item.span, message).help = Some(
                    "write a host port before the colon, or the container's port alone".into(),
                );
            }
            ports
        }
        Err(reason) => {
            let message = format!("`{text}` is no port: {reason}");
            let help = "write `[[address:]host port:]container port[/protocol]`, \
                        for instance \"8080:80\"";
            file.fault(item.span, message, help);
            Vec::new()
        }
    }
}

fn long(file: &mut File<'_>, item: &Node, path: &str) -> Vec<Port> {
    let ports = Section::open(file, item, path, &LONG).and_then(|section| {
        section.required(file, item, "target", "the container's port")?;
        let target = section.read(file, "target", single);
        let published = section.read(file, "published", |file, node, path| {
            let empty = node
                .as_scalar()
                .is_some_and(|scalar| scalar.text.is_empty());
            if empty { None } else { port(file, node, path) }
        });
        let host_ip = section.read(file, "host_ip", |file, node, path| {
            casts::parsed(file, node, path, address)
        });
        let protocol = section.read(file, "protocol", |file, node, path| {
            casts::parsed(file, node, path, protocol)
        });
        let pair = pair(
            host_ip.flatten(),
            published,
            &target?,
            protocol.unwrap_or_default(),
        );
        match pair {
            Ok(ports) => Some(ports),
            Err(reason) => {
                let message = format!("A port of `{path}` is wrong: {reason}");
                file.decoder.error(item.span, message);
                None
            }
        }
    });
    ports.unwrap_or_default()
}

fn port(file: &mut File<'_>, node: &Node, path: &str) -> Option<RangeInclusive<u16>> {
    casts::parsed(file, node, path, range)
}

/// One port: the long form has no ranges in the container.
fn single(file: &mut File<'_>, node: &Node, path: &str) -> Option<RangeInclusive<u16>> {
    casts::parsed(file, node, path, |text| match number(text) {
        Ok(port) => Ok(port..=port),
        Err(_) if range(text).is_ok() => Err(format!(
            "`{text}` is a range; write each port, or `{text}:{text}` as a string"
        )),
        Err(reason) => Err(reason),
    })
}

/// `[[ip:][published]:]target[/protocol]`, each port also as a range `first-last`.
fn parse(text: &str) -> Result<Vec<Port>, String> {
    let (ports, protocol_text) = match text.rsplit_once('/') {
        Some((ports, protocol)) => (ports, protocol),
        None => (text, "tcp"),
    };
    let protocol = protocol(protocol_text)?;
    let (front, target) = match ports.rsplit_once(':') {
        Some((front, target)) => (Some(front), target),
        None => (None, ports),
    };
    let target = range(target)?;
    let (ip, published) = match front.map(|front| front.rsplit_once(':').unwrap_or(("", front))) {
        None => (None, None),
        Some((ip, published)) if published.ends_with(']') => {
            let hint = format!("`{ip}:{published}` is an address without a host port");
            return Err(hint);
        }
        Some((ip, _)) if ip.parse::<Ipv6Addr>().is_ok() => {
            return Err(format!("an IPv6 address stands in brackets: `[{ip}]`"));
        }
        Some((ip, "")) => (address(ip)?, None),
        Some((ip, published)) => (address(ip)?, Some(range(published)?)),
    };
    pair(ip, published, &target, protocol)
}

fn pair(
    host_ip: Option<IpAddr>,
    published: Option<RangeInclusive<u16>>,
    target: &RangeInclusive<u16>,
    protocol: Protocol,
) -> Result<Vec<Port>, String> {
    if *target.start() == 0 {
        return Err("the container's port is 0".to_owned());
    }
    let port = |published, target| Port {
        host_ip,
        published,
        target,
        protocol,
    };
    let targets = target.clone();
    let published = published.filter(|range| *range != (0..=0));
    let Some(published) = published else {
        return Ok(targets.map(|target| port(None, target)).collect());
    };
    if published.len() == targets.len() {
        let single = |first| Some(PublishedPort { first, last: first });
        let pairs = published.zip(targets);
        return Ok(pairs
            .map(|(host, target)| port(single(host), target))
            .collect());
    }
    if targets.len() == 1 {
        let (first, last) = (*published.start(), *published.end());
        let any = Some(PublishedPort { first, last });
        return Ok(targets.map(|target| port(any, target)).collect());
    }
    let (host, container) = (published.len(), targets.len());
    Err(format!("{host} host ports for {container} container ports"))
}

fn range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("the range `{text}` runs backwards"));
    }
    Ok(first..=last)
}

fn number(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("a port is missing".to_owned());
    }
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!("`{text}` is not a number"));
    }
    text.parse()
        .map_err(|_| format!("{text} is above 65535, the highest port"))
}

fn address(text: &str) -> Result<Option<IpAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = inner.parse();
    address
        .map(Some)
        .map_err(|_| format!("`{text}` is not an IP address"))
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err(format!("unknown protocol `{text}`; write tcp, udp or sctp")),
    }
}

/// `expose`: ports or ranges with an optional protocol.
pub(super) fn exposed(file: &mut File<'_>, node: &Node, path: &str) -> Vec<ExposedPort> {
    let Some(items) = file.decoder.sequence(node, path) else {
        return Vec::new();
    };
    let mut exposed = Vec::new();
    for item in items {
        let Some(text) = file.decoder.text(item, path) else {
            continue;
        };
        let (ports, protocol_text) = text.split_once('/').unwrap_or((&text, "tcp"));
        match range(ports).and_then(|range| Ok((range, protocol(protocol_text)?))) {
            Ok((range, protocol)) => {
                if !file.take_ports(item.span, range.len()) {
                    break;
                }
                exposed.extend(range.map(|port| ExposedPort { port, protocol }));
            }
            Err(reason) => {
                let message = format!("`{text}` is no port: {reason}");
                file.fault(
                    item.span,
                    message,
                    "write a port or a range, for instance \"3000\" or \"8000-8010/udp\"",
                );
            }
        }
    }
    exposed
}

#[cfg(test)]
mod tests;
