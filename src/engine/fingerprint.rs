//! A container as a list of fields with a hash each, of all that an engine says of its making and
//! nothing of its running: two of the same container differ where it was changed between them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::inspect::inspection;
use super::{Engine, EngineError};
use crate::plan::definition::{self, Fields};
use crate::plan::seen::{Fingerprint, NETWORKS};

/// What the engines call otherwise than a Compose file does.
const NAMES: [(&str, &str); 21] = [
    ("Binds", "volumes"),
    ("Cmd", "command"),
    ("CpuPercent", "cpu_percent"),
    ("Dns", "dns"),
    ("DnsOptions", "dns_opt"),
    ("ExposedPorts", "expose"),
    ("IpcMode", "ipc"),
    ("LogConfig", "logging"),
    ("Memory", "mem_limit"),
    ("MemoryReservation", "mem_reservation"),
    ("MemorySwap", "memswap_limit"),
    ("MemorySwappiness", "mem_swappiness"),
    ("Mounts", "volumes"),
    ("NanoCpus", "cpus"),
    ("OpenStdin", "stdin_open"),
    ("PidMode", "pid"),
    ("PortBindings", "ports"),
    ("ReadonlyRootfs", "read_only"),
    ("RestartPolicy", "restart"),
    ("StopTimeout", "stop_grace_period"),
    ("UTSMode", "uts"),
];

impl Engine {
    /// The fingerprint of the container of exactly this name; `None` when there is none.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn fingerprint(&self, name: &str) -> Result<Option<Fingerprint>, EngineError> {
        let found: Option<Value> = self.wire.find(inspection(name)).await?;
        let is_it = |found: &Value| {
            let own = found
                .get("Name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            own.trim_start_matches('/') == name
        };
        Ok(found.filter(is_it).map(|found| fingerprint(&found)))
    }
}

pub(super) fn fingerprint(container: &Value) -> Fingerprint {
    let text = |key: &str| {
        container
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let mut texts = Texts {
        id: text("Id"),
        found: BTreeMap::new(),
    };
    texts.add("image", text("Image"));
    for section in ["Config", "HostConfig"] {
        for (key, value) in members(container.get(section)) {
            texts.member(key, value);
        }
    }
    for mount in container
        .get("Mounts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |key: &str| mount.get(key).map(ToString::to_string).unwrap_or_default();
        let target = mount
            .get("Destination")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let how = ["Type", "Name", "Source", "RW"].map(part).join(" ");
        texts.add(&format!("volumes.{target}"), &how);
    }
    let settings = container.get("NetworkSettings");
    for (network, endpoint) in members(settings.and_then(|one| one.get("Networks"))) {
        texts.endpoint(network, endpoint);
    }
    let fields: Fields = texts
        .found
        .iter()
        .map(|(name, text)| (name.clone(), definition::short(text)))
        .collect();
    Fingerprint {
        id: texts.id.to_owned(),
        fields,
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}

/// Field → all there is to it.
struct Texts<'v> {
    id: &'v str,
    found: BTreeMap<String, String>,
}

impl Texts<'_> {
    fn add(&mut self, name: &str, text: &str) {
        let all = self.found.entry(name.to_owned()).or_default();
        all.push_str(text);
        all.push('\n');
    }

    fn member(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("Env", Value::Array(entries)) => {
                for entry in entries.iter().filter_map(Value::as_str) {
                    let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
                    if !self.is_id(value) {
                        self.add(&format!("environment.{name}"), value);
                    }
                }
            }
            ("Labels", Value::Object(labels)) => {
                for (name, value) in labels {
                    self.add(&format!("labels.{name}"), &value.to_string());
                }
            }
            (_, Value::String(text)) if self.is_id(text) => {}
            _ if is_empty(value) => {}
            _ => self.add(&field(key), &value.to_string()),
        }
    }

    /// The names in a network; the engine adds the id.
    fn endpoint(&mut self, network: &str, endpoint: &Value) {
        let aliases = endpoint.get("Aliases").and_then(Value::as_array);
        let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
        let mut names: Vec<&str> = aliases.filter(|name| !self.is_id(name)).collect();
        names.sort_unstable();
        names.dedup();
        let names = names.join(" ");
        self.add(&format!("{NETWORKS}{network}"), &names);
    }

    /// Whether a text is the container's own id, cut short.
    fn is_id(&self, text: &str) -> bool {
        text.len() >= 12 && self.id.starts_with(text)
    }
}

/// Engines write nothing in many ways.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(true) => false,
    }
}

/// The key as a Compose file would have it.
fn field(key: &str) -> String {
    let known = NAMES.iter().find(|(name, _)| *name == key);
    if let Some((_, name)) = known {
        return (*name).to_owned();
    }
    let mut name = String::new();
    for character in key.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container() -> Value {
        json!({
            "Id": "0123456789abcdef",
            "Image": "sha256:1",
            "Config": {"Env": ["A=1", "HOSTNAME=0123456789ab"], "Hostname": "0123456789ab", "Cmd": ["x"]},
            "HostConfig": {"RestartPolicy": {"Name": "no"}, "CpuShares": 0, "CapAdd": null},
            "State": {"Status": "running"},
            "NetworkSettings": {"Networks": {"net": {"Aliases": ["web", "0123456789ab"]}}},
        })
    }

    #[test]
    fn a_fingerprint_holds_what_was_asked_for_and_nothing_that_changes_by_itself() {
        let before = fingerprint(&container());
        let names: Vec<&str> = before.fields.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "command",
                "environment.A",
                "image",
                "networks.net",
                "restart"
            ]
        );
        let mut stopped = container();
        stopped["State"]["Status"] = json!("exited");
        stopped["HostConfig"]["CapAdd"] = json!([]);
        assert_eq!(fingerprint(&stopped), before);
    }

    #[test]
    fn an_edited_container_differs_in_the_field_that_a_compose_file_has_for_it() {
        let before = fingerprint(&container());
        let mut edited = container();
        edited["HostConfig"]["Memory"] = json!(64);
        edited["HostConfig"]["CpuShares"] = json!(2);
        edited["Config"]["Env"][0] = json!("A=2");
        let now = fingerprint(&edited);
        let differing = definition::unequal(&before.fields, &now.fields);
        assert_eq!(differing, ["cpu_shares", "environment.A", "mem_limit"]);
    }
}
