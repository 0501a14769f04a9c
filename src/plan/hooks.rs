//! `pre_stop` on a label, so that a container can be stopped as it was described though its file is
//! gone or says something else by now.
//!
//! Values of variables may be secrets and labels are shown by every list, so a label holds their
//! names alone, and a command without its secrets, which cannot be run; both come from the file.

use serde::{Deserialize, Serialize};

use super::desired::DesiredContainer;
use super::identity;
use super::spec::Labels;
use crate::workload::model::Hook;

/// A hook before a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreStop {
    pub hook: Hook,
    /// Variables it was described with, whose values are known no more.
    pub unknown: Vec<String>,
    /// Whether its command held a secret and is known no more, so that it cannot be run.
    pub lost: bool,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Written {
    /// In one piece, for the eye alone, where it is `masked`.
    command: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    privileged: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    environment: Vec<String>,
}

/// The label that holds `hooks`; `mask` takes secrets out of a text.
#[must_use]
pub fn encode(hooks: &[Hook], mask: &dyn Fn(&str) -> String) -> String {
    let written: Vec<Written> = hooks.iter().map(|hook| written(hook, mask)).collect();
    serde_json::to_string(&written).unwrap_or_default()
}

fn decode(labels: &Labels) -> Vec<Written> {
    let text = labels.get(identity::PRE_STOP);
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn written(hook: &Hook, mask: &dyn Fn(&str) -> String) -> Written {
    // In one piece, since a secret may have become several words.
    let whole = hook.command.join(" ");
    let shown = mask(&whole);
    let masked = shown != whole;
    Written {
        command: match masked {
            true => vec![shown],
            false => hook.command.clone(),
        },
        masked,
        user: hook.user.clone(),
        privileged: hook.privileged,
        working_dir: hook.working_dir.clone(),
        environment: hook.environment.keys().cloned().collect(),
    }
}

/// What runs in a container with these labels before it is stopped; `described` is the container as
/// its file describes it now.
#[must_use]
pub fn before_stop(labels: &Labels, described: Option<&DesiredContainer>) -> Vec<PreStop> {
    let known = described.map_or(&[][..], |one| &one.hooks.pre_stop);
    let shown = described.map_or_else(Vec::new, |one| decode(&one.spec.labels));
    let stored = decode(labels).into_iter().enumerate();
    let complete = stored.map(|(index, one)| match one.masked {
        true => {
            // Two that differ by their secrets alone look the same.
            let same = shown.iter().zip(known).enumerate();
            let same = same.filter(|(_, (shown, _))| **shown == one);
            let nearest = same.min_by_key(|(other, _)| other.abs_diff(index));
            unmask(one, nearest.map(|(_, (_, hook))| hook))
        }
        false => complete(one, known),
    });
    complete.collect()
}

/// A hook whose label does not hold its command.
fn unmask(stored: Written, known: Option<&Hook>) -> PreStop {
    match known {
        Some(hook) => PreStop {
            hook: hook.clone(),
            unknown: Vec::new(),
            lost: false,
        },
        None => PreStop {
            lost: true,
            ..complete(stored, &[])
        },
    }
}

fn complete(stored: Written, known: &[Hook]) -> PreStop {
    let Written {
        command,
        masked: _,
        user,
        privileged,
        working_dir,
        environment: names,
    } = stored;
    let same = known.iter().filter(|hook| hook.command == command);
    let values = same.flat_map(|hook| &hook.environment);
    let values = values.filter(|(name, _)| names.contains(name));
    let hook = Hook {
        environment: values
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        command,
        user,
        privileged,
        working_dir,
    };
    let lost = |name: &String| !hook.environment.contains_key(name);
    let unknown = names.into_iter().filter(lost).collect();
    PreStop {
        hook,
        unknown,
        lost: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_label_brings_a_hook_back_without_its_values() {
        let hook = Hook {
            command: ["sh", "-c", "flush \"$1\""].map(str::to_owned).to_vec(),
            user: Some("root".to_owned()),
            environment: [("TOKEN".to_owned(), Some(Secret::from("hush")))].into(),
            ..Hook::default()
        };
        let label = encode(std::slice::from_ref(&hook), &str::to_owned);
        assert!(!label.contains("hush"), "{label}");
        let labels = Labels::from([(identity::PRE_STOP.to_owned(), label)]);
        let [back] = &before_stop(&labels, None)[..] else {
            panic!("one hook");
        };
        assert_eq!(back.hook.command, hook.command);
        assert_eq!(back.hook.user, hook.user);
        assert_eq!(back.unknown, ["TOKEN"]);
    }

    #[test]
    fn a_label_that_nobody_understands_stops_nothing() {
        let labels = Labels::from([(identity::PRE_STOP.to_owned(), "{".to_owned())]);
        assert_eq!(before_stop(&labels, None), []);
        assert_eq!(before_stop(&Labels::new(), None), []);
    }
}
