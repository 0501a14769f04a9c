//! What a file tells poststack in its `-- poststack: …` comments.
//!
//! At the top of the file, before its first statement: `no-transaction`, `requires 003`,
//! `lock-timeout 5s`, `statement-timeout 10min` (`0` turns either off) and `substitute`. Anywhere:
//! `allow RULE reason` and `todo TEXT`. Anything else is an error, never ignored.

use std::time::Duration;

use super::sql::{self, MARK, Parts};
use super::{Version, squash};
use crate::diagnostic::{Diagnostic, nearest};
use crate::text::{Source, Span};
use crate::units;

/// How a comment begins that says something to poststack.
pub const DIRECTIVE: &str = "-- poststack:";

/// Marks what its author still has to write: a file that holds it is not run.
pub const TODO_MARKER: &str = "-- poststack: todo";

const WORDS: [&str; 8] = [
    "no-transaction",
    "requires",
    "lock-timeout",
    "statement-timeout",
    "substitute",
    "allow",
    "todo",
    squash::WORD,
];

/// What the comments of a file say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// Run the file statement by statement.
    pub no_transaction: bool,
    /// Versions that have to be applied before.
    pub requires: Vec<(Version, Span)>,
    /// Zero: wait for locks without end.
    pub lock_timeout: Option<Duration>,
    /// Zero: no statement takes too long.
    pub statement_timeout: Option<Duration>,
    /// Whether `${NAME}` stands for a variable.
    pub substitute: bool,
    pub allows: Vec<Allow>,
    /// What is still to be written, each from its dashes to the end of the line.
    pub todos: Vec<Span>,
}

/// `-- poststack: allow RULE reason`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    pub rule: String,
    /// May be empty; whether that is enough is for the lint to say.
    pub reason: String,
    /// The whole comment.
    pub span: Span,
    /// The statement it stands in, behind (on the same line) or before; `None` at the top of the
    /// file: all of them.
    pub statement: Option<usize>,
}

/// What the comments of `source` say, and what is wrong with them.
pub(super) fn read(source: &Source, parts: &Parts) -> (Headers, Vec<Diagnostic>) {
    let mut reader = Reader {
        source,
        parts,
        headers: Headers::default(),
        faults: Vec::new(),
    };
    for span in &parts.directives {
        reader.read(*span);
    }
    (reader.headers, reader.faults)
}

/// What stands behind `word` in the comments at the top of a file; `None` when it cannot be read.
pub(super) fn said_at_the_top(source: &Source, word: &str) -> Option<Vec<String>> {
    let parts = sql::split(&source.text).ok()?;
    let first = parts
        .statements
        .first()
        .map(|statement| statement.span.start);
    let spans = parts.directives.iter();
    let spans = spans.filter(|span| first.is_none_or(|first| span.start < first));
    let said = spans.map(|span| said(source, *span));
    let said = said.filter(|(found, _)| *found == word);
    Some(said.map(|(_, rest)| rest.to_owned()).collect())
}

/// The first word of a comment, and what comes after it.
fn said(source: &Source, span: Span) -> (&str, &str) {
    let comment = source.slice(span).trim_start_matches('-').trim();
    let said = comment.strip_prefix(MARK).unwrap_or(comment).trim();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    (word, rest.trim())
}

struct Reader<'a> {
    source: &'a Source,
    parts: &'a Parts,
    headers: Headers,
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn read(&mut self, span: Span) {
        let source: &Source = self.source;
        let (word, rest) = said(source, span);
        match word {
            "allow" => return self.allow(span, rest),
            "todo" => return self.headers.todos.push(span),
            _ if !WORDS.contains(&word) => return self.unknown(span, word),
            _ if !self.is_at_the_top(span) => return self.misplaced(span, word),
            _ => {}
        }
        match word {
            "no-transaction" => self.headers.no_transaction = self.flag(span, word, rest),
            "substitute" => self.headers.substitute = self.flag(span, word, rest),
            squash::WORD => self.squashed(span, rest),
            "lock-timeout" => self.headers.lock_timeout = self.duration(span, word, rest),
            "statement-timeout" => self.headers.statement_timeout = self.duration(span, word, rest),
            _ => self.requires(span, rest),
        }
    }

    fn is_at_the_top(&self, span: Span) -> bool {
        let first = self.parts.statements.first();
        first.is_none_or(|statement| span.start < statement.span.start)
    }

    /// A word without an argument.
    fn flag(&mut self, span: Span, word: &str, rest: &str) -> bool {
        if !rest.is_empty() {
            let message = format!("`{word}` takes nothing after it");
            let help = format!("write `{DIRECTIVE} {word}`");
            self.fault(span, message, help);
        }
        true
    }

    fn duration(&mut self, span: Span, word: &str, rest: &str) -> Option<Duration> {
        let duration = units::duration(&rest.replace("min", "m").replace(' ', ""));
        // The server counts its timeouts in milliseconds, in 32 bits.
        let duration = duration.ok().filter(|d| d.as_millis() <= 0x7fff_ffff);
        if duration.is_none() {
            let message = format!("`{word}` needs a duration of at most 24 days");
            let help = format!("write for instance `{DIRECTIVE} {word} 5s`; `0` turns it off");
            self.fault(span, message, help);
        }
        duration
    }

    /// `db squash` writes it, and only it.
    fn squashed(&mut self, span: Span, rest: &str) {
        if squash::parse(rest).is_none() {
            let help = "take it back as `poststack db squash` wrote it".to_owned();
            self.fault(
                span,
                "`squashed` needs a range and its hash".to_owned(),
                help,
            );
        }
    }

    fn requires(&mut self, span: Span, rest: &str) {
        let mut wanted = rest.split([' ', '\t', ',']).filter(|part| !part.is_empty());
        let versions: Option<Vec<_>> = wanted
            .by_ref()
            .map(|part| Version::parse(part.split('_').next().unwrap_or(part)))
            .collect();
        match versions {
            Some(versions) if !versions.is_empty() => {
                let versions = versions.into_iter().map(|version| (version, span));
                self.headers.requires.extend(versions);
            }
            _ => self.fault(
                span,
                "`requires` needs the versions of other migrations".to_owned(),
                format!("write for instance `{DIRECTIVE} requires 003`"),
            ),
        }
    }

    fn allow(&mut self, span: Span, rest: &str) {
        let (rule, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let rule = rule.trim_end_matches([':', ',']);
        if rule.is_empty() {
            let help = format!("write `{DIRECTIVE} allow RULE reason`");
            return self.fault(span, "`allow` needs the name of a rule".to_owned(), help);
        }
        let reason = reason.trim_start_matches([' ', '\t', ':', '-', '–', '—']);
        let allow = Allow {
            rule: rule.to_owned(),
            reason: reason.trim().to_owned(),
            span,
            statement: self.statement_of(span),
        };
        self.headers.allows.push(allow);
    }

    fn statement_of(&self, span: Span) -> Option<usize> {
        if self.is_at_the_top(span) {
            return None;
        }
        let line = |offset| self.source.location(offset).line;
        let ended = |end: usize| end < span.start && line(end) < line(span.start);
        let statements = &self.parts.statements;
        let index = statements.iter().position(|s| !ended(s.span.end));
        Some(index.unwrap_or(statements.len().saturating_sub(1)))
    }

    fn unknown(&mut self, span: Span, word: &str) {
        let help = match nearest(word, WORDS) {
            Some(known) => format!("did you mean `{DIRECTIVE} {known}`?"),
            None => format!(
                "poststack knows {}",
                WORDS.map(|w| format!("`{w}`")).join(", ")
            ),
        };
        let message = format!("`{word}` is not something poststack can be told");
        self.fault(span, message, help);
    }

    fn misplaced(&mut self, span: Span, word: &str) {
        let message = format!("`{word}` comes too late: it is for the whole file");
        let help = "move the line to the top, before the first statement".to_owned();
        self.fault(span, message, help);
    }

    fn fault(&mut self, span: Span, message: String, help: String) {
        let diagnostic = Diagnostic::error(message).at(self.source, span).help(help);
        self.faults.push(diagnostic);
    }
}
