//! Host ports are looked at before anything is made: a busy one is named with its holder.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use super::failure::{Failure, Kind};
use super::port_origin::{Origin, origin};
use super::prepare::Prepared;
use crate::engine::{Engine, EngineKind};
use crate::plan::identity::{self, Identity};
use crate::plan::observed::{Observed, State};
use crate::plan::{Action, DesiredContainer, Plan};
use crate::workload::model::{Port, Protocol};

/// A host port that a container to be started wants.
struct Wanted<'a> {
    container: &'a DesiredContainer,
    port: &'a Port,
    address: SocketAddr,
}

/// Fails when a port that `plan` needs is held by somebody else.
///
/// # Errors
/// Every busy port with who holds it.
pub(super) async fn check(
    plan: &Plan,
    prepared: &Prepared,
    observed: &Observed,
    engine: &Engine,
) -> Result<(), Failure> {
    let identity = &prepared.identity;
    let containers: Vec<&DesiredContainer> = prepared.desired.containers().collect();
    let orphan = |name: &str| {
        let own = observed.containers.get(name);
        own.is_some_and(|found| identity.owns(&found.labels))
            && !containers.iter().any(|one| one.spec.name == name)
    };
    let mut busy = Vec::new();
    let mut advice = Vec::new();
    for wanted in wanted(plan, &containers) {
        if held_by_own(&wanted, plan, observed, identity) || is_free(&wanted) {
            continue;
        }
        let found = find_holder(wanted.address.port(), Some(engine)).await;
        let name = &wanted.container.spec.name;
        // A start whose client was killed has reached it since everything was looked at.
        if found == Holder::Container(name.clone()) && observed.containers.contains_key(name) {
            continue;
        }
        let is_engine = matches!(&found, Holder::Process { name, .. } if engine_of(name).is_some());
        if is_engine && comes_to_own(&wanted, observed, engine).await {
            continue;
        }
        let holder = told(found, &orphan);
        advice.push(
            origin(prepared, wanted.container, wanted.port).advice(identity.environment.as_str()),
        );
        let service = &wanted.container.service;
        let place = &wanted.container.place;
        let place = match place.source.text.as_str() {
            // Not all that is published is written in a file.
            "" => String::new(),
            _ => format!(", {place}"),
        };
        busy.push(format!(
            "port {} on {} (wanted by `{service}`{place}) is held by {holder}",
            wanted.address.port(),
            wanted.address.ip(),
        ));
    }
    let message = match busy.as_slice() {
        [] => return Ok(()),
        [one] => super::step_failure::capitalised(one),
        several => format!("{} ports are taken: {}", several.len(), several.join("; ")),
    };
    Err(Failure::new(Kind::Failed, message).hint(format!(
        "stop what holds it, or {}; nothing was changed",
        advice.join("; ")
    )))
}

fn wanted<'a>(plan: &Plan, containers: &[&'a DesiredContainer]) -> Vec<Wanted<'a>> {
    let starts = |name: &str| {
        let mut actions = plan.steps.iter().map(|step| &step.action);
        actions.any(|action| matches!(action, Action::StartContainer(started) if started == name))
    };
    let started = containers
        .iter()
        .filter(|container| starts(&container.spec.name));
    started
        .flat_map(|container| {
            let ports = container.spec.process.ports.iter();
            ports.filter_map(|port| {
                Some(Wanted {
                    container,
                    port,
                    address: address(port)?,
                })
            })
        })
        .collect()
}

/// A range is left to the engine, which takes what is free in it.
fn address(port: &Port) -> Option<SocketAddr> {
    let published = port.published.filter(|range| range.first == range.last)?;
    let ip = port.host_ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Some(SocketAddr::new(ip, published.first))
}

/// Whether the port is held by a container of this environment that the plan stops first.
fn held_by_own(wanted: &Wanted<'_>, plan: &Plan, observed: &Observed, identity: &Identity) -> bool {
    let removed = |name: &str| {
        let mut actions = plan.steps.iter().map(|step| &step.action);
        actions.any(
            |action| matches!(action, Action::RemoveContainer { name: one, .. } if one == name),
        )
    };
    observed.containers.values().any(|container| {
        let own = identity.owns(&container.labels);
        let service = container.labels.get(identity::SERVICE);
        let makes_way = service == Some(&wanted.container.service) || removed(&container.name);
        own && makes_way
            && matches!(
                container.state,
                State::Running | State::Restarting | State::Paused
            )
            && container
                .ports
                .iter()
                .any(|(_, host, _, _)| *host == wanted.address.port())
    })
}

fn is_free(wanted: &Wanted<'_>) -> bool {
    let outcome = match wanted.port.protocol {
        Protocol::Tcp => TcpListener::bind(wanted.address).map(drop),
        Protocol::Udp => UdpSocket::bind(wanted.address).map(drop),
        Protocol::Sctp => return true,
    };
    match outcome {
        Ok(()) => true,
        // An address this machine lacks, or a port for root only: the engine knows better.
        Err(error) => error.kind() != std::io::ErrorKind::AddrInUse,
    }
}

/// How long an engine may take to finish a start whose client was killed.
const ENGINE_AT_WORK: Duration = Duration::from_secs(10);

/// The engine that holds a port for a container with a process of this name.
#[must_use]
pub fn engine_of(process: &str) -> Option<EngineKind> {
    match process {
        "docker-proxy" | "dockerd" | "rootlesskit" => Some(EngineKind::Docker),
        "conmon" | "podman" | "rootlessport" | "slirp4netns" | "pasta" => Some(EngineKind::Podman),
        _ => None,
    }
}

/// Whether a port that the engine holds for no running container turns out to be our own: an
/// engine goes on with a start whose client was killed.
async fn comes_to_own(wanted: &Wanted<'_>, observed: &Observed, engine: &Engine) -> bool {
    let name = &wanted.container.spec.name;
    if !observed.containers.contains_key(name) {
        return false;
    }
    let end = Instant::now() + ENGINE_AT_WORK;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let found = engine.find_by_name(name).await;
        let runs = found.is_ok_and(|found| found.is_some_and(|one| one.state == State::Running));
        if runs || is_free(wanted) {
            return true;
        }
    }
    false
}

fn told(holder: Holder, orphan: &dyn Fn(&str) -> bool) -> String {
    match holder {
        Holder::Container(name) if orphan(&name) => format!(
            "container `{name}`, which no file describes any more (--remove-orphans removes it)"
        ),
        holder => holder.to_string(),
    }
}

/// Who holds a host port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The container of this name.
    Container(String),
    Process {
        id: u32,
        name: String,
    },
    /// A process of another user.
    Unknown,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container(name) => write!(f, "container `{name}`"),
            Self::Process { id, name } => write!(f, "process {id} ({name})"),
            Self::Unknown => f.write_str("another process"),
        }
    }
}

/// A host port that an environment publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    pub service: String,
    pub address: SocketAddr,
    /// `None` when it is free.
    pub holder: Option<Holder>,
    pub origin: Origin,
    /// The next number that is free.
    pub next: u16,
}

/// The host ports of the database and the deployment with their holders, each port once; without an
/// engine only processes are seen. What is `taken` by others is not offered.
pub async fn published(
    prepared: &Prepared,
    engine: Option<&Engine>,
    taken: &BTreeSet<u16>,
) -> Vec<PublishedPort> {
    let mut found: Vec<PublishedPort> = Vec::new();
    let database = prepared.desired.database.iter();
    for container in database.chain(&prepared.desired.deployment) {
        for port in &container.spec.process.ports {
            let Some(address) = address(port) else {
                continue;
            };
            if found.iter().any(|one| one.address == address) {
                continue;
            }
            let wanted = Wanted {
                container,
                port,
                address,
            };
            let holder = match is_free(&wanted) {
                true => None,
                false => Some(find_holder(address.port(), engine).await),
            };
            found.push(PublishedPort {
                service: container.service.clone(),
                address,
                origin: origin(prepared, container, port),
                next: match holder {
                    Some(_) => next_free(&wanted, taken),
                    None => address.port(),
                },
                holder,
            });
        }
    }
    found
}

fn next_free(wanted: &Wanted<'_>, taken: &BTreeSet<u16>) -> u16 {
    let port = wanted.address.port();
    let mut behind = (port..=u16::MAX).skip(1).chain(1024..port);
    let free = behind.find(|number| {
        let address = SocketAddr::new(wanted.address.ip(), *number);
        !taken.contains(number) && is_free(&Wanted { address, ..*wanted })
    });
    free.unwrap_or(port)
}

async fn find_holder(port: u16, engine: Option<&Engine>) -> Holder {
    if let Some(engine) = engine
        && let Ok(Some(container)) = engine.port_holder(port).await
    {
        return Holder::Container(container);
    }
    match process(port) {
        Some((id, name)) => Holder::Process { id, name },
        None => Holder::Unknown,
    }
}

/// The process that listens on a TCP port, where `/proc` lets us see it.
fn process(port: u16) -> Option<(u32, String)> {
    let tables = [
        "/proc/net/tcp",
        "/proc/net/tcp6",
        "/proc/net/udp",
        "/proc/net/udp6",
    ];
    let inode = tables.iter().find_map(|table| inode(table, port))?;
    let wanted = format!("socket:[{inode}]");
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let mut files = std::fs::read_dir(entry.path().join("fd")).ok()?.flatten();
            let holds = files.any(|file| {
                std::fs::read_link(file.path()).is_ok_and(|link| link.to_str() == Some(&*wanted))
            });
            let name = std::fs::read_to_string(entry.path().join("comm")).ok();
            holds.then(|| (pid, name.unwrap_or_default().trim().to_owned()))
        })
}

/// The inode of the socket bound to `port`, from a table of
/// [proc_net(5)](https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html).
fn inode(table: &str, port: u16) -> Option<String> {
    let text = std::fs::read_to_string(table).ok()?;
    let suffix = format!(":{port:04X}");
    text.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields.get(1)?;
        let state = fields.get(3)?;
        let listens = *state == "0A" || table.contains("udp");
        (local.ends_with(&suffix) && listens).then(|| fields.get(9).map(ToString::to_string))?
    })
}
