//! What may be written as a list or as a mapping → one form, so that two of them merge.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::with;
use crate::text::Span;
use crate::yaml::{Entry, Mapping, Node, Style, Value};

/// The entries of a mapping, or what `item` makes of each scalar of a list.
fn entries(node: &Node, item: impl Fn(&Node, &str) -> Entry) -> Option<Vec<Entry>> {
    match &node.value {
        Value::Mapping(mapping) => Some(mapping.entries.clone()),
        Value::Sequence(items) => items
            .iter()
            .map(|node| Some(item(node, &node.as_scalar()?.text)))
            .collect(),
        Value::Scalar(_) => None,
    }
}

fn entry(span: Span, key: &str, value: Node) -> Entry {
    Entry {
        key: Arc::from(key),
        key_span: span,
        value,
    }
}

fn null(span: Span) -> Node {
    Node::scalar(span, "", Style::Plain)
}

/// `NAME=value`; a list may write a name twice, and the last one counts.
pub(super) fn pairs(node: &Node) -> Option<Vec<Entry>> {
    let all = entries(node, |item, text| match text.split_once('=') {
        Some((name, value)) => {
            let value = Node::scalar(item.span, value, Style::DoubleQuoted);
            entry(item.span, name, value)
        }
        None => entry(item.span, text, null(item.span)),
    })?;
    let last = all
        .iter()
        .enumerate()
        .map(|(at, one)| (one.key.clone(), at));
    let last: HashMap<Arc<str>, usize> = last.collect();
    let all = all.into_iter().enumerate();
    let counting = all.filter(|(at, one)| last.get(&one.key) == Some(at));
    Some(counting.map(|(_, one)| one).collect())
}

/// Names without values.
pub(super) fn names(node: &Node) -> Option<Vec<Entry>> {
    entries(node, |item, text| entry(item.span, text, null(item.span)))
}

/// A listed service stands for the defaults of
/// [`depends_on`](https://github.com/compose-spec/compose-spec/blob/main/05-services.md#depends_on).
pub(super) fn dependencies(node: &Node) -> Option<Vec<Entry>> {
    entries(node, |item, text| {
        let word = |text: &str| Node::scalar(item.span, text, Style::Plain);
        let defaults = Mapping {
            entries: vec![
                entry(item.span, "condition", word("service_started")),
                entry(item.span, "required", word("true")),
            ],
        };
        let value = with(item.span, None, Value::Mapping(defaults));
        entry(item.span, text, value)
    })
}

/// A path is the context.
pub(super) fn build(node: &Node) -> Option<Vec<Entry>> {
    match &node.value {
        Value::Scalar(_) => Some(vec![entry(node.span, "context", node.clone())]),
        Value::Mapping(mapping) => Some(mapping.entries.clone()),
        Value::Sequence(_) => None,
    }
}

/// Whether both name a driver, and not the same.
pub(super) fn has_other_driver(base: &Node, over: &Node) -> bool {
    let driver = |node: &Node| Some(node.get("driver")?.as_scalar()?.text.clone());
    driver(base)
        .zip(driver(over))
        .is_some_and(|(base, over)| base != over)
}

/// Later addresses of a host replace the earlier ones of that host.
pub(super) fn hosts(base: Node, over: Node) -> Node {
    if over.is_null() || base.is_null() {
        return if over.is_null() { base } else { over };
    }
    let (Some(mut items), Some(later)) = (addresses(&base), addresses(&over)) else {
        return if addresses(&over).is_none() {
            over
        } else {
            base
        };
    };
    let host = |node: &Node| {
        let text = &node.as_scalar()?.text;
        text.split(['=', ':']).next().map(str::to_owned)
    };
    let replaced: HashSet<_> = later.iter().map(host).collect();
    items.retain(|item| !replaced.contains(&host(item)));
    items.extend(later);
    with(over.span, None, Value::Sequence(items))
}

/// `host=address` for every address; nothing for another form.
fn addresses(node: &Node) -> Option<Vec<Node>> {
    let mapping = match &node.value {
        Value::Sequence(items) => return Some(items.clone()),
        Value::Mapping(mapping) => mapping,
        Value::Scalar(_) => return None,
    };
    let mut found = Vec::new();
    for entry in &mapping.entries {
        let addresses = match &entry.value.value {
            Value::Sequence(addresses) => addresses.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for address in addresses {
            let text = format!("{}={}", entry.key, address.as_scalar()?.text);
            found.push(Node::scalar(address.span, text, Style::DoubleQuoted));
        }
    }
    Some(found)
}
