//! What the containers of a pod share with each other or with the host: network, names, processes
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec>).

use super::controller::Pod;
use super::file::{File, Object};
use super::keys::Keys;
use super::names;
use crate::workload::model::{Attachment, Namespace, Namespaces, Process, ServiceNetwork};

const HOST_ALIAS: Keys = Keys::only(&["ip", "hostnames"]);
const DNS: Keys = Keys::only(&["nameservers", "searches", "options"]);
const DNS_OPTION: Keys = Keys::only(&["name", "value"]);

/// The key of the environment's own network.
const DEFAULT_NETWORK: &str = "default";

/// Which namespaces are the host's, and whether processes see each other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shared {
    pub host_network: bool,
    host_pid: bool,
    host_ipc: bool,
    processes: bool,
}

pub(super) fn shared(file: &mut File<'_>, spec: &Object<'_>) -> Shared {
    let shared = Shared {
        host_network: spec.flag(file, "hostNetwork"),
        host_pid: spec.flag(file, "hostPID"),
        host_ipc: spec.flag(file, "hostIPC"),
        processes: spec.flag(file, "shareProcessNamespace"),
    };
    if shared.host_pid && shared.processes {
        let message = "`shareProcessNamespace` contradicts `hostPID`";
        let help = "remove one of the two: with `hostPID`, every process is seen anyway";
        file.fault(spec.place_of("shareProcessNamespace"), message, help);
    }
    shared
}

fn host() -> Option<Namespace> {
    Some(Namespace::Word("host".to_owned()))
}

impl Shared {
    /// The network and the namespaces of the infra container.
    pub fn of_infra(self, pod: &Pod<'_>) -> (ServiceNetwork, Namespaces) {
        let network = match self.host_network {
            true => ServiceNetwork::Host,
            false => {
                let mut aliases = vec![pod.name.clone(), pod.metadata.name.clone()];
                aliases.dedup();
                ServiceNetwork::Networks(vec![Attachment {
                    network: DEFAULT_NETWORK.to_owned(),
                    aliases,
                    ..Attachment::default()
                }])
            }
        };
        let ipc = match self.host_ipc {
            true => host(),
            false => Some(Namespace::Word("shareable".to_owned())),
        };
        let pid = self.host_pid.then(host).flatten();
        let uts = self.host_network.then(host).flatten();
        (network, Namespaces { pid, ipc, uts })
    }

    /// Those of the containers beside the infra container, which is the service `infra`.
    pub fn of_member(self, infra: &str) -> (ServiceNetwork, Namespaces) {
        let infras = || Some(Namespace::Service(infra.to_owned()));
        let network = match self.host_network {
            true => ServiceNetwork::Host,
            false => ServiceNetwork::Service(infra.to_owned()),
        };
        let pid = match (self.host_pid, self.processes) {
            (true, _) => host(),
            (false, true) => infras(),
            (false, false) => None,
        };
        let ipc = if self.host_ipc { host() } else { infras() };
        let uts = if self.host_network { host() } else { infras() };
        (network, Namespaces { pid, ipc, uts })
    }
}

/// Names and name servers, which the infra container has for all of them.
pub(super) fn names(file: &mut File<'_>, pod: &Pod<'_>, shared: Shared, process: &mut Process) {
    let spec = &pod.spec;
    let own = spec
        .entry("hostname")
        .and_then(|_| names::label(file, spec, "hostname"));
    if !shared.host_network {
        let given = own.map(|(name, _)| name);
        process.hostname = Some(given.unwrap_or_else(|| names::host_name(&pod.name)));
    }
    for alias in spec.children(file, "hostAliases", &HOST_ALIAS) {
        let entry = alias.required(file, "ip", "the address of the names");
        let address = entry.and_then(|entry| file.decoder.string(&entry.value, &alias.at("ip")));
        let Some(address) = address else {
            continue;
        };
        if address.parse::<std::net::IpAddr>().is_err() {
            let message = format!("`{address}` is no IP address");
            file.fault(
                alias.place_of("ip"),
                message,
                "write for instance `10.0.0.1`",
            );
        }
        let hosts = alias.strings(file, "hostnames").into_iter();
        process
            .extra_hosts
            .extend(hosts.map(|host| (host, address.clone())));
    }
    dns(file, spec, process);
}

fn dns(file: &mut File<'_>, spec: &Object<'_>, process: &mut Process) {
    let words = [
        ("ClusterFirst", false),
        ("ClusterFirstWithHostNet", false),
        ("Default", false),
        ("None", true),
    ];
    let own_only = spec.word(file, "dnsPolicy", &words).unwrap_or_default();
    if let Some(config) = spec.child(file, "dnsConfig", &DNS) {
        process.dns = config.strings(file, "nameservers");
        process.dns_search = config.strings(file, "searches");
        for option in config.children(file, "options", &DNS_OPTION) {
            let name = option.string(file, "name");
            let value = option.string(file, "value");
            let option = name.map(|name| match value {
                Some(value) => format!("{name}:{value}"),
                None => name,
            });
            process.dns_options.extend(option);
        }
    }
    if own_only && process.dns.is_empty() {
        let message = "`dnsPolicy: None` needs name servers";
        let help = "add them under `dnsConfig.nameservers`";
        file.fault(spec.place_of("dnsPolicy"), message, help);
    }
}
