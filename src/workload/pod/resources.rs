//! `resources` of a container: what it may use
//! (<https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>).

use std::collections::BTreeMap;

use super::file::{File, Object};
use super::keys::Keys;
use super::quantity::Quantity;
use crate::workload::model::{CpuTime, Resources};
use crate::yaml::{Mapping, Node};

const RESOURCES: Keys = Keys {
    read: &["limits", "requests"],
    ignored: &[],
    refused: &[("claims", "no driver of a cluster gives devices")],
};

/// Limits and requests as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Declared {
    pub cpu_limit: Option<Quantity>,
    pub cpu_request: Option<Quantity>,
    pub memory_limit: Option<Quantity>,
    pub memory_request: Option<Quantity>,
}

pub(super) fn read(file: &mut File<'_>, container: &Object<'_>) -> Declared {
    let Some(resources) = container.child(file, "resources", &RESOURCES) else {
        return Declared::default();
    };
    let limits = quantities(file, &resources, "limits");
    let requests = quantities(file, &resources, "requests");
    let of = |map: &BTreeMap<String, Quantity>, key: &str| map.get(key).copied();
    let declared = Declared {
        cpu_limit: of(&limits, "cpu"),
        cpu_request: of(&requests, "cpu"),
        memory_limit: of(&limits, "memory"),
        memory_request: of(&requests, "memory"),
    };
    let pairs = [
        ("cpu", declared.cpu_request, declared.cpu_limit),
        ("memory", declared.memory_request, declared.memory_limit),
    ];
    for (what, request, limit) in pairs {
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let message = format!("`{}` asks for more {what} than its limit", resources.path);
            let help = "raise the limit, or lower the request";
            file.fault(resources.place_of("requests"), message, help);
        }
    }
    declared
}

impl Declared {
    /// In the engine's terms. A request is a weight, and memory that is reclaimed last.
    pub fn resources(&self) -> Resources {
        let some = |quantity: Option<Quantity>, unit: fn(Quantity) -> i64| {
            quantity.map(unit).filter(|count| *count > 0)
        };
        Resources {
            nano_cpus: some(self.cpu_limit, Quantity::nano),
            memory: some(self.memory_limit, Quantity::units),
            memory_reservation: some(self.memory_request, Quantity::units),
            cpu: CpuTime {
                shares: self.cpu_request.map(shares),
                ..CpuTime::default()
            },
            ..Resources::default()
        }
    }
}

/// A processor is worth the usual weight of a container.
fn shares(request: Quantity) -> i64 {
    const USUAL: i64 = 1024;
    /// What an engine takes at least.
    const LEAST: i64 = 2;
    let milli = request.nano() / 1_000_000;
    (milli.saturating_mul(USUAL) / 1000).max(LEAST)
}

fn quantities(
    file: &mut File<'_>,
    resources: &Object<'_>,
    key: &str,
) -> BTreeMap<String, Quantity> {
    let path = resources.at(key);
    let entry = resources.entry(key);
    let mapping = entry.and_then(|entry| file.decoder.mapping(&entry.value, &path));
    let mut found = BTreeMap::new();
    for entry in mapping
        .iter()
        .flat_map(|mapping: &&Mapping| &mapping.entries)
    {
        let name = &*entry.key;
        let at = format!("{path}.{name}");
        match name {
            "cpu" | "memory" => {
                found.extend(quantity(file, &entry.value, &at).map(|one| (name.to_owned(), one)));
            }
            "ephemeral-storage" => {
                quantity(file, &entry.value, &at);
                let why = "containers of an engine share its storage";
                file.decoder
                    .note(entry.key_span, format!("`{at}` is ignored: {why}"));
            }
            _ if name.contains('/') || name.starts_with("hugepages-") => {
                let message = format!("`{at}` is not supported: no cluster manages such devices");
                file.fault(entry.key_span, message, "limits are `cpu` and `memory`");
            }
            _ => {
                file.decoder
                    .unknown_key(entry, &path, &["cpu", "memory", "ephemeral-storage"]);
            }
        }
    }
    found
}

/// A number, or a text such as `64Mi`.
pub(super) fn quantity(file: &mut File<'_>, node: &Node, path: &str) -> Option<Quantity> {
    let text = file.decoder.text(node, path)?;
    match Quantity::parse(&text) {
        Ok(quantity) => Some(quantity),
        Err(fault) => {
            file.decoder.error(node.span, fault);
            None
        }
    }
}
