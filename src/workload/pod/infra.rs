//! The container that owns what the containers of a pod share. Its image is shipped in the binary and
//! mostly there already, since that of the database is made from it.

use super::file::File;
use super::member::Ground;
use super::network;
use super::probes;
use super::volumes::{PodVolume, Source};
use crate::workload::model::{
    Mount, MountSource, PodMember, Probe, Process, Readiness, Restart, Service,
};

const IMAGE: &str = "poststack/base-debian:core";

/// Ends when it is asked to, and collects processes that nobody else awaits.
const SCRIPT: &str = "trap 'exit 0' TERM INT; sleep infinity & wait";

/// Where it holds volumes that would be lost between two containers that use them, being in memory,
/// or that the engine takes for unused, since only a part of them is mounted.
const HELD: &str = "/run/volumes";

pub(super) fn read(file: &mut File<'_>, ground: &Ground<'_>) -> Service {
    let pod = ground.pod;
    let place = file.decoder.place(pod.metadata.name_span);
    let (network, namespaces) = ground.shared.of_infra(pod);
    let mut process = Process {
        entrypoint: Some(["bash", "-c", SCRIPT].map(str::to_owned).to_vec()),
        command: Some(Vec::new()),
        working_dir: Some("/".to_owned()),
        sysctls: ground.security.sysctls.clone(),
        annotations: pod.metadata.annotations.clone(),
        restart: match ground.policies().0 {
            Restart::Always => Restart::Always,
            _ => Restart::No,
        },
        ..Process::default()
    };
    network::names(file, pod, ground.shared, &mut process);
    Service {
        image: Some(IMAGE.to_owned()),
        network,
        namespaces,
        labels: pod.metadata.labels.clone(),
        pod: PodMember {
            readiness: Some(Readiness::default()),
            infra_of: Some(pod.name.clone()),
            ..PodMember::default()
        },
        process,
        ..Service::new(ground.infra.clone(), place)
    }
}

/// Adds what is known once the others are: their ports, how they are tested over the network, the
/// volumes of theirs that it holds.
pub(super) fn complete(
    infra: &mut Service,
    ground: &Ground<'_>,
    tests: &[Probe],
    others: &[Service],
) {
    infra.process.ports.clone_from(&ground.ports.published);
    infra.process.healthcheck = probes::network_test(tests.iter());
    let held = ground.volumes.iter().filter(|(_, volume)| {
        // Files are another volume with every change, which must not concern the whole pod.
        volume.files().is_none() && others.iter().any(|one| needs_hold(one, volume))
    });
    let held = held.filter_map(|(name, volume)| match &volume.source {
        Source::Kept { key, .. } => Some(Mount {
            source: MountSource::Volume {
                key: key.clone(),
                no_copy: true,
                subpath: None,
            },
            target: format!("{HELD}/{name}"),
            read_only: true,
        }),
        Source::HostPath { .. } => None,
    });
    infra.mounts = held.collect();
}

/// Whether `service` mounts the volume in a way that leaves it to the infra container to hold it.
fn needs_hold(service: &Service, volume: &PodVolume) -> bool {
    let Source::Kept { key, in_memory, .. } = &volume.source else {
        return false;
    };
    service.mounts.iter().any(|mount| match &mount.source {
        MountSource::Volume {
            key: mounted,
            subpath,
            ..
        } => mounted == key && (*in_memory || subpath.is_some()),
        _ => false,
    })
}
