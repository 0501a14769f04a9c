//! A template and where it is written: leads from its bytes back to those of the file.

use std::ops::Range;

use super::evaluate::MAX_TEXT_BYTES;
use super::grammar::Template;
use crate::diagnostic::{Diagnostic, Place};
use crate::text::Span;

/// A template that stands in a file.
#[derive(Debug, Clone)]
pub struct Written {
    pub template: Template,
    place: Place,
    /// Every `$` of the text and the same one in the file.
    dollars: Vec<(usize, usize)>,
}

impl Written {
    /// Parses `text`, which is what the bytes of `place` stand for once quotes, escapes and folding
    /// are undone.
    ///
    /// # Errors
    /// A diagnostic at the bad expression.
    pub fn parse(text: &str, place: &Place) -> Result<Self, Box<Diagnostic>> {
        let mut written = Self {
            template: Template::default(),
            place: place.clone(),
            dollars: dollars(text, place),
        };
        match Template::parse(text) {
            Ok(template) => written.template = template,
            Err(error) => {
                let place = written.place_of(&error.range);
                return Err(Box::new(
                    Diagnostic::error(error.message)
                        .at(&place.source, place.span)
                        .help(error.help),
                ));
            }
        }
        Ok(written)
    }

    /// A text that is taken as it is.
    #[must_use]
    pub fn literal(text: &str, place: &Place) -> Self {
        Self {
            template: Template::literal(text),
            place: place.clone(),
            dollars: Vec::new(),
        }
    }

    /// The fault of a text that grows beyond what is allowed.
    #[must_use]
    pub fn too_long(&self) -> Diagnostic {
        let message = format!("The expanded text is longer than {MAX_TEXT_BYTES} bytes");
        Diagnostic::error(message).at(&self.place.source, self.place.span)
    }

    /// Where the expression at `range` of the text stands in the file. When escapes hide it, the
    /// start of the whole.
    #[must_use]
    pub fn place_of(&self, range: &Range<usize>) -> Place {
        let found = self
            .dollars
            .binary_search_by_key(&range.start, |(text, _)| *text)
            .ok()
            .and_then(|index| self.dollars.get(index));
        let source = &self.place.source;
        let Some(&(_, start)) = found else {
            return Place::new(source, Span::at(self.place.span.start));
        };
        let end = start + range.len();
        let whole = end <= self.place.span.end && source.text.is_char_boundary(end);
        Place::new(
            source,
            Span::new(start, if whole { end } else { start + 1 }),
        )
    }
}

/// Pairs the dollars of `text` with those of the file. Quoting and folding leave them alone; an
/// escape like `\x24` changes their number, and then none is paired.
fn dollars(text: &str, place: &Place) -> Vec<(usize, usize)> {
    let raw = place.source.slice(place.span);
    if text.matches('$').count() != raw.matches('$').count() {
        return Vec::new();
    }
    let in_file = raw.match_indices('$').map(|(at, _)| place.span.start + at);
    let in_text = text.match_indices('$').map(|(at, _)| at);
    in_text.zip(in_file).collect()
}
