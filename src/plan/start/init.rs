//! The init phase: which entries are due, and their steps, one entry after the other.

use std::collections::BTreeMap;

use super::Planner;
use super::deploy::{Ready, gates};
use crate::config::model::Storage;
use crate::plan::desired::{DesiredContainer, InitWork};
use crate::plan::observed::State;
use crate::plan::spec::MountSpecSource;
use crate::plan::step::{Action, Phase, StepId};
use crate::workload::model::Condition;

impl Planner<'_> {
    /// Whether the database starts without the data of an earlier run.
    fn database_is_new(&self) -> bool {
        let Some(database) = &self.desired.database else {
            return false;
        };
        match self.options.storage {
            Storage::Volume => database.spec.mounts.iter().any(|mount| {
                matches!(&mount.source, MountSpecSource::Volume { name, .. }
                    if self.volumes.contains_key(name))
            }),
            Storage::Tmpfs => self.plan.steps.iter().any(|step| {
                matches!(&step.action, Action::StartContainer(name) if *name == database.spec.name)
            }),
        }
    }

    /// The init entries that are due, one after the other; the steps after which all are done.
    pub(super) fn init(&mut self, login: &[StepId]) -> Vec<StepId> {
        let mut gate = login.to_vec();
        if !self.options.init {
            return gate;
        }
        let mut due = self.options.rerun_init || self.database_is_new();
        for (index, entry) in self.desired.init.iter().enumerate() {
            let phase = Phase::Init(index);
            match &entry.work {
                InitWork::Migrations(folder) => {
                    let action = Action::Migrate(folder.clone());
                    gate = vec![self.plan.push(phase, action, "", gate)];
                }
                InitWork::Containers(containers) => {
                    due = due || containers.iter().any(|one| !self.is_done(one, containers));
                    if due {
                        gate = self.init_entry(containers, phase, gate);
                    }
                }
            }
        }
        gate
    }

    /// Whether an init container has ended well as it is described now; a helper was stopped.
    fn is_done(&self, container: &DesiredContainer, entry: &[DesiredContainer]) -> bool {
        let found = self.containers.get(&container.spec.name);
        found.is_some_and(|found| {
            let ended = match found.state {
                State::Exited(code) => code == Some(0) || is_helper(container, entry),
                _ => false,
            };
            ended && self.difference(container, found).is_none()
        })
    }

    fn init_entry(
        &mut self,
        containers: &[DesiredContainer],
        phase: Phase,
        gate: Vec<StepId>,
    ) -> Vec<StepId> {
        let mut ready: BTreeMap<&str, Ready> = BTreeMap::new();
        let mut done = Vec::new();
        let mut helpers = Vec::new();
        for container in containers {
            let name = &container.spec.name;
            let found = self.containers.get(name);
            let under_way = found.is_some_and(|found| {
                found.state == State::Running && self.difference(container, found).is_none()
            });
            let mut after = gate.clone();
            after.extend(gates(container, &ready));
            let started = if under_way {
                after
            } else {
                if found.is_some() {
                    let cause = "the init phase runs again";
                    let after = self.remove_followers(name, cause);
                    self.remove(name, Phase::Prepare, cause, after);
                }
                let freed = self.freed.get(name).cloned().unwrap_or_default();
                let created = self.create((&container.spec, None), name, freed);
                after.push(created);
                after = self.pre_start(container, (name, phase), after);
                let action = Action::StartContainer(name.clone());
                let started = vec![self.plan.push(phase, action, "", after)];
                self.post_start(container, phase, started)
            };
            let helper = is_helper(container, containers);
            let end = if helper {
                helpers.push(container);
                self.await_ready(container, phase, started.clone())
            } else {
                let name = name.clone();
                let action = Action::AwaitExit { name };
                self.plan.push(phase, action, "", started.clone())
            };
            done.push(end);
            let all = ready.entry(&container.service).or_default();
            all.started.extend(started);
            all.end.push(end);
        }
        self.stop_helpers(&helpers, phase, &mut done);
        done
    }

    fn stop_helpers(
        &mut self,
        helpers: &[&DesiredContainer],
        phase: Phase,
        done: &mut Vec<StepId>,
    ) {
        let ended = done.clone();
        for helper in helpers {
            let action = Action::StopContainer {
                name: helper.spec.name.clone(),
                grace: helper.spec.process.stop_grace_period,
            };
            let cause = "the init entry is done";
            done.push(self.plan.push(phase, action, cause, ended.clone()));
        }
    }
}

/// Whether an init container only serves others of its entry, such as a cache they need running.
fn is_helper(container: &DesiredContainer, entry: &[DesiredContainer]) -> bool {
    let conditions = entry
        .iter()
        .flat_map(|other| &other.depends_on)
        .filter(|dependency| dependency.service == container.service)
        .map(|dependency| dependency.condition);
    let conditions: Vec<Condition> = conditions.collect();
    !conditions.is_empty() && !conditions.contains(&Condition::CompletedSuccessfully)
}
