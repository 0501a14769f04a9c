//! Where the statements of an SQL text begin and end, and the few words of each that decide how it
//! is sent. Not a parser: whether a statement is right is for the server to say.
//!
//! The rules are those of `psql`: quotes, dollar quotes, nested comments, parentheses and
//! `BEGIN ATOMIC` bodies hide semicolons.
//! See <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

use crate::text::Span;

/// Words kept of a statement: enough to see `COPY … FROM STDIN` and `CONCURRENTLY`.
const KEPT_WORDS: usize = 24;

/// One statement, without its semicolon and the comments around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub span: Span,
    /// Its first words outside parentheses and quotes, in lower case.
    pub words: Vec<String>,
}

impl Statement {
    /// Whether it begins or ends a transaction. Savepoints do not.
    #[must_use]
    pub fn is_transaction_control(&self) -> bool {
        let has = |word: &str| self.words.iter().any(|other| other == word);
        match self.first_words() {
            ("begin" | "commit" | "end" | "abort", _) => true,
            ("start" | "prepare", "transaction") => true,
            ("rollback", _) => !has("to"),
            _ => false,
        }
    }

    /// Whether it is a `BEGIN` without options.
    #[must_use]
    pub fn is_plain_begin(&self) -> bool {
        match self.first_words() {
            ("begin", "") => true,
            ("begin", "work" | "transaction") | ("start", "transaction") => self.words.len() == 2,
            _ => false,
        }
    }

    /// Whether it is a `COMMIT` without options.
    #[must_use]
    pub fn is_plain_commit(&self) -> bool {
        match self.first_words() {
            ("commit" | "end", "") => true,
            ("commit" | "end", "work" | "transaction") => self.words.len() == 2,
            _ => false,
        }
    }

    /// Whether it expects rows after it, as files of `pg_dump` do.
    #[must_use]
    pub fn is_copy_from_stdin(&self) -> bool {
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1));
        self.first_words().0 == "copy" && pairs.any(|(a, b)| a == "from" && b == "stdin")
    }

    /// Whether it waits for other transactions by design, so that no lock timeout may end it.
    #[must_use]
    pub fn is_concurrent(&self) -> bool {
        self.words.iter().any(|word| word == "concurrently")
    }

    fn first_words(&self) -> (&str, &str) {
        let mut words = self.words.iter().map(String::as_str);
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }
}

/// A quote or comment that is never closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unterminated {
    pub what: &'static str,
    pub span: Span,
}

/// The statements of `text`, empty ones left out.
pub(super) fn split(text: &str) -> Result<Vec<Statement>, Unterminated> {
    let mut lexer = Lexer { text, at: 0 };
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
    Ok(statements)
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
            Token::Word(word) if self.parentheses == 0 => self.take_word(word.to_lowercase()),
            Token::Word(_) | Token::Semicolon | Token::Other => {}
        }
    }

    fn take_word(&mut self, word: String) {
        match word.as_str() {
            "atomic" if self.previous == "begin" && self.is_routine() => self.atomic += 1,
            "case" if self.atomic > 0 => self.atomic += 1,
            "end" if self.atomic > 0 => self.atomic -= 1,
            _ => {}
        }
        if self.words.len() < KEPT_WORDS {
            self.words.push(word.clone());
        }
        self.previous = word;
    }

    fn is_routine(&self) -> bool {
        let is_create = self.words.first().is_some_and(|word| word == "create");
        let names_routine = |word: &String| matches!(word.as_str(), "function" | "procedure");
        is_create && self.words.iter().take(4).any(names_routine)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Open,
    Close,
    Semicolon,
    /// Strings, quoted names, numbers, operators.
    Other,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
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
            '"' => self.quoted("quoted name", '"', false)?,
            '$' => self.dollar_quoted()?,
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
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
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

    /// A doubled quote stands for itself and reads here as two quoted texts side by side.
    fn quoted(
        &mut self,
        what: &'static str,
        quote: char,
        has_escapes: bool,
    ) -> Result<Token<'a>, Unterminated> {
        let start = self.at;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, character)) = characters.next() {
            if character == '\\' && has_escapes {
                characters.next();
            } else if character == quote {
                self.at += offset + 1;
                return Ok(Token::Other);
            }
        }
        Err(self.unterminated(what, start))
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
