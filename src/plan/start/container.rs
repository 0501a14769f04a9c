//! The steps that make, replace, start and remove one container.

use super::Planner;
use super::decision::Decision;
use crate::plan::desired::{DesiredContainer, ImageSource};
use crate::plan::observed::ObservedContainer;
use crate::plan::spec::{ContainerSpec, MountSpecSource, NetworkAttachment};
use crate::plan::step::{Action, NEXT, PREVIOUS, Phase, StepId};
use crate::workload::model::PullPolicy;

impl Planner<'_> {
    pub(super) fn remove(
        &mut self,
        name: &str,
        phase: Phase,
        cause: &str,
        after: Vec<StepId>,
    ) -> StepId {
        let found = self.containers.get(name);
        let volumes = found.is_some_and(ObservedContainer::takes_volumes_along);
        let action = Action::RemoveContainer {
            name: name.to_owned(),
            volumes,
        };
        let id = self.plan.push(phase, action, cause, after);
        self.containers.remove(name);
        self.freed.entry(name.to_owned()).or_default().push(id);
        id
    }

    /// The steps until the container runs; the last of them, after which it is started.
    pub(super) fn bring_up(
        &mut self,
        container: &DesiredContainer,
        decision: Decision,
        phase: Phase,
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        let name = container.spec.name.clone();
        after.extend(self.freed.get(&name).into_iter().flatten());
        let cause = match decision {
            Decision::Keep => return after,
            Decision::Start(cause) => cause,
            Decision::Create => {
                let freed = self.freed.get(&name).cloned().unwrap_or_default();
                let predecessor = self.desired.predecessors.get(&name).cloned();
                after.push(self.create((&container.spec, predecessor), &name, freed));
                after = self.pre_start(container, (&name, phase), after);
                String::new()
            }
            Decision::Restart(cause) => {
                after = self.stop(container, (&name, &name), (phase, &cause), after);
                cause
            }
            Decision::Recreate(cause) => {
                after = self.replace(container, (phase, &cause), after);
                cause
            }
        };
        self.started.insert(name.clone());
        let action = Action::StartContainer(name);
        let started = vec![self.plan.push(phase, action, cause, after)];
        self.post_start(container, phase, started)
    }

    /// Makes the successor of a container beside it and puts it in its place.
    fn replace(
        &mut self,
        container: &DesiredContainer,
        (phase, cause): (Phase, &str),
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        let name = container.spec.name.clone();
        self.replaced.insert(name.clone());
        let next = format!("{name}{NEXT}");
        let previous = format!("{name}{PREVIOUS}");
        let freed = self.freed.get(&next).cloned().unwrap_or_default();
        let predecessor = (!self.options.renew_volumes).then(|| name.clone());
        after.push(self.create((&container.spec, predecessor), &next, freed));
        after = self.pre_start(container, (&next, phase), after);
        after.extend(self.freed.get(&previous).into_iter().flatten());
        // Its name tells a later start that this one is going, however we end meanwhile.
        let aside = self.rename(phase, &name, &previous, after);
        let stopped = self.stop(container, (&name, &previous), (phase, cause), vec![aside]);
        vec![self.rename(phase, &next, &name, stopped)]
    }

    /// Stops the container found as `found`, which is called `name` by then.
    fn stop(
        &mut self,
        container: &DesiredContainer,
        (found, name): (&str, &str),
        (phase, cause): (Phase, &str),
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        if let Some(found) = self.containers.get(found) {
            let found = ObservedContainer {
                name: name.to_owned(),
                ..found.clone()
            };
            let described = Some(container);
            after = self.plan.before_stop(phase, &found, described, after);
        }
        let action = Action::StopContainer {
            name: name.to_owned(),
            grace: container.spec.process.stop_grace_period,
        };
        vec![self.plan.push(phase, action, cause, after)]
    }

    fn rename(&mut self, phase: Phase, from: &str, to: &str, after: Vec<StepId>) -> StepId {
        let (from, to) = (from.to_owned(), to.to_owned());
        let action = Action::RenameContainer { from, to };
        self.plan.push(phase, action, "", after)
    }

    /// Creates a container under `name`, once its image, networks and volumes are there.
    /// It takes over the anonymous volumes of `predecessor`.
    pub(super) fn create(
        &mut self,
        (spec, predecessor): (&ContainerSpec, Option<String>),
        name: &str,
        freed: Vec<StepId>,
    ) -> StepId {
        let mut after = freed;
        after.extend(self.freed.get(name).into_iter().flatten());
        let mut spec = spec.clone();
        after.extend(self.image(&spec.image));
        if let NetworkAttachment::Networks(endpoints) = &spec.network {
            let networks = endpoints.iter().map(|endpoint| &endpoint.network);
            after.extend(networks.filter_map(|network| self.networks.get(network)));
        }
        for other in spec.lives_in_mut() {
            if self.replaced.contains(other) {
                other.push_str(NEXT);
            }
            after.extend(self.created.get(other.as_str()));
        }
        for mount in &spec.mounts {
            if let MountSpecSource::Volume { name, .. } = &mount.source {
                after.extend(self.volume(name));
            }
        }
        // The others are made while the database starts, not while it is being made.
        let database = self.desired.database.as_ref();
        after.extend(database.and_then(|database| self.created.get(&database.spec.name)));
        name.clone_into(&mut spec.name);
        let spec = Box::new(spec);
        let action = Action::CreateContainer { spec, predecessor };
        let id = self.plan.push(Phase::Prepare, action, "", after);
        self.created.insert(name.to_owned(), id);
        id
    }

    pub(super) fn image(&mut self, reference: &str) -> Option<StepId> {
        if let Some(id) = self.images.get(reference) {
            return Some(*id);
        }
        let image = self.desired.images.get(reference)?;
        let wanted = match &image.source {
            ImageSource::Pull(policy, _) => *policy == PullPolicy::Always,
            ImageSource::Build(..) | ImageSource::Own(_) | ImageSource::BuiltIn => false,
        };
        if self.observed.images.contains_key(reference) && !wanted {
            return None;
        }
        let action = Action::PrepareImage(reference.to_owned());
        let id = self.plan.push(Phase::Prepare, action, "", Vec::new());
        self.images.insert(reference.to_owned(), id);
        Some(id)
    }
}
