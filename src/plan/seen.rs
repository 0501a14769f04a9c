//! What the last start left, as the engine described it then. Held against what the engine says now,
//! it tells what somebody else has changed since.
//!
//! A label cannot tell that: `docker update` leaves it as it is, and who makes a container anew copies
//! it. Nor can the description: an engine and an image add to it whatever they like.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::definition::{self, Fields};
use super::observed::{Observed, ObservedContainer, State};

/// One container as an engine describes it: field → short hash of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Full id.
    pub id: String,
    pub fields: Fields,
}

/// What the last start left, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// Version of the engine that described the containers.
    pub version: String,
    pub containers: BTreeMap<String, SeenContainer>,
    pub networks: BTreeSet<String>,
    pub volumes: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenContainer {
    /// Full id.
    pub id: String,
    pub service: String,
    /// Whether poststack left it running.
    pub runs: bool,
    /// None where its description cannot be compared any more.
    pub fields: Fields,
}

/// Names of fields that tell of a network; whether it is attached to one is looked at elsewhere.
pub const NETWORKS: &str = "networks.";

/// A container that has our name and our labels and that we did not make.
pub const MADE_ANEW: &str = "somebody else made it anew";

impl Seen {
    /// What of it holds for an engine of `version`: another one describes the same container with
    /// other fields.
    #[must_use]
    pub fn under(mut self, version: &str) -> Self {
        if self.version != version {
            version.clone_into(&mut self.version);
            let containers = self.containers.values_mut();
            containers.for_each(|container| container.fields.clear());
        }
        self
    }

    /// The fields of the container `name`, where it is still the one of this id and they can be
    /// compared.
    #[must_use]
    pub fn fields(&self, name: &str, id: &str) -> Option<&Fields> {
        let container = self.containers.get(name)?;
        let holds = container.id == id && !container.fields.is_empty();
        holds.then_some(&container.fields)
    }

    /// What was changed about the container `name`.
    #[must_use]
    pub fn edited(&self, name: &str, now: &Fingerprint) -> Vec<String> {
        let Some(before) = self.containers.get(name) else {
            return Vec::new();
        };
        let mut edited = match before.fields.is_empty() {
            true => Vec::new(),
            false => definition::unequal(&before.fields, &now.fields),
        };
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
pub fn differences(observed: &Observed, seen: &Seen) -> Vec<Difference> {
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
    found.extend(objects(observed, seen));
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

fn objects(observed: &Observed, seen: &Seen) -> Vec<Difference> {
    let gone = |kind: &'static str, name: &String| Difference {
        kind,
        name: name.clone(),
        service: None,
        what: What::Removed,
        details: Vec::new(),
    };
    let networks = seen.networks.iter();
    let networks = networks.filter(|name| !observed.networks.contains_key(*name));
    let volumes = seen.volumes.iter();
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
            version: "20.10".to_owned(),
            containers: [("web-1".to_owned(), container)].into(),
            ..Seen::default()
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

    #[test]
    fn an_engine_of_another_version_edits_nothing_by_describing_more() {
        let before = seen("a", &[("ports", "1")]);
        let now = fingerprint("a", &[("ports", "1"), ("news", "1")]);
        let same = before.clone().under("20.10");
        assert_eq!(same.edited("web-1", &now), ["news"]);
        assert_eq!(
            same.fields("web-1", "a"),
            Some(&before.containers["web-1"].fields)
        );
        assert_eq!(same.fields("web-1", "b"), None);
        let newer = before.under("25.0");
        assert_eq!(newer.edited("web-1", &now), Vec::<String>::new());
        assert_eq!(newer.fields("web-1", "a"), None, "to be taken anew");
        assert_eq!(newer.version, "25.0");
        let other = fingerprint("b", &[("ports", "1")]);
        assert_eq!(newer.edited("web-1", &other), [MADE_ANEW]);
    }

    #[test]
    fn only_what_a_start_has_left_can_be_removed() {
        let seen = Seen {
            networks: ["shop_default".to_owned()].into(),
            volumes: ["shop_data".to_owned()].into(),
            ..Seen::default()
        };
        let found = differences(&Observed::default(), &seen);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.kind, &*one.name, one.what))
            .collect();
        let removed = What::Removed;
        let both = [
            ("network", "shop_default", removed),
            ("volume", "shop_data", removed),
        ];
        assert_eq!(found, both);
        assert_eq!(differences(&Observed::default(), &Seen::default()), []);
    }
}
