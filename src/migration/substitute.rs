//! `${NAME}` in a file that asks for it with `-- poststack: substitute`. Values go into what is
//! sent, never into the ledger, and messages show the file as it was written.

use super::Script;
use super::hidden::Hidden;
use crate::diagnostic::{Diagnostic, Place};
use crate::secret::Secret;
use crate::text::{Source, SourceFile, Span};

/// Gives the value of one expression such as `${NAME}` or `${NAME:-default}`, which stands at the
/// place; or everything that is wrong with it.
pub type Substitute<'a> = dyn Fn(&str, &Place) -> Result<Secret, Vec<Diagnostic>> + 'a;

/// A [`Substitute`] for where no variables are at hand.
///
/// # Errors
/// Always.
pub fn no_variables(expression: &str, place: &Place) -> Result<Secret, Vec<Diagnostic>> {
    let fault = Diagnostic::error(format!("`{expression}` has no value here"));
    Err(vec![fault.at(&place.source, place.span)])
}

/// A file with its values in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Substituted {
    /// Of the text with the values.
    pub script: Script,
    written: Source,
    replaced: Vec<Replaced>,
}

/// An expression, and where its value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replaced {
    written: Span,
    sent: Span,
}

/// Puts values into `script`.
///
/// # Errors
/// Expressions without a value, and values that change where the statements end.
pub(super) fn substitute(
    script: &Script,
    values: &Substitute<'_>,
) -> Result<Substituted, Vec<Diagnostic>> {
    let written = &script.source;
    let mut text = String::with_capacity(written.text.len());
    let (mut replaced, mut faults) = (Vec::new(), Vec::new());
    let mut end = 0;
    for span in expressions(&written.text) {
        text.push_str(written.slice(Span::new(end, span.start)));
        let start = text.len();
        match values(written.slice(span), &Place::new(written, span)) {
            Ok(value) => text.push_str(value.expose()),
            Err(found) => faults.extend(found),
        }
        let sent = Span::new(start, text.len());
        replaced.push(Replaced {
            written: span,
            sent,
        });
        end = span.end;
    }
    text.push_str(written.slice(Span::new(end, written.text.len())));
    if !faults.is_empty() {
        return Err(faults);
    }
    let sent = Script::parse(&SourceFile::new(&written.path, text));
    let sent = sent.ok().filter(|sent| is_alike(sent, script));
    match sent {
        Some(script) => Ok(Substituted {
            script,
            written: written.clone(),
            replaced,
        }),
        None => Err(vec![breaks_out(written, &replaced)]),
    }
}

/// A value may be anything but the end of a statement.
fn is_alike(sent: &Script, written: &Script) -> bool {
    sent.statements.len() == written.statements.len()
        && sent.in_transaction() == written.in_transaction()
}

fn breaks_out(written: &Source, replaced: &[Replaced]) -> Diagnostic {
    let span = replaced.first().map(|first| first.written);
    Diagnostic::error("With the values of its variables the file has other statements")
        .at(written, span.unwrap_or_default())
        .help("a value may not hold a `;` or an open quote")
}

/// `${…}` with the braces inside it; `$${` is a dollar quote and a brace.
fn expressions(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("${")) {
        let start = from + at;
        let is_quote = text
            .get(..start)
            .is_some_and(|before| before.ends_with('$'));
        let end = closing_brace(text, start + 1).filter(|_| !is_quote);
        found.extend(end.map(|end| Span::new(start, end)));
        from = end.unwrap_or(start + 2);
    }
    found
}

/// The end of the braces that open at `start`.
fn closing_brace(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.get(start..)?.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(start + at + 1);
        }
    }
    None
}

impl Substituted {
    /// `diagnostic`, which is about the sent text, at its place in the file.
    pub fn restore(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(place) = &mut diagnostic.place {
            *place = Place::new(&self.written, self.span(place.span));
        }
        diagnostic
    }

    /// Its values.
    pub fn hidden(&self) -> Hidden {
        let values = self.replaced.iter();
        Hidden::new(values.map(|replaced| self.script.source.slice(replaced.sent)))
    }

    fn span(&self, sent: Span) -> Span {
        let start = self.offset(sent.start, false);
        Span::new(start, self.offset(sent.end, true).max(start))
    }

    /// Inside a value: the start or end of its expression.
    fn offset(&self, sent: usize, is_end: bool) -> usize {
        let mut shift = (0, 0);
        for replaced in &self.replaced {
            let inside = replaced.sent.start < sent && sent < replaced.sent.end;
            if inside || sent == replaced.sent.start && !is_end {
                return if is_end {
                    replaced.written.end
                } else {
                    replaced.written.start
                };
            }
            if replaced.sent.end > sent {
                break;
            }
            shift = (replaced.sent.end, replaced.written.end);
        }
        let (sent_end, written_end) = shift;
        written_end + sent.saturating_sub(sent_end)
    }
}
