//! Typed reading of nodes. Every fault becomes a diagnostic; reading goes on so that one run
//! reports them all.

use super::{Entry, Mapping, Node, Style, Value};
use crate::diagnostic::{Diagnostic, Place, brief, nearest};
use crate::text::{Sources, Span};

/// Reads nodes whose spans lie in `sources` and collects what is wrong with them.
pub struct Decoder<'a> {
    pub sources: &'a Sources,
    pub diagnostics: Vec<Diagnostic>,
    errors: usize,
}

/// Errors after which reading the rest of a long list or mapping tells nobody anything.
pub const ENOUGH_ERRORS: usize = 1_000;

impl<'a> Decoder<'a> {
    #[must_use]
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            diagnostics: Vec::new(),
            errors: 0,
        }
    }

    /// Whether there are so many errors that loops over long values may stop.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.errors >= ENOUGH_ERRORS
    }

    /// The file and the place in it that `span` marks.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        Place::within(self.sources, span)
    }

    /// Records an error at `span` and hands it back for a label or help.
    pub fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.errors += 1;
        self.push(Diagnostic::error(message).at_place(self.place(span)))
    }

    pub fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::warning(message).at_place(self.place(span)))
    }

    pub fn note(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Diagnostic::note(message).at_place(self.place(span)))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the element was pushed one line above"
    )]
    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.diagnostics.push(diagnostic);
        let last = self.diagnostics.len() - 1;
        &mut self.diagnostics[last]
    }

    /// Records an error that knows its place.
    pub fn report(&mut self, error: Diagnostic) {
        self.errors += 1;
        self.push(error);
    }

    /// Records that `node` is not what `what` names, for instance `a list of strings`, and hands
    /// the fault back for help.
    pub fn wrong_type(&mut self, node: &Node, path: &str, what: &str) -> &mut Diagnostic {
        let message = format!("`{path}` must be {what}, this is {}", node.kind());
        let diagnostic = self.error(self.head(node), message);
        diagnostic.label = Some(format!("expected {what}"));
        diagnostic
    }

    /// The first line of `node`: what a message marks of a value that may be long.
    #[must_use]
    pub fn head(&self, node: &Node) -> Span {
        let line = self.sources.slice(node.span).lines().next();
        let line = line.unwrap_or_default().trim_end();
        Span::new(node.span.start, node.span.start + line.len())
    }

    /// The mapping in `node`; null counts as an empty one.
    pub fn mapping<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n Mapping> {
        match &node.value {
            Value::Mapping(mapping) => Some(mapping),
            _ if node.is_null() => None,
            _ => {
                self.wrong_type(node, path, "a mapping");
                None
            }
        }
    }

    pub fn sequence<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::Sequence(items) => Some(items),
            _ => {
                self.wrong_type(node, path, "a list");
                None
            }
        }
    }

    /// The text of a scalar, however it is written: numbers and booleans keep their source text.
    /// A NUL, which only an escape can write, is refused: nothing that runs could take it.
    pub fn text(&mut self, node: &Node, path: &str) -> Option<String> {
        match node.as_scalar() {
            Some(scalar) if scalar.text.contains('\0') => {
                self.error(node.span, format!("`{path}` holds a NUL character"));
                None
            }
            Some(scalar) if !node.is_null() => Some(scalar.text.to_string()),
            _ => {
                self.wrong_type(node, path, "a string");
                None
            }
        }
    }

    /// A string proper: an unquoted number or boolean is a fault, as in Compose.
    pub fn string(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.text(node, path)?;
        if node.kind() == "a string" {
            return Some(text);
        }
        let message = format!("`{path}` must be a string, this is {}", node.kind());
        self.error(node.span, message).help = Some(format!("put it in quotes: \"{text}\""));
        None
    }

    /// `true` or `false` in any case, quoted or not.
    pub fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        let text = node.as_scalar().map(|scalar| scalar.text.to_lowercase());
        match text.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong_type(node, path, "`true` or `false`");
                None
            }
        }
    }

    /// A whole number within `range`, quoted or not.
    pub fn integer(
        &mut self,
        node: &Node,
        path: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = node
            .as_scalar()
            .and_then(|scalar| scalar.text.trim().parse::<i64>().ok());
        match number {
            Some(number) if range.contains(&number) => Some(number),
            Some(number) => {
                let (low, high) = (range.start(), range.end());
                let message = format!("`{path}` is {number}; it must lie in {low} … {high}");
                self.error(node.span, message);
                None
            }
            None => {
                self.wrong_type(node, path, "a whole number");
                None
            }
        }
    }

    /// One string or a list of strings.
    pub fn strings(&mut self, node: &Node, path: &str) -> Vec<String> {
        match &node.value {
            Value::Sequence(items) => items
                .iter()
                .filter_map(|item| self.text(item, path))
                .collect(),
            _ => self.text(node, path).into_iter().collect(),
        }
    }

    /// Reports a key that `known` does not have, with the nearest one that it has, and hands the
    /// fault back for a better help.
    pub fn unknown_key(&mut self, entry: &Entry, path: &str, known: &[&str]) -> &mut Diagnostic {
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(" in `{path}`")
        };
        let suggestion = nearest(&entry.key, known.iter().copied());
        let message = format!("Unknown key `{}`{place}", brief(&entry.key));
        let diagnostic = self.error(entry.key_span, message);
        diagnostic.help = Some(match suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys: {}", known.join(", ")),
        });
        diagnostic.label = Some("unknown key".to_owned());
        diagnostic
    }

    /// Reports every key of `mapping` outside `known`; keys with the prefix `x-` are always fine.
    pub fn only_keys(&mut self, mapping: &Mapping, path: &str, known: &[&str]) {
        for entry in &mapping.entries {
            if !known.contains(&&*entry.key) && !entry.key.starts_with("x-") {
                self.unknown_key(entry, path, known);
            }
        }
    }
}

/// Whether the scalar is written without quotes.
#[must_use]
pub fn is_plain(node: &Node) -> bool {
    node.as_scalar()
        .is_some_and(|scalar| scalar.style == Style::Plain)
}
