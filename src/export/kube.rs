//! What `podman-pod` and `kubernetes` share: parts as containers of pods
//! (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>).

mod container;
mod lost;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Map, Node};
use super::files::Files;
use super::secrets::Secrets;
use super::stack::{Part, Stack};
use crate::diagnostic::Diagnostic;
use crate::plan::spec::{NamespaceMode, NetworkAttachment};
use crate::workload::model::Restart;

pub use container::word;

/// Longest name of an object, in characters.
const MOST: usize = 63;

/// Who reads the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// `podman kube play` of Podman 4.3 and newer: it expands no variables, and gives a Secret to no
    /// environment in its older versions, so that secrets are a ConfigMap of their own file.
    Podman,
    Kubernetes,
}

/// What the containers of one export have in common.
pub struct Ground<'a, 'f> {
    pub reader: Reader,
    pub stack: &'a Stack<'a>,
    pub files: &'a mut Files<'f>,
    pub secrets: Secrets<'a>,
    /// Whether a secret stands in a document, which only its owner may read then.
    pub is_exposed: bool,
    /// Files that are objects of their own: name → its data.
    pub configs: BTreeMap<String, volumes::Config>,
}

impl<'a, 'f> Ground<'a, 'f> {
    pub fn new(reader: Reader, stack: &'a Stack<'a>, files: &'a mut Files<'f>) -> Self {
        Self {
            reader,
            stack,
            files,
            secrets: Secrets::new(stack.prepared),
            is_exposed: false,
            configs: BTreeMap::new(),
        }
    }

    /// The name of the object that holds the secrets.
    pub fn secret_object(&self) -> String {
        name(&format!("{}-secrets", self.stack.prefix()))
    }

    pub fn warn(&mut self, found: Diagnostic) {
        self.files.diagnostics.push(found);
    }

    /// A text as the reader takes it to be itself.
    pub fn literal(&self, text: &str) -> String {
        match self.reader {
            Reader::Podman => text.to_owned(),
            // `$(NAME)` is expanded, and two dollars are one.
            Reader::Kubernetes => text.replace('$', "$$"),
        }
    }
}

/// A valid name of an object made of `text`
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>).
pub fn name(text: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    let name: String = text.chars().map(letter).take(MOST).collect();
    let name = name.trim_matches('-');
    match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name.to_owned(),
        false => format!("x{name}"),
    }
}

/// The containers of pods, without those that only hold what the containers of a pod share: it goes to
/// the first container that runs on, since every pod has it without a container of its own.
pub fn members(parts: &[&Part]) -> Vec<Part> {
    let (infras, members): (Vec<&Part>, Vec<&Part>) =
        parts.iter().partition(|part| part.infra_of.is_some());
    let mut members: Vec<Part> = members.into_iter().cloned().collect();
    for infra in infras {
        let mut own = members.iter_mut();
        let Some(first) = own.find(|part| !part.ends && part.is_in_pod_of(infra)) else {
            continue;
        };
        first.spec.network = infra.spec.network.clone();
        let shared = &infra.spec.process;
        let process = &mut first.spec.process;
        process.ports.clone_from(&shared.ports);
        process.extra_hosts.clone_from(&shared.extra_hosts);
        process.dns.clone_from(&shared.dns);
        process.dns_search.clone_from(&shared.dns_search);
        process.dns_options.clone_from(&shared.dns_options);
        process.sysctls.clone_from(&shared.sysctls);
    }
    members
}

/// The containers of one pod, and what it has beside them.
#[derive(Default)]
pub struct Pod {
    init: Vec<Map>,
    containers: Vec<Map>,
    /// By name.
    volumes: BTreeMap<String, Map>,
    parts: Vec<Part>,
}

impl Pod {
    /// Adds a container of `part`, one that runs to its end first if `part` ends.
    pub fn add(&mut self, part: &Part, ground: &mut Ground<'_, '_>) {
        let container = self.container(part, ground);
        lost::report(part, ground);
        match part.ends {
            true => self.init.push(container),
            false => {
                self.containers.push(container);
                self.parts.push(part.clone());
            }
        }
    }

    /// The container of `part`; what it mounts is added to the volumes of the pod.
    pub fn container(&mut self, part: &Part, ground: &mut Ground<'_, '_>) -> Map {
        let mounts = volumes::mounts(part, &mut self.volumes, ground);
        container::container(part, mounts, ground)
    }

    /// A container of poststack's own that runs first.
    pub fn add_first(&mut self, container: Map) {
        self.init.insert(0, container);
    }

    /// The container that runs after all others that run to their end.
    pub fn add_last(&mut self, container: Map) {
        self.containers.push(container);
    }

    pub fn is_empty(&self) -> bool {
        self.init.is_empty() && self.containers.is_empty()
    }

    /// `spec` of a pod.
    pub fn spec(self, restart: &str, aliases: Vec<Node>, ground: &mut Ground<'_, '_>) -> Map {
        let mut spec = Map::new();
        let processes = || self.parts.iter().map(|part| &part.spec.process);
        spec.put("restartPolicy", restart);
        spec.put_some("hostAliases", Some(self.aliases(aliases)));
        let is_host = |part: &Part| part.spec.network == NetworkAttachment::Host;
        spec.put_flag("hostNetwork", self.parts.iter().any(is_host));
        let host = |mode: Option<&NamespaceMode>| matches!(mode, Some(NamespaceMode::Word(word)) if word == "host");
        let spaces = || self.parts.iter().map(|part| &part.spec.namespaces);
        spec.put_flag("hostPID", spaces().any(|one| host(one.pid.as_ref())));
        spec.put_flag("hostIPC", spaces().any(|one| host(one.ipc.as_ref())));
        let grace = processes().filter_map(|one| one.stop_grace_period).max();
        let grace = grace.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        spec.put_some("terminationGracePeriodSeconds", grace);
        let mut dns = Map::new();
        let servers: BTreeSet<&String> = processes().flat_map(|one| &one.dns).collect();
        dns.put_some("nameservers", Some(texts(servers)));
        let searches: BTreeSet<&String> = processes().flat_map(|one| &one.dns_search).collect();
        dns.put_some("searches", Some(texts(searches)));
        spec.put_some("dnsConfig", Some(dns));
        let groups = processes().flat_map(|one| &one.group_add);
        let groups: BTreeSet<i64> = groups.filter_map(|one| one.parse().ok()).collect();
        let mut security = Map::new();
        security.put_some(
            "supplementalGroups",
            Some(groups.into_iter().collect::<Vec<_>>()),
        );
        let sysctls = processes().flat_map(|one| &one.sysctls);
        let sysctls = sysctls.map(|(name, value)| {
            let map = Map::new().with("name", name.as_str());
            map.with("value", value.as_str())
        });
        security.put_some("sysctls", Some(sysctls.collect::<Vec<_>>()));
        spec.put_some("securityContext", Some(security));
        spec.put_some("initContainers", Some(self.init.clone()));
        spec.put("containers", self.containers.clone());
        let volumes = self.volumes.into_values().collect::<Vec<_>>();
        spec.put_some("volumes", Some(volumes));
        let _ = ground;
        spec
    }

    fn aliases(&self, mut aliases: Vec<Node>) -> Vec<Node> {
        let hosts = self
            .parts
            .iter()
            .flat_map(|part| &part.spec.process.extra_hosts);
        for (host, address) in hosts {
            let alias = alias(address, vec![host.clone()]);
            if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
        aliases
    }

    /// The restart policy of the pod: that of its containers, as far as they agree. Under `Always`,
    /// Podman begins init containers anew that have ended, and fails to remove them.
    pub fn restart(&self, ground: &mut Ground<'_, '_>) -> &'static str {
        let word = |part: &Part| match part.spec.process.restart {
            Restart::No => "Never",
            Restart::Always | Restart::UnlessStopped => "Always",
            Restart::OnFailure { .. } => "OnFailure",
        };
        let words: BTreeSet<&str> = self.parts.iter().map(word).collect();
        let chosen = ["Always", "OnFailure", "Never"];
        let chosen = chosen.into_iter().find(|one| words.contains(one));
        let chosen = match chosen.unwrap_or("Never") {
            "Always" if ground.reader == Reader::Podman && !self.init.is_empty() => "OnFailure",
            chosen => chosen,
        };
        for part in self.parts.iter().filter(|part| word(part) != chosen) {
            let why = format!("all containers of a pod have one policy, `{chosen}`");
            ground.warn(part.lost("restart", &why));
        }
        chosen
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// One entry of `hostAliases`.
pub fn alias(address: &str, hosts: Vec<String>) -> Node {
    let map = Map::new().with("ip", address);
    map.with("hostnames", hosts).into()
}

fn texts(values: BTreeSet<&String>) -> Vec<String> {
    values.into_iter().cloned().collect()
}

/// `apiVersion`, `kind` and `metadata` of an object.
pub fn object(version: &str, kind: &str, metadata: Map) -> Map {
    Map::new()
        .with("apiVersion", version)
        .with("kind", kind)
        .with("metadata", metadata)
}

/// A container that ends once the database answers.
pub fn wait_for_database(ground: &Ground<'_, '_>) -> Option<Map> {
    let database = ground.stack.database()?;
    let script = ground.literal(&format!(
        "i=0; until pg_isready --quiet --host=\"$0\" --port={port}; do i=$((i+1)); \
         [ $i -lt 120 ] || exit 1; sleep 1; done",
        port = crate::plan::database::PORT
    ));
    let command = ["/bin/sh", "-c", &script, &database.spec.name];
    Some(
        Map::new()
            .with("name", "wait-for-database")
            .with("image", database.spec.image.as_str())
            .with("imagePullPolicy", "IfNotPresent")
            .with("command", command.to_vec()),
    )
}
