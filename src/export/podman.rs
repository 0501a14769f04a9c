//! `podman-pod`: one file for `podman kube play`, and its secrets in a second one
//! (<https://docs.podman.io/en/latest/markdown/podman-kube-play.1.html>).
//!
//! The database is a pod whose name is its address. Everything else is a second pod: the steps of the
//! init phase are its init containers, and its containers find each other on the loopback address,
//! under the names that they have in the files. What uses the host's network is a third one.

use std::collections::{BTreeMap, BTreeSet};

use super::Made;
use super::document::{Map, Node, stream};
use super::files::{File, Files};
use super::images;
use super::kube::{self, Ground, Pod, Reader, alias, object};
use super::stack::{Part, Stack};
use crate::diagnostic::Diagnostic;
use crate::plan::identity::Role;
use crate::plan::spec::NetworkAttachment;
use crate::workload::model::Protocol;

const FILE: &str = "pod.yaml";
const SECRETS: &str = "secrets.yaml";

pub fn export(stack: &Stack<'_>, files: &mut Files<'_>) -> Made {
    let builds = images::commands(stack, files, "podman");
    let mut ground = Ground::new(Reader::Podman, stack, files);
    let mut pods = Vec::new();
    if let Some(database) = stack.database() {
        let mut pod = Pod::default();
        pod.add(&without_shared_memory(database), &mut ground);
        let restart = pod.restart(&mut ground);
        let spec = pod.spec(restart, Vec::new(), &mut ground);
        pods.push(whole(&database.spec.name, spec));
    }
    let others = stack
        .parts
        .iter()
        .filter(|part| part.role != Role::Database);
    let (on_host, others): (Vec<&Part>, Vec<&Part>) =
        others.partition(|part| part.spec.network == NetworkAttachment::Host && !part.ends);
    let name = stack.prefix();
    pods.extend(together(&name, &others, &mut ground));
    pods.extend(together(&format!("{name}-host"), &on_host, &mut ground));
    let text = format!("{}{}", header(stack), stream(&pods));
    let mut documents = vec![match ground.is_exposed {
        true => File::private(FILE, text),
        false => File::public(FILE, text),
    }];
    let mut run = format!("podman kube play {FILE}");
    if !ground.secrets.is_empty() {
        let metadata = Map::new().with("name", ground.secret_object());
        let data: Map = ground.secrets.iter().collect();
        let map = object("v1", "ConfigMap", metadata).with("data", data);
        documents.push(File::private(SECRETS, Node::from(map).render()));
        run = format!("podman kube play --configmap {SECRETS} {FILE}");
    }
    Made {
        documents,
        builds,
        run: vec![run],
    }
}

/// Containers of pods have 64 MB of shared memory, too little for parallel queries.
fn without_shared_memory(database: &Part) -> Part {
    let mut part = database.clone();
    let command = part.spec.process.command.get_or_insert_default();
    if command.is_empty() {
        command.push("postgres".to_owned());
    }
    command.extend(["-c", "dynamic_shared_memory_type=mmap"].map(str::to_owned));
    part
}

fn header(stack: &Stack<'_>) -> String {
    format!(
        "# {} of poststack project {}, for `podman kube play`.\n\
         # The values in {SECRETS} are a ConfigMap: Podman gives Secrets to the environment of\n\
         # containers from version 4.4 on only.\n",
        stack.prepared.identity.environment, stack.prepared.identity.project
    )
}

fn whole(name: &str, spec: Map) -> Node {
    let metadata = Map::new().with("name", name);
    object("v1", "Pod", metadata).with("spec", spec).into()
}

/// One pod of `parts`; those that run to their end come first.
fn together(name: &str, parts: &[&Part], ground: &mut Ground<'_, '_>) -> Option<Node> {
    let mut pod = Pod::default();
    for part in &kube::members(parts) {
        pod.add(part, ground);
    }
    if pod.is_empty() {
        return None;
    }
    if let Some(wait) = kube::wait_for_database(ground) {
        pod.add_first(wait);
    }
    clashes(pod.parts(), ground);
    let names = pod.parts().iter().flat_map(|part| {
        let aliases = match &part.spec.network {
            NetworkAttachment::Networks(endpoints) => endpoints.as_slice(),
            _ => &[],
        };
        let aliases = aliases.iter().flat_map(|one| one.aliases.clone());
        aliases.chain([part.key.clone()])
    });
    let names: BTreeSet<String> = names.collect();
    let aliases = match names.is_empty() {
        true => Vec::new(),
        false => vec![alias("127.0.0.1", names.into_iter().collect())],
    };
    let restart = pod.restart(ground);
    Some(whole(name, pod.spec(restart, aliases, ground)))
}

/// Containers of one pod have one set of ports.
fn clashes(parts: &[Part], ground: &mut Ground<'_, '_>) {
    let mut seen: BTreeMap<(u16, Protocol), String> = BTreeMap::new();
    for part in parts {
        let process = &part.spec.process;
        let published = process
            .ports
            .iter()
            .map(|port| (port.target, port.protocol));
        let exposed = process.expose.iter().map(|port| (port.port, port.protocol));
        let own: BTreeSet<(u16, Protocol)> = published.chain(exposed).collect();
        for port in own {
            let Some(other) = seen.insert(port, part.key.clone()) else {
                continue;
            };
            let number = port.0;
            let message = format!(
                "`{other}` and `{}` both listen on port {number}: containers of one pod share their ports",
                part.key
            );
            let fault = Diagnostic::error(message).help(
                "let one of them listen on another port, or export as quadlet or docker-compose",
            );
            ground.warn(match &part.place {
                Some(place) => fault.at_place(place.clone()),
                None => fault,
            });
        }
    }
}
