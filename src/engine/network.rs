//! Networks: making, finding, connecting and removing them.

use std::collections::HashMap;

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam as WireIpam, IpamConfig, NetworkConnectRequest,
    NetworkCreateRequest,
};
use serde::Deserialize;

use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::observed::ObservedNetwork;
use crate::plan::spec::{Endpoint, Labels, NetworkSpec};
use crate::workload::model::{Ipam, Subnet};

/// The option by which Docker names an interface.
const INTERFACE_NAME: &str = "com.docker.network.endpoint.ifname";

/// How often a network is tried again after a failure that passes.
const CREATE_RETRIES: u32 = 10;

impl Engine {
    /// Makes the network; one of this name that exists already is left as it is. Gives sentences
    /// about what of it has no effect here.
    ///
    /// # Errors
    /// When the engine refuses, for instance for overlapping subnets.
    pub async fn create_network(&self, spec: &NetworkSpec) -> Result<Vec<String>, EngineError> {
        let action = format!("create network `{}`", spec.name);
        // Docker lets two networks share a name unless it is told to look.
        let mut body = serde_json::json!({ "CheckDuplicate": true });
        merge(&mut body, &network_body(spec));
        let mut again = CREATE_RETRIES;
        loop {
            let call = Call::post("/networks/create", action.as_str()).json(&body)?;
            match self.wire.fetch::<MadeNetwork>(call).await {
                Ok(made) => return Ok(self.network_gaps(spec, made.warning)),
                Err(error) if error.is_conflict() => return Ok(Vec::new()),
                Err(error) if is_passing(&error) && again > 0 => again -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// What has no effect here, besides what the engine says of itself.
    fn network_gaps(&self, spec: &NetworkSpec, said: String) -> Vec<String> {
        let Ipam {
            driver,
            options,
            subnets,
        } = &spec.ipam;
        let podman = self.kind == EngineKind::Podman;
        let ipv4 = spec.ipv4 == Some(false) && (podman || self.is_docker_before(1, 47));
        let reserved = subnets.iter().any(|one| !one.aux_addresses.is_empty());
        let all = [
            ("enable_ipv4: false", ipv4),
            ("ipam.driver", podman && driver.is_some()),
            ("ipam.options", podman && !options.is_empty()),
            ("ipam.config.aux_addresses", podman && reserved),
        ];
        let name = &spec.name;
        let tell = |key| format!("network `{name}`: `{key}` has no effect on {self}");
        let left_out = all.into_iter().filter(|(_, left_out)| *left_out);
        let own = left_out.map(|(key, _)| tell(key));
        let said = (!said.is_empty()).then(|| format!("network `{name}`: {said}"));
        own.chain(said).collect()
    }

    /// The network of this name, `None` when there is none.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn network(&self, name: &str) -> Result<Option<ObservedNetwork>, EngineError> {
        let call = Call::get(
            &format!("/networks/{name}"),
            format!("look up network `{name}`"),
        );
        let found: Option<WireNetwork> = self.wire.find(call).await?;
        // Docker also finds a network by the beginning of its id.
        Ok(found
            .map(Into::into)
            .filter(|n: &ObservedNetwork| n.name == name || n.id == name))
    }

    /// Removes the network; a missing one is fine.
    ///
    /// # Errors
    /// When containers are still attached.
    pub async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        let call = Call::delete(
            &format!("/networks/{name}"),
            format!("remove network `{name}`"),
        );
        absent_is_fine(self.wire.run(call).await)
    }

    /// Attaches a container to a further network; to be done before it starts.
    ///
    /// # Errors
    /// When either of the two does not exist.
    pub async fn connect_network(
        &self,
        container: &str,
        endpoint: &Endpoint,
    ) -> Result<(), EngineError> {
        let network = &endpoint.network;
        let request = NetworkConnectRequest {
            container: container.to_owned(),
            endpoint_config: Some(endpoint_settings(endpoint)),
        };
        let call = Call::post(
            &format!("/networks/{network}/connect"),
            format!("connect container `{container}` to network `{network}`"),
        );
        match self.wire.run(call.json(&request)?).await {
            // Attached by an earlier, interrupted run.
            Err(error) if error.to_string().contains("already connected") => Ok(()),
            Err(error) if error.to_string().contains("already exists in network") => Ok(()),
            other => other,
        }
    }
}

/// Podman looks at every interface of the host to find a free subnet, and fails when one of them,
/// such as that of a container that ends, goes away while it looks.
fn is_passing(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused { message, .. } if message.contains("no such network interface"))
}

/// How a container appears in one network.
pub(super) fn endpoint_settings(endpoint: &Endpoint) -> EndpointSettings {
    let address = endpoint.ipv4_address.is_some()
        || endpoint.ipv6_address.is_some()
        || !endpoint.link_local_ips.is_empty();
    let mut options = endpoint.driver_options.clone();
    if let Some(name) = &endpoint.interface_name {
        options.insert(INTERFACE_NAME.to_owned(), name.clone());
    }
    let links = endpoint.links.iter();
    let links = links.map(|link| format!("{}:{}", link.container, link.alias));
    EndpointSettings {
        aliases: Some(endpoint.aliases.clone()),
        mac_address: endpoint.mac_address.clone(),
        driver_opts: some_map(&options),
        gw_priority: endpoint.gateway_priority,
        links: (!endpoint.links.is_empty()).then(|| links.collect()),
        ipam_config: address.then(|| EndpointIpamConfig {
            ipv4_address: endpoint.ipv4_address.clone(),
            ipv6_address: endpoint.ipv6_address.clone(),
            link_local_ips: (!endpoint.link_local_ips.is_empty())
                .then(|| endpoint.link_local_ips.clone()),
        }),
        ..EndpointSettings::default()
    }
}

fn network_body(spec: &NetworkSpec) -> NetworkCreateRequest {
    NetworkCreateRequest {
        name: spec.name.clone(),
        driver: spec.driver.clone(),
        internal: Some(spec.internal),
        attachable: Some(spec.attachable),
        enable_ipv4: spec.ipv4,
        enable_ipv6: Some(spec.ipv6),
        options: some_map(&spec.driver_options),
        labels: Some(spec.labels.clone().into_iter().collect()),
        ipam: (spec.ipam != Ipam::default()).then(|| ipam(&spec.ipam)),
        ..NetworkCreateRequest::default()
    }
}

fn ipam(ipam: &Ipam) -> WireIpam {
    let subnets = ipam.subnets.iter().map(ipam_config);
    WireIpam {
        driver: ipam.driver.clone(),
        config: (!ipam.subnets.is_empty()).then(|| subnets.collect()),
        options: some_map(&ipam.options),
    }
}

fn ipam_config(subnet: &Subnet) -> IpamConfig {
    IpamConfig {
        subnet: subnet.subnet.clone(),
        ip_range: subnet.ip_range.clone(),
        gateway: subnet.gateway.clone(),
        auxiliary_addresses: some_map(&subnet.aux_addresses),
    }
}

/// Adds the fields of `extra` to the object `into`.
fn merge(into: &mut serde_json::Value, extra: &impl serde::Serialize) {
    if let (serde_json::Value::Object(into), Ok(serde_json::Value::Object(extra))) =
        (into, serde_json::to_value(extra))
    {
        into.extend(extra);
    }
}

/// `None` for an empty map, so that the engine keeps its defaults.
pub(super) fn some_map(
    map: &std::collections::BTreeMap<String, String>,
) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

/// Removing what is gone already is no failure.
pub(super) fn absent_is_fine(result: Result<(), EngineError>) -> Result<(), EngineError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MadeNetwork {
    #[serde(default)]
    warning: String,
}

/// A network as the engines list and inspect it, Podman in small letters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireNetwork {
    #[serde(alias = "name")]
    name: String,
    #[serde(alias = "id")]
    id: String,
    #[serde(default, alias = "labels")]
    labels: Option<Labels>,
}

impl From<WireNetwork> for ObservedNetwork {
    fn from(network: WireNetwork) -> Self {
        Self {
            id: network.id,
            name: network.name,
            labels: network.labels.unwrap_or_default(),
        }
    }
}
