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
    let removed = successors(&mut plan, done, &renamed);
    let mut started = None;
    let mut ready = Vec::new();
    for action in done {
        let (name, mut after) = match action {
            Action::RenameContainer { from, to } if to.ends_with(PREVIOUS) => {
                let action = Action::RenameContainer {
                    from: to.clone(),
                    to: from.clone(),
                };
                let after = removed.into_iter().collect();
                (from, vec![plan.push(Phase::Finish, action, CAUSE, after)])
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
            health_needed: false,
        };
        plan.push(Phase::Finish, action, "", started.into_iter().collect());
    }
    plan
}

/// Removes successors, the last one first: one may share the network of an earlier one.
fn successors(
    plan: &mut Plan,
    done: &[Action],
    renamed: &BTreeSet<(&str, &str)>,
) -> Option<StepId> {
    let mut last = None;
    for action in done.iter().rev() {
        let Action::CreateContainer { spec, .. } = action else {
            continue;
        };
        let Some(base) = spec.name.strip_suffix(NEXT) else {
            continue;
        };
        let took_over = renamed.contains(&(spec.name.as_str(), base));
        let name = if took_over { base } else { &spec.name };
        let action = Action::RemoveContainer {
            name: name.to_owned(),
            volumes: false,
        };
        let after = last.into_iter().collect();
        last = Some(plan.push(Phase::Finish, action, CAUSE, after));
    }
    last
}
