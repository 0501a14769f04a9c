//! The grammar of `${…}`: text → pieces with byte ranges. Looks nothing up.
//!
//! It is the [interpolation of the Compose specification](https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md)
//! with its braces counted properly, and `$<NAME>` as one more simple form.

#[cfg(test)]
mod tests;

use std::ops::Range;

/// Deepest nesting of expressions in defaults of expressions.
pub const MAX_NESTING: usize = 64;
/// Most expressions in one text.
pub const MAX_EXPRESSIONS: usize = 10_000;

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Taken as it is; `$$` has become `$`.
    Text(String),
    Expression(Expression),
}

/// One mention of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    pub name: String,
    /// Bytes of the whole expression, from its `$`.
    pub range: Range<usize>,
    pub operation: Option<Operation>,
}

/// What follows the name in `${NAME…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub kind: OperationKind,
    /// With a colon an empty value counts as none.
    pub colon: bool,
    pub rest: Template,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// `-`: the rest stands for a variable that is not set.
    Default,
    /// `?`: the rest is the message when the variable is not set.
    Required,
    /// `+`: the rest stands for a variable that is set.
    Alternative,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Bytes of the bad expression, from its `$`.
    pub range: Range<usize>,
    /// A sentence.
    pub message: String,
    /// How to write it right.
    pub help: String,
}

impl Template {
    /// # Errors
    /// The first expression that opens with `${` and does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser {
            text,
            at: 0,
            expressions: 0,
        };
        parser.template(&[])
    }

    /// A template that stands for `text` itself.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece::Text(text.into())],
        }
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Read so far.
    expressions: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Takes `length` bytes as text.
    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        taken
    }

    /// Everything up to the end, or up to the `}` that closes the innermost of the `open`
    /// expressions, given by where each starts.
    fn template(&mut self, open: &[usize]) -> Result<Template, TemplateError> {
        let mut template = Template::default();
        let mut braces = 0_usize;
        loop {
            let plain = self.rest().find(['$', '{', '}', '\n']);
            let plain = plain.unwrap_or(self.rest().len());
            template.push(self.take(plain));
            match (self.peek(0), open.last()) {
                (None, None) => return Ok(template),
                (None, Some(&start)) => return Err(self.unclosed(start)),
                (Some(b'\n'), Some(&start)) => return Err(self.spans_lines(start)),
                (Some(b'}'), Some(_)) if braces == 0 => return Ok(template),
                (Some(b'$'), _) => self.dollar(&mut template, open)?,
                (Some(byte), _) => {
                    match byte {
                        b'{' => braces += 1,
                        b'}' => braces = braces.saturating_sub(1),
                        _ => {}
                    }
                    template.push(self.take(1));
                }
            }
        }
    }

    /// What the `$` at hand starts: an expression, `$$`, or only itself.
    fn dollar(&mut self, template: &mut Template, open: &[usize]) -> Result<(), TemplateError> {
        let expression = match self.peek(1) {
            Some(b'{') => Some(self.braced(open)?),
            Some(b'<') => self.simple(2, ">"),
            _ => self.simple(1, ""),
        };
        if let Some(expression) = expression {
            self.expressions += 1;
            if self.expressions > MAX_EXPRESSIONS {
                return Err(TemplateError {
                    range: expression.range,
                    message: format!("There are more than {MAX_EXPRESSIONS} expressions"),
                    help: "a literal `$` is written `$$`".to_owned(),
                });
            }
            template.pieces.push(Piece::Expression(expression));
        } else {
            let doubled = self.peek(1) == Some(b'$');
            template.push(self.take(1));
            self.at += usize::from(doubled);
        }
        Ok(())
    }

    /// `$NAME` or `$<NAME>`, or nothing when no name follows.
    fn simple(&mut self, before: usize, close: &str) -> Option<Expression> {
        let start = self.at;
        let name = name_at(self.text, start + before);
        let end = start + before + name.len();
        if name.is_empty() || !self.text.get(end..)?.starts_with(close) {
            return None;
        }
        self.at = end + close.len();
        Some(Expression {
            name: name.to_owned(),
            range: start..self.at,
            operation: None,
        })
    }

    fn braced(&mut self, open: &[usize]) -> Result<Expression, TemplateError> {
        let start = self.at;
        if open.len() >= MAX_NESTING {
            return Err(TemplateError {
                range: start..start + 2,
                message: format!("Expressions nest deeper than {MAX_NESTING}"),
                help: "give the inner value a variable of its own".to_owned(),
            });
        }
        self.at += 2;
        let name = name_at(self.text, self.at);
        self.at += name.len();
        let operation = if name.is_empty() {
            return Err(self.invalid(start, ""));
        } else if self.peek(0) == Some(b'}') {
            None
        } else {
            let open = [open, &[start]].concat();
            Some(self.operation(name, &open)?)
        };
        self.at += 1;
        Ok(Expression {
            name: name.to_owned(),
            range: start..self.at,
            operation,
        })
    }

    fn operation(&mut self, name: &str, open: &[usize]) -> Result<Operation, TemplateError> {
        let start = open.last().copied().unwrap_or_default();
        let colon = self.peek(0) == Some(b':');
        let kind = match self.peek(usize::from(colon)) {
            Some(b'-') => OperationKind::Default,
            Some(b'?') => OperationKind::Required,
            Some(b'+') => OperationKind::Alternative,
            None => return Err(self.unclosed(start)),
            Some(_) => return Err(self.invalid(start, name)),
        };
        self.at += usize::from(colon) + 1;
        let rest = self.template(open)?;
        Ok(Operation { kind, colon, rest })
    }

    fn line_end(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |at| start + at)
    }

    fn unclosed(&self, start: usize) -> TemplateError {
        let range = start..self.line_end(start);
        let written = self.text.get(range.clone()).unwrap_or_default();
        TemplateError {
            message: format!("`{}` is not closed", shortened(written)),
            help: "add the closing `}`; a literal `$` is written `$$`".to_owned(),
            range,
        }
    }

    fn spans_lines(&self, start: usize) -> TemplateError {
        let range = start..self.line_end(start);
        let written = self.text.get(range.clone()).unwrap_or_default();
        TemplateError {
            message: format!("`{}` does not end on its line", shortened(written)),
            help: "close the `}` before the line ends; a literal `$` is written `$$`".to_owned(),
            range,
        }
    }

    /// An error for the expression at `start`, whose name, if it has a proper one, is `name`.
    fn invalid(&self, start: usize, name: &str) -> TemplateError {
        let line_end = self.line_end(start);
        let line = self.text.get(start..line_end).unwrap_or_default();
        let Some(length) = line.find('}').map(|at| at + 1) else {
            return self.unclosed(start);
        };
        let written = line.get(..length).unwrap_or_default();
        let operator = written.get(2 + name.len()..).unwrap_or_default();
        let right = if name.is_empty() {
            "a name starts with a letter or `_`".to_owned()
        } else if operator.starts_with(":=") || operator.starts_with('=') {
            format!("a default is written `${{{name}:-value}}`")
        } else {
            format!("write `${{{name}}}`, or one of `:-` `-` `:?` `?` `:+` `+` after the name")
        };
        TemplateError {
            message: format!("`{}` is not a variable expression", shortened(written)),
            help: format!("{right}; a literal `$` is written `$$`"),
            range: start..start + length,
        }
    }
}

/// Whether `text` is the name of a variable: a letter or `_`, then letters, digits and `_`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && name_at(text, 0).len() == text.len()
}

/// The name that starts at `at`, or nothing.
fn name_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    match rest.as_bytes().first() {
        Some(first) if first.is_ascii_digit() => "",
        _ => rest.get(..length).unwrap_or_default(),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
