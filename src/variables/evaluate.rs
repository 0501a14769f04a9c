//! Templates → text: what each mention of a variable comes to. Lazy: a default that is not needed
//! is not looked at, and the values of variables are never expanded again.

use std::ops::Range;
use std::sync::Arc;

use super::grammar::{Expression, Operation, OperationKind, Piece, Template, TemplateError};
use super::value::Value;

/// Longest text that an evaluation makes, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// What became of one mention of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The variable's own value.
    Value,
    /// The file's default or alternative stands in its place.
    Default,
    /// It is not set and the file gives no default: `UNDEFINED`; expanded to nothing.
    Undefined,
    /// `${NAME:?message}` of an unset variable; a diagnostic tells of it too.
    Required,
}

/// One mention of a variable that the evaluation came across.
#[derive(Debug, Clone)]
pub struct Mention {
    pub name: String,
    /// Bytes in the text of the template.
    pub range: Range<usize>,
    pub outcome: Outcome,
    /// The message of `${NAME:?message}`, or the default that was taken, with secrets masked.
    pub message: String,
    /// The value that was inserted.
    pub value: Option<Arc<Value>>,
}

impl Mention {
    /// The outcome with what is missing inside the inserted value taken in.
    #[must_use]
    pub fn outcome_of_all(&self) -> Outcome {
        let missing = || self.value.iter().flat_map(|value| &value.missing);
        if missing().any(|missing| missing.required.is_some()) {
            Outcome::Required
        } else if missing().next().is_some() {
            Outcome::Undefined
        } else {
            self.outcome
        }
    }
}

/// What a template comes to.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    pub text: String,
    /// The text with every secret value as `***`.
    pub shown: String,
    /// Whether a secret value went into the text.
    pub secret: bool,
    /// In the order in which they were looked up.
    pub mentions: Vec<Mention>,
    /// Whether the text would be longer than allowed; it is cut off then.
    pub too_long: bool,
}

/// Finds variables by name.
pub type Lookup<'a> = dyn FnMut(&str) -> Option<Arc<Value>> + 'a;

impl Template {
    /// Evaluates to at most `limit` bytes.
    #[must_use]
    pub fn evaluate(&self, lookup: &mut Lookup<'_>, limit: usize) -> Evaluated {
        let mut evaluation = Evaluation {
            lookup,
            limit,
            result: Evaluated::default(),
        };
        evaluation.template(self);
        evaluation.result
    }
}

struct Evaluation<'a, 'b> {
    lookup: &'a mut Lookup<'b>,
    limit: usize,
    result: Evaluated,
}

impl Evaluation<'_, '_> {
    fn template(&mut self, template: &Template) {
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => self.push(text, text),
                Piece::Expression(expression) => self.expression(expression),
            }
        }
    }

    fn push(&mut self, text: &str, shown: &str) {
        if self.result.text.len() + text.len() > self.limit {
            self.result.too_long = true;
        }
        if !self.result.too_long {
            self.result.text.push_str(text);
            self.result.shown.push_str(shown);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        let found = (self.lookup)(&expression.name);
        let Some(Operation { kind, colon, rest }) = &expression.operation else {
            return match found {
                Some(value) => self.insert(expression, value),
                None => self.mention(expression, Outcome::Undefined),
            };
        };
        let usable = found.filter(|value| !(*colon && value.text.expose().is_empty()));
        match (kind, usable) {
            (OperationKind::Default | OperationKind::Required, Some(value)) => {
                self.insert(expression, value);
            }
            (OperationKind::Default, None) | (OperationKind::Alternative, Some(_)) => {
                self.mention(expression, Outcome::Default);
                let mention = self.result.mentions.len() - 1;
                let start = self.result.shown.len();
                self.template(rest);
                let taken = self.result.shown.get(start..).unwrap_or_default();
                if let Some(mention) = self.result.mentions.get_mut(mention) {
                    taken.clone_into(&mut mention.message);
                }
            }
            (OperationKind::Alternative, None) => self.mention(expression, Outcome::Default),
            (OperationKind::Required, None) => {
                let message = rest.evaluate(self.lookup, self.limit).shown;
                self.mention(expression, Outcome::Required);
                if let Some(mention) = self.result.mentions.last_mut() {
                    mention.message = message;
                }
            }
        }
    }

    fn insert(&mut self, expression: &Expression, value: Arc<Value>) {
        self.push(value.text.expose(), &value.shown);
        self.result.secret |= value.secret;
        self.mention(expression, Outcome::Value);
        if let Some(mention) = self.result.mentions.last_mut() {
            mention.value = Some(value);
        }
    }

    fn mention(&mut self, expression: &Expression, outcome: Outcome) {
        self.result.mentions.push(Mention {
            name: expression.name.clone(),
            range: expression.range.clone(),
            outcome,
            message: String::new(),
            value: None,
        });
    }
}

/// Why a plain string could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("{}", required(name, message))]
    Required { name: String, message: String },
    #[error("the text is longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
}

/// The sentence about a required variable that is missing.
#[must_use]
pub fn required(name: &str, message: &str) -> String {
    let separator = if message.is_empty() { "" } else { ": " };
    format!("Required variable `{name}` is missing{separator}{message}")
}

/// Expands a plain string as Compose does: undefined variables become empty.
///
/// # Errors
/// A bad template, or a required variable that is missing.
pub fn expand_text(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, ExpandError> {
    let mut values = |name: &str| lookup(name).map(|text| Arc::new(Value::plain(text)));
    let result = Template::parse(text)?.evaluate(&mut values, MAX_TEXT_BYTES);
    let missing = result
        .mentions
        .into_iter()
        .find(|mention| mention.outcome == Outcome::Required);
    match missing {
        Some(Mention { name, message, .. }) => Err(ExpandError::Required { name, message }),
        None if result.too_long => Err(ExpandError::TooLong),
        None => Ok(result.text),
    }
}
