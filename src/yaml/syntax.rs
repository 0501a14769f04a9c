//! What a syntax fault of YAML means for whoever wrote the file, where it began, and how to mend it.
//! The parser stops where it can go no further, which may be far below a bracket or a quote that was
//! never closed.

use granit_parser::{ErrorKind, Event};

use crate::text::{Source, Span};

/// Keys and colons.
const COLON: &str = "put a value that holds `: ` in quotes, and write a key in the column of the \
                     keys beside it";
const KEY: &str = "write `key: value`, with a space after the colon, and every key of one mapping \
                   in the same column";
const ITEM: &str = "write every `- ` of one list in the same column";
const QUOTE: &str = "close it on its line, or put the value in the other kind of quotes";
const AFTER_QUOTE: &str = "put the whole value in one pair of quotes";
const ESCAPE: &str = "single quotes keep a backslash as it is; in double quotes write two of them";
const COMMENT: &str = "write a space before `#`, or put the value in quotes";
const TAB: &str = "indent with spaces; YAML forbids tabs";

/// One syntax fault.
pub(super) struct Fault {
    /// Where it began, in bytes.
    pub at: usize,
    /// What is wrong, a clause.
    pub what: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What the parser has read: enough to find what was opened and never closed.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// Where each open collection begins.
    open: Vec<usize>,
    /// Where the last token of the content ends.
    last: usize,
}

impl Trail {
    pub fn follow(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => self.open.push(span.start),
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            _ => {}
        }
        self.last = self.last.max(span.end);
    }

    /// The fault that the parser has met at `at`.
    pub fn fault(&self, kind: &ErrorKind, source: &Source, at: usize) -> Fault {
        let quoted = matches!(
            kind,
            ErrorKind::UnclosedQuotedScalar
                | ErrorKind::InvalidQuotedScalarIndent
                | ErrorKind::DocumentIndicatorInQuotedScalar
        );
        let begun = if quoted {
            self.quote(source, at).map(|at| (at, explained(kind)))
        } else if is_tab(kind) {
            Some((tab(source, at), explained(kind)))
        } else {
            self.bracket(source, at)
        };
        let (at, (what, help)) = begun.unwrap_or_else(|| (at, explained(kind)));
        Fault { at, what, help }
    }

    /// The first quote after what was read.
    fn quote(&self, source: &Source, at: usize) -> Option<usize> {
        let unread = source.slice(Span::new(self.last.min(at), at));
        Some(self.last + unread.find(['"', '\''])?)
    }

    /// The innermost open bracket, when the line of `at` is no continuation of its line: what is in
    /// brackets is indented further.
    fn bracket(&self, source: &Source, at: usize) -> Option<(usize, (String, Option<String>))> {
        let open = *self.open.last()?;
        let bracket = source.slice(Span::new(open, open + 1)).chars().next()?;
        let line = |at| source.location(at).line;
        let is_open = matches!(bracket, '[' | '{') && line(at) > line(open);
        if is_open && indentation(source, at) <= indentation(source, open) {
            let kind = ErrorKind::UnclosedFlowCollection { open: bracket };
            return Some((open, explained(&kind)));
        }
        None
    }
}

fn is_tab(kind: &ErrorKind) -> bool {
    use ErrorKind as Kind;
    matches!(
        kind,
        Kind::TabNotAllowed
            | Kind::TabInBlockIndentation
            | Kind::TabInIndentation
            | Kind::TabAtBlockScalarStart
            | Kind::TabInPlainScalar
    )
}

/// The tab itself: the parser stops before or behind it.
fn tab(source: &Source, at: usize) -> usize {
    let behind = at.saturating_sub(1);
    let rest = source.slice(Span::new(behind, source.text.len()));
    rest.find('\t').map_or(at, |tab| behind + tab)
}

/// How far the line of `at` is indented.
fn indentation(source: &Source, at: usize) -> usize {
    let before = source.slice(Span::new(0, at));
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = source.slice(Span::new(start, source.text.len()));
    rest.chars().take_while(|c| *c == ' ').count()
}

/// What is wrong, and what to write instead.
fn explained(kind: &ErrorKind) -> (String, Option<String>) {
    if let Some((what, help)) = known(kind) {
        return (what.to_owned(), Some(help.to_owned()));
    }
    match kind {
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            let help = format!("write `{close}` after its last entry, and `,` between two");
            (format!("this `{open}` is never closed"), Some(help))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            let help = format!("close what is inside first, and `{open}` with its own kind");
            (format!("`{open}` is closed by `{close}`"), Some(help))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let what = format!("no value begins with `{}`", character.escape_default());
            (what, Some("put the value in quotes".to_owned()))
        }
        other => (other.to_string(), None),
    }
}

/// The faults that are the same whatever the text.
fn known(kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    use ErrorKind as Kind;
    Some(match kind {
        Kind::MappingValueNotAllowed
        | Kind::InvalidColonPlacement
        | Kind::InvalidMappingValueWhitespace
        | Kind::MappingKeyNotAllowed => ("no key or `:` can stand here", COLON),
        Kind::ExpectedBlockMappingKey
        | Kind::InvalidIndentation
        | Kind::InvalidSimpleKey
        | Kind::SimpleKeyExpected
        | Kind::UnexpectedEndOfPlainScalar => ("this is no key of the mapping above", KEY),
        Kind::ExpectedBlockSequenceEntry
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::BlockEntryInFlowCollection
        | Kind::InvalidBlockEntryWhitespace => ("no entry of a list can stand here", ITEM),
        Kind::ExpectedFlowMappingSeparator | Kind::ExpectedFlowSequenceSeparator => (
            "a `,` or the closing bracket is missing",
            "write `,` between two entries, and close the bracket after the last one",
        ),
        Kind::MisplacedFlowCollectionEnd => (
            "this bracket closes nothing",
            "drop it, or put the value in quotes",
        ),
        Kind::UnclosedQuotedScalar
        | Kind::InvalidQuotedScalarIndent
        | Kind::DocumentIndicatorInQuotedScalar => ("a quote is never closed", QUOTE),
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => {
            ("text follows the closing quote", AFTER_QUOTE)
        }
        Kind::UnknownQuotedScalarEscape
        | Kind::InvalidQuotedScalarHexEscape
        | Kind::InvalidUnicodeEscape => ("there is no such escape in double quotes", ESCAPE),
        Kind::CommentNotSeparated | Kind::CommentInterceptedScalar => {
            ("a comment cannot begin here", COMMENT)
        }
        _ if is_tab(kind) => ("a tab cannot stand here", TAB),
        Kind::InvalidBlockScalarIndent | Kind::InvalidBlockScalarHeader => (
            "the text after `|` or `>` is badly indented",
            "indent all its lines alike, further than its key",
        ),
        Kind::MissingAnchorOrAliasName => (
            "an anchor or alias has no name",
            "put a value that begins with `*` or `&` in quotes",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::text::SourceFile;

    /// The line, the message and the help of the one fault in `text`.
    fn fault(text: &str) -> String {
        let source = SourceFile::new("f", text);
        let faults = crate::yaml::parse(&source).unwrap_err();
        assert_eq!(faults.len(), 1);
        let place = faults[0].place.as_ref().unwrap();
        let line = source.location(place.span.start).line;
        let help = faults[0].help.as_deref().unwrap_or("none");
        format!("{line}: {} ({help})", faults[0].message)
    }

    #[test]
    fn every_fault_says_where_it_is_and_how_to_mend_it() {
        let mut wrong = Vec::new();
        for (text, line, part) in [
            ("a: b: c\n", 1, "no key or `:` can stand here"),
            ("a: 1\n b: 2\n", 2, "no key or `:` can stand here"),
            ("a:\n  b: 1\n c: 2\n", 3, "this is no key"),
            ("a: 1\nb\nc: 2\n", 2, "this is no key"),
            ("a: [1, 2\nb: 3\n", 1, "this `[` is never closed"),
            ("a: {b: 1\nc: 3\n", 1, "this `{` is never closed"),
            ("a: [1, 2}\n", 1, "`[` is closed by `}`"),
            ("a: 1\n]\n", 2, "this bracket closes nothing"),
            ("a: @b\n", 1, "no value begins with `@`"),
            ("a: \"b\nc: d\n", 1, "a quote is never closed"),
            ("a: 'b\nc: d\n", 1, "a quote is never closed"),
            ("a: \"b\" c\n", 1, "text follows the closing quote"),
            ("a: \"\\q\"\n", 1, "there is no such escape"),
            ("a:\n\tb: 1\n", 2, "a tab cannot stand here"),
            ("a:\n  b: 1\n\tc: 2\n", 3, "a tab cannot stand here"),
            ("a: *\n", 1, "an anchor or alias has no name"),
            ("a:\n- b\nc: - d\n", 3, "no entry of a list can stand here"),
        ] {
            let fault = fault(text);
            let told = fault.starts_with(&format!("{line}: Invalid YAML: {part}"));
            if !told || fault.ends_with("(none)") {
                wrong.push((text, fault));
            }
        }
        assert_eq!(wrong, []);
    }
}
