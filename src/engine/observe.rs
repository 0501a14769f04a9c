//! What is there at the engine, by label: three concurrent list calls, read tolerantly.
//!
//! Docker's list tells health in its status text. Podman's Docker-compatible list does not, so
//! Podman is asked through its own list, which tells health and exit code as fields.

mod podman;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::network::WireNetwork;
use super::volume::WireVolume;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::observed::{
    Health, Observed, ObservedContainer, ObservedNetwork, ObservedVolume, State,
};
use crate::plan::spec::Labels;

impl Engine {
    /// The containers (stopped ones too), networks and volumes that carry all of `labels`.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn observe(&self, labels: &[(String, String)]) -> Result<Observed, EngineError> {
        let networks = self.networks().label_filter(labels);
        let volumes = Call::get("/volumes", "list the volumes").label_filter(labels);
        let labelled = labelled(labels);
        let (containers, networks, volumes) = futures_util::try_join!(
            self.list(&labelled, true),
            self.wire.fetch::<Vec<WireNetwork>>(networks),
            self.wire.fetch::<WireVolumes>(volumes),
        )?;
        Ok(observed(containers, networks, volumes))
    }

    /// What is there under these names, whoever made it.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn named(&self, names: &Names<'_>) -> Result<Observed, EngineError> {
        let containers = async {
            match names.containers.as_slice() {
                [] => Ok(Vec::new()),
                names => self.list(&exactly(names), true).await,
            }
        };
        let networks = async {
            match names.networks.as_slice() {
                [] => Ok(Vec::new()),
                _ => self.wire.fetch(self.networks()).await,
            }
        };
        let volumes = async {
            match names.volumes.as_slice() {
                [] => Ok(WireVolumes { volumes: None }),
                _ => {
                    self.wire
                        .fetch(Call::get("/volumes", "list the volumes"))
                        .await
                }
            }
        };
        let (containers, networks, volumes) =
            futures_util::try_join!(containers, networks, volumes)?;
        let mut found = observed(containers, networks, volumes);
        // Filters by name know patterns, and the lists of the others have none.
        found
            .containers
            .retain(|name, _| names.containers.contains(&name.as_str()));
        found
            .networks
            .retain(|name, _| names.networks.contains(&name.as_str()));
        found
            .volumes
            .retain(|name, _| names.volumes.contains(&name.as_str()));
        Ok(found)
    }

    /// Podman's own list does without a look at every container for each network.
    fn networks(&self) -> Call {
        let path = match self.kind {
            EngineKind::Docker => "/networks",
            EngineKind::Podman => "/v4.0.0/libpod/networks/json",
        };
        Call::get(path, "list the networks")
    }

    /// The containers alone, by name: one call instead of three.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn containers(
        &self,
        labels: &[(String, String)],
    ) -> Result<BTreeMap<String, ObservedContainer>, EngineError> {
        Ok(by_name(self.list(&labelled(labels), true).await?))
    }

    /// The name of the running container that publishes `port` on the host.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn port_holder(&self, port: u16) -> Result<Option<String>, EngineError> {
        let running = self.running().await?;
        Ok(running
            .into_iter()
            .find(|container| container.ports.iter().any(|(_, host, ..)| *host == port))
            .map(|container| container.name))
    }

    /// The running containers.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn running(&self) -> Result<Vec<ObservedContainer>, EngineError> {
        self.list(&serde_json::json!({}), false).await
    }

    /// The running containers that use the volume.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn volume_users(&self, volume: &str) -> Result<Vec<ObservedContainer>, EngineError> {
        self.list(&serde_json::json!({ "volume": [volume] }), false)
            .await
    }

    async fn list(
        &self,
        filters: &serde_json::Value,
        all: bool,
    ) -> Result<Vec<ObservedContainer>, EngineError> {
        let path = match self.kind {
            EngineKind::Docker => "/containers/json",
            EngineKind::Podman => "/v4.0.0/libpod/containers/json",
        };
        let call = Call::get(path, "list the containers")
            .query("all", if all { "true" } else { "false" })
            .query("filters", &filters.to_string());
        match self.kind {
            EngineKind::Docker => {
                let list: Option<Vec<DockerContainer>> = self.wire.fetch(call).await?;
                Ok(list.into_iter().flatten().map(Into::into).collect())
            }
            EngineKind::Podman => {
                let list: Option<Vec<podman::Container>> = self.wire.fetch(call).await?;
                let now = jiff::Timestamp::now().as_second();
                let mut list = list.unwrap_or_default();
                // The list tells no restart policies.
                for container in list.iter_mut().filter(|one| one.is_untidy()) {
                    let found = self.inspect(container.id()).await?;
                    if found.is_some_and(|found| found.is_between_runs()) {
                        container.restarts();
                    }
                }
                let list = list.into_iter();
                Ok(list.map(|container| container.observed(now)).collect())
            }
        }
    }
}

/// Names that are looked for.
#[derive(Debug, Default)]
pub struct Names<'a> {
    pub containers: Vec<&'a str>,
    pub networks: Vec<&'a str>,
    pub volumes: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// Those of which the function for their kind does not hold.
    #[must_use]
    pub fn without(
        &self,
        containers: impl Fn(&str) -> bool,
        networks: impl Fn(&str) -> bool,
        volumes: impl Fn(&str) -> bool,
    ) -> Self {
        let left = |names: &[&'a str], is_out: &dyn Fn(&str) -> bool| {
            let names = names.iter().copied();
            names.filter(|name| !is_out(name)).collect()
        };
        Self {
            containers: left(&self.containers, &containers),
            networks: left(&self.networks, &networks),
            volumes: left(&self.volumes, &volumes),
        }
    }
}

fn labelled(labels: &[(String, String)]) -> serde_json::Value {
    let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    serde_json::json!({ "label": labels })
}

/// Names are patterns to both engines.
fn exactly(names: &[&str]) -> serde_json::Value {
    let patterns = names
        .iter()
        .map(|name| format!("^{}$", name.replace('.', "\\.")));
    serde_json::json!({ "name": patterns.collect::<Vec<_>>() })
}

fn observed(
    containers: Vec<ObservedContainer>,
    networks: Vec<WireNetwork>,
    volumes: WireVolumes,
) -> Observed {
    let networks = networks.into_iter().map(ObservedNetwork::from);
    let volumes = volumes.volumes.into_iter().flatten();
    Observed {
        containers: by_name(containers),
        networks: by(networks, |network| network.name.clone()),
        volumes: by(volumes.map(ObservedVolume::from), |volume| {
            volume.name.clone()
        }),
        images: BTreeMap::new(),
    }
}

fn by_name(containers: Vec<ObservedContainer>) -> BTreeMap<String, ObservedContainer> {
    by(containers, |container| container.name.clone())
}

fn by<T>(items: impl IntoIterator<Item = T>, name: impl Fn(&T) -> String) -> BTreeMap<String, T> {
    items.into_iter().map(|item| (name(&item), item)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireVolumes {
    #[serde(default)]
    volumes: Option<Vec<WireVolume>>,
}

/// One entry of Docker's list.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DockerContainer {
    id: String,
    names: Vec<String>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    created: i64,
    ports: Option<Vec<DockerPort>>,
    labels: Option<Labels>,
    state: String,
    status: String,
    network_settings: Option<DockerNetworks>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DockerPort {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    protocol: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DockerNetworks {
    networks: Option<BTreeMap<String, DockerEndpoint>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DockerEndpoint {
    /// Empty before the first start.
    #[serde(rename = "NetworkID")]
    network_id: String,
}

impl From<DockerContainer> for ObservedContainer {
    fn from(container: DockerContainer) -> Self {
        let networks = container.network_settings.and_then(|n| n.networks);
        let networks = networks.unwrap_or_default();
        let ids = networks.values().map(|one| one.network_id.clone());
        Self {
            name: own_name(&container.names),
            id: container.id,
            image: container.image,
            image_id: container.image_id,
            labels: container.labels.unwrap_or_default(),
            state: state(&container.state, exit_code_of(&container.status)),
            health: health_of(&container.status),
            status: container.status,
            created: container.created,
            ports: container
                .ports
                .into_iter()
                .flatten()
                .filter(|port| port.public_port != 0)
                .map(|p| (p.ip, p.public_port, p.private_port, p.protocol))
                .collect(),
            network_ids: ids.filter(|id| !id.is_empty()).collect(),
            networks: networks.into_keys().collect(),
            edited: Vec::new(),
        }
    }
}

/// The container's own name; with legacy links `/other/alias` stands beside it.
fn own_name(names: &[String]) -> String {
    let own = |name: &&String| !name.trim_start_matches('/').contains('/');
    let name = names.iter().find(own).or(names.first());
    name.map(|name| name.trim_start_matches('/').to_owned())
        .unwrap_or_default()
}

/// Maps the words of Docker, of Podman (whose own leak through) and of the future onto ours.
pub(super) fn state(word: &str, exit_code: Option<i64>) -> State {
    match word.to_ascii_lowercase().as_str() {
        "created" | "configured" | "initialized" | "" | "unknown" => State::Created,
        "paused" => State::Paused,
        "restarting" => State::Restarting,
        "exited" | "stopped" => State::Exited(exit_code),
        "removing" => State::Removing,
        "dead" => State::Dead,
        // `running`, Podman's `stopping`, and whatever is invented later: something may be alive.
        _ => State::Running,
    }
}

/// Whether a state is that of a container whose end Podman has yet to look after: it starts it again
/// then, or tidies up and calls it `exited`.
pub(super) fn is_untidy(word: &str) -> bool {
    word == "stopped"
}

/// The code in `Exited (7) 2 minutes ago`.
fn exit_code_of(status: &str) -> Option<i64> {
    let (code, _) = status.strip_prefix("Exited (")?.split_once(')')?;
    code.parse().ok()
}

/// The health at the end of `Up 3 minutes (healthy)`.
fn health_of(status: &str) -> Health {
    match status.rsplit_once('(') {
        Some((_, "healthy)")) => Health::Healthy,
        Some((_, "unhealthy)")) => Health::Unhealthy,
        Some((_, "health: starting)")) => Health::Starting,
        _ => Health::None,
    }
}

/// The health in inspect answers and in Podman's list; empty or `none` without a test.
pub(super) fn health(word: &str) -> Health {
    match word {
        "healthy" => Health::Healthy,
        "unhealthy" => Health::Unhealthy,
        "starting" => Health::Starting,
        _ => Health::None,
    }
}

#[cfg(test)]
mod tests;
