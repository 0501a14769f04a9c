//! `deploy`: limits, devices and restarts, held against the older keys of the service
//! (<https://github.com/compose-spec/compose-spec/blob/main/deploy.md>).

use super::file::{File, Section};
use super::keys::Keys;
use super::{casts, devices, limits, options, pairs};
use crate::workload::model::{DeviceRequest, Resources, Restart};
use crate::yaml::Node;

const DEPLOY: Keys = Keys {
    read: &["resources", "replicas", "restart_policy"],
    ignored: &[
        ("mode", "there is one host"),
        ("labels", "they label the service of a swarm"),
        ("placement", "there is one host"),
        ("update_config", "it exists in a swarm only"),
        ("rollback_config", "it exists in a swarm only"),
        ("endpoint_mode", "it exists in a swarm only"),
    ],
    refused: &[],
};
/// What a swarm alone knows is passed over, but not what is mistyped in it.
const OF_A_SWARM: [(&str, Keys); 3] = [
    ("update_config", UPDATE),
    ("rollback_config", UPDATE),
    (
        "placement",
        Keys::only(&["constraints", "preferences", "max_replicas_per_node"]),
    ),
];
const UPDATE: Keys = Keys::only(&[
    "parallelism",
    "delay",
    "failure_action",
    "monitor",
    "max_failure_ratio",
    "order",
]);
const RESOURCES: Keys = Keys::only(&["limits", "reservations"]);
const LIMITS: Keys = Keys::only(&["cpus", "memory", "pids"]);
const RESERVATIONS: Keys = Keys {
    read: &["memory", "devices"],
    ignored: &[
        ("cpus", "one engine reserves no CPUs"),
        ("generic_resources", "they exist in a swarm only"),
    ],
    refused: &[],
};
const RESTART: Keys = Keys {
    read: &["condition", "max_attempts"],
    ignored: &[
        ("delay", "the engine waits longer before each restart"),
        (
            "window",
            "the engine counts a start as a success after ten seconds",
        ),
    ],
    refused: &[],
};

/// What `deploy` says about the one container of a service.
#[derive(Default)]
pub(super) struct Deploy {
    pub resources: Resources,
    pub devices: Vec<DeviceRequest>,
    pub restart: Option<Restart>,
}

/// All that `deploy` holds, with the older keys of the service for resources and restarts; the
/// two ways to write a limit must agree.
pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Deploy {
    let mut deployed = service.read(file, "deploy", deploy);
    let old = limits::read(file, service);
    let new = &deployed.resources;
    let pairs = [
        ("cpus", "limits.cpus", old.nano_cpus, new.nano_cpus),
        ("mem_limit", "limits.memory", old.memory, new.memory),
        (
            "mem_reservation",
            "reservations.memory",
            old.memory_reservation,
            new.memory_reservation,
        ),
        ("pids_limit", "limits.pids", old.pids, new.pids),
    ];
    for (key, deploy_key, old, new) in pairs {
        if old.is_some() && new.is_some() && old != new {
            disagree(file, service, key, deploy_key);
        }
    }
    deployed.resources = Resources {
        nano_cpus: new.nano_cpus.or(old.nano_cpus),
        memory: new.memory.or(old.memory),
        memory_reservation: new.memory_reservation.or(old.memory_reservation),
        pids: new.pids.or(old.pids),
        ..old
    };
    limits::settle(file, service, &mut deployed.resources);
    deployed
}

/// How the container comes back: `deploy.restart_policy` counts before `restart`, as in Compose.
pub(super) fn restart(
    file: &mut File<'_>,
    service: &Section<'_>,
    deployed: Option<Restart>,
) -> Restart {
    let written = service.read(file, "restart", options::restart);
    let Some(deployed) = deployed else {
        return written;
    };
    if let Some(entry) = service.entry("restart")
        && written != deployed
    {
        let message = "`restart` is ignored: `deploy.restart_policy` counts before it";
        file.decoder.warning(entry.key_span, message).help = Some("keep one of the two".to_owned());
    }
    deployed
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

fn of_a_swarm(file: &mut File<'_>, deploy: &Section<'_>) {
    for (key, keys) in &OF_A_SWARM {
        deploy.read(file, key, |file, node, path| {
            Section::open(file, node, path, keys);
        });
    }
    deploy.read(file, "labels", pairs::map);
}

/// A size that must be written as a string, as Compose has it here.
fn size(file: &mut File<'_>, node: &Node, path: &str) -> Option<i64> {
    file.decoder.string(node, path)?;
    casts::bytes(file, node, path)
}

fn deploy(file: &mut File<'_>, node: &Node, path: &str) -> Deploy {
    let Some(section) = Section::open(file, node, path, &DEPLOY) else {
        return Deploy::default();
    };
    of_a_swarm(file, &section);
    let (resources, devices) = section.read(file, "resources", resources);
    Deploy {
        resources,
        devices,
        restart: section.read(file, "restart_policy", restart_policy),
    }
}

fn resources(file: &mut File<'_>, node: &Node, path: &str) -> (Resources, Vec<DeviceRequest>) {
    let (mut found, mut devices) = (Resources::default(), Vec::new());
    let Some(section) = Section::open(file, node, path, &RESOURCES) else {
        return (found, devices);
    };
    let limits = section.read(file, "limits", |file, node, path| {
        Section::open(file, node, path, &LIMITS)
    });
    if let Some(limits) = limits {
        found.nano_cpus = limits.read(file, "cpus", casts::nano_cpus);
        found.memory = limits.read(file, "memory", size);
        found.pids = limits.read(file, "pids", limits::pids);
    }
    let reservations = section.read(file, "reservations", |file, node, path| {
        Section::open(file, node, path, &RESERVATIONS)
    });
    if let Some(reservations) = reservations {
        found.memory_reservation = reservations.read(file, "memory", size);
        devices = reservations.read(file, "devices", devices::requests);
    }
    (found, devices)
}

/// `condition` is `none`, `on-failure` or `any`, which is what it is without a word.
fn restart_policy(file: &mut File<'_>, node: &Node, path: &str) -> Option<Restart> {
    let section = Section::open(file, node, path, &RESTART)?;
    let condition = section.read(file, "condition", |file, node, path| {
        let known = [
            "none",
            "on-failure",
            "any",
            "no",
            "always",
            "unless-stopped",
        ];
        casts::one_of(file, node, path, &known)
    });
    let attempts = section.read(file, "max_attempts", |file, node, path| {
        file.decoder.integer(node, path, 0..=i64::from(u32::MAX))
    });
    let max_retries = attempts.and_then(|attempts| u32::try_from(attempts).ok());
    let policy = match condition.as_deref() {
        Some("none" | "no") => Restart::No,
        Some("on-failure") => return Some(Restart::OnFailure { max_retries }),
        Some("unless-stopped") => Restart::UnlessStopped,
        Some(_) => Restart::Always,
        None => {
            let message = format!("`{path}` has no `condition`: it is `any`, by the specification");
            let note = file.decoder.note(node.span, message);
            note.help =
                Some("Docker Compose restarts nothing then; write the condition".to_owned());
            Restart::Always
        }
    };
    if let Some(entry) = section.entry("max_attempts")
        && policy != Restart::No
    {
        let message = "`max_attempts` is ignored: engines count attempts after a failure only";
        file.decoder.warning(entry.key_span, message).help =
            Some("write `condition: on-failure`".to_owned());
    }
    Some(policy)
}

#[cfg(test)]
mod tests;
