//! A YAML document as it is written out: mappings keep their order, and whatever some YAML reader
//! could take for something else than text (`yes`, `012`, `1:30`) is quoted.
//!
//! Readers of 1.1 and 1.2 alike must find the same values, so no more styles are used than needed:
//! plain words, double quotes, and literal blocks for several lines.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Null,
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// A mapping in the order in which it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map(pub Vec<(String, Node)>);

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u16> for Node {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Node {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Node>> From<Vec<T>> for Node {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Node {
    fn is_nothing(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.0.is_empty(),
            _ => false,
        }
    }

    /// The document, ending with a line break.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        block(&mut text, self, 0);
        text
    }
}

impl Map {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With `key` at its end.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Node>) -> Self {
        self.put(key, value);
        self
    }

    /// Adds `key` at the end.
    pub fn put(&mut self, key: &str, value: impl Into<Node>) {
        self.0.push((key.to_owned(), value.into()));
    }

    /// As [`Self::put`], for what there may be none of: an empty list or mapping is left out too.
    pub fn put_some(&mut self, key: &str, value: Option<impl Into<Node>>) {
        if let Some(value) = value.map(Into::into)
            && !value.is_nothing()
        {
            self.put(key, value);
        }
    }

    /// As [`Self::put_some`], for what is off unless it is said.
    pub fn put_flag(&mut self, key: &str, flag: bool) {
        self.put_some(key, flag.then_some(true));
    }
}

impl<K: Into<String>, V: Into<Node>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self(
            pairs
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

/// Several documents as one text.
#[must_use]
pub fn stream(documents: &[Node]) -> String {
    let texts: Vec<String> = documents.iter().map(Node::render).collect();
    texts.join("---\n")
}

const STEP: usize = 2;

/// Writes `node` as lines of their own, `indent` spaces in.
fn block(text: &mut String, node: &Node, indent: usize) {
    match node {
        Node::Map(map) if !map.0.is_empty() => {
            for (key, value) in &map.0 {
                pad(text, indent);
                entry(text, key, value, indent);
            }
        }
        Node::List(items) if !items.is_empty() => {
            for item in items {
                pad(text, indent);
                text.push('-');
                self_or_below(text, item, indent);
            }
        }
        other => {
            pad(text, indent);
            text.push_str(&scalar(other, indent));
            text.push('\n');
        }
    }
}

fn entry(text: &mut String, key: &str, value: &Node, indent: usize) {
    text.push_str(&quoted_if_needed(key));
    text.push(':');
    match value {
        Node::Map(map) if !map.0.is_empty() => {
            text.push('\n');
            block(text, value, indent + STEP);
        }
        Node::List(items) if !items.is_empty() => {
            text.push('\n');
            block(text, value, indent + STEP);
        }
        other => {
            let _ = writeln!(text, " {}", scalar(other, indent));
        }
    }
}

/// An item behind its dash: the first key of a mapping stands in the same line.
fn self_or_below(text: &mut String, item: &Node, indent: usize) {
    match item {
        Node::Map(map) if !map.0.is_empty() => {
            text.push(' ');
            for (index, (key, value)) in map.0.iter().enumerate() {
                if index > 0 {
                    pad(text, indent + STEP);
                }
                entry(text, key, value, indent + STEP);
            }
        }
        Node::List(items) if !items.is_empty() => {
            text.push('\n');
            block(text, item, indent + STEP);
        }
        other => {
            let _ = writeln!(text, " {}", scalar(other, indent));
        }
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// What stands behind a key; a literal block is indented deeper than `indent`.
fn scalar(node: &Node, indent: usize) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Flag(flag) => flag.to_string(),
        Node::Number(number) => number.to_string(),
        Node::List(_) => "[]".to_owned(),
        Node::Map(_) => "{}".to_owned(),
        Node::Text(text) if fits_a_block(text) => literal(text, indent + STEP),
        Node::Text(text) => quoted_if_needed(text),
    }
}

/// Whether a literal block gives the text back as it is.
fn fits_a_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || c == '\t' || !c.is_control() && c != '\u{feff}';
    let body = text.trim_end_matches('\n');
    body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        && text.chars().all(printable)
        && !text.ends_with("\n\n")
}

fn literal(text: &str, indent: usize) -> String {
    let (mut block, body) = match text.strip_suffix('\n') {
        Some(body) => ("|".to_owned(), body),
        None => ("|-".to_owned(), text),
    };
    for line in body.split('\n') {
        block.push('\n');
        if !line.is_empty() {
            pad(&mut block, indent);
            block.push_str(line);
        }
    }
    block
}

fn quoted_if_needed(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Whether every YAML reader takes the bare word as the same text.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let starts = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '_';
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@+-:=, ".contains(c);
    (text.starts_with(starts) || text.starts_with("./"))
        && text.chars().all(safe)
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// In double quotes, with the escapes that YAML and JSON share.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
