//! What each container needs, by what differs between it and its description.

use super::Planner;
use crate::config::model::Storage;
use crate::plan::definition;
use crate::plan::desired::{DesiredContainer, ImageSource};
use crate::plan::identity::{self, Role};
use crate::plan::observed::{ObservedContainer, State};
use crate::plan::seen::is_attached;
use crate::plan::spec::NetworkAttachment;

/// What a container needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Create,
    Recreate(String),
    /// It is there as it shall be, but does not run.
    Start(String),
    /// It runs, and must be started anew for the cause given.
    Restart(String),
    Keep,
}

impl Planner<'_> {
    pub(super) fn decide(&self, container: &DesiredContainer) -> Decision {
        let Some(found) = self.containers.get(&container.spec.name) else {
            return Decision::Create;
        };
        if self.options.force_recreate && container.role == Role::Service {
            return Decision::Recreate("asked for".to_owned());
        }
        if let Some(difference) = self.difference(container, found) {
            return Decision::Recreate(difference);
        }
        match found.state {
            State::Exited(Some(0)) if container.may_end => Decision::Keep,
            State::Running | State::Restarting if self.going.contains(&found.name) => {
                Decision::Restart("an interrupted start may have stopped it".to_owned())
            }
            State::Running | State::Restarting => self.follow(container),
            State::Paused => Decision::Restart("it was paused".to_owned()),
            State::Removing | State::Dead => Decision::Recreate("it is dead".to_owned()),
            State::Exited(Some(code)) if code != 0 => {
                Decision::Start(format!("it had ended with code {code}"))
            }
            State::Created | State::Exited(_) => Decision::Start("it did not run".to_owned()),
        }
    }

    /// A namespace ends with the container that it came with, though that may come back.
    fn follow(&self, container: &DesiredContainer) -> Decision {
        let mut owners = container.spec.dies_with();
        match owners.find(|(_, owner)| self.started.contains(*owner)) {
            Some((what, owner)) => {
                Decision::Restart(format!("shares the {what} of {owner}, which starts anew"))
            }
            None => Decision::Keep,
        }
    }

    /// Whether a container that somebody edited is made anew for that alone: not where it would run
    /// the init phase again, or lose a database that lives in memory.
    fn may_be_made_anew(&self, container: &DesiredContainer) -> bool {
        match container.role {
            Role::Service | Role::Hook => true,
            Role::Database => self.options.storage == Storage::Volume,
            Role::Init => false,
        }
    }

    /// Whether this plan already builds an image of the project's files, which have changed: whoever
    /// was made of the former one would be found different by the next start.
    fn is_built_anew(&self, reference: &str) -> bool {
        let image = self.desired.images.get(reference);
        let is_own = image.is_some_and(|image| matches!(image.source, ImageSource::Own(_)));
        is_own && self.images.contains_key(reference)
    }

    /// What differs between a container and its description, in words.
    pub(super) fn difference(
        &self,
        container: &DesiredContainer,
        found: &ObservedContainer,
    ) -> Option<String> {
        let label = |key: &str| {
            found
                .labels
                .get(key)
                .map(String::as_str)
                .unwrap_or_default()
        };
        if label(identity::DEFINITION_HASH) != container.hash {
            let fields = definition::changed(label(identity::DEFINITION), &container.fields);
            return Some(format!("changed: {}", fields.join(", ")));
        }
        let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
        let image = self.observed.images.get(&container.spec.image);
        if image.is_some_and(|image| plain(image) != plain(&found.image_id)) {
            return Some("changed: image was built or pulled anew".to_owned());
        }
        if self.is_built_anew(&container.spec.image) {
            return Some("changed: image is built anew".to_owned());
        }
        let mut owners = container.spec.lives_in();
        let anew = |owner: &str| self.replaced.contains(owner) || self.created.contains_key(owner);
        if let Some((what, other)) = owners.find(|(_, other)| anew(other)) {
            return Some(format!("shares the {what} of {other}"));
        }
        if !found.edited.is_empty() && self.may_be_made_anew(container) {
            let edited = found.edited.join(", ");
            return Some(format!("changed outside poststack: {edited}"));
        }
        match &container.spec.network {
            NetworkAttachment::Networks(endpoints) => endpoints
                .iter()
                .map(|endpoint| &endpoint.network)
                .find(|network| {
                    let there = self.observed.networks.contains_key(*network);
                    !there || !is_attached(found, network, self.observed)
                })
                .map(|network| match found.networks.contains(network) {
                    true => format!("network {network} is another one"),
                    false => format!("it is not in network {network}"),
                }),
            _ => None,
        }
    }
}
