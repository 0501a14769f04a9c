//! A statement that the server refused, and where it stands in the file.

use tokio_postgres::error::{DbError, Severity, SqlState};

use super::plan::Step;
use super::statement::Statement;
use super::{Direction, Script};
use crate::diagnostic::Diagnostic;
use crate::postgres::{self, Position, ServerMessage};
use crate::text::Span;

/// An error, and what had been sent when it came.
pub(super) struct Refused {
    pub error: tokio_postgres::Error,
    /// Characters before the text of the file.
    pub prefix_characters: usize,
    /// Byte offset in the sent script at which that text starts.
    pub offset: usize,
    /// Index among the statements of the sent script; none: at the end of the file, or before it.
    pub statement: Option<usize>,
    /// Whether a part of a file is kept that was to be one transaction.
    pub torn: bool,
}

impl Refused {
    /// An error that belongs to no statement of the file.
    pub fn outside(error: tokio_postgres::Error) -> Self {
        Self {
            error,
            prefix_characters: 0,
            offset: 0,
            statement: None,
            torn: false,
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

    /// Whether nothing of `step` is done twice when it is run again. A statement that commits by
    /// itself may have done so before it failed.
    pub fn may_repeat(&self, step: &Step<'_>) -> bool {
        let is_undone = |statement: &Statement| step.sent().may_repeat(statement);
        match step.sent().in_transaction() {
            true => !self.torn,
            false => self.statement(step).is_none_or(is_undone),
        }
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
        if let Some(diagnostic) = self.unseen_end(answer, step) {
            return Some(diagnostic);
        }
        let of_ledger = self.of_ledger(answer, step);
        let statement = match of_ledger {
            Some(_) => Self::dropping(step),
            None => self.statement(step),
        };
        let place = postgres::Sent {
            source: &script.source,
            offset: self.offset,
            prefix_characters: self.prefix_characters,
            statement: Some(statement.map_or_else(|| end(script), |statement| statement.span)),
            label: match statement {
                Some(_) => "this statement failed",
                None => "the end of the file failed: its `COMMIT`, or its row in the ledger",
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

    /// The fault that a transaction ended, or did not, where poststack did not see it.
    fn unseen_end(&self, answer: &DbError, step: &Step<'_>) -> Option<Diagnostic> {
        let message = answer.message();
        let (message, help) = match answer.code() {
            code if *code != SqlState::UNDEFINED_OBJECT => return None,
            _ if message.contains("poststack.ended_by_file") => (
                "The file ends the transaction that poststack makes of it",
                "put `-- poststack: no-transaction` at its top",
            ),
            _ if message.contains("poststack.left_open") => (
                "The file leaves a transaction open; what that did is undone",
                "end it with `COMMIT;`",
            ),
            _ => return None,
        };
        let source = &step.script.source;
        let help = [help].into_iter().chain(self.torn.then_some(TORN));
        let help: Vec<_> = help.collect();
        let diagnostic = Diagnostic::error(message).at(source, end(&step.script));
        Some(diagnostic.help(help.join("\n")))
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
        let advice = refused.into_iter();
        let advice = advice
            .chain(self.deferred(answer, step))
            .chain(self.kept(step));
        advice.map(str::to_owned).collect()
    }

    /// That no single statement failed.
    fn deferred(&self, answer: &DbError, step: &Step<'_>) -> Option<&'static str> {
        let is_checked_late = answer.code().code().starts_with("23") || answer.where_().is_some();
        let is_ours = answer.schema() == Some("poststack");
        let at_end = step.script.in_transaction() && self.statement(step).is_none();
        (at_end && is_checked_late && !is_ours).then_some(
            "it failed at the `COMMIT` after the last statement, where deferred constraints and \
             triggers are checked: any statement of the file may be the cause",
        )
    }

    /// What stays of the file, and what the next run does.
    fn kept(&self, step: &Step<'_>) -> Option<&'static str> {
        if step.script.in_transaction() {
            return self.torn.then_some(TORN);
        }
        let index = self.statement?;
        if !self.may_repeat(step) {
            return Some(
                "the file runs without a transaction: the statements before this one stay, and \
                 what this one committed itself; the next run sends it again as a whole",
            );
        }
        (index > 0).then_some(
            "the file runs without a transaction: the statements before this one stay, and the \
             next run goes on here",
        )
    }
}

/// Of a file that was to be one transaction.
const TORN: &str = "the file ended its transaction itself: what it did before that is kept; take \
                    it back by hand, or out of the file";

/// Where the last statement ends.
fn end(script: &Script) -> Span {
    let last = script.statements.last();
    last.map_or_else(Span::default, |last| Span::at(last.span.end))
}
