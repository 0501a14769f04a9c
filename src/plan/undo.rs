//! The plan that puts former containers back after a failed deploy.

use std::collections::{BTreeMap, BTreeSet};

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
    let removed = successors(&mut plan, done, &renamed);
    let mut started = None;
    let mut ready = Vec::new();
    for action in done {
        let (name, mut after) = match action {
            Action::RenameContainer { from, to } if to.ends_with(PREVIOUS) => {
                (from, put_back(&mut plan, from, to, &removed))
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

/// Removes the successors that were made, last first: Podman keeps a container whose network
/// another one shares. The name each had last → the step after which it is gone.
fn successors(
    plan: &mut Plan,
    done: &[Action],
    renamed: &BTreeSet<(&str, &str)>,
) -> BTreeMap<String, StepId> {
    let mut removed = BTreeMap::new();
    let mut after = Vec::new();
    for action in done.iter().rev() {
        let Action::CreateContainer { spec, .. } = action else {
            continue;
        };
        let Some(final_name) = spec.name.strip_suffix(NEXT) else {
            continue;
        };
        let name = match renamed.contains(&(spec.name.as_str(), final_name)) {
            true => final_name,
            false => spec.name.as_str(),
        };
        let action = Action::RemoveContainer {
            name: name.to_owned(),
            volumes: false,
        };
        let step = plan.push(Phase::Finish, action, CAUSE, after);
        after = vec![step];
        removed.insert(name.to_owned(), step);
    }
    removed
}

/// Gives a container its name back; the step after which it has it.
fn put_back(
    plan: &mut Plan,
    name: &str,
    previous: &str,
    removed: &BTreeMap<String, StepId>,
) -> Vec<StepId> {
    let after = removed.get(name).copied().into_iter().collect();
    let action = Action::RenameContainer {
        from: previous.to_owned(),
        to: name.to_owned(),
    };
    vec![plan.push(Phase::Finish, action, CAUSE, after)]
}
