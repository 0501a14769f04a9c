//! The hooks around the start of a container.

use super::Planner;
use crate::plan::desired::DesiredContainer;
use crate::plan::identity::Role;
use crate::plan::step::{Action, Phase, StepId};

impl Planner<'_> {
    /// Runs the containers of `pre_start`, one after the other, with the volumes of the container
    /// that was made as `made`; the steps after which that may start. One that fails is kept, for
    /// its log.
    pub(super) fn pre_start(
        &mut self,
        container: &DesiredContainer,
        (made, phase): (&str, Phase),
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        for spec in &container.hooks.pre_start {
            let name = spec.name.clone();
            if self.containers.contains_key(&name) {
                let cause = "it runs again";
                self.remove(&name, Phase::Prepare, cause, Vec::new());
            }
            let freed = self.created.get(made).copied().into_iter().collect();
            let predecessor = Some(made.to_owned());
            after.push(self.create((spec, predecessor), &name, freed));
            let start = Action::StartContainer(name.clone());
            let started = self.plan.push(phase, start, "", after);
            let end = Action::AwaitExit { name: name.clone() };
            let ended = self.plan.push(phase, end, "", vec![started]);
            let remove = Action::RemoveContainer {
                name,
                volumes: false,
            };
            let cause = "it has done its work";
            after = vec![self.plan.push(phase, remove, cause, vec![ended])];
        }
        after
    }

    /// Of the steps from `first` on, those after which all of `pre_start` is done.
    pub(super) fn hooks_done(&self, container: &DesiredContainer, first: StepId) -> Vec<StepId> {
        let last = container.hooks.pre_start.last();
        let steps = self.plan.steps.iter().enumerate().skip(first);
        let is_end = |action: &Action| match (action, last) {
            (Action::AwaitExit { name }, Some(last)) => *name == last.name,
            _ => false,
        };
        let ends = steps.filter(|(_, step)| is_end(&step.action));
        ends.map(|(id, _)| id).collect()
    }

    /// Runs what `post_start` says in the container; the steps after which it counts as started.
    pub(super) fn post_start(
        &mut self,
        container: &DesiredContainer,
        phase: Phase,
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        for hook in &container.hooks.post_start {
            let action = Action::PostStart {
                name: container.spec.name.clone(),
                hook: Box::new(hook.clone()),
            };
            after = vec![self.plan.push(phase, action, "", after)];
        }
        after
    }

    /// Removes what a hook left that nobody describes any more.
    pub(super) fn forgotten_hooks(&mut self) {
        let known: Vec<&str> = self.desired.hook_names().collect();
        let is_hook = |name: &&String| {
            let found = self.containers.get(*name);
            found.is_some_and(|found| found.role() == Some(Role::Hook))
        };
        let names = self.containers.keys().filter(is_hook);
        let gone = names.filter(|name| !known.contains(&name.as_str()));
        let gone: Vec<String> = gone.cloned().collect();
        for name in gone {
            let cause = "no file describes this hook";
            self.remove(&name, Phase::Prepare, cause, Vec::new());
        }
    }
}
