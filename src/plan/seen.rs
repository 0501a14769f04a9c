//! What the last start left, as the engine described it then. Held against what the engine says now,
//! it tells what somebody else has changed since.
//!
//! A label cannot tell that: `docker update` leaves it as it is, and who makes a container anew copies
//! it. Nor can the description: an engine and an image add to it whatever they like.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::{self, Fields};
use super::desired::Desired;
use super::observed::{Observed, ObservedContainer, State};

/// One container as an engine describes it: field → short hash of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Full id.
    pub id: String,
    pub fields: Fields,
}

/// What the last start left, by the name of the container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    pub containers: BTreeMap<String, SeenContainer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenContainer {
    /// Full id.
    pub id: String,
    pub service: String,
    /// Whether poststack left it running.
    pub runs: bool,
    pub fields: Fields,
}

/// Names of fields that tell of a network; whether it is attached to one is looked at elsewhere.
pub const NETWORKS: &str = "networks.";

/// A container that has our name and our labels and that we did not make.
pub const MADE_ANEW: &str = "somebody else made it anew";

impl Seen {
    /// What was changed about the container `name`.
    #[must_use]
    pub fn edited(&self, name: &str, now: &Fingerprint) -> Vec<String> {
        let Some(before) = self.containers.get(name) else {
            return Vec::new();
        };
        let mut edited = definition::unequal(&before.fields, &now.fields);
        edited.retain(|field| !field.starts_with(NETWORKS) || both(field, before, now));
        if before.id != now.id {
            edited.retain(|field| !field.starts_with(NETWORKS));
            edited.insert(0, MADE_ANEW.to_owned());
        }
        edited
    }
}

fn both(field: &str, before: &SeenContainer, now: &Fingerprint) -> bool {
    before.fields.contains_key(field) && now.fields.contains_key(field)
}

/// Something that is no longer as poststack left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `container`, `network` or `volume`.
    pub kind: &'static str,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub what: What,
    /// For instance the fields that were edited, or the name it has now.
    pub details: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Removed,
    Stopped,
    Paused,
    Renamed,
    Edited,
    /// Taken out of a network.
    Detached,
}

impl What {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Renamed => "renamed",
            Self::Edited => "edited",
            Self::Detached => "detached",
        }
    }
}

/// What differs between what the last start left and what is there.
#[must_use]
pub fn differences(desired: &Desired, observed: &Observed, seen: &Seen) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, before) in &seen.containers {
        let mut tell = |what: What, details: Vec<String>| {
            found.push(Difference {
                kind: "container",
                name: name.clone(),
                service: Some(before.service.clone()),
                what,
                details,
            });
        };
        let by_id = || observed.containers.values().find(|one| one.id == before.id);
        let now = match observed.containers.get(name) {
            Some(now) => now,
            None => match by_id() {
                Some(now) => {
                    tell(What::Renamed, vec![now.name.clone()]);
                    now
                }
                None => {
                    tell(What::Removed, Vec::new());
                    continue;
                }
            },
        };
        of_container(before, now, observed, &mut tell);
    }
    if !seen.containers.is_empty() {
        found.extend(objects(desired, observed));
    }
    found
}

fn of_container(
    before: &SeenContainer,
    now: &ObservedContainer,
    observed: &Observed,
    tell: &mut dyn FnMut(What, Vec<String>),
) {
    match now.state {
        State::Paused => tell(What::Paused, Vec::new()),
        State::Running | State::Restarting => {}
        State::Exited(Some(code)) if before.runs => {
            tell(What::Stopped, vec![format!("exit code {code}")]);
        }
        _ if before.runs => tell(What::Stopped, Vec::new()),
        _ => {}
    }
    if !now.edited.is_empty() {
        tell(What::Edited, now.edited.clone());
    }
    let networks = before
        .fields
        .keys()
        .filter_map(|field| field.strip_prefix(NETWORKS));
    let lost = networks.filter(|network| !is_attached(now, network, observed));
    let lost: Vec<String> = lost.map(str::to_owned).collect();
    if !lost.is_empty() {
        tell(What::Detached, lost);
    }
}

/// Whether the container is attached to the network that has this name now: one that was removed
/// behind our back leaves its containers with an id that nobody knows.
#[must_use]
pub fn is_attached(container: &ObservedContainer, network: &str, observed: &Observed) -> bool {
    let named = container.networks.iter().any(|name| name == network);
    let id = observed.networks.get(network).map(|there| &there.id);
    let known =
        |id: &String| container.network_ids.is_empty() || container.network_ids.contains(id);
    named && id.is_none_or(known)
}

fn objects(desired: &Desired, observed: &Observed) -> Vec<Difference> {
    let gone = |kind: &'static str, name: &String| Difference {
        kind,
        name: name.clone(),
        service: None,
        what: What::Removed,
        details: Vec::new(),
    };
    let networks = desired.networks.iter().map(|network| &network.name);
    let networks = networks.filter(|name| !observed.networks.contains_key(*name));
    let volumes = desired.volumes.iter().map(|volume| &volume.name);
    let volumes = volumes.filter(|name| !observed.volumes.contains_key(*name));
    let networks = networks.map(|name| gone("network", name));
    let volumes = volumes.map(|name| gone("volume", name));
    networks.chain(volumes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(id: &str, fields: &[(&str, &str)]) -> Fingerprint {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Fingerprint {
            id: id.to_owned(),
            fields: fields.iter().map(pair).collect(),
        }
    }

    fn seen(id: &str, fields: &[(&str, &str)]) -> Seen {
        let container = SeenContainer {
            id: id.to_owned(),
            service: "web".to_owned(),
            runs: true,
            fields: fingerprint(id, fields).fields,
        };
        Seen {
            containers: [("web-1".to_owned(), container)].into(),
        }
    }

    #[test]
    fn what_differs_is_named_by_its_field() {
        let before = seen("a", &[("restart", "1"), ("user", "1"), ("networks.x", "1")]);
        let same = fingerprint("a", &[("restart", "1"), ("user", "1"), ("networks.x", "1")]);
        assert_eq!(before.edited("web-1", &same), Vec::<String>::new());
        let now = fingerprint("a", &[("restart", "2"), ("cpus", "1"), ("user", "1")]);
        assert_eq!(before.edited("web-1", &now), ["cpus", "restart"]);
        let aliases = fingerprint("a", &[("restart", "1"), ("user", "1"), ("networks.x", "2")]);
        assert_eq!(before.edited("web-1", &aliases), ["networks.x"]);
    }

    #[test]
    fn a_container_of_another_id_was_made_by_somebody_else() {
        let before = seen("a", &[("ports", "1")]);
        let now = fingerprint("b", &[("ports", "2")]);
        assert_eq!(before.edited("web-1", &now), [MADE_ANEW, "ports"]);
        assert_eq!(before.edited("other", &now), Vec::<String>::new());
    }
}
