//! Faults in files with their place, a snippet, and what to write instead.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::secret::{masked, values_of_secrets};
use crate::text::SourceFile;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Two places of a file that are farther apart than this, in bytes, get a snippet each.
const NEAR: usize = 8 * 1024;

/// One diagnostic as text with colour codes.
#[must_use]
pub fn render(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str());
    let mut group = Group::with_title(match diagnostic.code {
        Some(code) => title.id(code),
        None => title,
    });
    for excerpt in excerpts(diagnostic) {
        group = group.element(excerpt.snippet());
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::styled().render(&[group])
}

/// Whole lines of one file with the marks in them.
struct Excerpt {
    path: String,
    text: String,
    first_line: usize,
    /// Byte offset of the text in the file.
    start: usize,
    marks: Vec<(AnnotationKind, Range<usize>, Option<String>)>,
}

impl Excerpt {
    fn snippet(self) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
        let mut snippet = Snippet::source(self.text)
            .path(self.path)
            .line_start(self.first_line);
        for (kind, range, label) in self.marks {
            let range = range.start - self.start..range.end - self.start;
            snippet = snippet.annotation(kind.span(range).label(label));
        }
        snippet
    }
}

fn excerpts(diagnostic: &Diagnostic) -> Vec<Excerpt> {
    let Some(place) = &diagnostic.place else {
        return Vec::new();
    };
    let primary = (AnnotationKind::Primary, place, diagnostic.label.clone());
    let related = diagnostic.related.iter();
    let related =
        related.map(|(place, label)| (AnnotationKind::Context, place, Some(label.clone())));
    let mut groups: Vec<Vec<(AnnotationKind, &Place, Option<String>)>> = vec![vec![primary]];
    for mark in related {
        let near =
            mark.1.source == place.source && mark.1.span.start.abs_diff(place.span.start) <= NEAR;
        match groups.first_mut() {
            Some(first) if near => first.push(mark),
            _ => groups.push(vec![mark]),
        }
    }
    groups.into_iter().filter_map(excerpt).collect()
}

fn excerpt(marks: Vec<(AnnotationKind, &Place, Option<String>)>) -> Option<Excerpt> {
    let source = &marks.first()?.1.source;
    let ranges: Vec<Range<usize>> = marks.iter().map(|(_, place, _)| range(place)).collect();
    let from = ranges.iter().map(|range| range.start).min()?;
    let to = ranges.iter().map(|range| range.end).max()?;
    let before = source.text.get(..from)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = source
        .text
        .get(to..)?
        .find('\n')
        .map_or(source.text.len(), |at| to + at);
    let text = source.text.get(start..end)?;
    Some(Excerpt {
        path: source.path.display().to_string(),
        text: without_secrets(source, start, text),
        first_line: source.location(start).line,
        start,
        marks: marks
            .into_iter()
            .zip(ranges)
            .map(|((kind, _, label), range)| (kind, range, label))
            .collect(),
    })
}

/// The lines at `start` of the file without what is secret in them.
fn without_secrets(source: &SourceFile, start: usize, text: &str) -> String {
    let mut shown = masked(text);
    for range in values_of_secrets(&source.text) {
        let from = range.start.max(start);
        let to = range.end.min(start + text.len());
        if from < to {
            let stars = "*".repeat(to - from);
            shown.replace_range(from - start..to - start, &stars);
        }
    }
    shown
}

/// The marked bytes: at least one character, and no more than the first line of a long span.
fn range(place: &Place) -> Range<usize> {
    let text = &place.source.text;
    let start = place.span.start.min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.find('\n').unwrap_or(rest.len());
    let end = place.span.end.min(start + line).min(text.len());
    let least = rest
        .chars()
        .next()
        .filter(|first| *first != '\n')
        .map_or(0, char::len_utf8);
    start..end.max(start + least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn plain(diagnostic: &Diagnostic) -> String {
        anstream::adapter::strip_str(&render(diagnostic)).to_string()
    }

    #[test]
    fn a_fault_shows_its_place_its_line_and_what_to_write() {
        let source = SourceFile::new("a.yml", "one: 1\ntwoo: 2\nthree: 3\n");
        let fault = Diagnostic::error("Unknown key `twoo`")
            .at(&source, Span::new(7, 11))
            .help("did you mean `two`?");
        insta::assert_snapshot!(plain(&fault), @r"
        error: Unknown key `twoo`
         --> a.yml:2:1
          |
        2 | twoo: 2
          | ^^^^
          |
          = help: did you mean `two`?
        ");
    }

    #[test]
    fn a_literal_password_on_the_line_is_not_shown() {
        let text = "postgres: { password: hunter2é, port: x }\n";
        let source = SourceFile::new("a.yml", text);
        let at = text.find("x }").unwrap();
        let fault = Diagnostic::error("bad port").at(&source, Span::new(at, at + 1));
        let shown = plain(&fault);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("port: x"), "{shown}");
    }

    #[test]
    fn a_finding_shows_the_name_of_its_rule() {
        let source = SourceFile::new("1_a.sql", "DROP TABLE t;\n");
        let finding = Diagnostic::warning("The table is gone")
            .at(&source, Span::new(11, 12))
            .code("drop-table");
        assert!(plain(&finding).starts_with("warning[drop-table]: The table is gone\n"));
    }

    #[test]
    fn a_place_at_the_end_of_the_file_is_shown() {
        let source = SourceFile::new("a.yml", "a: [");
        let fault = Diagnostic::error("unclosed").at(&source, Span::at(4));
        assert!(plain(&fault).contains("a.yml:1:5"));
    }
}
