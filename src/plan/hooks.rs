//! `pre_stop` on a label, so that a container can be stopped as it was described though its file is
//! gone or says something else by now.
//!
//! Values of variables may be secrets and labels are shown by every list, so a label holds their
//! names alone; the values come from the file.

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
}

#[derive(Serialize, Deserialize)]
struct Written {
    command: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    privileged: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    environment: Vec<String>,
}

/// The label that holds `hooks`.
#[must_use]
pub fn encode(hooks: &[Hook]) -> String {
    let written: Vec<Written> = hooks.iter().map(written).collect();
    serde_json::to_string(&written).unwrap_or_default()
}

fn written(hook: &Hook) -> Written {
    Written {
        command: hook.command.clone(),
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
    let text = labels.get(identity::PRE_STOP).map(String::as_str);
    let list: Vec<Written> = text
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let known = described.map_or(&[][..], |one| &one.hooks.pre_stop);
    list.into_iter().map(|one| complete(one, known)).collect()
}

fn complete(stored: Written, known: &[Hook]) -> PreStop {
    let Written {
        command,
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
    PreStop { hook, unknown }
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
        let label = encode(std::slice::from_ref(&hook));
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
