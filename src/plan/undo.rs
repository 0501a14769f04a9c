//! The plan that puts former containers back after a failed deploy.

use std::collections::BTreeSet;

use super::observed::{Observed, State};
use super::step::{Action, PREVIOUS, Phase, Plan};

/// Undoes the replacements among `done`, the actions that ended well before one failed.
///
/// `before` is what was observed before the plan ran: only what ran then is started again.
#[must_use]
pub fn undo(done: &[Action], before: &Observed) -> Plan {
    const CAUSE: &str = "the deploy failed";
    let mut plan = Plan::default();
    let renamed: BTreeSet<(&str, &str)> = done
        .iter()
        .filter_map(|action| match action {
            Action::RenameContainer { from, to } => Some((from.as_str(), to.as_str())),
            _ => None,
        })
        .collect();
    let stopped = done.iter().filter_map(|action| match action {
        Action::StopContainer { name, .. } => Some(name.as_str()),
        _ => None,
    });
    for name in stopped.collect::<BTreeSet<_>>() {
        let previous = format!("{name}{PREVIOUS}");
        let mut after = Vec::new();
        if renamed.contains(&(name, previous.as_str())) {
            if renamed.iter().any(|(_, to)| *to == name) {
                let action = Action::RemoveContainer(name.to_owned());
                after = vec![plan.push(Phase::Finish, action, CAUSE, Vec::new())];
            }
            let action = Action::RenameContainer {
                from: previous,
                to: name.to_owned(),
            };
            after = vec![plan.push(Phase::Finish, action, CAUSE, after)];
        }
        let ran = before
            .containers
            .get(name)
            .is_some_and(|container| matches!(container.state, State::Running | State::Restarting));
        if ran {
            let action = Action::StartContainer(name.to_owned());
            let started = plan.push(Phase::Finish, action, CAUSE, after);
            let action = Action::AwaitReady {
                name: name.to_owned(),
                tested: false,
            };
            plan.push(Phase::Finish, action, "", vec![started]);
        }
    }
    plan
}
