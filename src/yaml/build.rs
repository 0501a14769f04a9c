//! Parser events → nodes, within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::syntax::Trail;
use super::{Entry, Mapping, Node, Scalar, Style, Value};
use crate::diagnostic::{Diagnostic, brief};
use crate::text::{Source, Span};

/// Deepest nesting of collections.
pub const MAX_DEPTH: usize = 100;
/// Most nodes of one file; every alias and every anchor counts with all that it stands for.
pub const MAX_NODES: usize = 100_000;

pub(super) fn read(source: &Source) -> (Vec<Node>, Vec<Diagnostic>) {
    let options = granit_parser::options! {
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
        emit_unresolved_aliases: true,
    };
    let mut builder = Builder {
        source,
        parser: Parser::new_from_str_with_options(&source.text, options),
        anchors: HashMap::new(),
        nodes: 0,
        anchored: 0,
        diagnostics: Vec::new(),
        trail: Trail::default(),
    };
    let documents = builder.documents().unwrap_or_else(|fatal| {
        builder.diagnostics.push(*fatal);
        Vec::new()
    });
    (documents, builder.diagnostics)
}

type Fatal = Box<Diagnostic>;

struct Builder<'a> {
    source: &'a Source,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    /// Anchored nodes with the number of nodes they stand for.
    anchors: HashMap<usize, (Arc<Node>, usize)>,
    nodes: usize,
    /// Nodes kept a second time for aliases that may come.
    anchored: usize,
    diagnostics: Vec<Diagnostic>,
    trail: Trail,
}

impl<'a> Builder<'a> {
    fn documents(&mut self) -> Result<Vec<Node>, Fatal> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::DocumentStart(..), _) => self.anchors.clear(),
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (event, span) => documents.push(self.node(event, span)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Fatal> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                let span = byte_span(span);
                self.trail.follow(&event, span);
                Ok((event, span))
            }
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Ok((Event::StreamEnd, Span::at(self.source.text.len()))),
        }
    }

    fn syntax_error(&self, error: &ScanError) -> Fatal {
        let at = error.marker().byte_offset().unwrap_or_default();
        let at = at.min(self.source.text.trim_end().len());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            let message = format!("The file is nested deeper than {MAX_DEPTH} levels");
            return Box::new(Diagnostic::error(message).at(self.source, Span::at(at)));
        }
        let fault = self.trail.fault(error.kind(), self.source, at);
        let message = format!("Invalid YAML: {}", fault.what);
        let mut diagnostic = Diagnostic::error(message).at(self.source, Span::at(fault.at));
        diagnostic.help = fault.help;
        Box::new(diagnostic)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes.saturating_add(self.anchored) <= MAX_NODES {
            return Ok(());
        }
        let message = format!("The file stands for more than {MAX_NODES} values");
        let diagnostic = Diagnostic::error(message)
            .at(self.source, span)
            .help("anchors and aliases multiply what they stand for; write fewer of them");
        Err(Box::new(diagnostic))
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Fatal> {
        let before = self.nodes;
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, span)?;
                let scalar = Scalar {
                    text: Arc::from(&*text),
                    style: style_of(style),
                };
                (anchor, finished(span, tag, Value::Scalar(scalar)))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.count(1, span)?;
                let (items, end) = self.sequence()?;
                let span = Span::new(span.start, end);
                (anchor, finished(span, tag, Value::Sequence(items)))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.count(1, span)?;
                let (mapping, end) = self.mapping()?;
                let span = Span::new(span.start, end);
                (anchor, finished(span, tag, Value::Mapping(mapping)))
            }
            Event::Alias(id) => return self.alias(id, span),
            Event::UnresolvedAlias(name) => return self.unknown_alias(&name, span),
            _ => {
                return Err(Box::new(
                    Diagnostic::error("Invalid YAML").at(self.source, span),
                ));
            }
        };
        if anchor != 0 {
            let size = self.nodes - before;
            self.anchored = self.anchored.saturating_add(size);
            self.count(0, span)?;
            self.anchors.insert(anchor, (Arc::new(node.clone()), size));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Fatal> {
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            let diagnostic = Diagnostic::error("An alias stands inside the value it names")
                .at(self.source, span);
            return Err(Box::new(diagnostic));
        };
        self.count(size, span)?;
        Ok(Node::clone(&node))
    }

    /// Stands for an empty mapping, which merges into anything, so that reading goes on.
    fn unknown_alias(&mut self, name: &str, span: Span) -> Result<Node, Fatal> {
        self.count(1, span)?;
        let message = format!("There is no anchor `{}` before this alias", brief(name));
        let help = format!("write `&{}` before the value that it names", brief(name));
        let diagnostic = Diagnostic::error(message).at(self.source, span).help(help);
        self.diagnostics.push(diagnostic);
        Ok(finished(span, None, Value::Mapping(Mapping::default())))
    }

    fn sequence(&mut self) -> Result<(Vec<Node>, usize), Fatal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => return Ok((items, span.end)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<(Mapping, usize), Fatal> {
        let mut entries = Vec::new();
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                self.merge(&mut entries, &seen, merged);
                return Ok((Mapping { entries }, span.end));
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let Value::Scalar(scalar) = &key.value else {
                let message = format!("A key must be a string, this is {}", key.kind());
                let diagnostic = Diagnostic::error(message).at(self.source, key.span);
                self.diagnostics.push(diagnostic.help("write `key: value`"));
                continue;
            };
            let merge = scalar.style == Style::Plain && &*scalar.text == "<<";
            if let Some(&first) = seen.get(&scalar.text) {
                let diagnostic =
                    Diagnostic::error(format!("Duplicate key `{}`", brief(&scalar.text)))
                        .at(self.source, key.span)
                        .related(self.source, first, "first written here")
                        .help(if merge {
                            "merge several at once: `<<: [*a, *b]`"
                        } else {
                            "keep one of the two"
                        });
                self.diagnostics.push(diagnostic);
                continue;
            }
            seen.insert(scalar.text.clone(), key.span);
            if merge {
                merged.push(value);
                continue;
            }
            entries.push(Entry {
                key: scalar.text.clone(),
                key_span: key.span,
                value,
            });
        }
    }

    /// Adds what `<<` names: keys of the mapping itself win, then earlier merges over later ones.
    fn merge(
        &mut self,
        entries: &mut Vec<Entry>,
        own: &HashMap<Arc<str>, Span>,
        merged: Vec<Node>,
    ) {
        let mut seen: std::collections::HashSet<Arc<str>> = own.keys().cloned().collect();
        for node in merged {
            let parts = match node.value {
                Value::Sequence(items) => items,
                _ => vec![node],
            };
            for part in parts {
                let span = part.span;
                let Value::Mapping(mapping) = part.value else {
                    let message = "`<<` merges mappings; this is not one";
                    let help = "write `<<: *name`, where `&name` stands before a mapping";
                    let diagnostic = Diagnostic::error(message).at(self.source, span);
                    self.diagnostics.push(diagnostic.help(help));
                    continue;
                };
                let fresh = mapping.entries.into_iter();
                entries.extend(fresh.filter(|entry| seen.insert(entry.key.clone())));
            }
        }
    }
}

fn finished(
    span: Span,
    tag: Option<std::borrow::Cow<'_, granit_parser::Tag>>,
    value: Value,
) -> Node {
    let tag = tag.map(|tag| Arc::from(format!("{}{}", tag.handle(), tag.suffix())));
    Node { span, tag, value }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        _ => Style::Plain,
    }
}

fn byte_span(span: granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default();
    let end = span.end.byte_offset().unwrap_or(start);
    Span::new(start, end.max(start))
}
