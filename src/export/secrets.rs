//! Values that no document holds: each goes by a name, and stands in a file of its own.

use std::collections::BTreeMap;

use super::document::Node;
use crate::environment::Prepared;
use crate::secret::Secret;
use crate::variables::value::is_secret_name;
use crate::variables::{Reader, Variable};

/// Another name of `DB_PASSWORD`.
const DOUBLE: &str = "DB_PASS";

/// Gathers secrets. The same value has one name, so that changing it means changing one line.
pub struct Secrets<'a> {
    prepared: &'a Prepared,
    by_name: BTreeMap<String, Secret>,
}

impl<'a> Secrets<'a> {
    #[must_use]
    pub fn new(prepared: &'a Prepared) -> Self {
        Self {
            prepared,
            by_name: BTreeMap::new(),
        }
    }

    /// Whether the text holds a secret of the environment.
    #[must_use]
    pub fn is_secret(&self, text: &str) -> bool {
        self.prepared.mask(text) != text
    }

    /// Whether the variable of a container holds one.
    #[must_use]
    pub fn is_secret_variable(&self, name: &str, value: &str) -> bool {
        !value.is_empty() && (is_secret_name(name) || self.is_secret(value))
    }

    /// The name of `value`: that of the variable which has it, or one made of `words`. All begin
    /// with the environment, so that nothing a shell has by chance takes their place.
    pub fn name(&mut self, words: &[&str], value: &str) -> String {
        let known = self.by_name.iter();
        let mut known = known.filter(|(_, secret)| secret.expose() == value);
        if let Some((name, _)) = known.next() {
            return name.clone();
        }
        let own = |one: &&Variable| {
            let readers = [Reader::Network, Reader::Host];
            one.name != DOUBLE && readers.iter().any(|reader| one.value(*reader) == value)
        };
        let variable = self.prepared.variables.iter().find(own);
        let words = variable.map_or_else(|| words.join("_"), |one| one.name.clone());
        let wanted = constant(&format!("{}_{words}", self.prepared.identity.prefix()));
        let numbered = (2_u32..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(|name| !self.by_name.contains_key(name));
        let name = name.unwrap_or(wanted);
        self.by_name.insert(name.clone(), Secret::from(value));
        name
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.by_name.iter();
        all.map(|(name, value)| (name.as_str(), value.expose()))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The document with each text replaced by what `write` makes of it: the plain text, or the
    /// name of a secret. `words` is where the document stands.
    #[must_use]
    pub fn sealed(
        &mut self,
        node: Node,
        words: &[&str],
        write: &dyn Fn(Found<'_>) -> String,
    ) -> Node {
        match node {
            Node::Text(text) => {
                let is_variable = matches!(words, [_, "environment", name] if is_secret_name(name));
                let is_secret = self.is_secret(&text) || is_variable && !text.is_empty();
                Node::Text(match is_secret {
                    true => write(Found::Secret(&self.name(&brief(words), &text))),
                    false => write(Found::Plain(&text)),
                })
            }
            Node::List(items) => {
                let items = items.into_iter();
                Node::List(items.map(|item| self.sealed(item, words, write)).collect())
            }
            Node::Map(map) => {
                let entries = map.0.into_iter().map(|(key, value)| {
                    let value = self.sealed(value, &[words, &[key.as_str()]].concat(), write);
                    (key, value)
                });
                Node::Map(entries.collect())
            }
            other => other,
        }
    }
}

/// What a text of a document is.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    Plain(&'a str),
    /// The name of the secret that stands in its place.
    Secret(&'a str),
}

/// The service and the last key: `services.web.environment.URL` is known as `WEB_URL`.
fn brief<'w>(words: &[&'w str]) -> Vec<&'w str> {
    match words {
        [first, .., last] => vec![first, last],
        few => few.to_vec(),
    }
}

/// As environment variables are called.
fn constant(text: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = text.chars().map(letter).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}
