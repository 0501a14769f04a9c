//! Limits of a service: `deploy.resources`, and the older keys beside it
//! (<https://github.com/compose-spec/compose-spec/blob/main/deploy.md>).

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use crate::workload::model::Resources;
use crate::yaml::Node;

const DEPLOY: Keys = Keys {
    read: &["resources", "replicas"],
    ignored: &[
        ("mode", "there is one host"),
        ("labels", "they label the service of a swarm"),
        ("placement", "there is one host"),
        ("update_config", "it exists in a swarm only"),
        ("rollback_config", "it exists in a swarm only"),
        ("endpoint_mode", "it exists in a swarm only"),
    ],
    refused: &[("restart_policy", "write `restart` in the service")],
};
const RESOURCES: Keys = Keys::only(&["limits", "reservations"]);
const LIMITS: Keys = Keys::only(&["cpus", "memory", "pids"]);
const RESERVATIONS: Keys = Keys {
    read: &["memory"],
    ignored: &[("cpus", "one engine reserves no CPUs")],
    refused: &[("devices", ""), ("generic_resources", "")],
};

/// All limits of a service; the two ways to write one must agree.
pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Resources {
    let deployed = service.read(file, "deploy", deploy);
    let old = Resources {
        nano_cpus: service.read(file, "cpus", casts::nano_cpus),
        memory: service.read(file, "mem_limit", casts::bytes),
        memory_reservation: service.read(file, "mem_reservation", casts::bytes),
        memory_swap: service.read(file, "memswap_limit", swap),
        pids: service.read(file, "pids_limit", pids),
    };
    let pairs = [
        ("cpus", "limits.cpus", old.nano_cpus, deployed.nano_cpus),
        ("mem_limit", "limits.memory", old.memory, deployed.memory),
        (
            "mem_reservation",
            "reservations.memory",
            old.memory_reservation,
            deployed.memory_reservation,
        ),
        ("pids_limit", "limits.pids", old.pids, deployed.pids),
    ];
    for (key, deploy_key, old, deployed) in pairs {
        if old.is_some() && deployed.is_some() && old != deployed {
            disagree(file, service, key, deploy_key);
        }
    }
    Resources {
        nano_cpus: deployed.nano_cpus.or(old.nano_cpus),
        memory: deployed.memory.or(old.memory),
        memory_reservation: deployed.memory_reservation.or(old.memory_reservation),
        memory_swap: old.memory_swap,
        pids: deployed.pids.or(old.pids),
    }
}

fn disagree(file: &mut File<'_>, service: &Section<'_>, key: &str, deploy_key: &str) {
    let (Some(entry), Some(deploy)) = (service.entry(key), service.entry("deploy")) else {
        return;
    };
    let place = file.decoder.place(deploy.key_span);
    let message = format!("`{key}` and `deploy.resources.{deploy_key}` differ");
    let diagnostic = file.decoder.error(entry.key_span, message);
    diagnostic
        .related
        .push((place, "the other one is in here".to_owned()));
    diagnostic.help = Some("keep one of the two".to_owned());
}

fn deploy(file: &mut File<'_>, node: &Node, path: &str) -> Resources {
    let Some(section) = Section::open(file, node, path, &DEPLOY) else {
        return Resources::default();
    };
    section.read(file, "resources", |file, node, path| {
        let mut found = Resources::default();
        let Some(section) = Section::open(file, node, path, &RESOURCES) else {
            return found;
        };
        let limits = section.read(file, "limits", |file, node, path| {
            Section::open(file, node, path, &LIMITS)
        });
        if let Some(limits) = limits {
            found.nano_cpus = limits.read(file, "cpus", casts::nano_cpus);
            found.memory = limits.read(file, "memory", casts::bytes);
            found.pids = limits.read(file, "pids", pids);
        }
        let reservations = section.read(file, "reservations", |file, node, path| {
            Section::open(file, node, path, &RESERVATIONS)
        });
        if let Some(reservations) = reservations {
            found.memory_reservation = reservations.read(file, "memory", casts::bytes);
        }
        found
    })
}

/// A size, or `-1` for as much swap as the host has.
fn swap(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    match node.as_scalar() {
        Some(scalar) if &*scalar.text == "-1" => Some(-1),
        _ => casts::bytes(file, node, path),
    }
}

fn pids(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    casts::integer(file, node, path, -1)
}

#[cfg(test)]
mod tests;
