//! Where an entry of a mapping begins and ends in the text, comments and blank lines considered.

use crate::text::Span;
use crate::yaml::{Entry, Node, Style, Value};

/// How the value of an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Not at all; where it would stand.
    Empty(usize),
    /// `*name`
    Alias(Span),
    /// One that can be replaced where it stands.
    Scalar(Span),
    Mapping,
    /// A list, or a block of text.
    Other,
}

/// The entries that the mapping writes itself, in their order; `<<` brings in others, and those lie
/// where they are written first.
pub(super) fn own_entries(mapping: &Node) -> Vec<&Entry> {
    let mut at = mapping.span.start;
    let mut own = Vec::new();
    for entry in mapping.as_mapping().into_iter().flat_map(|it| &it.entries) {
        if entry.key_span.start < at || entry.key_span.end > mapping.span.end {
            continue;
        }
        at = entry.key_span.end.max(match is_own(entry) {
            true => entry.value.span.end,
            false => 0,
        });
        own.push(entry);
    }
    own
}

/// Whether the value is written where the entry is; that of an alias stands before.
fn is_own(entry: &Entry) -> bool {
    entry.value.span.start >= entry.key_span.end
}

/// Where the value of the entry may begin: behind the colon. `None` for `? key`.
fn behind_colon(text: &str, entry: &Entry) -> Option<usize> {
    let rest = text.get(entry.key_span.end..)?;
    let blank = rest.len() - rest.trim_start_matches(' ').len();
    rest.get(blank..)?
        .starts_with(':')
        .then_some(entry.key_span.end + blank + 1)
}

pub(super) fn form(text: &str, entry: &Entry) -> Option<Form> {
    let colon = behind_colon(text, entry)?;
    if !is_own(entry) {
        let rest = text.get(colon..)?;
        let star = colon + rest.find('*')?;
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
        let name = text.get(star..)?;
        let end = star + name.find(ends).unwrap_or(name.len());
        return Some(Form::Alias(Span::new(star, end)));
    }
    Some(match &entry.value.value {
        Value::Mapping(_) => Form::Mapping,
        Value::Sequence(_) => Form::Other,
        Value::Scalar(scalar) => match scalar.style {
            Style::Literal | Style::Folded => Form::Other,
            Style::Plain if entry.value.span.start == entry.value.span.end => Form::Empty(colon),
            _ => Form::Scalar(entry.value.span),
        },
    })
}

/// The end of what the entry writes; of a block without the lines between it and what follows.
pub(super) fn end_of(text: &str, entry: &Entry) -> Option<usize> {
    Some(match form(text, entry)? {
        Form::Empty(at) => at,
        Form::Alias(span) => span.end,
        Form::Scalar(span) => span.end,
        Form::Mapping | Form::Other => inside(text, &entry.value)?,
    })
}

fn inside(text: &str, node: &Node) -> Option<usize> {
    let written = text.get(node.span.start..node.span.end)?;
    let trimmed = node.span.start + written.trim_end().len();
    if written.starts_with(['{', '[']) {
        return Some(node.span.end);
    }
    match &node.value {
        Value::Scalar(_) => Some(trimmed),
        Value::Mapping(_) => {
            let ends = own_entries(node)
                .into_iter()
                .map(|entry| end_of(text, entry));
            // A mapping of nothing but `<<` ends on the line that it begins on.
            Some(ends.flatten().max().unwrap_or(node.span.start))
        }
        Value::Sequence(items) => {
            let own = items
                .iter()
                .filter(|item| item.span.start >= node.span.start);
            let ends = own.filter(|item| item.span.end <= node.span.end);
            let ends = ends.map(|item| inside(text, item)).max().flatten();
            Some(ends.unwrap_or(node.span.start))
        }
    }
}

/// The lines of an entry that stands on lines of its own, `indent` deep: with the comments that stand
/// deeper than its key, without blank lines behind it. `None` where something else stands before its key.
pub(super) fn block(text: &str, entry: &Entry, indent: usize) -> Option<Span> {
    let start = line_start(text, entry.key_span.start);
    let mut end = next_line(text, end_of(text, entry)?);
    let mut at = end;
    while let Some(line) = line_at(text, at) {
        let after = next_line(text, at);
        let depth = line.len() - line.trim_start_matches(' ').len();
        if !line.trim().is_empty() {
            if depth <= indent {
                break;
            }
            end = after;
        }
        at = after;
    }
    Some(Span::new(start, end))
}

/// The line at `at`, where there is one.
fn line_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    rest.lines().next()
}

fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |line| at + line + 1)
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |line| line + 1)
}

/// Where the line of `at` ends, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.lines().next().map_or(0, str::len)
}

/// How deep `at` is indented, where nothing but spaces stands before it on its line.
pub(super) fn column(text: &str, at: usize) -> Option<usize> {
    let before = text.get(line_start(text, at)..at)?;
    before.chars().all(|c| c == ' ').then_some(before.len())
}

/// The line break that the file is written with.
pub(super) fn new_line(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The line before the one at `at`.
fn line_before(text: &str, at: usize) -> Option<(usize, &str)> {
    let end = at.checked_sub(1)?;
    let start = line_start(text, end);
    Some((start, text.get(start..end)?.trim_end_matches('\r')))
}

/// The start of the comment lines directly above `at` that stand as deep.
fn comment_above(text: &str, at: usize, indent: usize) -> usize {
    let mut start = at;
    while let Some((above, line)) = line_before(text, start) {
        let comment = line.trim_start_matches(' ');
        if !comment.starts_with('#') || line.len() - comment.len() != indent {
            break;
        }
        start = above;
    }
    start
}

/// Whether blank lines stand between this block and a neighbour of it.
pub(super) fn stands_apart(text: &str, block: Span) -> bool {
    let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let first = line_at(text, block.start).unwrap_or_default();
    let start = comment_above(text, block.start, depth(first));
    let before = line_before(text, start).is_some_and(|(_, line)| line.trim().is_empty());
    let after = line_at(text, block.end).is_some_and(|line| line.trim().is_empty());
    let rest = text.get(block.end..).unwrap_or_default();
    let next = rest.lines().find(|line| !line.trim().is_empty());
    before || (after && next.is_some_and(|next| depth(next) == depth(first)))
}

/// The block with what goes when it goes: the comment above where `with_comment`, and of blank lines
/// on both sides those above.
pub(super) fn with_surroundings(
    text: &str,
    block: Span,
    indent: usize,
    with_comment: bool,
) -> Span {
    let mut start = match with_comment {
        true => comment_above(text, block.start, indent),
        false => block.start,
    };
    let follows = line_at(text, block.end);
    if follows.is_none_or(|line| line.trim().is_empty()) {
        while let Some((above, line)) = line_before(text, start) {
            if !line.trim().is_empty() {
                break;
            }
            start = above;
        }
    }
    Span::new(start, block.end)
}
