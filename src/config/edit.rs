//! `.poststack.yml` edited in place: an environment copied or taken out, one value set. Works on the
//! text by the spans of its tree, so every byte that is not meant stays. Reads and writes no file,
//! and does not know what the keys mean: whether the result is a good configuration is for
//! [`super::check`] to say.

mod anchors;
mod layout;
#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::text::{Source, SourceFile, Span};
use crate::yaml::{self, Entry, Node};

use layout::{Form, block, column, end_of, form, line_end, new_line, own_entries};

/// Why a text was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("there is no `{0}` in the file")]
    Missing(String),
    #[error("`{0}` is written in a form that is not edited in place; edit the file by hand")]
    Form(String),
    #[error("the file is not valid YAML")]
    Invalid(Vec<Diagnostic>),
}

/// `source` with an entry `to` after `path`, of which it is a copy. Anchors are not copied, so that
/// aliases go on naming what they name; a copy of an alias `extends` the entry instead.
///
/// # Errors
/// There is no such entry, or it is written in a way that is not edited here.
pub fn copy(source: &Source, path: &[&str], to: &str) -> Result<Source, EditError> {
    let root = read(source)?;
    let (parent, entry) = find(source, &root, path)?;
    let text = &source.text;
    let unusual = || EditError::Form(path.join("."));
    let nl = new_line(text);
    if is_flow(text, parent) {
        let end = end_of(text, entry).ok_or_else(unusual)?;
        let copied = match form(text, entry).ok_or_else(unusual)? {
            Form::Alias(_) => format!("{to}: {{ extends: {} }}", plain(&entry.key)),
            _ => named(text, entry, Span::new(entry.key_span.start, end), to),
        };
        let change = (Span::at(end), format!(", {copied}"));
        return Ok(changed(source, vec![change]));
    }
    let indent = column(text, entry.key_span.start).ok_or_else(unusual)?;
    let span = block(text, entry, indent).ok_or_else(unusual)?;
    let copied = match form(text, entry).ok_or_else(unusual)? {
        Form::Alias(_) => {
            let indent = " ".repeat(indent);
            format!(
                "{indent}{to}:{nl}{indent}  extends: {}{nl}",
                plain(&entry.key)
            )
        }
        _ => named(text, entry, span, to),
    };
    let before = source.slice(Span::new(0, span.end));
    let mut addition = String::new();
    if !before.ends_with('\n') {
        addition.push_str(nl);
    }
    if layout::stands_apart(text, span) {
        addition.push_str(nl);
    }
    addition.push_str(copied.trim_end_matches(['\r', '\n']));
    if before.ends_with('\n') {
        addition.push_str(nl);
    }
    Ok(changed(source, vec![(Span::at(span.end), addition)]))
}

/// `source` without the entry at `path`, and without the comment directly above it unless the entry
/// is the first of its mapping, whose comment may speak of all.
///
/// # Errors
/// As [`copy`].
pub fn remove(source: &Source, path: &[&str]) -> Result<Source, EditError> {
    let root = read(source)?;
    let (parent, entry) = find(source, &root, path)?;
    let text = &source.text;
    let unusual = || EditError::Form(path.join("."));
    let siblings = own_entries(parent);
    let at = siblings
        .iter()
        .position(|one| one.key_span == entry.key_span);
    let previous = at.and_then(|at| siblings.get(at.checked_sub(1)?));
    let next = at.and_then(|at| siblings.get(at + 1));
    let span = if is_flow(text, parent) {
        let end = end_of(text, entry).ok_or_else(unusual)?;
        match (previous, next) {
            (Some(previous), _) => Span::new(end_of(text, previous).ok_or_else(unusual)?, end),
            (None, Some(next)) => Span::new(entry.key_span.start, next.key_span.start),
            (None, None) => Span::new(entry.key_span.start, end),
        }
    } else {
        let indent = column(text, entry.key_span.start).ok_or_else(unusual)?;
        let span = block(text, entry, indent).ok_or_else(unusual)?;
        layout::with_surroundings(text, span, indent, previous.is_some())
    };
    Ok(changed(source, vec![(span, String::new())]))
}

/// `source` with the scalar `value` at `path`; mappings on the way that are not there are made.
///
/// # Errors
/// Something on the way is written in a way that is not edited here.
pub fn set(source: &Source, path: &[&str], value: &str) -> Result<Source, EditError> {
    let root = read(source)?;
    let text = &source.text;
    let unusual = || EditError::Form(path.join("."));
    let value = plain(value);
    let mut header: Option<&Entry> = None;
    let mut node = &root;
    for depth in 0..path.len() {
        let rest = path.get(depth..).unwrap_or_default();
        let Some((key, below)) = rest.split_first() else {
            break;
        };
        let found = own_entries(node).into_iter().find(|one| *one.key == **key);
        let Some(found) = found else {
            let change = insertion(text, (header, node), rest, &value).ok_or_else(unusual)?;
            return Ok(changed(source, vec![change]));
        };
        let change = match (form(text, found).ok_or_else(unusual)?, below) {
            (Form::Empty(at), []) => (Span::at(at), format!(" {value}")),
            (Form::Empty(at), _) => (Span::at(at), format!(" {{ {} }}", pairs(below, &value))),
            (Form::Scalar(span) | Form::Alias(span), []) => (span, value),
            (Form::Alias(span), _) => {
                let merged = source.slice(span);
                let own = pairs(below, &value);
                (span, format!("{{ <<: {merged}, {own} }}"))
            }
            (Form::Mapping, [_, ..]) => {
                header = Some(found);
                node = &found.value;
                continue;
            }
            _ => return Err(unusual()),
        };
        return Ok(changed(source, vec![change]));
    }
    Err(unusual())
}

fn read(source: &Source) -> Result<Node, EditError> {
    let documents = yaml::parse(source).map_err(EditError::Invalid)?;
    let first = documents.into_iter().next();
    first.ok_or_else(|| EditError::Form(source.path.display().to_string()))
}

/// The entry at `path` and the mapping that it stands in, where the file writes both itself.
fn find<'n>(
    source: &Source,
    root: &'n Node,
    path: &[&str],
) -> Result<(&'n Node, &'n Entry), EditError> {
    let mut parent = root;
    let mut found: Option<(&Node, &Entry)> = None;
    for key in path {
        if let Some((_, entry)) = found {
            match form(&source.text, entry) {
                Some(Form::Mapping) => parent = &entry.value,
                _ => return Err(EditError::Form(path.join("."))),
            }
        }
        let entry = own_entries(parent)
            .into_iter()
            .find(|one| *one.key == **key);
        found = match (entry, parent.get(key)) {
            (Some(entry), _) => Some((parent, entry)),
            (None, Some(_)) => return Err(EditError::Form(path.join("."))),
            (None, None) => return Err(EditError::Missing(path.join("."))),
        };
    }
    found.ok_or_else(|| EditError::Missing(path.join(".")))
}

fn is_flow(text: &str, mapping: &Node) -> bool {
    let rest = text.get(mapping.span.start..).unwrap_or_default();
    rest.starts_with('{')
}

/// The text of an entry under another name, without its anchors.
fn named(text: &str, entry: &Entry, span: Span, to: &str) -> String {
    let mut changes = anchors::removals(text, entry, span);
    changes.push((entry.key_span, to.to_owned()));
    let text = text.get(..span.end).unwrap_or_default();
    let whole = applied(text, changes);
    whole.get(span.start..).unwrap_or_default().to_owned()
}

/// The first line of a mapping, which its own lines or braces begin with, gets a new neighbour.
fn insertion(
    text: &str,
    (header, mapping): (Option<&Entry>, &Node),
    rest: &[&str],
    value: &str,
) -> Option<(Span, String)> {
    let start = mapping.span.start;
    if is_flow(text, mapping) {
        let after = start + 1;
        let inside = text.get(after..)?.trim_start();
        let addition = match inside.starts_with('}') {
            true => format!(" {} ", pairs(rest, value)),
            false => format!(" {},", pairs(rest, value)),
        };
        // What was between the braces of an empty mapping is nothing but space.
        let blank = text.get(after..)?.len() - inside.len();
        let end = if inside.starts_with('}') {
            after + blank
        } else {
            after
        };
        return Some((Span::new(after, end), addition));
    }
    let indent = column(text, start)?;
    let at = line_end(text, header?.key_span.end);
    let nl = new_line(text);
    let mut lines = String::new();
    for (depth, key) in rest.iter().enumerate() {
        let indent = " ".repeat(indent + 2 * depth);
        lines.push_str(&format!("{nl}{indent}{key}:"));
    }
    (at < start).then(|| (Span::at(at), format!("{lines} {value}")))
}

/// `a: { b: value }`
fn pairs(path: &[&str], value: &str) -> String {
    match path.split_first() {
        Some((key, [])) => format!("{key}: {value}"),
        Some((key, rest)) => format!("{key}: {{ {} }}", pairs(rest, value)),
        None => value.to_owned(),
    }
}

/// `text` as a scalar that is read as this text, or as the number it is.
fn plain(text: &str) -> String {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let begins =
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/'));
    let is_number = text
        .parse::<u16>()
        .is_ok_and(|number| number.to_string() == text);
    let is_word = text.contains(|c: char| c.is_ascii_alphabetic()) && text.parse::<f64>().is_err();
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let is_reserved = words.contains(&text.to_ascii_lowercase().as_str());
    match begins && text.chars().all(is_simple) && (is_number || is_word) && !is_reserved {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

fn changed(source: &Source, changes: Vec<(Span, String)>) -> Source {
    SourceFile::new(source.path.clone(), applied(&source.text, changes))
}

/// The changes do not overlap.
fn applied(text: &str, mut changes: Vec<(Span, String)>) -> String {
    changes.sort_by_key(|(span, _)| *span);
    let mut whole = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in changes {
        whole.push_str(text.get(at..span.start).unwrap_or_default());
        whole.push_str(&new);
        at = span.end;
    }
    whole.push_str(text.get(at..).unwrap_or_default());
    whole
}
