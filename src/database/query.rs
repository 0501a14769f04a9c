//! `db query SQL`: runs what the user wrote and hands on what the server answers, row by row.

use std::ops::ControlFlow;

use super::Target;
use super::login::{TIMEOUT, unreachable};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind};
use crate::migration::Script;
use crate::postgres::{Answer, Query, QueryError, query};
use crate::text::{Source, SourceFile, Span};

/// What one statement gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultSet {
    /// As `psql` shows the values; a null is `None`.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Everything the server answered to a question of our own, whose answer is small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answered {
    pub results: Vec<ResultSet>,
}

/// `sql` as a text that messages can show a place of; `name` is what they call it.
#[must_use]
pub fn source(name: &str, sql: &str) -> Source {
    SourceFile::new(name, sql)
}

/// Runs `sql` as one message: several statements are one transaction, unless they say otherwise.
/// `on_answer` hears every answer as it comes, and nothing is kept; a `Break` cancels the rest.
///
/// # Errors
/// No login, or the server's refusal at its place in the text.
pub async fn stream(
    target: &Target,
    sql: &Source,
    on_answer: impl FnMut(Answer<'_>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    target.has_started()?;
    let script = Script::parse(sql);
    let statements: Vec<Span> = script
        .iter()
        .flat_map(|script| script.statements.iter().map(|one| one.span))
        .collect();
    let wanted = Query {
        sql,
        statements: &statements,
        login_timeout: TIMEOUT,
    };
    let outcome = query(&target.address, wanted, on_answer).await;
    outcome.map_err(|error| failed(target, error))
}

/// As [`stream`], with all rows at once.
///
/// # Errors
/// As [`stream`].
pub async fn run(target: &Target, sql: &Source) -> Result<Answered, Failure> {
    let mut answered = Answered::default();
    let mut current = ResultSet::default();
    let keep = |answer: Answer<'_>| {
        match answer {
            Answer::Row(row) => {
                let row = row.iter().map(|value| value.as_deref().map(str::to_owned));
                current.rows.push(row.collect());
            }
            Answer::Complete { .. } => answered.results.push(std::mem::take(&mut current)),
            Answer::Columns(_) | Answer::Copy(_) | Answer::Notice(_) => {}
        }
        ControlFlow::Continue(())
    };
    stream(target, sql, keep).await?;
    Ok(answered)
}

/// Why there is no whole answer.
pub(super) fn failed(target: &Target, error: QueryError) -> Failure {
    match error {
        QueryError::Connect(error) => unreachable(target, &error),
        QueryError::Failed(diagnostic) => refused(*diagnostic),
        QueryError::Lost { .. } => Failure::new(
            Kind::Unreachable,
            super::login::sentence(&error.to_string()),
        ),
    }
}

fn refused(diagnostic: Diagnostic) -> Failure {
    Failure {
        diagnostics: vec![diagnostic],
        ..Failure::new(Kind::Failed, "The server refused the SQL")
    }
}
