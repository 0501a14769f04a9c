//! A container specification in the words of the engine's create call.
//!
//! Where Podman reads the same words differently, they are chosen so that both mean the same.

mod mounts;
mod podman;

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, DeviceMapping, HealthConfig, HostConfig, HostConfigLogConfig,
    NetworkingConfig, PortBinding, PortMap, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};
use serde::Deserialize;

use super::network::{endpoint_settings, some_map};
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{ContainerSpec, NamespaceMode, NetworkAttachment};
use crate::secret::Secret;
use crate::workload::model::{
    ExposedPort, HealthTest, Healthcheck, Logging, Port, Process, Restart, Seccomp,
};

/// Docker's own default, made explicit: Podman's create call would take 0.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    id: String,
}

impl Engine {
    /// Creates the container, attaches all its networks and uploads its inline files; it is not
    /// started. Gives its id. What was half made is removed again when a later part fails.
    ///
    /// # Errors
    /// [`EngineError::NameTaken`], [`EngineError::ImageMissing`],
    /// [`EngineError::Unsupported`] for what this engine cannot do, or what the engine says.
    pub async fn create_container(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
        let id = self.create_bare(spec).await?;
        match self.complete(&id, spec).await {
            Ok(()) => Ok(id),
            Err(error) => {
                // The first failure is the one to tell.
                self.remove(&id, true, true).await.ok();
                Err(error)
            }
        }
    }

    async fn create_bare(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
        let action = format!("create container `{}`", spec.name);
        let mut body = body(spec);
        self.add_mounts(spec, &mut body, &action)?;
        if self.kind == EngineKind::Podman {
            self.adapt_to_podman(spec, &mut body).await?;
        }
        let mut call = Call::post("/containers/create", action).query("name", &spec.name);
        if let Some(platform) = &spec.platform {
            call = call.query("platform", platform);
        }
        let created: Created = self.wire.fetch(call.json(&body)?).await?;
        Ok(created.id)
    }

    /// What the create call cannot take: engines before API 1.44 accept a single network there.
    async fn complete(&self, id: &str, spec: &ContainerSpec) -> Result<(), EngineError> {
        if let NetworkAttachment::Networks(endpoints) = &spec.network {
            for endpoint in endpoints.iter().skip(1) {
                self.connect_network(id, endpoint).await?;
            }
        }
        self.upload_files(id, &spec.files).await
    }
}

/// Everything but the mounts.
fn body(spec: &ContainerSpec) -> ContainerCreateBody {
    let process = &spec.process;
    let grace = process.stop_grace_period.unwrap_or(STOP_TIMEOUT);
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        entrypoint: process.entrypoint.as_deref().map(entrypoint),
        cmd: process.command.clone(),
        env: Some(process.environment.iter().map(variable).collect()),
        user: process.user.clone(),
        working_dir: process.working_dir.clone(),
        hostname: process.hostname.clone(),
        domainname: process.domainname.clone(),
        tty: Some(process.tty),
        open_stdin: Some(process.stdin_open),
        exposed_ports: Some(exposed(process)),
        healthcheck: process.healthcheck.as_ref().map(health_config),
        stop_signal: process.stop_signal.clone(),
        stop_timeout: Some(whole_seconds(grace)),
        labels: Some(spec.labels.clone().into_iter().collect()),
        networking_config: networking(&spec.network),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

/// The empty word is how both engines drop the image's entrypoint; Podman ignores an empty list.
fn entrypoint(words: &[String]) -> Vec<String> {
    match words {
        [] => vec![String::new()],
        words => words.to_vec(),
    }
}

/// A bare name removes a variable of the image.
fn variable((name, value): (&String, &Option<Secret>)) -> String {
    match value {
        Some(value) => format!("{name}={}", value.expose()),
        None => name.clone(),
    }
}

/// Rounded up, so that a grace period of half a second is not none at all.
pub(super) fn whole_seconds(duration: Duration) -> i64 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let process = &spec.process;
    let resources = &process.resources;
    HostConfig {
        network_mode: network_mode(&spec.network),
        port_bindings: Some(port_bindings(&process.ports)),
        restart_policy: Some(restart_policy(process.restart)),
        init: process.init,
        privileged: Some(process.privileged),
        readonly_rootfs: Some(process.read_only),
        cap_add: list(&process.cap_add),
        cap_drop: list(&process.cap_drop),
        security_opt: list(&security_options(process)),
        extra_hosts: Some(
            process
                .extra_hosts
                .iter()
                .map(|(host, address)| format!("{host}:{address}"))
                .collect(),
        ),
        devices: Some(process.devices.iter().map(device).collect()),
        sysctls: some_map(&process.sysctls),
        ulimits: Some(process.ulimits.iter().map(ulimit).collect()),
        tmpfs: some_map(&process.tmpfs),
        shm_size: process.shm_size,
        log_config: process.logging.as_ref().map(log_config),
        nano_cpus: resources.nano_cpus,
        memory: resources.memory,
        memory_reservation: resources.memory_reservation,
        memory_swap: resources.memory_swap,
        pids_limit: resources.pids,
        group_add: list(&process.group_add),
        dns: list(&process.dns),
        dns_search: list(&process.dns_search),
        dns_options: list(&process.dns_options),
        pid_mode: namespace(spec.namespaces.pid.as_ref()),
        ipc_mode: namespace(spec.namespaces.ipc.as_ref()),
        uts_mode: namespace(spec.namespaces.uts.as_ref()),
        ..HostConfig::default()
    }
}

fn security_options(process: &Process) -> Vec<String> {
    let seccomp = process.seccomp.as_ref().map(Seccomp::option);
    process
        .security_opt
        .iter()
        .cloned()
        .chain(seccomp)
        .collect()
}

fn list(words: &[String]) -> Option<Vec<String>> {
    (!words.is_empty()).then(|| words.to_vec())
}

fn namespace(mode: Option<&NamespaceMode>) -> Option<String> {
    mode.map(ToString::to_string)
}

fn network_mode(network: &NetworkAttachment) -> Option<String> {
    match network {
        NetworkAttachment::Networks(endpoints) => endpoints.first().map(|e| e.network.clone()),
        NetworkAttachment::Host => Some("host".to_owned()),
        NetworkAttachment::None => Some("none".to_owned()),
        NetworkAttachment::Bridge => Some("bridge".to_owned()),
        NetworkAttachment::Container(name) => Some(format!("container:{name}")),
    }
}

fn networking(network: &NetworkAttachment) -> Option<NetworkingConfig> {
    let NetworkAttachment::Networks(endpoints) = network else {
        return None;
    };
    let first = endpoints.first()?;
    let settings = HashMap::from([(first.network.clone(), endpoint_settings(first))]);
    Some(NetworkingConfig {
        endpoints_config: Some(settings),
    })
}

/// Docker binds only ports that are exposed as well.
fn exposed(process: &Process) -> Vec<String> {
    let key = |exposed: &ExposedPort| format!("{}/{}", exposed.port, exposed.protocol.as_str());
    let mut ports: Vec<String> = process.ports.iter().map(port_key).collect();
    ports.extend(process.expose.iter().map(key));
    ports.sort();
    ports.dedup();
    ports
}

fn port_key(port: &Port) -> String {
    format!("{}/{}", port.target, port.protocol.as_str())
}

fn port_bindings(ports: &[Port]) -> PortMap {
    let mut map = PortMap::new();
    for port in ports {
        let binding = PortBinding {
            // Nothing listens beyond this machine unless it was asked for.
            host_ip: Some(match port.host_ip {
                Some(address) => address.to_string(),
                None => "127.0.0.1".to_owned(),
            }),
            host_port: Some(match port.published {
                Some(range) if range.first == range.last => range.first.to_string(),
                Some(range) => format!("{}-{}", range.first, range.last),
                None => String::new(),
            }),
        };
        map.entry(port_key(port))
            .or_insert_with(|| Some(Vec::new()))
            .get_or_insert_default()
            .push(binding);
    }
    map
}

fn restart_policy(restart: Restart) -> RestartPolicy {
    let (name, retries) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure { max_retries } => (RestartPolicyNameEnum::ON_FAILURE, max_retries),
    };
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: retries.map(i64::from),
    }
}

fn device(device: &crate::workload::model::Device) -> DeviceMapping {
    DeviceMapping {
        path_on_host: Some(device.host.clone()),
        path_in_container: Some(device.container.clone()),
        cgroup_permissions: Some(device.permissions.clone()),
    }
}

fn ulimit((name, limit): (&String, &crate::workload::model::Ulimit)) -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(limit.soft),
        hard: Some(limit.hard),
    }
}

fn log_config(logging: &Logging) -> HostConfigLogConfig {
    HostConfigLogConfig {
        typ: logging.driver.clone(),
        config: some_map(&logging.options),
    }
}

fn health_config(check: &Healthcheck) -> HealthConfig {
    HealthConfig {
        test: match &check.test {
            HealthTest::Inherit => None,
            HealthTest::None => Some(vec!["NONE".to_owned()]),
            HealthTest::Command(words) => Some(
                std::iter::once("CMD".to_owned())
                    .chain(words.iter().cloned())
                    .collect(),
            ),
            HealthTest::Shell(line) => Some(vec!["CMD-SHELL".to_owned(), line.clone()]),
        },
        interval: check.interval.map(nanoseconds),
        timeout: check.timeout.map(nanoseconds),
        start_period: check.start_period.map(nanoseconds),
        retries: check.retries.map(i64::from),
        // Engines below API 1.44 refuse it; poststack's own probing makes it needless.
        start_interval: None,
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
