//! Variables inside YAML scalars. A value never changes the structure of the file.

mod render;
mod rewrite;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place};
use crate::text::{Source, Span};
use crate::variables::evaluate::{MAX_TEXT_BYTES, Mention};
use crate::variables::written::Written;
use crate::variables::{Reader, Variable, Variables};
use crate::yaml::{Entry, Mapping, Node, Scalar, Style, Value};
use rewrite::Changes;

pub use crate::variables::evaluate::Outcome;
pub use render::plain as scalar;

/// Most bytes that the templates of one file and what they come to have together, and most
/// mentions of variables in it; every alias is counted.
const MAX_EXPANDED_BYTES: usize = 4 * MAX_TEXT_BYTES;
const MAX_USES: usize = 50_000;
/// How many undefined variables are reported of one file.
const MAX_UNDEFINED: usize = 1000;

/// One step from the root of a document to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Key(Arc<str>),
    Index(usize),
}

/// What an expansion may look up, and who reads at which path.
pub struct Scope<'a> {
    pub variables: &'a Variables,
    /// The reader at a path; two services of one file may read different addresses.
    pub reader: &'a dyn Fn(&[Segment]) -> Reader,
}

/// One mention of a variable in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub name: String,
    /// Where the expression stands.
    pub place: Place,
    /// Dotted path of the scalar, for instance `services.web.environment.URL`.
    pub path: String,
    pub reader: Reader,
    pub outcome: Outcome,
    /// The text that stands in its place for [`Outcome::Default`], with secrets masked.
    pub default: String,
    /// The variable, where only the `.env` beside the file defines it.
    pub local: Option<Variable>,
}

/// A document with its scalars expanded. Spans still lie in `source`, the file as written.
#[derive(Debug, Clone)]
pub struct Expanded {
    pub source: Source,
    pub root: Node,
    pub uses: Vec<Use>,
    /// Bad templates and required variables that are missing; not the undefined ones.
    pub diagnostics: Vec<Diagnostic>,
    undefined: Vec<Diagnostic>,
    changes: Changes,
}

impl Expanded {
    /// An error for every undefined variable, at each of its places.
    #[must_use]
    pub fn undefined(&self) -> Vec<Diagnostic> {
        self.undefined.clone()
    }

    /// The text of the file with the changed scalars replaced and every other byte left alone.
    ///
    /// # Errors
    /// A scalar behind an alias that comes to different values for its readers has no one text.
    pub fn text(&self) -> Result<String, Box<Diagnostic>> {
        rewrite::rewrite(&self.source, &self.changes)
    }
}

/// Expands every scalar value of `root` (never keys). Undefined variables become empty.
#[must_use]
pub fn expand(source: &Source, root: &Node, scope: &Scope<'_>) -> Expanded {
    let mut expander = Expander {
        source,
        scope,
        path: Vec::new(),
        bytes: 0,
        uses: Vec::new(),
        faults: Faults::default(),
        undefined: Faults::default(),
        changes: Changes::default(),
    };
    let root = expander.node(root, None);
    Expanded {
        source: source.clone(),
        root,
        uses: expander.uses,
        diagnostics: expander.faults.list,
        undefined: expander.undefined.list,
        changes: expander.changes,
    }
}

/// Faults, each place and message once: an aliased scalar is expanded many times.
#[derive(Default)]
struct Faults {
    list: Vec<Diagnostic>,
    seen: HashSet<(String, PathBuf, Option<Span>)>,
}

impl Faults {
    fn add(&mut self, fault: Diagnostic) {
        let place = fault.place.as_ref();
        let path = place.map(|place| place.source.path.clone());
        let span = place.map(|place| place.span);
        let key = (fault.message.clone(), path.unwrap_or_default(), span);
        if self.seen.insert(key) {
            self.list.push(fault);
        }
    }
}

struct Expander<'a> {
    source: &'a Source,
    scope: &'a Scope<'a>,
    path: Vec<Segment>,
    /// Read and made so far.
    bytes: usize,
    uses: Vec<Use>,
    faults: Faults,
    undefined: Faults,
    changes: Changes,
}

impl Expander<'_> {
    /// Expands below `node`; `key` is where its key stands, when it has one.
    fn node(&mut self, node: &Node, key: Option<Span>) -> Node {
        let value = match &node.value {
            Value::Scalar(scalar) if scalar.text.contains('$') => {
                Value::Scalar(self.scalar(node.span, scalar, key))
            }
            Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
            Value::Sequence(items) => Value::Sequence(self.items(items)),
            Value::Mapping(mapping) => Value::Mapping(self.mapping(mapping)),
        };
        Node {
            span: node.span,
            tag: node.tag.clone(),
            value,
        }
    }

    fn items(&mut self, items: &[Node]) -> Vec<Node> {
        let mut expanded = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Segment::Index(index));
            expanded.push(self.node(item, None));
            self.path.pop();
        }
        expanded
    }

    fn mapping(&mut self, mapping: &Mapping) -> Mapping {
        let mut entries = Vec::with_capacity(mapping.entries.len());
        for entry in &mapping.entries {
            self.path.push(Segment::Key(entry.key.clone()));
            entries.push(Entry {
                key: entry.key.clone(),
                key_span: entry.key_span,
                value: self.node(&entry.value, Some(entry.key_span)),
            });
            self.path.pop();
        }
        Mapping { entries }
    }

    fn scalar(&mut self, span: Span, scalar: &Scalar, key: Option<Span>) -> Scalar {
        if self.exceeded().is_some() {
            return scalar.clone();
        }
        self.bytes += scalar.text.len();
        let written = match Written::parse(&scalar.text, &Place::new(self.source, span)) {
            Ok(written) => written,
            Err(fault) => {
                self.faults.add(*fault);
                return scalar.clone();
            }
        };
        let reader = (self.scope.reader)(&self.path);
        let variables = self.scope.variables;
        let mut lookup = |name: &str| variables.value(name, reader);
        let result = written.template.evaluate(&mut lookup, MAX_TEXT_BYTES);
        if result.too_long {
            self.faults.add(written.too_long());
        }
        self.bytes += result.text.len();
        let path = dotted(&self.path);
        for mention in result.mentions {
            let place = written.place_of(&mention.range);
            self.mention(mention, place, &path, reader);
        }
        if let Some(message) = self.exceeded() {
            self.faults
                .add(Diagnostic::error(message).at(self.source, span));
        }
        self.changes.record(span, key, scalar, &result.text);
        expanded_scalar(scalar, result.text)
    }

    /// Which bound of the file is exceeded, if one is; nothing more is expanded then.
    fn exceeded(&self) -> Option<String> {
        if self.bytes > MAX_EXPANDED_BYTES {
            let message = format!("The file comes to more than {MAX_EXPANDED_BYTES} bytes of text");
            Some(message)
        } else if self.uses.len() > MAX_USES {
            let message = format!("The file mentions variables more than {MAX_USES} times");
            Some(message)
        } else {
            None
        }
    }

    /// Records a use and what is wrong with it.
    fn mention(&mut self, mention: Mention, place: Place, path: &str, reader: Reader) {
        let outcome = mention.outcome_of_all();
        let is_full = self.undefined.list.len() >= MAX_UNDEFINED;
        if !(outcome == Outcome::Undefined && is_full) {
            for (cause, fault) in self.scope.variables.faults(&mention, &place) {
                match cause {
                    Outcome::Required => self.faults.add(fault),
                    _ => self.undefined.add(fault),
                }
            }
        }
        self.uses.push(Use {
            local: self.scope.variables.local(&mention.name),
            name: mention.name,
            place,
            path: path.to_owned(),
            reader,
            outcome,
            default: mention.message,
        });
    }
}

/// The scalar with its new text. An unquoted text that would now read as a number, a boolean or
/// null is a string all the same, as it is in Compose.
fn expanded_scalar(scalar: &Scalar, text: String) -> Scalar {
    let changed = *scalar.text != *text;
    let node = Node::scalar(Span::default(), text.as_str(), scalar.style);
    Scalar {
        text: Arc::from(text),
        style: if changed && node.kind() != "a string" {
            Style::DoubleQuoted
        } else {
            scalar.style
        },
    }
}

/// `services.web.ports[0]`
fn dotted(path: &[Segment]) -> String {
    let mut dotted = String::new();
    for segment in path {
        match segment {
            Segment::Index(index) => dotted.push_str(&format!("[{index}]")),
            Segment::Key(key) => {
                if !dotted.is_empty() {
                    dotted.push('.');
                }
                dotted.push_str(key);
            }
        }
    }
    dotted
}
