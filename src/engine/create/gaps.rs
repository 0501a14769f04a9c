//! What of a specification an engine leaves out: told before the container is made, since the
//! engines themselves say nothing.

use super::super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{ContainerSpec, Endpoint, NetworkAttachment};
use crate::workload::model::DeviceRequest;

impl Engine {
    /// Sentences about what has no effect here.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] for that without which the container would not do its work.
    pub(super) fn gaps(&self, spec: &ContainerSpec) -> Result<Vec<String>, EngineError> {
        let refused = match self.kind {
            EngineKind::Docker => self.refused_by_docker(spec),
            EngineKind::Podman => self.refused_by_podman(spec),
        };
        if let Some((message, hint)) = refused {
            return Err(EngineError::Unsupported {
                action: format!("create container `{}`", spec.name),
                message: format!("{message} on {self}"),
                hint: hint.to_owned(),
            });
        }
        let tell = |key| format!("container `{}`: `{key}` has no effect on {self}", spec.name);
        Ok(self.without_effect(spec).into_iter().map(tell).collect())
    }

    /// Keys that change little when they are left out.
    fn without_effect(&self, spec: &ContainerSpec) -> Vec<&'static str> {
        let process = &spec.process;
        let endpoints = endpoints(spec);
        let podman = self.kind == EngineKind::Podman;
        let uses = |used: fn(&Endpoint) -> bool| endpoints.iter().any(used);
        let all = [
            (
                "annotations",
                !process.annotations.is_empty(),
                self.is_docker_before(1, 43) || self.is_podman_before(5, 2),
            ),
            (
                "cgroup",
                process.cgroup.is_some(),
                self.is_podman_before(5, 6),
            ),
            ("domainname", process.domainname.is_some(), podman),
            (
                "link_local_ips",
                uses(|one| !one.link_local_ips.is_empty()),
                podman,
            ),
            (
                "gw_priority",
                uses(|one| one.gateway_priority.is_some()),
                podman || self.is_docker_before(1, 48),
            ),
            (
                "driver_opts",
                uses(|one| !one.driver_options.is_empty()),
                podman,
            ),
        ];
        let left_out = all
            .into_iter()
            .filter(|(_, used, without)| *used && *without);
        left_out.map(|(key, ..)| key).collect()
    }

    /// A message that ends with the engine, and a hint.
    fn refused_by_docker(&self, spec: &ContainerSpec) -> Option<(&'static str, &'static str)> {
        let endpoints = endpoints(spec);
        let several = endpoints
            .iter()
            .skip(1)
            .any(|one| one.mac_address.is_some());
        if several && self.is_docker_before(1, 44) {
            let message = "only the first network takes a `mac_address`";
            return Some((message, "give that network the highest `priority`"));
        }
        let named = endpoints.iter().any(|one| one.interface_name.is_some());
        if named && self.is_docker_before(1, 49) {
            let message = "`interface_name` is not known";
            return Some((message, "drop it: interfaces are eth0, eth1, …"));
        }
        None
    }

    fn refused_by_podman(&self, spec: &ContainerSpec) -> Option<(&'static str, &'static str)> {
        let process = &spec.process;
        if process.runtime.is_some() {
            let message = "no `runtime` can be chosen for one container";
            let hint = "name it as `runtime` in /etc/containers/containers.conf, and drop the line";
            return Some((message, hint));
        }
        if !process.device_cgroup_rules.is_empty() && self.is_podman_before(4, 4) {
            let message = "`device_cgroup_rules` are not taken";
            return Some((message, "name the devices under `devices`"));
        }
        let cdi = |request: &DeviceRequest| request.driver.as_deref() == Some(DeviceRequest::CDI);
        let mut requests = process.device_requests.iter();
        if !process.device_requests.is_empty() && self.is_podman_before(5, 4) {
            let message = "no devices can be requested of a driver, such as GPUs";
            return Some((message, "name their files under `devices`"));
        }
        if !requests.all(cdi) {
            let message = "devices are requested by their names";
            return Some((message, "write `devices: [nvidia.com/gpu=all]`"));
        }
        let named = endpoints(spec)
            .iter()
            .any(|one| one.interface_name.is_some());
        named.then_some((
            "`interface_name` is not known",
            "drop it: interfaces are eth0, eth1, …",
        ))
    }
}

fn endpoints(spec: &ContainerSpec) -> &[Endpoint] {
    match &spec.network {
        NetworkAttachment::Networks(endpoints) => endpoints,
        _ => &[],
    }
}
