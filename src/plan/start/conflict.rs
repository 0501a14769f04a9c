//! Objects in the way of a start that must not be touched.

use crate::plan::definition;
use crate::plan::desired::Desired;
use crate::plan::identity;
use crate::plan::observed::Observed;
use crate::plan::spec::Labels;

/// An object in the way that must not be touched. `kind` is `container`, `network` or `volume`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// It has a name of ours and is not ours.
    Foreign {
        kind: &'static str,
        name: String,
        owner: String,
        /// The project of Docker Compose that made it.
        compose: Option<String>,
    },
    /// It is ours and was made with another definition; making it anew would take something away.
    Changed {
        kind: &'static str,
        name: String,
        /// The fields that differ.
        fields: Vec<String>,
    },
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign {
                kind, name, owner, ..
            } => write!(f, "{kind} `{name}` belongs to {owner}"),
            Self::Changed { kind, name, fields } => {
                let fields = fields.join(", ");
                write!(
                    f,
                    "{kind} `{name}` was made with another definition (changed: {fields})"
                )
            }
        }
    }
}

/// What stands in the way of `desired`.
pub(super) fn conflicts(desired: &Desired, observed: &Observed) -> Vec<Conflict> {
    let foreign = |kind: &'static str, name: &str, labels: Option<&Labels>| {
        let labels = labels.filter(|labels| !desired.identity.owns(labels))?;
        let (name, owner) = (name.to_owned(), identity::owner(labels));
        let compose = labels.get(identity::COMPOSE_PROJECT);
        // Ours look like those of Compose.
        let compose = compose.filter(|_| !labels.contains_key(identity::PROJECT));
        Some(Conflict::Foreign {
            kind,
            name,
            owner,
            compose: compose.cloned(),
        })
    };
    let changed = |kind: &'static str, name: &str, wanted: &Labels, found: &Labels| {
        let label = |labels: &Labels| labels.get(identity::DEFINITION).cloned();
        let fields = definition::differing(&label(found)?, &label(wanted)?);
        let name = name.to_owned();
        (!fields.is_empty()).then_some(Conflict::Changed { kind, name, fields })
    };
    let containers = desired.containers().filter_map(|container| {
        let name = &container.spec.name;
        let labels = observed.containers.get(name).map(|found| &found.labels);
        foreign("container", name, labels)
    });
    let networks = desired.networks.iter().filter_map(|network| {
        let found = &observed.networks.get(&network.name)?.labels;
        let (name, wanted) = (&network.name, &network.labels);
        foreign("network", name, Some(found)).or_else(|| changed("network", name, wanted, found))
    });
    let volumes = desired.volumes.iter().filter_map(|volume| {
        let found = &observed.volumes.get(&volume.name)?.labels;
        let (name, wanted) = (&volume.name, &volume.labels);
        foreign("volume", name, Some(found)).or_else(|| changed("volume", name, wanted, found))
    });
    containers.chain(networks).chain(volumes).collect()
}
