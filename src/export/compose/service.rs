//! One service of the Compose file: what it is connected to. How it runs is in `process`.

use std::collections::BTreeMap;

use super::{mounts, network_key, process};
use crate::export::document::{Map, Node};
use crate::export::files::{Files, reference};
use crate::export::stack::{Need, Part, Stack};
use crate::plan::desired::ImageSource;
use crate::plan::spec::{Endpoint, MountsOf, NamespaceMode, NetworkAttachment};
use crate::workload::model::{Condition, Hook, PullPolicy};

/// <https://github.com/compose-spec/compose-spec/blob/main/05-services.md>
pub fn service(stack: &Stack<'_>, part: &Part, files: &mut Files<'_>) -> Map {
    let spec = &part.spec;
    let mut map = Map::new().with("image", spec.image.as_str());
    map.put_some("build", super::build::build(stack, part, files));
    map.put_some("pull_policy", pull_policy(stack, part));
    map.put_some("platform", spec.platform.clone());
    map.put_some("container_name", part.is_named.then(|| spec.name.clone()));
    if part.replicas != 1 {
        map.put("scale", part.replicas);
    }
    map.put_some("depends_on", Some(depends_on(&part.needs)));
    network(stack, part, &mut map, files);
    namespaces(stack, part, &mut map, files);
    let mut found: Vec<Map> = Vec::new();
    for mount in &spec.mounts {
        found.push(mounts::mount(stack, part, mount, files));
    }
    for file in &spec.files {
        let place = files.content(part, file);
        found.push(mounts::bind(&reference(&place), &file.target, true));
    }
    map.put_some("volumes", Some(found));
    let from = spec.volumes_from.iter().map(|one| volumes_from(stack, one));
    map.put_some("volumes_from", Some(from.collect::<Vec<_>>()));
    map.put_some("labels", Some(texts(&spec.labels)));
    process::put(part, &mut map, files);
    for (key, hooks) in [
        ("post_start", &part.post_start),
        ("pre_stop", &part.pre_stop),
    ] {
        map.put_some(key, Some(hooks.iter().map(hook).collect::<Vec<_>>()));
    }
    map
}

/// A mapping of texts.
pub fn texts(values: &BTreeMap<String, String>) -> Map {
    values
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str()))
        .collect()
}

fn pull_policy(stack: &Stack<'_>, part: &Part) -> Option<&'static str> {
    let desired = stack.prepared.desired.images.get(&part.spec.image)?;
    let (ImageSource::Build(_, policy) | ImageSource::Pull(policy, _)) = &desired.source else {
        return None;
    };
    match policy {
        PullPolicy::Missing => None,
        PullPolicy::Always => Some("always"),
        PullPolicy::Never => Some("never"),
        PullPolicy::Build => Some("build"),
    }
}

fn depends_on(needs: &[Need]) -> Map {
    let one = |need: &Need| {
        let condition = match need.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        };
        let mut map = Map::new().with("condition", condition);
        map.put_flag("restart", need.restart);
        (need.key.clone(), map)
    };
    needs.iter().map(one).collect()
}

fn network(stack: &Stack<'_>, part: &Part, map: &mut Map, files: &mut Files<'_>) {
    let mode = match &part.spec.network {
        NetworkAttachment::Networks(endpoints) => {
            let joined = endpoints.iter().map(|endpoint| {
                let key = network_key(stack, &endpoint.network);
                (key, self::endpoint(part, endpoint))
            });
            map.put_some("networks", Some(joined.collect::<Map>()));
            let links = part.spec.process.external_links.iter();
            let links = links.map(|link| format!("{}:{}", link.container, link.alias));
            map.put_some("external_links", Some(links.collect::<Vec<_>>()));
            return;
        }
        NetworkAttachment::Host => "host".to_owned(),
        NetworkAttachment::None => "none".to_owned(),
        NetworkAttachment::Bridge => "bridge".to_owned(),
        NetworkAttachment::Container(name) => shared(stack, name),
    };
    if mode == "bridge" && !part.spec.process.external_links.is_empty() {
        let why = "the default network of the engine has no names";
        files.diagnostics.push(part.lost("external_links", why));
    }
    map.put("network_mode", mode);
}

/// `service:KEY` of one in the file, `container:NAME` of another.
fn shared(stack: &Stack<'_>, container: &str) -> String {
    match stack.by_container(container) {
        Some(other) => format!("service:{}", other.key),
        None => format!("container:{container}"),
    }
}

fn endpoint(part: &Part, endpoint: &Endpoint) -> Node {
    let mut map = Map::new();
    let own = |alias: &&String| **alias != part.key && **alias != part.spec.name || part.is_named;
    let aliases = endpoint.aliases.iter().filter(own).cloned();
    map.put_some("aliases", Some(aliases.collect::<Vec<_>>()));
    map.put_some("ipv4_address", endpoint.ipv4_address.clone());
    map.put_some("ipv6_address", endpoint.ipv6_address.clone());
    map.put_some("link_local_ips", Some(endpoint.link_local_ips.clone()));
    map.put_some("mac_address", endpoint.mac_address.clone());
    map.put_some("interface_name", endpoint.interface_name.clone());
    map.put_some("gw_priority", endpoint.gateway_priority);
    map.put_some("driver_opts", Some(texts(&endpoint.driver_options)));
    match map.0.is_empty() {
        true => Node::Null,
        false => map.into(),
    }
}

fn namespaces(stack: &Stack<'_>, part: &Part, map: &mut Map, files: &mut Files<'_>) {
    let all = &part.spec.namespaces;
    let text = |mode: &NamespaceMode| match mode {
        NamespaceMode::Word(word) => word.clone(),
        NamespaceMode::Container(name) => shared(stack, name),
    };
    map.put_some("pid", all.pid.as_ref().map(text));
    map.put_some("ipc", all.ipc.as_ref().map(text));
    match &all.uts {
        Some(NamespaceMode::Container(_)) => {
            let why = "Compose cannot share it with another service";
            files.diagnostics.push(part.lost("uts", why));
        }
        other => map.put_some("uts", other.as_ref().map(text)),
    }
}

fn volumes_from(stack: &Stack<'_>, from: &MountsOf) -> String {
    let source = match stack.by_container(&from.container) {
        Some(other) => other.key.clone(),
        None => format!("container:{}", from.container),
    };
    match from.read_only {
        true => format!("{source}:ro"),
        false => source,
    }
}

fn hook(hook: &Hook) -> Map {
    let mut map = Map::new().with("command", hook.command.clone());
    map.put_some("user", hook.user.clone());
    map.put_flag("privileged", hook.privileged);
    map.put_some("working_dir", hook.working_dir.clone());
    map.put_some("environment", Some(process::environment(&hook.environment)));
    map
}
