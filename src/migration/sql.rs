//! Where the statements of an SQL text begin and end, and the few words of each that decide how it
//! is sent. Not a parser: whether a statement is right is for the server to say.
//!
//! The rules are those of `psql`: quotes, dollar quotes, nested comments, parentheses and
//! `BEGIN ATOMIC` bodies hide semicolons.
//! See <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

mod values;

use super::halved::Halved;
use super::statement::{KEPT_WORDS, Statement};
use crate::text::Span;

pub(super) use self::values::without_values;

/// What the server takes for space; others of Unicode are parts of names to it.
const SPACE: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

/// A line comment that says something to poststack begins so, after its dashes and spaces.
pub(super) const MARK: &str = "poststack:";

/// A quote or comment that is never closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unterminated {
    pub what: &'static str,
    pub span: Span,
}

/// What a text is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Empty ones left out.
    pub statements: Vec<Statement>,
    /// The line comments with [`MARK`], from their dashes to the end of the line.
    pub directives: Vec<Span>,
    /// Where a file of another tool says what is its way there and its way back.
    pub halves: Vec<(Halved, Span)>,
    /// What is said to `psql`, such as `\i`: SQL has no backslash outside quotes.
    pub psql_commands: Vec<Span>,
}

pub(super) fn split(text: &str) -> Result<Parts, Unterminated> {
    let mut lexer = Lexer::new(text);
    let mut statements = Vec::new();
    let mut current = Current::default();
    while let Some((token, span)) = lexer.next()? {
        if token == Token::Semicolon && current.may_end() {
            statements.extend(current.finish());
        } else {
            current.take(token, span);
        }
    }
    statements.extend(current.finish());
    Ok(Parts {
        statements,
        directives: lexer.directives,
        halves: lexer.halves,
        psql_commands: lexer.psql_commands,
    })
}

/// The tokens of `text`, each with what it says, up to where one is never closed.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (Token<'_>, &str)> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(move || {
        let (token, span) = lexer.next().ok()??;
        Some((token, text.get(span.start..span.end)?))
    })
}

/// Whether there is nothing to run in `text`. Reads no further than the first word of it.
pub(super) fn is_blank(text: &str) -> bool {
    let mut lexer = Lexer::new(text);
    loop {
        match lexer.next() {
            Ok(Some((Token::Semicolon, _))) => {}
            Ok(Some(_)) | Err(_) => return false,
            Ok(None) => return true,
        }
    }
}

/// The statement that is being read.
#[derive(Default)]
struct Current {
    span: Option<Span>,
    words: Vec<String>,
    previous: String,
    parentheses: usize,
    /// Depth of `BEGIN ATOMIC` and of the `CASE`s in it.
    atomic: usize,
}

impl Current {
    fn may_end(&self) -> bool {
        self.parentheses == 0 && self.atomic == 0
    }

    fn finish(&mut self) -> Option<Statement> {
        let Self { span, words, .. } = std::mem::take(self);
        span.map(|span| Statement { span, words })
    }

    fn take(&mut self, token: Token<'_>, span: Span) {
        let start = self.span.map_or(span.start, |first| first.start);
        self.span = Some(Span::new(start, span.end));
        match token {
            Token::Open => self.parentheses += 1,
            Token::Close => self.parentheses = self.parentheses.saturating_sub(1),
            Token::Name(name) if self.parentheses == 0 => self.keep(name.to_owned()),
            // `REINDEX (CONCURRENTLY)` has its option in parentheses.
            Token::Word(word) if self.parentheses == 0 || is_concurrently(word) => {
                self.take_word(word.to_lowercase());
            }
            Token::Name(_) | Token::Word(_) | Token::Semicolon | Token::Other => {}
        }
    }

    fn take_word(&mut self, word: String) {
        match word.as_str() {
            "atomic" if self.previous == "begin" && self.is_routine() => self.atomic += 1,
            "case" if self.atomic > 0 => self.atomic += 1,
            "end" if self.atomic > 0 => self.atomic -= 1,
            _ => {}
        }
        self.previous.clone_from(&word);
        self.keep(word);
    }

    fn keep(&mut self, word: String) {
        if self.words.len() < KEPT_WORDS {
            self.words.push(word);
        }
    }

    fn is_routine(&self) -> bool {
        let is_create = self.words.first().is_some_and(|word| word == "create");
        let names_routine = |word: &String| matches!(word.as_str(), "function" | "procedure");
        is_create && self.words.iter().take(4).any(names_routine)
    }
}

fn is_concurrently(word: &str) -> bool {
    word.eq_ignore_ascii_case("concurrently")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// A quoted name, with its quotes.
    Name(&'a str),
    Open,
    Close,
    Semicolon,
    /// Strings, operators.
    Other,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub fn is_word(self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    directives: Vec<Span>,
    halves: Vec<(Halved, Span)>,
    psql_commands: Vec<Span>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            directives: Vec::new(),
            halves: Vec::new(),
            psql_commands: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<(Token<'a>, Span)>, Unterminated> {
        self.skip_space_and_comments()?;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(None);
        };
        let token = match first {
            '\'' => self.quoted("string", '\'', false)?,
            '"' => {
                self.quoted("quoted name", '"', false)?;
                Token::Name(self.text.get(start..self.at).unwrap_or_default())
            }
            '$' => self.dollar_quoted()?,
            '\\' => self.psql_command(),
            c if is_word_start(c) => self.word()?,
            c => {
                self.at += c.len_utf8();
                match c {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ';' => Token::Semicolon,
                    _ => Token::Other,
                }
            }
        };
        Ok(Some((token, Span::new(start, self.at))))
    }

    fn skip_space_and_comments(&mut self) -> Result<(), Unterminated> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(SPACE);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.line_comment(trimmed);
            } else if trimmed.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn line_comment(&mut self, rest: &str) {
        let start = self.at;
        // The server ends such a comment at either character.
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        self.at += length;
        if line.trim_start_matches('-').trim_start().starts_with(MARK) {
            self.directives.push(Span::new(start, self.at));
        }
        let before = self.text.get(..start).unwrap_or_default();
        if before.is_empty() || before.ends_with(['\n', '\r']) {
            let half = Halved::read(line);
            self.halves
                .extend(half.map(|tool| (tool, Span::new(start, self.at))));
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> Result<(), Unterminated> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let Some(mark) = rest.find(['/', '*']) else {
                return Err(self.unterminated("comment", start));
            };
            let at_mark = rest.get(mark..).unwrap_or_default();
            let (length, opened, closed) = match at_mark {
                open if open.starts_with("/*") => (2, 1, 0),
                close if close.starts_with("*/") => (2, 0, 1),
                _ => (1, 0, 0),
            };
            self.at += mark + length;
            depth = depth + opened - closed;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// An escape string goes on, with its escapes, in a quote on another line.
    fn quoted(
        &mut self,
        what: &'static str,
        quote: char,
        has_escapes: bool,
    ) -> Result<Token<'a>, Unterminated> {
        let start = self.at;
        loop {
            self.at += quote.len_utf8();
            let Some(length) = closing(self.rest(), quote, has_escapes) else {
                return Err(self.unterminated(what, start));
            };
            self.at += length;
            match continuation(self.rest()) {
                Some(gap) if has_escapes => self.at += gap,
                _ => return Ok(Token::Other),
            }
        }
    }

    /// The rest of its line is its own: no SQL to be split.
    fn psql_command(&mut self) -> Token<'a> {
        let rest = self.rest();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let command = Span::new(self.at, self.at + end);
        self.psql_commands.push(command);
        self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
        Token::Other
    }

    fn dollar_quoted(&mut self) -> Result<Token<'a>, Unterminated> {
        let start = self.at;
        let rest = self.rest();
        let Some(tag) = dollar_tag(rest) else {
            self.at += 1;
            return Ok(Token::Other);
        };
        let body = rest.get(tag.len()..).unwrap_or_default();
        let Some(end) = body.find(tag) else {
            return Err(self.unterminated("dollar-quoted text", start));
        };
        self.at += 2 * tag.len() + end;
        Ok(Token::Other)
    }

    /// `E'…'` has backslash escapes.
    fn word(&mut self) -> Result<Token<'a>, Unterminated> {
        let rest = self.rest();
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        self.at += word.len();
        if word.eq_ignore_ascii_case("e") && after.starts_with('\'') {
            return self.quoted("string", '\'', true);
        }
        Ok(Token::Word(word))
    }

    fn unterminated(&self, what: &'static str, start: usize) -> Unterminated {
        let line_end = self.text.get(start..).and_then(|text| text.find('\n'));
        let end = line_end.map_or(self.text.len(), |length| start + length);
        Unterminated {
            what,
            span: Span::new(start, end),
        }
    }
}

/// Bytes of `text` up to its closing quote, with it. A doubled quote stands for itself.
fn closing(text: &str, quote: char, has_escapes: bool) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && has_escapes {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// Bytes between a string's closing quote and the one that continues it on another line.
fn continuation(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches(SPACE);
    while let Some(comment) = rest.strip_prefix("--") {
        let line_end = comment.find(['\n', '\r'])?;
        rest = comment.get(line_end..)?.trim_start_matches(SPACE);
    }
    let gap = text.len() - rest.len();
    let has_line_end = text.get(..gap)?.contains(['\n', '\r']);
    (has_line_end && rest.starts_with('\'')).then_some(gap)
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let tag = inner.get(..end)?;
    let is_tag = tag.chars().all(|c| is_word(c) && c != '$')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| text.get(..end + 2))?
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Digits start words here too, so that `1e'` is not read as the start of an escape string.
fn is_word(c: char) -> bool {
    is_word_start(c) || c == '$'
}
