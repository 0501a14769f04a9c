//! Expanded values → the text of the file with only the changed scalars replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::render::{self, Block};
use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};
use crate::yaml::{Scalar, Style};

/// What became of each scalar that is a template.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    by_span: BTreeMap<Span, Change>,
}

#[derive(Debug, Clone)]
struct Change {
    /// Where the key stands that the scalar belongs to.
    key: Option<Span>,
    style: Style,
    before: Arc<str>,
    after: Arc<str>,
    /// Whether another reader of the same scalar gets another text.
    conflict: bool,
}

impl Changes {
    /// Remembers that the scalar at `span` comes to the text `after`.
    pub fn record(&mut self, span: Span, key: Option<Span>, scalar: &Scalar, after: &str) {
        let change = self.by_span.entry(span).or_insert_with(|| Change {
            key,
            style: scalar.style,
            before: scalar.text.clone(),
            after: Arc::from(after),
            conflict: false,
        });
        change.conflict |= &*change.after != after;
    }
}

pub fn rewrite(source: &Source, changes: &Changes) -> Result<String, Box<Diagnostic>> {
    let mut text = String::with_capacity(source.text.len());
    let mut at = 0;
    for (span, change) in &changes.by_span {
        if change.conflict {
            let message = "Different readers of this value get different texts";
            let fault = Diagnostic::error(message).at(source, *span);
            let fault = fault.help("write the value out where its alias stands");
            return Err(Box::new(fault));
        }
        if change.before == change.after {
            continue;
        }
        let (replaced, new) = match change.style {
            Style::Plain => (*span, render::plain(&change.after)),
            Style::SingleQuoted => (*span, render::single_quoted(&change.after)),
            Style::DoubleQuoted => (*span, render::double_quoted(&change.after)),
            Style::Literal | Style::Folded => {
                let Some(block) = Block::find(source, *span, change.key) else {
                    let message = "This block of text cannot be written with its new value";
                    return Err(Box::new(Diagnostic::error(message).at(source, *span)));
                };
                (block.span, block.render(change.style, &change.after))
            }
        };
        text.push_str(source.slice(Span::new(at, replaced.start)));
        text.push_str(&new);
        at = replaced.end;
    }
    text.push_str(source.slice(Span::new(at, source.text.len())));
    Ok(text)
}
