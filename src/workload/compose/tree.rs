//! The expanded tree made ready for reading: what a variable gave is a string, tags are settled.
//!
//! Compose expands into strings and casts them by path afterwards. So `${EMPTY}` is an empty string
//! and no null, and `${ID}` is a string even where it looks like a number.

use super::merge;
use crate::diagnostic::Diagnostic;
use crate::text::Source;
use crate::yaml::{Entry, Node, Style, Value};

/// Prepares `root` in place; the diagnostics tell of tags that have no meaning here.
pub(super) fn prepare(source: &Source, root: &mut Node) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    visit(source, root, &mut diagnostics);
    diagnostics
}

fn visit(source: &Source, node: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    let is_string = settle_tag(source, node, diagnostics);
    match &mut node.value {
        Value::Scalar(scalar) => {
            let expanded = source.slice(node.span).contains('$');
            if scalar.style == Style::Plain && (is_string || expanded) {
                scalar.style = Style::DoubleQuoted;
            }
        }
        Value::Sequence(items) => {
            for item in items {
                visit(source, item, diagnostics);
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                diagnostics.extend(not_a_string(source, entry));
                visit(source, &mut entry.value, diagnostics);
            }
        }
    }
}

/// Compose refuses a key that YAML reads as a number, a boolean or null, wherever it stands.
fn not_a_string(source: &Source, entry: &Entry) -> Option<Diagnostic> {
    let is_quoted = source.slice(entry.key_span).starts_with(['"', '\'']);
    let kind = Node::scalar(entry.key_span, entry.key.clone(), Style::Plain).kind();
    if is_quoted || kind == "a string" {
        return None;
    }
    let message = format!("A key must be a string, `{}` is {kind}", entry.key);
    let diagnostic = Diagnostic::error(message).at(source, entry.key_span);
    Some(diagnostic.help(format!("put it in quotes: \"{}\"", entry.key)))
}

/// Whether the node is tagged as a string.
fn settle_tag(source: &Source, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(tag) = node.tag.as_deref() else {
        return false;
    };
    let kind = tag.strip_prefix("tag:yaml.org,2002:");
    match kind {
        Some("str") => return true,
        Some("int" | "float" | "bool" | "null" | "map" | "seq") => return false,
        None if tag == "!" => return true,
        None if matches!(tag, merge::RESET | merge::OVERRIDE) => return false,
        _ => {}
    }
    let message = format!("The tag `{tag}` has no meaning in a Compose file");
    let help = "tags are `!reset`, `!override` and those of YAML itself, such as `!!str`";
    // Compose passes over such a tag.
    let diagnostic = Diagnostic::warning(message).at(source, node.span);
    diagnostics.push(diagnostic.help(help));
    false
}

#[cfg(test)]
mod tests;
