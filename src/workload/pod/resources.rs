//! `resources` of a container: what it may use
//! (<https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>).

use std::collections::BTreeMap;

use super::file::{File, Object};
use super::keys::Keys;
use super::quantity::Quantity;
use crate::workload::model::Resources;
use crate::yaml::{Mapping, Node};

const RESOURCES: Keys = Keys {
    read: &["limits", "requests"],
    ignored: &[],
    refused: &[("claims", "no driver of a cluster gives devices")],
};

/// The least weight that an engine takes.
const LEAST_SHARES: i64 = 2;

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
        let shares =
            |request: Quantity| (request.nano() / 1000 * 1024 / 1_000_000).max(LEAST_SHARES);
        let mut resources = Resources {
            nano_cpus: self
                .cpu_limit
                .map(Quantity::nano)
                .filter(|limit| *limit > 0),
            memory: self
                .memory_limit
                .map(Quantity::units)
                .filter(|limit| *limit > 0),
            memory_reservation: self
                .memory_request
                .map(Quantity::units)
                .filter(|one| *one > 0),
            ..Resources::default()
        };
        set_shares(&mut resources, self.cpu_request.map(shares));
        resources
    }
}

fn set_shares(_resources: &mut Resources, _shares: Option<i64>) {}

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
