//! What an interrupted run, or somebody else, left in another state than a plan starts from.

use std::collections::BTreeSet;

use super::Planner;
use crate::plan::desired::DesiredContainer;
use crate::plan::identity;
use crate::plan::observed::{ObservedContainer, State};
use crate::plan::step::{Action, NEXT, PREVIOUS, Phase, StepId};
use crate::plan::stop::in_stop_order;

const CAUSE: &str = "left by an interrupted start";

impl Planner<'_> {
    /// Puts right what an interrupted run left: half-made successors go, predecessors return.
    pub(super) fn leftovers(&mut self) {
        let gone = self.half_made();
        let gone: Vec<ObservedContainer> = gone
            .iter()
            .filter_map(|name| self.containers.get(name).cloned())
            .collect();
        let gone: Vec<&ObservedContainer> = gone.iter().collect();
        let mut after = Vec::new();
        // One by one: Podman keeps a container whose network another one shares.
        for container in in_stop_order(self.desired, &gone) {
            after = vec![self.remove(&container.name, Phase::Prepare, CAUSE, after)];
        }
        let names: Vec<String> = self.containers.keys().cloned().collect();
        for name in names {
            if let Some(base) = name.strip_suffix(PREVIOUS) {
                self.give_back(&name, base, CAUSE);
                self.going.insert(base.to_owned());
            }
        }
        self.forgotten_hooks();
        self.renamed();
    }

    /// The containers that an interrupted run has left over.
    fn half_made(&self) -> BTreeSet<String> {
        // One that never ran may lack its files or networks, and holds nothing.
        let unused = self.containers.values();
        let unused = unused.filter(|one| one.name.ends_with(NEXT) || one.state == State::Created);
        let mut gone: BTreeSet<String> = unused.map(|one| one.name.clone()).collect();
        let succeeded = |name: &&String| {
            let base = name.strip_suffix(PREVIOUS);
            base.is_some_and(|base| self.containers.contains_key(base) && !gone.contains(base))
        };
        let succeeded: Vec<String> = self.containers.keys().filter(succeeded).cloned().collect();
        let base = |name: &String| name.strip_suffix(PREVIOUS).map(str::to_owned);
        // Who waits for its own replacement still lives in a predecessor: then all of them return.
        let mut pending = match succeeded.iter().any(|name| self.is_lived_in(name, &gone)) {
            true => succeeded.iter().filter_map(base).collect(),
            false => succeeded,
        };
        while let Some(name) = pending.pop() {
            let hang_on = self.hang_on(&name).into_iter();
            let hang_on: Vec<String> = hang_on.filter(|one| self.came_with(one, &name)).collect();
            if gone.insert(name) {
                pending.extend(hang_on);
            }
        }
        gone
    }

    /// Whether a container that has no successor yet lives in the predecessor of that name.
    fn is_lived_in(&self, previous: &str, gone: &BTreeSet<String>) -> bool {
        let mut followers = self.hang_on(previous).into_iter();
        followers.any(|one| match one.strip_suffix(PREVIOUS) {
            Some(base) => !self.containers.contains_key(base) || gone.contains(base),
            None => self.came_with(&one, previous),
        })
    }

    /// Whether a follower lives in the container `owner` and not in its successor or predecessor, of
    /// which the one was made after the follower, the other before.
    fn came_with(&self, follower: &str, owner: &str) -> bool {
        let made = |name: &str| self.containers.get(name).map(|found| found.created);
        let successor = owner.strip_suffix(PREVIOUS).unwrap_or(owner);
        let is_older = made(follower) < made(successor);
        follower.ends_with(PREVIOUS) || is_older == owner.ends_with(PREVIOUS)
    }

    /// The containers that may live in a namespace of this one, so that it cannot go before them: of
    /// a predecessor the predecessors, where there are any.
    fn hang_on(&self, name: &str) -> Vec<String> {
        let (base, suffix) = match name.strip_suffix(PREVIOUS) {
            Some(base) => (base, PREVIOUS),
            None => (name, ""),
        };
        let shares = |one: &&DesiredContainer| one.spec.dies_with().any(|(_, owner)| owner == base);
        let followers = self.desired.containers().filter(shares);
        let names = followers.filter_map(|follower| {
            let own = &follower.spec.name;
            let names = [format!("{own}{suffix}"), own.clone()];
            names
                .into_iter()
                .find(|name| self.containers.contains_key(name))
        });
        names.collect()
    }

    /// Removes the containers that may live in a namespace of `base`.
    pub(super) fn remove_followers(&mut self, base: &str, cause: &str) -> Vec<StepId> {
        let names = self.hang_on(base).into_iter();
        names
            .map(|name| self.remove(&name, Phase::Prepare, cause, Vec::new()))
            .collect()
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
}
