//! YAML text → a tree of nodes with byte spans. Knows nothing of what the keys mean.
//!
//! Aliases and merge keys (`<<`) are resolved here, as Compose does before anything else. Duplicate
//! keys are errors. Bounds on depth, nodes and bytes make hostile files cheap to refuse.

mod build;
pub mod decode;
mod syntax;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};

pub use build::{MAX_DEPTH, MAX_NODES};

/// How a scalar is written; it decides how a new value must be quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A node of the tree. An alias yields a copy of the anchored node with the anchored node's span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub span: Span,
    /// The tag as written after resolution, for instance `tag:yaml.org,2002:str` or `!reset`.
    pub tag: Option<Arc<str>>,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The value after escapes and folding; a plain scalar keeps its source text.
    pub text: Arc<str>,
    pub style: Style,
}

/// The entries of a mapping in the order of the file, merged ones last; keys are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Arc<str>,
    pub key_span: Span,
    pub value: Node,
}

impl Mapping {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }
}

impl Node {
    #[must_use]
    pub fn scalar(span: Span, text: impl Into<Arc<str>>, style: Style) -> Self {
        let text = text.into();
        Self {
            span,
            tag: None,
            value: Value::Scalar(Scalar { text, style }),
        }
    }

    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The value under `key`, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping().and_then(|mapping| mapping.get(key))
    }

    /// Moves every span below by `by` bytes, into the position space of
    /// [`Sources`](crate::text::Sources).
    pub fn shift(&mut self, by: usize) {
        self.span = self.span.shifted(by);
        match &mut self.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Mapping(mapping) => {
                for entry in &mut mapping.entries {
                    entry.key_span = entry.key_span.shifted(by);
                    entry.value.shift(by);
                }
            }
        }
    }

    /// Whether this is a null: nothing, `~` or `null`, unquoted.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| {
            scalar.style == Style::Plain
                && matches!(&*scalar.text, "" | "~" | "null" | "Null" | "NULL")
        })
    }

    /// What the node is, as a message names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Scalar(_) if self.is_null() => "null",
            Value::Scalar(scalar) if scalar.style != Style::Plain => "a string",
            Value::Scalar(scalar) => plain_kind(&scalar.text),
        }
    }
}

fn plain_kind(text: &str) -> &'static str {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
        "a boolean"
    } else if number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok() {
        "a number"
    } else {
        "a string"
    }
}

/// Parses every document of `source`. An empty file has no document.
///
/// # Errors
/// The faults found: syntax, duplicate keys, unknown aliases, or a bound that is exceeded.
pub fn parse(source: &Source) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let (documents, faults) = read(source);
    if faults.is_empty() {
        Ok(documents)
    } else {
        Err(faults)
    }
}

/// Parses every document of `source` for a reader that goes on after a fault, to report all of
/// them in one run. A duplicate key keeps its first value; after a syntax error, or a bound that is
/// exceeded, there is no document at all.
#[must_use]
pub fn read(source: &Source) -> (Vec<Node>, Vec<Diagnostic>) {
    build::read(source)
}
