//! The plan that puts former containers back after a failed deploy.
//!
//! It is made of what was there before and what is there now, not of the steps that were taken: of a
//! call whose answer was lost nobody knows whether it was heard.

use std::collections::BTreeSet;

use super::desired::Desired;
use super::identity::Role;
use super::observed::{Observed, ObservedContainer, State};
use super::step::{Action, NEXT, PREVIOUS, Phase, Plan, StepId};
use super::stop::in_stop_order;

const CAUSE: &str = "the deploy failed";

/// Undoes what a failed start has done to the containers of `before`: what came in their place goes,
/// they get their names back, and those that ran are started again. A container without a
/// predecessor is kept when it has run, for its log, and goes when it never has.
#[must_use]
pub fn undo(desired: &Desired, before: &Observed, now: &Observed) -> Plan {
    let mut undo = Undo {
        desired,
        before,
        now,
        plan: Plan::default(),
    };
    let gate = undo.remove_new();
    let gate = undo.rename_back(gate);
    undo.start_again(gate);
    undo.plan
}

struct Undo<'a> {
    desired: &'a Desired,
    before: &'a Observed,
    now: &'a Observed,
    plan: Plan,
}

impl<'a> Undo<'a> {
    /// Own containers of now.
    fn own(&self) -> impl Iterator<Item = &'a ObservedContainer> + use<'a> {
        let identity = &self.desired.identity;
        let containers = self.now.containers.values();
        containers.filter(|one| identity.owns(&one.labels))
    }

    /// The container as it was before.
    fn former(&self, id: &str) -> Option<&'a ObservedContainer> {
        self.before.containers.values().find(|one| one.id == id)
    }

    /// The name the container shall have.
    fn due_name(&self, container: &'a ObservedContainer) -> &'a str {
        let base = container.name.strip_suffix(PREVIOUS);
        let was_aside = |one: &ObservedContainer| one.name.ends_with(PREVIOUS);
        match (base, self.former(&container.id)) {
            (Some(base), Some(former)) if !was_aside(former) => base,
            _ => &container.name,
        }
    }

    /// One by one, dependents first: Podman keeps a container whose network another one shares.
    fn remove_new(&mut self) -> Vec<StepId> {
        let own: Vec<&ObservedContainer> = self.own().collect();
        let old = own.iter().filter(|one| self.former(&one.id).is_some());
        let due: BTreeSet<&str> = old.map(|one| self.due_name(one)).collect();
        let new = own.iter().filter(|one| self.former(&one.id).is_none());
        let goes = new.filter(|one| {
            let succeeds = one.name.ends_with(NEXT) || due.contains(one.name.as_str());
            succeeds || has_no_log(one)
        });
        let goes: Vec<&ObservedContainer> = goes.copied().collect();
        let mut after = Vec::new();
        for container in in_stop_order(self.desired, &goes) {
            let name = container.name.clone();
            // The anonymous volumes of a successor, and of its hooks, are its predecessor's.
            let alone = !name.ends_with(NEXT) && !due.contains(name.as_str());
            // The data of a server may lie on a volume without a name, made by somebody else.
            let kept = matches!(container.role(), Some(Role::Hook | Role::Database));
            let volumes = alone && !kept;
            let action = Action::RemoveContainer { name, volumes };
            after = vec![self.plan.push(Phase::Finish, action, CAUSE, after)];
        }
        after
    }

    fn rename_back(&mut self, gate: Vec<StepId>) -> Vec<StepId> {
        let aside = self.own().filter(|one| self.due_name(one) != one.name);
        let aside: Vec<&ObservedContainer> = aside.collect();
        let mut all = gate.clone();
        for container in aside {
            let action = Action::RenameContainer {
                from: container.name.clone(),
                to: self.due_name(container).to_owned(),
            };
            all.push(self.plan.push(Phase::Finish, action, CAUSE, gate.clone()));
        }
        all
    }

    /// In the order of their dependencies, then waits for their health.
    fn start_again(&mut self, mut gate: Vec<StepId>) {
        let old: Vec<&ObservedContainer> = self.own().filter(|one| self.ran(one)).collect();
        let mut order = in_stop_order(self.desired, &old);
        order.reverse();
        let mut started: BTreeSet<&str> = BTreeSet::new();
        let mut ready = Vec::new();
        for container in order {
            let name = self.due_name(container);
            let described = self.desired.container(name);
            let owners = described.into_iter().flat_map(|one| one.spec.dies_with());
            let follows = owners.into_iter().any(|(_, owner)| started.contains(owner));
            let runs = container.runs();
            if runs && !follows {
                continue;
            }
            if runs {
                let (name, grace) = (name.to_owned(), None);
                let stop = Action::StopContainer { name, grace };
                gate = vec![self.plan.push(Phase::Finish, stop, CAUSE, gate)];
            }
            let start = Action::StartContainer(name.to_owned());
            gate = vec![self.plan.push(Phase::Finish, start, CAUSE, gate)];
            started.insert(name);
            ready.push((container, name));
        }
        for (container, name) in ready {
            let former = self.former(&container.id);
            let action = Action::AwaitReady {
                name: name.to_owned(),
                tested: former.is_some_and(|one| one.health != Default::default()),
                health_needed: false,
            };
            self.plan.push(Phase::Finish, action, "", gate.clone());
        }
    }

    fn ran(&self, container: &ObservedContainer) -> bool {
        let former = self.former(&container.id);
        former.is_some_and(ObservedContainer::runs)
    }
}

/// Whether a new container has nothing to tell: it never ran, or it is a hook that did its work or
/// was stopped at it.
fn has_no_log(container: &ObservedContainer) -> bool {
    match (container.role(), container.state) {
        (_, State::Created) | (Some(Role::Hook), State::Exited(Some(0))) => true,
        (Some(Role::Hook), _) => container.runs(),
        _ => false,
    }
}
