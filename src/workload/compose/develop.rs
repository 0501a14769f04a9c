//! `develop` (<https://github.com/compose-spec/compose-spec/blob/main/develop.md>): what happens
//! when a source file changes while `env watch` runs. A rule that could do nothing is passed over
//! with a warning, since it stops nobody from starting the service.

use super::file::{File, Section};
use super::keys::Keys;
use super::{casts, hooks, paths};
use crate::diagnostic::nearest;
use crate::workload::model::{AfterSync, WatchAction, WatchRule, WatchSync};
use crate::yaml::{Entry, Node};

const DEVELOP: Keys = Keys::only(&["watch"]);

const RULE: Keys = Keys::only(&[
    "path",
    "action",
    "target",
    "include",
    "ignore",
    "initial_sync",
    "exec",
]);

const ACTIONS: [&str; 5] = ["rebuild", "restart", "sync", "sync+restart", "sync+exec"];

/// The rules of a service; `builds` tells whether it has a `build`.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str, builds: bool) -> Vec<WatchRule> {
    let Some(section) = Section::open(file, node, path, &DEVELOP) else {
        return Vec::new();
    };
    let rules = section.read(file, "watch", |file, node, path| {
        file.decoder.sequence(node, path)
    });
    let path = section.at("watch");
    rules
        .unwrap_or_default()
        .iter()
        .filter_map(|node| rule(file, node, &path, builds))
        .collect()
}

fn rule(file: &mut File<'_>, node: &Node, path: &str, builds: bool) -> Option<WatchRule> {
    if node.is_null() {
        file.decoder.wrong_type(node, path, "a mapping");
        return None;
    }
    let section = Section::open(file, node, path, &RULE)?;
    let watched = section.required(file, node, "path", "the file or folder to watch");
    let what = format!("one of {}", ACTIONS.join(", "));
    let action = section.required(file, node, "action", &what);
    let include = section.read(file, "include", casts::strings);
    let ignore = section.read(file, "ignore", casts::strings);
    let written = watched.and_then(|entry| path_of(file, entry, &section));
    let action = action.and_then(|entry| action_of(file, entry, &section, builds));
    Some(WatchRule {
        path: written?,
        action: action?,
        include,
        ignore,
        place: file.decoder.place(file.decoder.head(node)),
    })
}

fn path_of(
    file: &mut File<'_>,
    entry: &Entry,
    section: &Section<'_>,
) -> Option<std::path::PathBuf> {
    let text = file.decoder.string(&entry.value, &section.at("path"))?;
    if text.is_empty() {
        let message = format!("`{}` is empty", section.at("path"));
        file.fault(
            entry.value.span,
            message,
            "name a file or a folder; `.` is the one of this file",
        );
        return None;
    }
    paths::resolve(file, entry.value.span, &text)
}

fn action_of(
    file: &mut File<'_>,
    entry: &Entry,
    section: &Section<'_>,
    builds: bool,
) -> Option<WatchAction> {
    let path = section.at("action");
    let word = file.decoder.string(&entry.value, &path)?;
    let then = match word.as_str() {
        "rebuild" if !builds => {
            let message = "A service without `build` cannot be rebuilt; the rule is passed over";
            let help = "add a `build` to the service, or write `action: restart`";
            file.decoder.warning(entry.value.span, message).help = Some(help.to_owned());
            return None;
        }
        "rebuild" | "restart" => {
            unused(file, section, &word, &["target", "initial_sync", "exec"]);
            return Some(match word.as_str() {
                "rebuild" => WatchAction::Rebuild,
                _ => WatchAction::Restart,
            });
        }
        "sync" => AfterSync::Nothing,
        "sync+restart" => AfterSync::Restart,
        "sync+exec" => after(file, entry, section),
        other => {
            let message = format!("There is no action `{other}`");
            let help = match nearest(other, ACTIONS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the actions are: {}", ACTIONS.join(", ")),
            };
            file.fault(entry.value.span, message, help);
            return None;
        }
    };
    if word != "sync+exec" {
        unused(file, section, &word, &["exec"]);
    }
    sync(file, entry, section, then)
}

fn unused(file: &mut File<'_>, section: &Section<'_>, action: &str, keys: &[&str]) {
    for entry in keys.iter().filter_map(|key| section.entry(key)) {
        let message = format!("`{}` has no effect with `action: {action}`", entry.key);
        file.decoder.note(entry.key_span, message);
    }
}

fn after(file: &mut File<'_>, entry: &Entry, section: &Section<'_>) -> AfterSync {
    if section.entry("exec").is_none() {
        let message = "`action: sync+exec` has nothing to run: there is no `exec`";
        let help = "add `exec: { command: … }`, or write `action: sync`";
        file.decoder.warning(entry.value.span, message).help = Some(help.to_owned());
        return AfterSync::Nothing;
    }
    match section.read(file, "exec", hooks::one) {
        Some(hook) => AfterSync::Exec(hook),
        None => AfterSync::Nothing,
    }
}

fn sync(
    file: &mut File<'_>,
    action: &Entry,
    section: &Section<'_>,
    then: AfterSync,
) -> Option<WatchAction> {
    let Some(entry) = section.entry("target") else {
        let message = format!("`{}` has a rule that syncs without `target`", section.path);
        let help = "add `target`, the path in the container that stands for `path`";
        file.fault(action.key_span, message, help);
        return None;
    };
    let written = file.decoder.string(&entry.value, &section.at("target"))?;
    let mut absolute = written.clone();
    if !written.starts_with('/') {
        absolute.insert(0, '/');
        let message = format!("The path in the container starts at its root: `{absolute}`");
        file.decoder.warning(entry.value.span, message).help = Some(format!("write `{absolute}`"));
    }
    let mut target = paths::in_container(file, entry.value.span, &absolute)?;
    if written.ends_with('/') && target != "/" {
        target.push('/');
    }
    Some(WatchAction::Sync(WatchSync {
        target,
        initial: section.read(file, "initial_sync", casts::flag),
        then,
    }))
}

#[cfg(test)]
mod tests;
