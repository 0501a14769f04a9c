//! Env files: `KEY=value` lines → entries with their places.
//!
//! The syntax is that of [Compose's env files](https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evaluate::{MAX_TEXT_BYTES, Outcome, required};
use super::value::Value;
use super::written::Written;
use crate::diagnostic::{Diagnostic, Place};
use crate::text::{Source, Span};

/// One entry of an env file, its value expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvEntry {
    pub key: String,
    /// `None`: a bare `KEY` that `lookup` does not know either.
    pub value: Option<String>,
    /// Where the key stands.
    pub place: Place,
}

/// One entry before expansion; a bare `KEY` has no value.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub key: String,
    pub place: Place,
    pub value: Option<Written>,
}

/// Reads an env file. A value may refer to what `lookup` knows and to earlier entries, in this
/// order, as in Compose. Keys may come twice; the last one is the one that counts.
#[must_use]
pub fn parse(
    source: &Source,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> (Vec<EnvEntry>, Vec<Diagnostic>) {
    let (assignments, mut diagnostics) = assignments(source);
    let mut earlier: BTreeMap<String, String> = BTreeMap::new();
    let mut entries = Vec::new();
    for Assignment { key, place, value } in assignments {
        let value = match value {
            Some(written) => {
                let mut find = |name: &str| {
                    let text = lookup(name).or_else(|| earlier.get(name).cloned());
                    text.map(|text| Arc::new(Value::plain(text)))
                };
                Some(expanded(&written, &mut find, &mut diagnostics))
            }
            None => lookup(&key),
        };
        if let Some(value) = &value {
            earlier.insert(key.clone(), value.clone());
        }
        entries.push(EnvEntry { key, value, place });
    }
    (entries, diagnostics)
}

fn expanded(
    written: &Written,
    lookup: &mut super::evaluate::Lookup<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    let result = written.template.evaluate(lookup, MAX_TEXT_BYTES);
    for mention in &result.mentions {
        let place = written.place_of(&mention.range);
        let diagnostic = match mention.outcome {
            Outcome::Value | Outcome::Default => continue,
            Outcome::Required => Diagnostic::error(required(&mention.name, &mention.message)),
            Outcome::Undefined => {
                let message = format!("Undefined variable `{}` becomes empty", mention.name);
                Diagnostic::warning(message).help("a literal `$` is written `$$`")
            }
        };
        diagnostics.push(diagnostic.at(&place.source, place.span));
    }
    if result.too_long {
        diagnostics.push(written.too_long());
    }
    result.text
}

/// Reads an env file without expanding its values.
#[must_use]
pub fn assignments(source: &Source) -> (Vec<Assignment>, Vec<Diagnostic>) {
    let mut reader = Reader {
        source,
        at: 0,
        assignments: Vec::new(),
        diagnostics: Vec::new(),
    };
    reader.statements();
    (reader.assignments, reader.diagnostics)
}

struct Reader<'a> {
    source: &'a Source,
    at: usize,
    assignments: Vec<Assignment>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.text.get(self.at..).unwrap_or_default()
    }

    fn line(&self) -> &'a str {
        self.rest().split('\n').next().unwrap_or_default()
    }

    fn error(&mut self, span: Span, message: String, help: &str) {
        let diagnostic = Diagnostic::error(message).at(self.source, span).help(help);
        self.diagnostics.push(diagnostic);
    }

    fn statements(&mut self) {
        loop {
            let space = |c: char| c.is_whitespace() || c == '\u{feff}';
            self.at += self.rest().len() - self.rest().trim_start_matches(space).len();
            if self.rest().is_empty() {
                return;
            }
            if self.rest().starts_with('#') {
                self.at += self.line().len();
            } else {
                self.statement();
            }
        }
    }

    fn statement(&mut self) {
        self.skip_export();
        let start = self.at;
        let line = self.line();
        let (written, has_value) = match line.find(['=', ':']) {
            Some(end) => (line.get(..end).unwrap_or_default(), true),
            None => (line.split(" #").next().unwrap_or_default(), false),
        };
        let key = written.trim_end();
        let span = Span::new(start, start + key.len());
        let key_is_good = self.check_key(key, span);
        let place = Place::new(self.source, span);
        let value = if has_value {
            self.at = start + written.len() + 1;
            match self.value() {
                Some(value) => Some(value),
                None => return,
            }
        } else {
            self.at = start + line.len();
            None
        };
        if key_is_good {
            let key = key.to_owned();
            self.assignments.push(Assignment { key, place, value });
        }
    }

    fn skip_export(&mut self) {
        if let Some(after) = self.line().strip_prefix("export") {
            let key = after.trim_start();
            if key.len() < after.len() && !key.starts_with(['=', ':']) {
                self.at += self.line().len() - key.len();
            }
        }
    }

    fn check_key(&mut self, key: &str, span: Span) -> bool {
        const HELP: &str = "a line is `KEY=value`; a comment starts with `#`";
        let is_key = |c: char| c.is_alphanumeric() || "_.-[]".contains(c);
        if key.is_empty() {
            self.error(span, "A name is missing before `=`".to_owned(), HELP);
        } else if key.contains(char::is_whitespace) {
            self.error(span, format!("`{key}` is not a name: it has a space"), HELP);
        } else if let Some(bad) = key.chars().find(|&c| !is_key(c)) {
            self.error(span, format!("`{key}` is not a name: it has `{bad}`"), HELP);
        } else {
            return true;
        }
        false
    }

    /// The value after `=`; nothing when it is faulty.
    fn value(&mut self) -> Option<Written> {
        let line = self.line();
        let value = line.trim_start();
        if let Some(quote @ ('"' | '\'')) = value.chars().next() {
            self.at += line.len() - value.len();
            return self.quoted(quote);
        }
        let value = line.split(" #").next().unwrap_or_default();
        let start = self.at + (value.len() - value.trim_start().len());
        let value = value.trim();
        self.at += line.len();
        self.written(value, Span::new(start, start + value.len()))
    }

    fn written(&mut self, text: &str, span: Span) -> Option<Written> {
        match Written::parse(text, &Place::new(self.source, span)) {
            Ok(written) => Some(written),
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<Written> {
        let start = self.at;
        let inside = self.rest().get(1..).unwrap_or_default();
        let Some((text, length)) = unquoted(inside, quote) else {
            let span = Span::new(start, start + self.line().trim_end().len());
            self.at += self.line().len();
            let help = format!("close it with `{quote}`");
            self.error(span, "A quoted value has no end".to_owned(), &help);
            return None;
        };
        self.at = start + 1 + length;
        let span = Span::new(start, self.at);
        let after = self.line();
        if !after.is_empty() && !after.starts_with(|c: char| c.is_whitespace() || c == '#') {
            let span = Span::new(self.at, self.at + after.trim_end().len());
            self.at += after.len();
            let message = "There is text right after a quoted value".to_owned();
            self.error(span, message, "quote the whole value or nothing of it");
            return None;
        }
        if quote == '\'' {
            return Some(Written::literal(&text, &Place::new(self.source, span)));
        }
        self.written(&text, span)
    }
}

/// What the text after an opening quote stands for, and its length up to after the closing one.
/// In double quotes `\$` becomes `$$`, so that it is not expanded.
fn unquoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (character, next) {
            (end, _) if end == quote => return Some((value, at + end.len_utf8())),
            ('\r', Some('\n')) => {}
            ('\\', Some(escaped)) if escaped == quote || quote == '"' => {
                characters.next();
                match escaped {
                    _ if escaped == quote => value.push(quote),
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    '\\' => value.push('\\'),
                    '$' => value.push_str("$$"),
                    other => value.extend(['\\', other]),
                }
            }
            _ => value.push(character),
        }
    }
    None
}
