//! Labels of a service: `labels` over its label files, the last file first
//! (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#label_file>).

use std::collections::BTreeMap;

use super::file::{File, Section};
use super::{env_file, pairs};
use crate::yaml::{Node, Value};

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> BTreeMap<String, String> {
    let mut labels = service.read(file, "label_file", files);
    labels.extend(service.read(file, "labels", pairs::map));
    labels
}

/// Files of the same syntax as env files.
fn files(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut found: Vec<env_file::Assigned> = Vec::new();
    for item in items {
        if let Value::Mapping(_) = &item.value {
            file.decoder.wrong_type(item, path, "a path");
        } else if let Some(named) = env_file::entry(file, item, path) {
            let before = file.decoder.diagnostics.len();
            found.extend(env_file::read(file, &named, &found));
            // The help for an env file names a form that a label file does not have.
            for fault in file.decoder.diagnostics.iter_mut().skip(before) {
                let help = fault
                    .help
                    .as_mut()
                    .filter(|help| help.starts_with("create it"));
                if let Some(help) = help {
                    "create it, or drop the line".clone_into(help);
                }
            }
        }
    }
    let text = |(name, value): env_file::Assigned| Some((name, value?.expose().to_owned()));
    found.into_iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests;
