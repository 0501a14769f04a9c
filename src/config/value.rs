//! Readers of single values that several sections share, each with its own faults and helps.

use std::collections::BTreeMap;

use super::keys;
use crate::diagnostic::{Place, brief};
use crate::yaml::decode::Decoder;
use crate::yaml::{Entry, Mapping, Node};

/// Longest identifier of PostgreSQL, in bytes; it silently cuts longer ones.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
pub(super) const MAX_IDENTIFIER: usize = 63;

/// The place of `node`.
pub(super) fn place(decoder: &Decoder<'_>, node: &Node) -> Place {
    decoder.place(node.span)
}

/// Reports keys outside `known`; a key that belongs elsewhere is told where.
pub(super) fn only_keys(decoder: &mut Decoder<'_>, mapping: &Mapping, path: &str, known: &[&str]) {
    for entry in &mapping.entries {
        if decoder.is_full() {
            return;
        }
        if known.contains(&&*entry.key) || entry.key.starts_with("x-") {
            continue;
        }
        let fault = decoder.unknown_key(entry, path, known);
        let is_guess = fault
            .help
            .as_ref()
            .is_some_and(|help| help.starts_with("did you mean"));
        if let (false, Some(home)) = (is_guess, home_of(&entry.key)) {
            fault.help = Some(format!("`{}` belongs under `{home}`", entry.key));
        }
    }
}

/// The section that `key` is known in.
fn home_of(key: &str) -> Option<&'static str> {
    keys::SECTIONS
        .iter()
        .filter(|(section, _)| !section.is_empty() && *section != "defaults")
        .find(|(_, known)| known.contains(&key))
        .map(|(section, _)| *section)
}

/// A text that is not empty and holds no `${…}`, which is expanded in few places only.
pub(super) fn fixed_text(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<String> {
    let text = decoder.text(node, path)?;
    if text.is_empty() {
        decoder.error(node.span, format!("`{path}` is empty"));
        return None;
    }
    if text.contains("${") {
        let message = format!("`{path}` cannot hold a variable: `{}`", brief(&text));
        decoder.error(node.span, message).help = Some(
            "write the value itself; `password` and the values of `variables` may hold `${NAME}`"
                .to_owned(),
        );
        return None;
    }
    Some(text)
}

/// A name of a database, role or extension. Names that need quotes are fine.
pub(super) fn identifier(decoder: &mut Decoder<'_>, node: &Node, path: &str) -> Option<String> {
    let text = fixed_text(decoder, node, path)?;
    if text.len() > MAX_IDENTIFIER {
        let message = format!(
            "`{path}` has {} bytes; PostgreSQL names have at most {MAX_IDENTIFIER}",
            text.len()
        );
        decoder.error(node.span, message).help = Some("write a shorter name".to_owned());
        return None;
    }
    Some(text)
}

/// The entries of a list; a null counts as an empty one.
pub(super) fn items<'n>(
    decoder: &mut Decoder<'_>,
    node: &'n Node,
    path: &str,
    help: &str,
) -> Option<&'n [Node]> {
    if node.is_null() {
        return Some(&[]);
    }
    let items = node.as_sequence();
    if items.is_none() {
        decoder.wrong_type(node, path, "a list").help = Some(help.to_owned());
    }
    items
}

/// Texts by key: numbers and booleans keep the text they are written with. `check` sees each entry
/// first and refuses it by `false`, after it has said why.
pub(super) fn texts(
    decoder: &mut Decoder<'_>,
    node: &Node,
    path: &str,
    mut check: impl FnMut(&mut Decoder<'_>, &Entry) -> bool,
) -> BTreeMap<String, (String, Place)> {
    let mut texts = BTreeMap::new();
    let Some(mapping) = decoder.mapping(node, path) else {
        return texts;
    };
    for entry in &mapping.entries {
        let path = format!("{path}.{}", brief(&entry.key));
        if !check(decoder, entry) {
            continue;
        }
        if entry.value.is_null() {
            let message = format!("`{path}` has no value");
            decoder.error(entry.key_span, message).help = Some(format!(
                "write `{}: \"\"` for an empty one",
                brief(&entry.key)
            ));
            continue;
        }
        if let Some(text) = decoder.text(&entry.value, &path) {
            let place = place(decoder, &entry.value);
            texts.insert(entry.key.to_string(), (text, place));
        }
    }
    texts
}
