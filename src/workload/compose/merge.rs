//! Two trees of Compose files → one, by the rules of Compose
//! (<https://github.com/compose-spec/compose-spec/blob/main/13-merge.md>).
//!
//! Single values replace, mappings merge, lists grow. Knows nothing of files: what the trees are and
//! where they come from is decided elsewhere. Items of lists are told apart in [`super::item`].

mod forms;
mod rules;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::item::Key;
use super::project::Scope;
use crate::diagnostic::{Diagnostic, Place};
use crate::text::{Sources, Span};
use crate::yaml::{Entry, Mapping, Node, Style, Value};
use rules::Rule;

/// The tag of a value that takes away what it would be merged onto.
pub(super) const RESET: &str = "!reset";
/// The tag of a value that replaces what it would be merged onto.
pub(super) const OVERRIDE: &str = "!override";

/// Merges trees whose spans lie in `sources`.
pub(super) struct Merger<'a> {
    sources: &'a Sources,
    /// By the number of the source.
    scopes: &'a [Scope],
    path: Vec<Arc<str>>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Merger<'a> {
    /// A merger of values at `path`: nothing for whole files, `services.*` for services.
    pub fn new((sources, scopes): (&'a Sources, &'a [Scope]), path: &[&str]) -> Self {
        Self {
            sources,
            scopes,
            path: path.iter().map(|key| Arc::from(*key)).collect(),
            diagnostics: Vec::new(),
        }
    }

    /// `over` merged onto `base`. What is tagged in `over` stays tagged, for a further merge onto
    /// something that lies under both; [`settle`] ends that.
    pub fn merge(&mut self, base: Node, over: Node) -> Node {
        if is_tagged(&over, RESET) || is_tagged(&over, OVERRIDE) {
            return over;
        }
        match rules::of(&self.path) {
            Some(rule) => self.by_rule(rule, base, over),
            None => self.plainly(base, over),
        }
    }

    fn plainly(&mut self, base: Node, over: Node) -> Node {
        if over.is_null() {
            return base;
        }
        let (base, over) = match (base, over) {
            (
                Node {
                    value: Value::Mapping(base),
                    ..
                },
                Node {
                    value: Value::Mapping(over),
                    span,
                    tag,
                },
            ) => return with(span, tag, Value::Mapping(self.mappings(base, over))),
            (
                Node {
                    value: Value::Sequence(mut base),
                    ..
                },
                Node {
                    value: Value::Sequence(over),
                    span,
                    tag,
                },
            ) => {
                base.extend(over);
                return with(span, tag, Value::Sequence(base));
            }
            pair => pair,
        };
        if base.as_mapping().is_some() || base.as_sequence().is_some() {
            self.differ(&base, &over);
        }
        over
    }

    /// A mapping or a list cannot become something else on the way.
    fn differ(&mut self, base: &Node, over: &Node) {
        let path = self.path.join(".");
        let (is, was) = (over.kind(), base.kind());
        let message = format!("`{path}` is {is} here, and {was} where it is written first");
        let related = (self.place(base.span), format!("{was} here"));
        let mut diagnostic = Diagnostic::error(message)
            .at_place(self.place(over.span))
            .help("write it in the same form, or replace it as a whole with the tag `!override`");
        diagnostic.related.push(related);
        self.diagnostics.push(diagnostic);
    }

    /// The first line of what `span` marks.
    fn place(&self, span: Span) -> Place {
        let line = self.sources.slice(span).lines().next().unwrap_or_default();
        let end = span.start + line.trim_end().len();
        Place::within(self.sources, Span::new(span.start, end))
    }

    fn mappings(&mut self, base: Mapping, over: Mapping) -> Mapping {
        let mut entries = base.entries;
        let known = entries.iter().enumerate();
        let known: HashMap<Arc<str>, usize> =
            known.map(|(at, one)| (one.key.clone(), at)).collect();
        for entry in over.entries {
            let same = known.get(&entry.key).and_then(|at| entries.get_mut(*at));
            let Some(same) = same else {
                entries.push(entry);
                continue;
            };
            self.path.push(entry.key.clone());
            let empty = Node::scalar(same.value.span, "", Style::Plain);
            let earlier = std::mem::replace(&mut same.value, empty);
            same.value = self.merge(earlier, entry.value);
            self.path.pop();
            // A service stays where it was declared; a key of it is where it was written last.
            if self.path.len() > 1 {
                same.key_span = entry.key_span;
            }
        }
        Mapping { entries }
    }

    fn by_rule(&mut self, rule: Rule, base: Node, over: Node) -> Node {
        match rule {
            Rule::Replace => over,
            Rule::Pairs => self.converted(base, over, forms::pairs),
            Rule::Names => self.converted(base, over, forms::names),
            Rule::Dependencies => self.converted(base, over, forms::dependencies),
            Rule::Build => self.converted(base, over, forms::build),
            Rule::List(key) => self.lists(key, base, over, false),
            Rule::Words(key) => self.lists(key, base, over, true),
            Rule::Hosts => forms::hosts(base, over),
            Rule::Logging if forms::has_other_driver(&base, &over) => over,
            Rule::Subnets => self.subnets(base, over),
            Rule::Limit if over.as_mapping().is_none() || base.as_mapping().is_none() => over,
            Rule::Logging | Rule::Limit => self.plainly(base, over),
        }
    }

    /// Merges by key once both values are mappings; one of a wrong form is left for its reader.
    fn converted(
        &mut self,
        base: Node,
        over: Node,
        convert: fn(&Node) -> Option<Vec<Entry>>,
    ) -> Node {
        if over.is_null() {
            return base;
        }
        if base.is_null() {
            return over;
        }
        let (Some(lower), Some(upper)) = (convert(&base), convert(&over)) else {
            return if convert(&over).is_none() { over } else { base };
        };
        let merged = self.mappings(Mapping { entries: lower }, Mapping { entries: upper });
        with(over.span, over.tag, Value::Mapping(merged))
    }

    fn lists(&mut self, key: Key, base: Node, over: Node, is_word_allowed: bool) -> Node {
        if over.is_null() || base.is_null() {
            return if over.is_null() { base } else { over };
        }
        let form = |node: Node| match node {
            Node {
                value: Value::Sequence(items),
                ..
            } => Ok(items),
            other if is_word_allowed => Ok(vec![other]),
            other => Err(other),
        };
        let span = over.span;
        let (mut items, later) = match (form(base), form(over)) {
            (Ok(base), Ok(over)) => (base, over),
            (_, Err(wrong)) | (Err(wrong), _) => return wrong,
        };
        let known = items.iter().enumerate();
        let known = known.filter_map(|(at, item)| Some((self.key(key, item)?, at)));
        let known: HashMap<String, usize> = known.collect();
        for item in later {
            let same = self.key(key, &item);
            let same = same.and_then(|key| known.get(&key));
            match same.and_then(|at| items.get_mut(*at)) {
                Some(same) => *same = item,
                None => items.push(item),
            }
        }
        with(span, None, Value::Sequence(items))
    }

    fn key(&self, key: Key, item: &Node) -> Option<String> {
        let scope = self.scopes.get(self.sources.index(item.span));
        key.of(item, scope.map_or(Path::new(""), |scope| &*scope.folder))
    }

    fn subnets(&mut self, base: Node, over: Node) -> Node {
        let (Value::Sequence(items), Value::Sequence(later)) = (&base.value, &over.value) else {
            return self.plainly(base, over);
        };
        let subnet = |node: &Node| Some(node.get("subnet")?.as_scalar()?.text.clone());
        let mut items = items.clone();
        let known = items.iter().enumerate();
        let known = known.filter_map(|(at, item)| Some((subnet(item)?, at)));
        let known: HashMap<Arc<str>, usize> = known.collect();
        for item in later {
            let same = subnet(item).and_then(|subnet| known.get(&subnet));
            match same.and_then(|at| items.get_mut(*at)) {
                Some(same) => *same = self.plainly(same.clone(), item.clone()),
                None => items.push(item.clone()),
            }
        }
        with(over.span, None, Value::Sequence(items))
    }
}

fn with(span: Span, tag: Option<Arc<str>>, value: Value) -> Node {
    Node { span, tag, value }
}

fn is_tagged(node: &Node, tag: &str) -> bool {
    node.tag.as_deref() == Some(tag)
}

/// Takes away what is tagged with `!reset`, and the tags that only a merge understands.
pub(super) fn settle(node: &mut Node) {
    if is_tagged(node, OVERRIDE) {
        node.tag = None;
    }
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            items.retain(|item| !is_tagged(item, RESET));
            items.iter_mut().for_each(settle);
        }
        Value::Mapping(mapping) => {
            mapping
                .entries
                .retain(|entry| !is_tagged(&entry.value, RESET));
            for entry in &mut mapping.entries {
                settle(&mut entry.value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
