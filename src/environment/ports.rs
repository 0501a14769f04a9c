//! Host ports are looked at before anything is made: a busy one is named with its holder.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use super::failure::{Failure, Kind};
use crate::engine::Engine;
use crate::plan::identity::{self, Identity};
use crate::plan::observed::{Observed, State};
use crate::plan::{Action, DesiredContainer, Plan};
use crate::workload::model::{Port, Protocol};

/// A host port that a container to be started wants.
struct Wanted<'a> {
    container: &'a DesiredContainer,
    address: SocketAddr,
    protocol: Protocol,
}

/// Fails when a port that `plan` needs is held by somebody else.
///
/// # Errors
/// Every busy port with who holds it.
pub(super) async fn check(
    plan: &Plan,
    containers: &[&DesiredContainer],
    observed: &Observed,
    engine: &Engine,
    identity: &Identity,
) -> Result<(), Failure> {
    let orphan = |name: &str| {
        let own = observed.containers.get(name);
        own.is_some_and(|found| identity.owns(&found.labels))
            && !containers.iter().any(|one| one.spec.name == name)
    };
    let mut busy = Vec::new();
    for wanted in wanted(plan, containers) {
        if held_by_own(&wanted, plan, observed, identity) || is_free(&wanted) {
            continue;
        }
        let holder = holder(&wanted, engine, &orphan).await;
        if is_engine_process(&holder) && comes_to_own(&wanted, observed, engine).await {
            continue;
        }
        let service = &wanted.container.service;
        let place = &wanted.container.place;
        busy.push(format!(
            "port {} on {} (wanted by `{service}`, {place}) is held by {holder}",
            wanted.address.port(),
            wanted.address.ip(),
        ));
    }
    let message = match busy.as_slice() {
        [] => return Ok(()),
        [one] => super::step_failure::capitalised(one),
        several => format!("{} ports are taken: {}", several.len(), several.join("; ")),
    };
    Err(Failure::new(Kind::Failed, message)
        .hint("stop what holds it, or give the service another port; nothing was changed"))
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
                let address = address(port)?;
                let protocol = port.protocol;
                Some(Wanted {
                    container,
                    address,
                    protocol,
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
    let outcome = match wanted.protocol {
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

fn is_engine_process(holder: &str) -> bool {
    ["docker-proxy", "dockerd", "conmon", "podman"]
        .iter()
        .any(|name| holder.ends_with(&format!("({name})")))
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

async fn holder(wanted: &Wanted<'_>, engine: &Engine, orphan: &dyn Fn(&str) -> bool) -> String {
    let port = wanted.address.port();
    if let Ok(Some(container)) = engine.port_holder(port).await {
        return match orphan(&container) {
            true => format!(
                "container `{container}`, which no file describes any more \
                             (--remove-orphans removes it)"
            ),
            false => format!("container `{container}`"),
        };
    }
    match process(port) {
        Some((pid, name)) => format!("process {pid} ({name})"),
        None => "another process".to_owned(),
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
