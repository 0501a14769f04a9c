//! External links: names in one container for containers made elsewhere.
//!
//! Docker resolves such a name in each network of the container. Podman knows no links: there the
//! name stands for the address that the other container has at this moment, in a network of both.

use bollard::models::ContainerCreateBody;

use super::super::{Engine, EngineError};
use crate::plan::spec::{ContainerSpec, NetworkAttachment};
use crate::workload::model::ExternalLink;

/// Links in the engine's default network; those of other networks belong to the endpoints.
pub(super) fn of_bridge(spec: &ContainerSpec) -> Option<Vec<String>> {
    let links = &spec.process.external_links;
    let here = spec.network == NetworkAttachment::Bridge && !links.is_empty();
    let one = |link: &ExternalLink| format!("{}:{}", link.container, link.alias);
    here.then(|| links.iter().map(one).collect())
}

impl Engine {
    pub(super) async fn links_as_hosts(
        &self,
        spec: &ContainerSpec,
        body: &mut ContainerCreateBody,
    ) -> Result<(), EngineError> {
        let links = &spec.process.external_links;
        let host = body.host_config.get_or_insert_default();
        let hosts = host.extra_hosts.get_or_insert_default();
        for link in links {
            let address = self.linked_address(link, spec).await?;
            hosts.push(format!("{}:{address}", link.alias));
        }
        Ok(())
    }

    /// The address of the other container in a network of this one.
    async fn linked_address(
        &self,
        link: &ExternalLink,
        spec: &ContainerSpec,
    ) -> Result<String, EngineError> {
        let action = format!("create container `{}`", spec.name);
        let other = &link.container;
        let Some(inspected) = self.inspect(other).await? else {
            let message = format!("there is no container `{other}` to link to");
            return Err(EngineError::NotFound { action, message });
        };
        let own = match &spec.network {
            NetworkAttachment::Networks(endpoints) => endpoints.as_slice(),
            _ => &[],
        };
        let mut addresses = own.iter().filter_map(|endpoint| {
            let address = inspected.addresses.get(&endpoint.network)?;
            (!address.is_empty()).then(|| address.clone())
        });
        addresses.next().ok_or_else(|| EngineError::Unsupported {
            action,
            message: format!("the linked container `{other}` runs in no network of this one"),
            hint: "start it, and join its network under `networks` as an external one".to_owned(),
        })
    }
}
