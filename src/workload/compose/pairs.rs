//! Names with values, as a mapping or as a list of `NAME=value`: environment, labels, arguments.

use std::collections::BTreeMap;

use super::casts;
use super::file::File;
use crate::text::Span;
use crate::yaml::{Mapping, Node, Value};

/// One name; without `=` or with a null it has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub name: String,
    pub value: Option<String>,
    pub span: Span,
}

/// Reads both forms; a later entry of a list follows the earlier ones.
pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Vec<Pair> {
    match &node.value {
        Value::Mapping(mapping) => from_mapping(file, mapping, path),
        Value::Sequence(items) => items
            .iter()
            .filter_map(|item| from_item(file, item, path))
            .collect(),
        Value::Scalar(_) => {
            let what = "a mapping or a list of `NAME=value`";
            file.decoder.wrong_type(node, path, what);
            Vec::new()
        }
    }
}

/// As a map in which a missing value is empty.
pub(super) fn map(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    read(file, node, path)
        .into_iter()
        .map(|pair| (pair.name, pair.value.unwrap_or_default()))
        .collect()
}

/// A mapping of options; a list is a fault, and so is an unquoted boolean, as in Compose.
pub(super) fn options(file: &mut File<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let Some(mapping) = file.decoder.mapping(node, path) else {
        return BTreeMap::new();
    };
    for entry in &mapping.entries {
        if entry.value.kind() == "a boolean" {
            file.decoder
                .string(&entry.value, &format!("{path}.{}", entry.key));
        }
    }
    from_mapping(file, mapping, path)
        .into_iter()
        .map(|pair| (pair.name, pair.value.unwrap_or_default()))
        .collect()
}

fn from_mapping(file: &mut File<'_>, mapping: &Mapping, path: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for entry in &mapping.entries {
        let name = entry.key.to_string();
        if name.is_empty() || name.contains('=') {
            let message = format!("A key of `{path}` is no name: `{name}`");
            let help = "a name is not empty and has no `=`";
            file.fault(entry.key_span, message, help);
            continue;
        }
        let value = if entry.value.is_null() {
            None
        } else {
            match casts::verbatim(file, &entry.value, &format!("{path}.{name}")) {
                Some(value) => Some(value),
                None => continue,
            }
        };
        let span = entry.key_span;
        pairs.push(Pair { name, value, span });
    }
    pairs
}

fn from_item(file: &mut File<'_>, item: &Node, path: &str) -> Option<Pair> {
    if let Value::Mapping(_) = &item.value {
        let message = format!("An entry of `{path}` is a mapping, not `NAME=value`");
        file.fault(
            item.span,
            message,
            "write `NAME=value`, or drop the dashes of the list",
        );
        return None;
    }
    let text = file.decoder.string(item, path)?;
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (&*text, None),
    };
    if name.is_empty() {
        let message = format!("An entry of `{path}` has no name");
        file.fault(item.span, message, "write `NAME=value`");
        return None;
    }
    Some(Pair {
        name: name.to_owned(),
        value,
        span: item.span,
    })
}
