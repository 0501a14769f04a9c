//! The answer of an engine about one container, as it comes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::observe::{health, is_untidy, state};
use super::{Inspected, InspectedHealthTest, InspectedMount, InspectedRestart, null_is_default};
use crate::plan::spec::Labels;
use crate::secret::Secret;

/// Seconds that a container has to end where nothing else was said.
const DEFAULT_STOP_TIMEOUT: u64 = 10;

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct WireContainer {
    id: String,
    name: String,
    image: String,
    state: WireState,
    config: WireConfig,
    restart_count: u32,
    path: String,
    host_config: WireHostConfig,
    #[serde(deserialize_with = "null_is_default")]
    mounts: Vec<WireMount>,
    network_settings: WireNetworkSettings,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireHostConfig {
    restart_policy: InspectedRestart,
    init: Option<bool>,
    pid_mode: String,
    network_mode: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireState {
    status: String,
    pid: u32,
    exit_code: i64,
    error: String,
    started_at: String,
    finished_at: String,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    health: Option<WireHealth>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireHealth {
    status: String,
    failing_streak: u32,
    #[serde(deserialize_with = "null_is_default")]
    log: Vec<WireHealthLog>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireHealthLog {
    output: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireConfig {
    image: String,
    tty: bool,
    #[serde(deserialize_with = "null_is_default")]
    labels: Labels,
    #[serde(deserialize_with = "null_is_default")]
    env: Vec<String>,
    healthcheck: Option<InspectedHealthTest>,
    /// Docker writes a name, Podman a number.
    stop_signal: serde_json::Value,
    /// Seconds.
    stop_timeout: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireMount {
    #[serde(rename = "Type")]
    kind: String,
    name: Option<String>,
    source: String,
    destination: String,
    #[serde(rename = "RW")]
    writable: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireNetworkSettings {
    #[serde(deserialize_with = "null_is_default")]
    networks: BTreeMap<String, WireEndpoint>,
    #[serde(deserialize_with = "null_is_default")]
    ports: BTreeMap<String, Option<Vec<WirePort>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireEndpoint {
    #[serde(rename = "IPAddress")]
    ip_address: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WirePort {
    host_ip: String,
    host_port: String,
}

impl From<WireContainer> for Inspected {
    fn from(wire: WireContainer) -> Self {
        let (settings, config) = (wire.network_settings, wire.config);
        let test = wire.state.health.unwrap_or_default();
        Self {
            id: wire.id,
            name: wire.name.trim_start_matches('/').to_owned(),
            image: config.image,
            image_id: wire.image,
            labels: config.labels,
            state: state(&wire.state.status, Some(wire.state.exit_code)),
            exit_code: wire.state.exit_code,
            started_at: time(&wire.state.started_at),
            finished_at: time(&wire.state.finished_at),
            health: health(&test.status),
            health_output: test.log.into_iter().next_back().map(|entry| entry.output),
            failing_streak: test.failing_streak,
            health_test: config.healthcheck.filter(|check| !check.test.is_empty()),
            addresses: settings
                .networks
                .into_iter()
                .map(|(network, endpoint)| (network, endpoint.ip_address))
                .collect(),
            ports: settings.ports.into_iter().flat_map(published).collect(),
            mounts: wire.mounts.into_iter().map(mount).collect(),
            environment: config.env.iter().map(|entry| variable(entry)).collect(),
            error: crate::engine::error::clean(&wire.state.error),
            process: wire.state.pid,
            out_of_memory: wire.state.oom_killed,
            tty: config.tty,
            restart_count: wire.restart_count,
            is_untidy: is_untidy(&wire.state.status),
            restart_policy: wire.host_config.restart_policy,
            program: wire.path,
            stop_signal: match config.stop_signal {
                serde_json::Value::String(word) => word,
                serde_json::Value::Number(number) => number.to_string(),
                _ => String::new(),
            },
            stop_timeout: Duration::from_secs(
                config
                    .stop_timeout
                    .and_then(|seconds| u64::try_from(seconds).ok())
                    .unwrap_or(DEFAULT_STOP_TIMEOUT),
            ),
            init: wire.host_config.init.unwrap_or_default(),
            shares_processes: !matches!(wire.host_config.pid_mode.as_str(), "" | "private"),
            has_own_network: has_own_network(&wire.host_config.network_mode),
        }
    }
}

fn has_own_network(mode: &str) -> bool {
    !(matches!(mode, "host" | "none") || mode.starts_with("container:"))
}

/// Year 1 stands for never.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>()
        .ok()
        .filter(|time| time.as_second() > 0)
}

/// `80/tcp` with its bindings.
fn published((key, bindings): (String, Option<Vec<WirePort>>)) -> Vec<(String, u16, u16, String)> {
    let (port, protocol) = key.split_once('/').unwrap_or((&key, "tcp"));
    let Ok(target) = port.parse::<u16>() else {
        return Vec::new();
    };
    let read = |binding: WirePort| {
        let host_port = binding.host_port.parse().ok().filter(|port| *port != 0)?;
        Some((binding.host_ip, host_port, target, protocol.to_owned()))
    };
    bindings.into_iter().flatten().filter_map(read).collect()
}

fn mount(wire: WireMount) -> InspectedMount {
    InspectedMount {
        kind: wire.kind,
        name: wire.name.filter(|name| !name.is_empty()),
        source: wire.source,
        target: wire.destination,
        writable: wire.writable,
    }
}

fn variable(entry: &str) -> (String, Secret) {
    let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
    (name.to_owned(), Secret::new(value))
}
