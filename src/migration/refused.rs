//! A statement that the server refused, and where it stands in the file.

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::Direction;
use super::plan::Step;
use super::statement::Statement;
use crate::diagnostic::Diagnostic;
use crate::postgres::{self, Position, ServerMessage};

/// An error, and what had been sent when it came.
pub(super) struct Refused {
    pub error: tokio_postgres::Error,
    /// Characters before the text of the file.
    pub prefix_characters: usize,
    /// Byte offset in the sent script at which that text starts.
    pub offset: usize,
    /// Index among the statements of the sent script; none: at the end of the file, or before it.
    pub statement: Option<usize>,
}

impl Refused {
    /// An error that belongs to no statement of the file.
    pub fn outside(error: tokio_postgres::Error) -> Self {
        Self {
            error,
            prefix_characters: 0,
            offset: 0,
            statement: None,
        }
    }

    /// The server's answer, unless it was its last word: then the session is gone.
    pub fn answer(&self) -> Option<&DbError> {
        let answer = self.error.as_db_error();
        answer.filter(|answer| answer.parsed_severity() == Some(Severity::Error))
    }

    /// Whether another session was in the way, so that another try may succeed.
    pub fn is_about_locks(&self) -> bool {
        self.answer().is_some_and(|answer| {
            [
                SqlState::LOCK_NOT_AVAILABLE,
                SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(answer.code())
        })
    }

    /// The text of the statement that failed.
    pub fn sql<'a>(&self, step: &'a Step<'_>) -> &'a str {
        let script = step.sent();
        let statement = self.statement(step);
        statement.map_or("", |statement| script.source.slice(statement.span))
    }

    /// By the position, which a fault of syntax has before anything was run; else by the count.
    fn statement<'a>(&self, step: &'a Step<'_>) -> Option<&'a Statement> {
        let script = step.sent();
        let by_count = self
            .statement
            .and_then(|index| script.statements.get(index));
        let Some(at) = self.position(step) else {
            return by_count;
        };
        // What lacks its end is found wrong behind the file.
        let mut from_there = script.statements.iter();
        let found = from_there.find(|s| at < s.span.end);
        found.or(script.statements.last())
    }

    /// Byte offset in the sent script; its length or more when the fault lies behind it.
    fn position(&self, step: &Step<'_>) -> Option<usize> {
        let answer = self.answer()?;
        let Position::Sent(character) = ServerMessage::from(answer).position? else {
            return None;
        };
        let text = &step.sent().source.text;
        let character = character.checked_sub(1 + self.prefix_characters)?;
        let mut characters = text.get(self.offset..)?.char_indices();
        let found = characters.nth(character);
        Some(found.map_or(text.len(), |(at, _)| self.offset + at))
    }

    /// The fault at its place in the file; `None` when the session is gone.
    pub fn diagnose(&self, step: &Step<'_>, advice: Vec<String>) -> Option<Diagnostic> {
        let answer = self.answer()?;
        let script = step.sent();
        let of_ledger = self.of_ledger(answer, step);
        let statement = match of_ledger {
            Some(_) => Self::dropping(step),
            None => self.statement(step),
        };
        let place = postgres::Sent {
            source: &script.source,
            offset: self.offset,
            prefix_characters: self.prefix_characters,
            statement: statement.map(|statement| statement.span),
            label: match statement {
                Some(_) => "this statement failed",
                None => "its end failed: its deferred constraints, or its row in the ledger",
            },
        };
        let own = self.advice(answer, step);
        let advice: Vec<_> = own.into_iter().chain(advice).collect();
        let mut message = step.shown(answer.into());
        if let Some(meaning) = of_ledger {
            message.message = meaning;
            message.position = None;
        }
        let diagnostic = postgres::diagnose(&message, &place, &advice);
        Some(match &step.substituted {
            Some(substituted) => substituted.restore(diagnostic),
            None => diagnostic,
        })
    }

    /// What it means that the server refuses the statement that writes the ledger.
    fn of_ledger(&self, answer: &DbError, step: &Step<'_>) -> Option<String> {
        if !self.is_behind_statement(step) {
            return None;
        }
        let code = answer.code();
        let is_gone = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code);
        if is_gone && answer.message().contains("poststack") {
            let gone =
                "the file drops the ledger in schema `poststack` that it is to be recorded in";
            return Some(gone.to_owned());
        }
        let is_back = step.direction == Direction::Rollback;
        let version = step.recorded_version()?;
        (is_back && *code == SqlState::DIVISION_BY_ZERO).then(|| {
            format!(
                "the ledger has no row of version `{version}` any more: another run took it back"
            )
        })
    }

    /// Whether every statement of the message that is the file's was done before.
    fn is_behind_statement(&self, step: &Step<'_>) -> bool {
        let statements = &step.sent().statements;
        let counted = self.statement.map(|index| statements.get(index));
        match (counted, self.position(step)) {
            (None, _) => true,
            (Some(Some(statement)), Some(at)) => at >= statement.span.end,
            _ => false,
        }
    }

    /// The statement that is to blame for what the ledger lacks.
    fn dropping<'a>(step: &'a Step<'_>) -> Option<&'a Statement> {
        let script = step.sent();
        let mut statements = script.statements.iter();
        statements.find(|statement| {
            let text = script.source.slice(statement.span);
            statement.has("drop") && text.contains("poststack")
        })
    }

    /// What to do about it, besides the server's own hint.
    fn advice(&self, answer: &DbError, step: &Step<'_>) -> Vec<String> {
        let in_transaction = step.script.in_transaction();
        let refused = match *answer.code() == SqlState::ACTIVE_SQL_TRANSACTION {
            true if in_transaction => {
                Some("put `-- poststack: no-transaction` at the top of the file")
            }
            true => {
                Some("remove the `BEGIN` before it: this statement runs outside transactions only")
            }
            false => None,
        };
        let partial = (!in_transaction && self.statement.is_some_and(|index| index > 0)).then_some(
            "the file runs without a transaction: the statements before this one stay, and the \
             next run goes on here",
        );
        let advice = refused.into_iter().chain(partial);
        advice.map(str::to_owned).collect()
    }
}
