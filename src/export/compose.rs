//! `docker-compose`: one Compose file that the specification's programs understand, with its
//! secrets in `.env` beside it (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>).

mod build;
mod dotenv;
mod mounts;
mod process;
mod resources;
mod service;

pub(super) use process::duration;
pub(super) use resources::cpus;

use super::Made;
use super::document::{Map, Node};
use super::files::{File, Files};
use super::images;
use super::secrets::{Found, Secrets};
use super::stack::Stack;
use crate::plan::desired::External;
use crate::plan::identity::Identity;
use crate::plan::spec::{NetworkSpec, VolumeSpec};

/// The document.
pub const FILE: &str = "compose.yml";
const SECRETS: &str = ".env";

pub fn export(stack: &Stack<'_>, files: &mut Files<'_>) -> Made {
    let mut secrets = Secrets::new(stack.prepared);
    let services = stack.parts.iter().map(|part| {
        let service = service::service(stack, part, files);
        let service = secrets.sealed(service.into(), &[&part.key], &interpolated);
        (part.key.clone(), service)
    });
    let services: Map = services.collect();
    let mut document = Map::new()
        .with("name", stack.prefix())
        .with("services", services);
    let top = [
        ("networks", networks(stack)),
        ("volumes", volumes(stack)),
        ("secrets", build::secrets(stack, files, &mut secrets)),
    ];
    for (key, map) in top {
        let sealed = secrets.sealed(map.into(), &[key], &interpolated);
        document.put_some(key, Some(sealed));
    }
    let header = format!(
        "# {} of poststack project {}, as one Compose file.\n\
         # Secrets stand in {SECRETS} beside it.\n",
        stack.prepared.identity.environment, stack.prepared.identity.project
    );
    let text = format!("{header}{}", Node::from(document).render());
    let mut made = vec![File::public(FILE, text)];
    if !secrets.is_empty() {
        made.push(File::private(SECRETS, dotenv::write(secrets.iter())));
    }
    Made {
        builds: images::commands_first(stack, files, "docker"),
        documents: made,
        run: vec![format!("docker compose -f {FILE} up -d")],
    }
}

/// A text as Compose reads it: a `$` of its own is doubled, a secret is a variable of `.env`.
fn interpolated(found: Found<'_>) -> String {
    match found {
        Found::Plain(text) => text.replace('$', "$$"),
        Found::Secret(name) => format!("${{{name}?it stands in {SECRETS}}}"),
    }
}

/// What the file calls a network: its key, which its label tells.
pub(super) fn network_key(stack: &Stack<'_>, name: &str) -> String {
    let networks = stack.prepared.desired.networks.iter();
    let mut found = networks.filter(|network| network.name == name);
    let key = found
        .next()
        .and_then(|one| one.labels.get("com.docker.compose.network"));
    key.cloned()
        .unwrap_or_else(|| own_part(&stack.prepared.identity, name))
}

/// As [`network_key`].
pub(super) fn volume_key(stack: &Stack<'_>, name: &str) -> String {
    let volumes = stack.prepared.desired.volumes.iter();
    let mut found = volumes.filter(|volume| volume.name == name);
    let key = found
        .next()
        .and_then(|one| one.labels.get("com.docker.compose.volume"));
    key.cloned()
        .unwrap_or_else(|| own_part(&stack.prepared.identity, name))
}

fn own_part(identity: &Identity, name: &str) -> String {
    let prefix = format!("{}_", identity.prefix());
    name.strip_prefix(&prefix).unwrap_or(name).to_owned()
}

fn networks(stack: &Stack<'_>) -> Map {
    let desired = &stack.prepared.desired;
    let own = desired.networks.iter();
    let own = own.map(|spec| (network_key(stack, &spec.name), network(spec)));
    let foreign = desired.external.iter().filter_map(|one| match one {
        External::Network(name) => Some((network_key(stack, name), external(name))),
        External::Volume(_) => None,
    });
    own.chain(foreign).collect()
}

fn external(name: &str) -> Map {
    Map::new().with("name", name).with("external", true)
}

fn network(spec: &NetworkSpec) -> Map {
    let mut map = Map::new().with("name", spec.name.as_str());
    map.put_some("driver", spec.driver.clone());
    map.put_some("driver_opts", Some(service::texts(&spec.driver_options)));
    map.put_flag("internal", spec.internal);
    map.put_flag("attachable", spec.attachable);
    map.put_some("enable_ipv4", spec.ipv4);
    map.put_flag("enable_ipv6", spec.ipv6);
    let labels = super::stack::own_labels(&spec.labels);
    map.put_some("labels", Some(service::texts(&labels)));
    let mut ipam = Map::new();
    ipam.put_some("driver", spec.ipam.driver.clone());
    let subnets = spec.ipam.subnets.iter().map(|subnet| {
        let mut one = Map::new();
        one.put_some("subnet", subnet.subnet.clone());
        one.put_some("gateway", subnet.gateway.clone());
        one.put_some("ip_range", subnet.ip_range.clone());
        one.put_some("aux_addresses", Some(service::texts(&subnet.aux_addresses)));
        one
    });
    ipam.put_some("config", Some(subnets.collect::<Vec<_>>()));
    ipam.put_some("options", Some(service::texts(&spec.ipam.options)));
    map.put_some("ipam", Some(ipam));
    map
}

fn volumes(stack: &Stack<'_>) -> Map {
    let desired = &stack.prepared.desired;
    // What a volume is filled with is a folder of the export.
    let own = desired.volumes.iter().filter(|spec| spec.filling.is_none());
    let own = own.map(|spec| (volume_key(stack, &spec.name), volume(spec)));
    let foreign = desired.external.iter().filter_map(|one| match one {
        External::Volume(name) => Some((volume_key(stack, name), external(name))),
        External::Network(_) => None,
    });
    own.chain(foreign).collect()
}

fn volume(spec: &VolumeSpec) -> Map {
    let mut map = Map::new().with("name", spec.name.as_str());
    map.put_some("driver", spec.driver.clone());
    map.put_some("driver_opts", Some(service::texts(&spec.driver_options)));
    let labels = super::stack::own_labels(&spec.labels);
    map.put_some("labels", Some(service::texts(&labels)));
    map
}
