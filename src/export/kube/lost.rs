//! What a service says that a pod has no word for: each key once, with why.

use super::{Ground, Reader};
use crate::export::stack::Part;
use crate::plan::identity::Role;
use crate::plan::spec::{NamespaceMode, NetworkAttachment};
use crate::workload::model::{Condition, Process, Resources};

/// A key, whether the service says it, and why a pod does not.
type Case = (&'static str, bool, &'static str);

const NO_KEY: &str = "a pod has no such key";
const ENGINE: &str = "it is a setting of the engine";

pub fn report(part: &Part, ground: &mut Ground<'_, '_>) {
    // What poststack itself made says what it needs in every format.
    if part.place.is_none() || part.role == Role::Database {
        return;
    }
    let process = &part.spec.process;
    let cases = programs(process).into_iter().chain(limits(process));
    for (key, is_said, why) in cases.chain(others(part, ground.reader)) {
        if is_said {
            ground.warn(part.lost(key, why));
        }
    }
    connections(part, ground);
    order(part, ground);
}

fn programs(process: &Process) -> [Case; 6] {
    let has_name = process.hostname.is_some() || process.domainname.is_some();
    [
        (
            "init",
            process.init == Some(true),
            "its program is process 1",
        ),
        (
            "stop_signal",
            process.stop_signal.is_some(),
            "it is that of the image",
        ),
        ("hostname", has_name, "the host name is that of the pod"),
        ("logging", process.logging.is_some(), ENGINE),
        ("runtime", process.runtime.is_some(), NO_KEY),
        ("dns_opt", !process.dns_options.is_empty(), ENGINE),
    ]
}

fn limits(process: &Process) -> [Case; 9] {
    let resources = Resources {
        nano_cpus: None,
        memory: None,
        memory_reservation: None,
        ..process.resources.clone()
    };
    let has_limits = resources != Resources::default();
    let has_cgroup = process.cgroup.is_some() || process.cgroup_parent.is_some();
    [
        (
            "limits",
            has_limits,
            "a pod limits processors and memory alone",
        ),
        ("ulimits", !process.ulimits.is_empty(), ENGINE),
        ("devices", !process.devices.is_empty(), NO_KEY),
        (
            "gpus",
            !process.device_requests.is_empty(),
            "they are the business of plugins",
        ),
        (
            "device_cgroup_rules",
            !process.device_cgroup_rules.is_empty(),
            NO_KEY,
        ),
        ("userns_mode", process.userns_mode.is_some(), NO_KEY),
        ("cgroup", has_cgroup, NO_KEY),
        ("storage_opt", !process.storage_opt.is_empty(), NO_KEY),
        (
            "seccomp",
            process.seccomp.is_some(),
            "every node would need its profile",
        ),
    ]
}

fn others(part: &Part, reader: Reader) -> [Case; 5] {
    let process = &part.spec.process;
    let is_podman = reader == Reader::Podman;
    let shared = is_podman && process.shm_size.is_some();
    let several = is_podman && part.replicas != 1;
    [
        ("shm_size", shared, "a pod has one shared memory, of 64 MB"),
        ("scale", several, "a pod has each container once"),
        (
            "platform",
            part.spec.platform.is_some(),
            "it is that of the node",
        ),
        (
            "labels",
            !part.spec.labels.is_empty(),
            "those of pods have another form",
        ),
        ("external_links", !process.external_links.is_empty(), NO_KEY),
    ]
}

fn connections(part: &Part, ground: &mut Ground<'_, '_>) {
    let lost = match &part.spec.network {
        NetworkAttachment::Networks(endpoints) if endpoints.len() > 1 => {
            Some(("networks", "all pods share one network"))
        }
        NetworkAttachment::None => Some(("network_mode: none", "every pod has a network")),
        NetworkAttachment::Container(name) if ground.stack.by_container(name).is_none() => Some((
            "network_mode",
            "that container is none of the environment's",
        )),
        _ => None,
    };
    if let Some((key, why)) = lost {
        ground.warn(part.lost(key, why));
    }
    let all = &part.spec.namespaces;
    for (key, mode) in [("pid", &all.pid), ("ipc", &all.ipc), ("uts", &all.uts)] {
        let Some(NamespaceMode::Container(owner)) = mode else {
            continue;
        };
        let owner = ground.stack.by_container(owner);
        // Containers of a pod share these two as it is.
        if key == "pid" || owner.is_none_or(|owner| owner.infra_of.is_none()) {
            let why = "a pod shares it among all containers or none";
            ground.warn(part.lost(key, why));
        }
    }
}

/// Steps of the init phase come first in every format; the rest of a pod starts together.
fn order(part: &Part, ground: &mut Ground<'_, '_>) {
    let first = [ground.stack.database(), ground.stack.infra_of(part)];
    let starts = part.needs.iter().filter(|need| {
        let mut first = first.into_iter().flatten();
        need.condition != Condition::CompletedSuccessfully && first.all(|one| one.key != need.key)
    });
    let names: Vec<String> = starts.map(|need| format!("`{}`", need.key)).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        let why = format!("containers start together, it may run before {names}");
        ground.warn(part.lost("depends_on", &why));
    }
}
