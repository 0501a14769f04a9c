//! A container specification in the words of the engine's create call.
//!
//! Where Podman reads the same words differently, they are chosen so that both mean the same.

mod gaps;
mod links;
mod mounts;
mod podman;
mod resources;

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig,
    NetworkingConfig, PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum,
};
use serde::{Deserialize, Serialize};

use super::inspect::null_is_default;
use super::network::{endpoint_settings, some_map};
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{ContainerSpec, MountsOf, NamespaceMode, NetworkAttachment};
use crate::secret::Secret;
use crate::workload::model::{
    ExposedPort, HealthTest, Healthcheck, Logging, Port, Process, Restart, Seccomp,
};
use resources::limits;

/// The word of `security_opt` that shows the container all of `/proc` and `/sys`.
const UNCONFINED_PATHS: &str = "systempaths=unconfined";

/// Docker's own default, made explicit: Podman's create call would take 0.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A new container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    pub id: String,
    /// What of its specification has no effect here, in whole sentences.
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    id: String,
    #[serde(default, deserialize_with = "null_is_default")]
    warnings: Vec<String>,
}

impl Engine {
    /// Creates the container, attaches all its networks and uploads its inline files; it is not
    /// started. What was half made is removed again when a later part fails.
    ///
    /// # Errors
    /// [`EngineError::NameTaken`], [`EngineError::ImageMissing`],
    /// [`EngineError::Unsupported`] for what this engine cannot do, or what the engine says.
    pub async fn create_container(&self, spec: &ContainerSpec) -> Result<Created, EngineError> {
        let created = self.create_bare(spec).await?;
        match self.complete(&created.id, spec).await {
            Ok(()) => Ok(created),
            Err(error) => {
                // The first failure is the one to tell.
                self.remove(&created.id, true, true).await.ok();
                Err(error)
            }
        }
    }

    async fn create_bare(&self, spec: &ContainerSpec) -> Result<Created, EngineError> {
        let action = format!("create container `{}`", spec.name);
        let mut warnings = self.gaps(spec)?;
        let mut body = body(spec);
        self.add_mounts(spec, &mut body, &action).await?;
        if spec.process.never_root {
            self.refuse_root(spec, &action).await?;
        }
        match self.kind {
            EngineKind::Docker => drop_foreign_uts(&mut body),
            EngineKind::Podman => self.adapt_to_podman(spec, &mut body).await?,
        }
        if let Some(check) = &mut body.healthcheck
            && (self.kind == EngineKind::Podman || self.is_docker_before(1, 44))
        {
            // Engines before it refuse the key; poststack's own probing keeps to it.
            check.start_interval = None;
        }
        let mut call = Call::post("/containers/create", action).query("name", &spec.name);
        if let Some(platform) = &spec.platform {
            call = call.query("platform", platform);
        }
        let body = CreateCall {
            mac_address: self.container_mac(spec),
            body,
        };
        let call = call.json(&body)?;
        let turn = self.turn().await;
        let created: Answer = self.wire.fetch(call).await?;
        drop(turn);
        let said = created.warnings.into_iter();
        warnings.extend(said.map(|text| format!("container `{}`: {text}", spec.name)));
        let id = created.id;
        Ok(Created { id, warnings })
    }

    /// Docker's API before 1.44 knows the address of the first network alone, as the container's.
    fn container_mac<'s>(&self, spec: &'s ContainerSpec) -> Option<&'s str> {
        match &spec.network {
            NetworkAttachment::Networks(endpoints) if self.is_docker_before(1, 44) => {
                endpoints.first()?.mac_address.as_deref()
            }
            _ => None,
        }
    }

    /// Refuses an image whose own user is root.
    async fn refuse_root(&self, spec: &ContainerSpec, action: &str) -> Result<(), EngineError> {
        let image = self.image_config(&spec.image).await?.unwrap_or_default();
        let user = spec.process.user.as_ref().unwrap_or(&image.user);
        match user.split(':').next() {
            None | Some("" | "0" | "root") => Err(EngineError::Unsupported {
                action: action.to_owned(),
                message: format!(
                    "image `{}` runs as root, and `runAsNonRoot` forbids it",
                    spec.image
                ),
                hint: "set `runAsUser`, or a user in the image".to_owned(),
            }),
            Some(_) => Ok(()),
        }
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

/// The body of the call with what newer versions of the API have dropped.
#[derive(Serialize)]
struct CreateCall<'s> {
    #[serde(rename = "MacAddress", skip_serializing_if = "Option::is_none")]
    mac_address: Option<&'s str>,
    #[serde(flatten)]
    body: ContainerCreateBody,
}

/// Docker takes no `container:` here, and gives a container the host name of the one whose network it
/// shares.
fn drop_foreign_uts(body: &mut ContainerCreateBody) {
    let host = body.host_config.get_or_insert_default();
    host.uts_mode = host
        .uts_mode
        .take()
        .filter(|mode| !mode.starts_with("container:"));
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
    let (unconfined, security): (Vec<String>, Vec<String>) = security_options(process)
        .into_iter()
        // Not a rule of the engine's, but an empty list of what it hides from a container.
        .partition(|option| option == UNCONFINED_PATHS);
    let nothing = || (!unconfined.is_empty()).then(Vec::new);
    HostConfig {
        network_mode: network_mode(&spec.network),
        port_bindings: Some(port_bindings(&process.ports)),
        restart_policy: Some(restart_policy(process.restart)),
        init: process.init,
        privileged: Some(process.privileged),
        readonly_rootfs: Some(process.read_only),
        cap_add: list(&process.cap_add),
        cap_drop: list(&process.cap_drop),
        security_opt: list(&security),
        masked_paths: nothing(),
        readonly_paths: nothing(),
        extra_hosts: Some(
            process
                .extra_hosts
                .iter()
                .map(|(host, address)| format!("{host}:{address}"))
                .collect(),
        ),
        sysctls: some_map(&process.sysctls),
        tmpfs: some_map(&process.tmpfs),
        shm_size: process.shm_size,
        log_config: process.logging.as_ref().map(log_config),
        group_add: list(&process.group_add),
        dns: list(&process.dns),
        dns_search: list(&process.dns_search),
        dns_options: list(&process.dns_options),
        pid_mode: namespace(spec.namespaces.pid.as_ref()),
        ipc_mode: namespace(spec.namespaces.ipc.as_ref()),
        uts_mode: namespace(spec.namespaces.uts.as_ref()),
        cgroupns_mode: process.cgroup.as_deref().map(cgroup_namespace),
        cgroup_parent: process.cgroup_parent.clone(),
        userns_mode: process.userns_mode.clone(),
        runtime: process.runtime.clone(),
        storage_opt: some_map(&process.storage_opt),
        annotations: some_map(&process.annotations),
        volumes_from: volumes_from(&spec.volumes_from),
        links: links::of_bridge(spec),
        ..limits(process)
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

fn cgroup_namespace(word: &str) -> HostConfigCgroupnsModeEnum {
    match word {
        "host" => HostConfigCgroupnsModeEnum::HOST,
        _ => HostConfigCgroupnsModeEnum::PRIVATE,
    }
}

fn volumes_from(sources: &[MountsOf]) -> Option<Vec<String>> {
    let one = |from: &MountsOf| match from.read_only {
        true => format!("{}:ro", from.container),
        false => from.container.clone(),
    };
    (!sources.is_empty()).then(|| sources.iter().map(one).collect())
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
        start_interval: check.start_interval.map(nanoseconds),
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
