//! A command that is run in a container
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#post_start>).

use super::file::{File, Section};
use super::keys::Keys;
use super::{casts, command, environment};
use crate::workload::model::Hook;
use crate::yaml::Node;

const HOOK: Keys = Keys::only(&[
    "command",
    "user",
    "privileged",
    "working_dir",
    "environment",
]);

/// The hook in `node`; a fault when it runs nothing.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Option<Hook> {
    let section = Section::open(file, node, path, &HOOK)?;
    let meaning = "what to run in the container";
    let entry = section.required(file, node, "command", meaning)?;
    let command = command::read(file, &entry.value, &section.at("command"))?;
    if command.is_empty() {
        let message = format!("`{}` is empty", section.at("command"));
        let help = "write a program with its arguments: [program, argument, …]";
        file.fault(entry.value.span, message, help);
        return None;
    }
    Some(Hook {
        command,
        user: section.read(file, "user", casts::string),
        privileged: section.read(file, "privileged", casts::flag),
        working_dir: section.read(file, "working_dir", casts::string),
        environment: environment::read(file, &section),
    })
}
