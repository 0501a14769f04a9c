//! The anchors of a piece of YAML, found in what stands between its keys and values.

use super::layout::own_entries;
use crate::text::Span;
use crate::yaml::{Entry, Node, Value};

/// The changes that take every anchor out of `entry`, whose text is `span`.
pub(super) fn removals(text: &str, entry: &Entry, span: Span) -> Vec<(Span, String)> {
    let mut opaque = vec![entry.key_span];
    if entry.value.span.start >= entry.key_span.end {
        collect(&entry.value, &mut opaque);
    }
    opaque.push(Span::at(span.end));
    opaque.sort();
    let mut found = Vec::new();
    let mut at = span.start;
    for next in opaque {
        if next.start > at {
            between(text, Span::new(at, next.start), &mut found);
        }
        at = at.max(next.end);
    }
    found
        .into_iter()
        .map(|span| (span, String::new()))
        .collect()
}

/// The keys and scalars in which `&` is an ordinary character.
fn collect(node: &Node, opaque: &mut Vec<Span>) {
    match &node.value {
        Value::Scalar(_) => opaque.push(node.span),
        Value::Sequence(items) => {
            let own = items
                .iter()
                .filter(|item| item.span.start >= node.span.start);
            own.for_each(|item| collect(item, opaque));
        }
        Value::Mapping(_) => {
            for entry in own_entries(node) {
                opaque.push(entry.key_span);
                if entry.value.span.start >= entry.key_span.end {
                    collect(&entry.value, opaque);
                }
            }
        }
    }
}

/// Anchors in text without keys and scalars, which may hold comments. Each with the space before it,
/// which parts it from the indicator that it follows.
fn between(text: &str, gap: Span, found: &mut Vec<Span>) {
    let mut at = gap.start;
    let mut is_comment = false;
    let mut blank = gap.start;
    let characters = text.get(gap.start..gap.end).unwrap_or_default();
    let mut anchor: Option<usize> = None;
    for character in characters.chars() {
        let ends = character.is_whitespace() || matches!(character, ',' | ']' | '}');
        if let Some(start) = anchor.filter(|_| ends) {
            found.push(Span::new(start, at));
            anchor = None;
            blank = at;
        }
        match character {
            '\n' => is_comment = false,
            '#' if anchor.is_none() => is_comment = true,
            '&' if !is_comment && anchor.is_none() => anchor = Some(blank),
            _ => {}
        }
        at += character.len_utf8();
        if character != ' ' {
            blank = at;
        }
    }
    if let Some(start) = anchor {
        found.push(Span::new(start, at));
    }
}
