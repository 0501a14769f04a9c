//! Networks, and how a service stands in one.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// An explicit `name:`; otherwise the plan names it.
    pub name: Option<String>,
    /// Made by somebody else; must exist, is never created or removed.
    pub external: bool,
    pub driver: Option<String>,
    pub driver_options: BTreeMap<String, String>,
    pub internal: bool,
    pub attachable: bool,
    /// `None` leaves it to the engine, which gives IPv4 addresses.
    pub ipv4: Option<bool>,
    pub ipv6: bool,
    pub labels: BTreeMap<String, String>,
    pub ipam: Ipam,
}

/// How addresses of a network are given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ipam {
    pub driver: Option<String>,
    pub options: BTreeMap<String, String>,
    pub subnets: Vec<Subnet>,
}

#[derive(Clone, PartialEq, Eq, Default)]
pub struct Subnet {
    pub subnet: Option<String>,
    pub gateway: Option<String>,
    pub ip_range: Option<String>,
    /// Name → address that is not given to containers.
    pub aux_addresses: BTreeMap<String, String>,
}

/// Definitions are hashes of this text: what came later shows only where it is used.
impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Subnet");
        shown
            .field("subnet", &self.subnet)
            .field("gateway", &self.gateway)
            .field("ip_range", &self.ip_range);
        if !self.aux_addresses.is_empty() {
            shown.field("aux_addresses", &self.aux_addresses);
        }
        shown.finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// Key in [`Workload::networks`].
    pub network: String,
    pub aliases: Vec<String>,
    pub ipv4_address: Option<String>,
    pub ipv6_address: Option<String>,
    pub link_local_ips: Vec<String>,
    pub mac_address: Option<String>,
    /// The name of the network interface in the container.
    pub interface_name: Option<String>,
    /// The network with the highest one is the way out.
    pub gateway_priority: Option<i64>,
    pub driver_options: BTreeMap<String, String>,
}
