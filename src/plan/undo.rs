//! The plan that puts former containers back after a failed deploy.

use std::collections::BTreeSet;

use super::observed::{Observed, State};
use super::step::{Action, NEXT, PREVIOUS, Phase, Plan, StepId};

const CAUSE: &str = "the deploy failed";

/// Undoes the replacements among `done`, the actions that ended well before one failed.
///
/// `before` is what was observed before the plan ran: only what ran then is started again, in the
/// order in which it was replaced.
#[must_use]
pub fn undo(done: &[Action], before: &Observed) -> Plan {
    let mut plan = Plan::default();
    let renamed: BTreeSet<(&str, &str)> = done
        .iter()
        .filter_map(|action| match action {
            Action::RenameContainer { from, to } => Some((from.as_str(), to.as_str())),
            _ => None,
        })
        .collect();
    successors(&mut plan, done, &renamed);
    let mut started = None;
    let mut ready = Vec::new();
    for action in done {
        let (name, mut after) = match action {
            Action::RenameContainer { from, to } if to.ends_with(PREVIOUS) => {
                (from, put_back(&mut plan, from, to, &renamed))
            }
            Action::StopContainer { name, .. } if !name.ends_with(PREVIOUS) => (name, Vec::new()),
            _ => continue,
        };
        let found = before.containers.get(name);
        if found.is_some_and(|one| matches!(one.state, State::Running | State::Restarting)) {
            after.extend(started);
            let action = Action::StartContainer(name.clone());
            started = Some(plan.push(Phase::Finish, action, CAUSE, after));
            ready.push((name.clone(), started));
        }
    }
    for (name, started) in ready {
        let action = Action::AwaitReady {
            name,
            tested: false,
        };
        plan.push(Phase::Finish, action, "", started.into_iter().collect());
    }
    plan
}

/// Removes successors that were made and never took their place.
fn successors(plan: &mut Plan, done: &[Action], renamed: &BTreeSet<(&str, &str)>) {
    for action in done {
        if let Action::CreateContainer { spec, .. } = action
            && spec.name.ends_with(NEXT)
            && !renamed.iter().any(|(from, _)| *from == spec.name)
        {
            let action = Action::RemoveContainer {
                name: spec.name.clone(),
                volumes: false,
            };
            plan.push(Phase::Finish, action, CAUSE, Vec::new());
        }
    }
}

/// Gives a container its name back; the step after which it has it.
fn put_back(
    plan: &mut Plan,
    name: &str,
    previous: &str,
    renamed: &BTreeSet<(&str, &str)>,
) -> Vec<StepId> {
    let mut after = Vec::new();
    if renamed.iter().any(|(_, to)| *to == name) {
        let action = Action::RemoveContainer {
            name: name.to_owned(),
            volumes: false,
        };
        after = vec![plan.push(Phase::Finish, action, CAUSE, Vec::new())];
    }
    let action = Action::RenameContainer {
        from: previous.to_owned(),
        to: name.to_owned(),
    };
    vec![plan.push(Phase::Finish, action, CAUSE, after)]
}
