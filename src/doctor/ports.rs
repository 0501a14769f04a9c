//! The host ports that environments publish, with who holds them.

use std::collections::BTreeSet;

use super::Check;
use crate::engine::EngineKind;
use crate::environment::ports::{Holder, PublishedPort, engine_of};

const GROUP: &str = "ports";

/// Who the containers of the project belong to.
#[derive(Default)]
pub(super) struct Owners {
    /// Of the environment itself.
    pub own: BTreeSet<String>,
    /// Of other environments of the project.
    pub siblings: BTreeSet<String>,
    /// What stops a container: `docker` or `podman`.
    pub program: &'static str,
}

pub(super) fn port(environment: &str, port: &PublishedPort, owners: &Owners) -> Check {
    let name = format!("{environment}: {}", port.service);
    let address = port.address;
    let program = owners.program;
    let told = |what: String| Check::ok(GROUP, name.clone(), format!("{address} {what}"));
    match &port.holder {
        None => told("is free".to_owned()),
        Some(Holder::Container(holder)) if owners.own.contains(holder) => {
            told(format!("is held by its own container {holder}"))
        }
        Some(holder @ Holder::Container(other)) if owners.siblings.contains(other) => told(
            format!("is held by {holder} of another environment: one of the two can run"),
        )
        .warning(format!("{program} stop {other}")),
        Some(holder @ Holder::Container(other)) => {
            told(format!("is held by {holder}")).error(format!("{program} stop {other}"))
        }
        Some(holder @ Holder::Process { name, .. }) => {
            let numbers = (address.port(), port.next);
            let fix = match engine_of(name) {
                Some(engine) => containers_at(engine, address.port()),
                None => port.origin.repair(environment, numbers),
            };
            told(format!("is held by {holder}")).error(fix)
        }
        Some(holder @ Holder::Unknown) => {
            let number = address.port();
            told(format!("is held by {holder}")).error(format!(
                "sudo ss --listening --processes --numeric 'sport = :{number}'"
            ))
        }
    }
}

/// Shows which container an engine publishes there: to end its process would break the container.
fn containers_at(engine: EngineKind, port: u16) -> String {
    match engine {
        EngineKind::Docker => format!("docker ps --filter publish={port}"),
        // It knows no such filter.
        EngineKind::Podman => {
            format!("podman ps --format '{{{{.Names}}}} {{{{.Ports}}}}' | grep ':{port}->'")
        }
    }
}
