//! Containers that nothing asks for any more: those of a service that has fewer now, and orphans,
//! which no file describes.

use std::collections::BTreeSet;

use super::Planner;
use crate::plan::identity::Role;
use crate::plan::observed::ObservedContainer;
use crate::plan::step::{Action, Phase, StepId};
use crate::plan::stop::in_stop_order;

impl Planner<'_> {
    /// The names of containers that no file describes.
    pub(super) fn orphans(&self) -> Vec<String> {
        let orphans = self.unknown().filter(|found| self.wanted(found).is_none());
        orphans.map(|found| found.name.clone()).collect()
    }

    /// The containers that nothing asks for; those of inactive services are somebody's own affair.
    fn unknown(&self) -> impl Iterator<Item = &ObservedContainer> {
        let names = self.desired.container_names();
        let known: BTreeSet<&str> = names.chain(self.desired.hook_names()).collect();
        let containers = self.containers.values();
        let inactive = &self.desired.inactive;
        containers.filter(move |found| {
            !known.contains(found.name.as_str()) && !inactive.contains(found.service())
        })
    }

    /// How many containers its service shall have, where it is one too many.
    fn wanted(&self, found: &ObservedContainer) -> Option<u32> {
        let count = self.desired.replicas.get(found.service()).copied()?;
        let surplus = found.role() == Some(Role::Service) && found.number() > count;
        surplus.then_some(count)
    }

    /// Stops what is too many, and where asked for the orphans, before the deploy needs their ports;
    /// they are removed once the deploy has ended well.
    pub(super) fn retire_surplus(&mut self, gate: Vec<StepId>) -> Vec<StepId> {
        let surplus = self.unknown().filter_map(|found| {
            let cause = match self.wanted(found) {
                Some(count) => format!("`{}` shall have {count}", found.service()),
                None if self.options.remove_orphans => "no file describes it".to_owned(),
                None => return None,
            };
            Some((found.clone(), cause))
        });
        let surplus: Vec<(ObservedContainer, String)> = surplus.collect();
        let all: Vec<&ObservedContainer> = surplus.iter().map(|(found, _)| found).collect();
        let cause = |name: &str| {
            let found = surplus.iter().find(|(found, _)| found.name == name);
            found.map(|(_, cause)| cause.clone()).unwrap_or_default()
        };
        let mut after = gate;
        for found in in_stop_order(self.desired, &all) {
            let cause = cause(&found.name);
            if found.runs() {
                let quiet = self.plan.before_stop(Phase::Deploy, found, None, after);
                let action = Action::StopContainer {
                    name: found.name.clone(),
                    grace: None,
                };
                after = vec![self.plan.push(Phase::Deploy, action, &cause, quiet)];
            }
            self.retired.push((found.name.clone(), cause));
        }
        after
    }
}
