//! Where the ports of a container are published: as settings say, or by a rule that needs none.

use std::collections::BTreeMap;

use super::service::{Folder, Publish};
use crate::environment::{Failure, Kind};
use crate::settings::{Decider, Origin, Value, variable};
use crate::workload::model::{ExposedPort, Port, Protocol, PublishedPort};

/// Ports below need privileges on the host.
const PRIVILEGED: u16 = 1024;
/// What is added to those: 80 is published on 8080, 443 on 8443.
const RAISE: u16 = 8000;

/// What says where `folder` is published, `--port` before its variable; nothing does by default.
#[must_use]
pub fn said(folder: &Folder, flag: Option<u16>) -> Option<Value<Publish>> {
    let flag = flag.map(|port| Value::new(Publish::On(port), Origin::Flag("--port")));
    flag.or_else(|| folder.publish.clone())
}

/// What gives `folder` another port.
#[must_use]
pub fn decider(folder: &Folder, flag: Option<u16>) -> Decider {
    Decider {
        variable: variable(&folder.name, "PORT"),
        origin: said(folder, flag).map_or(Origin::Default, |said| said.origin),
    }
}

/// The published ports of `folder`, whose image exposes `exposed`; `flag` is `--port`.
///
/// # Errors
/// A port is wished for, and the image exposes none.
pub fn published(
    folder: &Folder,
    exposed: &[ExposedPort],
    flag: Option<u16>,
) -> Result<Vec<Port>, Failure> {
    let tcp = exposed.iter().filter(|one| one.protocol == Protocol::Tcp);
    let tcp: Vec<u16> = tcp.map(|one| one.port).collect();
    match said(folder, flag).map(|said| said.value) {
        Some(Publish::Nowhere) => Ok(Vec::new()),
        Some(Publish::On(port)) => match first(folder, &tcp) {
            Some(target) => Ok(vec![binding(port, target)]),
            None => Err(exposes_nothing(folder, port)),
        },
        None => Ok(tcp
            .iter()
            .map(|port| binding(usual(*port), *port))
            .collect()),
    }
}

fn exposes_nothing(folder: &Folder, port: u16) -> Failure {
    let (name, place) = (&folder.name, &folder.place);
    let message = format!("`{name}` cannot be published on {port}: its image exposes no port");
    Failure::new(Kind::Configuration, message).hint(format!(
        "write `EXPOSE` with the port it listens on: {place}"
    ))
}

/// Where a port is published that nothing is said of.
fn usual(port: u16) -> u16 {
    match port < PRIVILEGED {
        true => port + RAISE,
        false => port,
    }
}

fn binding(host: u16, target: u16) -> Port {
    Port {
        host_ip: None,
        published: Some(PublishedPort {
            first: host,
            last: host,
        }),
        target,
        protocol: Protocol::Tcp,
    }
}

/// The first port of the Dockerfile that the image exposes; else the lowest one.
fn first(folder: &Folder, exposed: &[u16]) -> Option<u16> {
    let text = std::fs::read_to_string(&folder.dockerfile).unwrap_or_default();
    let mut written = written(&text).into_iter();
    let written = written.find(|port| exposed.contains(port));
    written.or(exposed.first().copied())
}

/// The numbers behind `EXPOSE`, in their order.
fn written(dockerfile: &str) -> Vec<u16> {
    let lines = dockerfile.lines().filter_map(|line| {
        let (word, rest) = line.trim().split_once(char::is_whitespace)?;
        word.eq_ignore_ascii_case("expose").then_some(rest)
    });
    let ports = lines.flat_map(str::split_whitespace);
    let ports = ports.filter_map(|port| port.split('/').next()?.parse().ok());
    ports.collect()
}

/// Refuses two services on one port of the host.
///
/// # Errors
/// Both are named.
pub fn check(ports: &BTreeMap<String, Vec<Port>>) -> Result<(), Failure> {
    let mut taken: BTreeMap<u16, &str> = BTreeMap::new();
    for (service, ports) in ports {
        let ports = ports.iter().filter_map(|port| port.published);
        for port in ports.map(|range| range.first) {
            let Some(other) = taken.insert(port, service) else {
                continue;
            };
            let variable = variable(service, "PORT");
            let message = format!("`{other}` and `{service}` would both be published on {port}");
            return Err(Failure::new(Kind::Configuration, message)
                .hint(format!(
                    "write {variable}={} into .env",
                    port.saturating_add(1)
                ))
                .hint("`none` instead of a port publishes nothing"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
