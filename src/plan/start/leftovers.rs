//! What an interrupted run, or somebody else, left in another state than a plan starts from.

use super::Planner;
use crate::plan::desired::DesiredContainer;
use crate::plan::identity;
use crate::plan::observed::{ObservedContainer, State};
use crate::plan::step::{Action, NEXT, PREVIOUS, Phase, StepId};

impl Planner<'_> {
    /// Puts right what an interrupted run left: half-made successors go, predecessors return.
    pub(super) fn leftovers(&mut self) {
        const CAUSE: &str = "left by an interrupted start";
        let mut after = Vec::new();
        for name in self.half_made() {
            after = vec![self.remove(&name, Phase::Prepare, CAUSE, after)];
        }
        let names: Vec<String> = self.containers.keys().cloned().collect();
        for name in names {
            if let Some(base) = name.strip_suffix(PREVIOUS) {
                if self.containers.contains_key(base) {
                    let after = self.remove_followers(base, CAUSE);
                    self.remove(&name, Phase::Prepare, CAUSE, after);
                } else {
                    self.give_back(&name, base, CAUSE);
                    self.going.insert(base.to_owned());
                }
            }
        }
        self.forgotten_hooks();
        self.renamed();
    }

    /// Successors, and containers that never ran: those may lack their files or networks, and hold
    /// nothing. Podman wants those gone first that live in the namespaces of others.
    fn half_made(&self) -> Vec<String> {
        let order: Vec<&str> = self.desired.container_names().collect();
        let place = |name: &str| {
            let base = name.strip_suffix(NEXT).unwrap_or(name);
            order.iter().position(|one| *one == base)
        };
        let half = |name: &str, found: &ObservedContainer| {
            name.ends_with(NEXT) || found.state == State::Created
        };
        let found = self
            .containers
            .iter()
            .filter(|(name, found)| half(name, found));
        let mut names: Vec<String> = found.map(|(name, _)| name.clone()).collect();
        names.sort_by_key(|name| std::cmp::Reverse(place(name)));
        names
    }

    /// Gives a container another name.
    fn give_back(&mut self, name: &str, to: &str, cause: &str) {
        let Some(mut container) = self.containers.remove(name) else {
            return;
        };
        let action = Action::RenameContainer {
            from: name.to_owned(),
            to: to.to_owned(),
        };
        let after = self.freed.get(to).cloned().unwrap_or_default();
        let id = self.plan.push(Phase::Prepare, action, cause, after);
        self.freed.insert(to.to_owned(), vec![id]);
        to.clone_into(&mut container.name);
        self.containers.insert(to.to_owned(), container);
    }

    /// Finds described containers under other names: somebody renamed them, or the file does.
    fn renamed(&mut self) {
        let desired = self.desired;
        let known: Vec<&str> = desired.container_names().collect();
        for container in desired.containers() {
            let name = &container.spec.name;
            if self.containers.contains_key(name) {
                continue;
            }
            let is_it = |found: &&ObservedContainer| {
                found.service() == container.service
                    && found.number() == container.number
                    && found.role() == Some(container.role)
                    && !known.contains(&found.name.as_str())
            };
            let Some(found) = self.containers.values().find(is_it) else {
                continue;
            };
            let hash = found.labels.get(identity::DEFINITION_HASH);
            let cause = match hash == Some(&container.hash) {
                true => "it was renamed outside poststack",
                false => "its file gives it another name",
            };
            let other = found.name.clone();
            self.give_back(&other, name, cause);
        }
    }

    /// Removes the containers that live in a namespace of `base`: they may hang on a predecessor of
    /// it, which Podman does not let go before them.
    pub(super) fn remove_followers(&mut self, base: &str, cause: &str) -> Vec<StepId> {
        let desired = self.desired;
        let shares = |container: &&DesiredContainer| {
            container.spec.lives_in().any(|(_, owner)| owner == base)
        };
        let followers = desired.containers().filter(shares);
        let names: Vec<&str> = followers.map(|one| one.spec.name.as_str()).collect();
        let there = |name: &&str| self.containers.contains_key(*name);
        let names: Vec<&str> = names.into_iter().filter(there).collect();
        names
            .into_iter()
            .map(|name| self.remove(name, Phase::Prepare, cause, Vec::new()))
            .collect()
    }
}
