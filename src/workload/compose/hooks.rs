//! `pre_start`, `post_start` and `pre_stop` of a service
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#post_start>).

use super::file::{File, Section};
use super::keys::Keys;
use super::{casts, command, environment};
use crate::workload::model::{Hook, Hooks, PreStart};
use crate::yaml::Node;

const HOOK: Keys = Keys::only(&[
    "command",
    "user",
    "privileged",
    "working_dir",
    "environment",
]);
const PRE_START: Keys = Keys::only(&[
    "command",
    "environment",
    "image",
    "per_replica",
    "privileged",
    "user",
    "working_dir",
]);

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Hooks {
    Hooks {
        pre_start: service.read(file, "pre_start", |file, node, path| {
            each(file, node, path, &PRE_START, pre_start)
        }),
        post_start: service.read(file, "post_start", |file, node, path| {
            each(file, node, path, &HOOK, hook)
        }),
        pre_stop: service.read(file, "pre_stop", |file, node, path| {
            each(file, node, path, &HOOK, hook)
        }),
    }
}

fn each<T>(
    file: &mut File<'_>,
    node: &Node,
    path: &str,
    keys: &Keys,
    read: fn(&mut File<'_>, &Section<'_>) -> T,
) -> Vec<T> {
    let items = file.decoder.sequence(node, path).unwrap_or_default();
    let mut hooks = Vec::new();
    for item in items {
        let Some(section) = Section::open(file, item, path, keys) else {
            continue;
        };
        section.required(file, item, "command", "what to run");
        hooks.push(read(file, &section));
    }
    hooks
}

/// The hook in `node`; a fault when it runs nothing.
pub(super) fn one(file: &mut File<'_>, node: &Node, path: &str) -> Option<Hook> {
    let section = Section::open(file, node, path, &HOOK)?;
    section.required(file, node, "command", "what to run in the container");
    let hook = hook(file, &section);
    (!hook.command.is_empty()).then_some(hook)
}

fn pre_start(file: &mut File<'_>, section: &Section<'_>) -> PreStart {
    PreStart {
        image: section.read(file, "image", casts::string),
        hook: hook(file, section),
        per_replica: section.read(file, "per_replica", casts::flag),
    }
}

fn hook(file: &mut File<'_>, section: &Section<'_>) -> Hook {
    let words = section.read(file, "command", command::read);
    if let (Some([]), Some(entry)) = (words.as_deref(), section.entry("command")) {
        let message = format!("`{}` is empty", section.at("command"));
        let help = "write a program with its arguments: [program, argument, …]";
        file.fault(entry.value.span, message, help);
    }
    Hook {
        command: words.unwrap_or_default(),
        user: section.read(file, "user", casts::string),
        privileged: section.read(file, "privileged", casts::flag),
        working_dir: section.read(file, "working_dir", casts::string),
        environment: environment::own(file, section),
    }
}

#[cfg(test)]
mod tests {
    use crate::workload::compose::tests::{faults, service};

    #[test]
    fn a_hook_has_a_command_and_its_own_surroundings() {
        let lines = "pre_start:
  - { command: migrate --all, image: tool, per_replica: true }
post_start:
  - { command: [chown, -R, '1'], user: root, privileged: true }
pre_stop:
  - command: [flush]
    working_dir: /srv
    environment: { LEVEL: 1 }
";
        let hooks = service(lines).hooks;
        let before = &hooks.pre_start[0];
        assert_eq!(before.hook.command, ["migrate", "--all"]);
        assert_eq!(
            (before.image.as_deref(), before.per_replica),
            (Some("tool"), true)
        );
        let after = &hooks.post_start[0];
        assert_eq!(after.command, ["chown", "-R", "1"]);
        assert_eq!(
            (after.user.as_deref(), after.privileged),
            (Some("root"), true)
        );
        let stop = &hooks.pre_stop[0];
        assert_eq!(stop.working_dir.as_deref(), Some("/srv"));
        let level = stop.environment["LEVEL"].as_ref().unwrap();
        assert_eq!(level.expose(), "1");
    }

    #[test]
    fn a_hook_without_a_command_is_a_fault() {
        insta::assert_snapshot!(faults("services:\n  a:\n    image: x\n    post_start:\n      - user: root\n    pre_stop:\n      - { command: [], image: y }\n    pre_start: { command: x }\n"), @r"
        error 5:9: `services.a.post_start` has an entry without `command`
          help: add `command`, what to run
        error 7:20: `services.a.pre_stop.command` is empty
          help: write a program with its arguments: [program, argument, …]
        error 7:24: Unknown key `image` in `services.a.pre_stop`
          help: known keys: command, user, privileged, working_dir, environment
        error 8:16: `services.a.pre_start` must be a list, this is a mapping
        ");
    }
}
