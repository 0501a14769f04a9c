//! One SQL file, checked as far as that goes without a server, and ready to be sent.

use super::halved::Halved;
use super::headers::{self, DIRECTIVE, Headers};
use super::index;
use super::sql::{self, Unterminated};
use super::statement::Statement;
use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};

/// The statements of one migration or rollback file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub source: Source,
    pub headers: Headers,
    /// Never empty.
    pub statements: Vec<Statement>,
}

impl Script {
    /// # Errors
    /// Everything that is wrong with the file: no statement in it, an open quote, unknown
    /// directives, transaction control that would tear it apart or is never ended, rows for
    /// `COPY`, commands of `psql`.
    pub fn parse(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let parts = sql::split(&source.text).map_err(|fault| vec![never_closed(source, &fault)])?;
        if let Some((tool, span)) = parts.halves.first() {
            return Err(vec![holds_both_ways(source, *tool, *span)]);
        }
        if parts.statements.is_empty() {
            return Err(vec![is_empty(source)]);
        }
        let (headers, mut faults) = headers::read(source, &parts);
        let script = Self {
            source: source.clone(),
            headers,
            statements: parts.statements,
        };
        let mut copies = script.statements.iter().filter(|s| s.is_copy_from_stdin());
        match copies.next() {
            // The rows of the first hide what comes after it.
            Some(statement) => faults.push(needs_rows(source, statement)),
            None => {
                let commands = parts.psql_commands.iter();
                faults.extend(commands.map(|span| is_of_psql(source, *span)));
            }
        }
        let copies = script.statements.iter().filter(|s| s.is_copy_to_stdout());
        faults.extend(copies.map(|statement| sends_rows(source, statement)));
        if script.in_transaction() {
            let inner = script.transaction_statements().iter();
            let torn = inner.filter(|s| s.is_transaction_control());
            faults.extend(torn.map(|statement| tears_apart(source, statement)));
        } else {
            let statements = script.statements.iter();
            let unnamed = statements.filter(|s| builds_unnamed_index(source, s));
            faults.extend(unnamed.map(|statement| needs_name(source, statement)));
            let open = script.left_open();
            faults.extend(open.map(|statement| never_ended(source, statement)));
        }
        if faults.is_empty() {
            Ok(script)
        } else {
            Err(faults)
        }
    }

    /// Whether the whole file is one transaction: not when its header says so, and not when one of
    /// its statements cannot run in any.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        !self.headers.no_transaction && !self.statements.iter().any(Statement::refuses_transaction)
    }

    /// The statements to run in the transaction that poststack makes: without a `BEGIN` and
    /// `COMMIT` of the author's around the whole file.
    #[must_use]
    pub fn transaction_statements(&self) -> &[Statement] {
        match self.statements.as_slice() {
            [first, inner @ .., last] if first.is_plain_begin() && last.is_plain_commit() => inner,
            all => all,
        }
    }

    /// Whether nothing is done twice when `statement`, one of these, is sent again: it stands in a
    /// transaction of the file's own, or [`Statement::may_repeat`].
    pub(super) fn may_repeat(&self, statement: &Statement) -> bool {
        let all = self.statements.iter();
        let before = all.take_while(|one| one.span.start < statement.span.start);
        let is_open = before.fold(false, |open, one| one.leaves_open(open));
        is_open || statement.may_repeat()
    }

    /// The `BEGIN` of a transaction of the file's own that no statement ends.
    fn left_open(&self) -> Option<&Statement> {
        self.statements.iter().fold(None, |open, statement| {
            let is_open = statement.leaves_open(open.is_some());
            is_open.then_some(open.unwrap_or(statement))
        })
    }

    /// Spans of the author's own `BEGIN` and `COMMIT` around the whole file.
    pub(super) fn own_transaction(&self) -> Option<[Span; 2]> {
        match self.statements.as_slice() {
            [first, .., last] if first.is_plain_begin() && last.is_plain_commit() => {
                Some([first.span, last.span])
            }
            _ => None,
        }
    }
}

/// A file that has nothing to run.
pub(super) fn is_empty(source: &Source) -> Diagnostic {
    Diagnostic::error("The file holds no SQL statement")
        .at(source, Span::at(0))
        .help("write its SQL, or remove the file")
}

/// Whether the file belongs to a tool that keeps the way back in it.
pub(super) fn both_ways(source: &Source) -> Option<Diagnostic> {
    let parts = sql::split(&source.text).ok()?;
    let (tool, span) = parts.halves.first()?;
    Some(holds_both_ways(source, *tool, *span))
}

/// Run as it stands, the file would be taken back in the same breath.
fn holds_both_ways(source: &Source, tool: Halved, span: Span) -> Diagnostic {
    let (tool, help) = match tool {
        Halved::Dbmate => ("dbmate", rename_it("dbmate")),
        Halved::Goose => ("goose", rename_it("goose")),
        Halved::SqlMigrate => (
            "sql-migrate",
            "move what stands behind `-- +migrate Down` to `NNN_name.rollback.sql`, and remove \
             these comments"
                .to_owned(),
        ),
    };
    let message = format!("The file is one of {tool}, with the way back in it");
    Diagnostic::error(message).at(source, span).help(help)
}

fn rename_it(tool: &str) -> String {
    format!("turn such files into ours: `poststack db adopt --from {tool} --rename`")
}

fn never_closed(source: &Source, fault: &Unterminated) -> Diagnostic {
    Diagnostic::error(format!("The {} is never closed", fault.what))
        .at(source, fault.span)
        .label("it begins here")
}

fn never_ended(source: &Source, statement: &Statement) -> Diagnostic {
    Diagnostic::error("The transaction is never ended")
        .at(source, statement.span)
        .label("it begins here, and what it does would be undone at the end of the file")
        .help("end it with `COMMIT;`")
}

fn is_of_psql(source: &Source, span: Span) -> Diagnostic {
    let command = source.slice(span);
    let help = match command {
        "\\i" | "\\ir" | "\\include" | "\\include_relative" => {
            "write the SQL of that file here, or make it a migration of its own"
        }
        "\\copy" => "write the rows as `INSERT`",
        "\\set" => {
            "write the value where it is used; one that differs between environments as `${NAME}`, \
             with `-- poststack: substitute` at the top"
        }
        "\\c" | "\\connect" => "remove it: a migration runs in the database of its environment",
        _ => "remove it: the server does not know the commands of psql",
    };
    Diagnostic::error(format!("`{command}` is a command of psql, not SQL"))
        .at(source, span)
        .help(help)
}

fn needs_rows(source: &Source, statement: &Statement) -> Diagnostic {
    Diagnostic::error("`COPY … FROM STDIN` cannot be used in a migration")
        .at(source, statement.span)
        .help("write the rows as `INSERT`; `pg_dump --inserts` does")
}

fn sends_rows(source: &Source, statement: &Statement) -> Diagnostic {
    Diagnostic::error("`COPY … TO STDOUT` cannot be used in a migration")
        .at(source, statement.span)
        .help("nobody would read the rows; `poststack db query` shows them")
}

fn builds_unnamed_index(source: &Source, statement: &Statement) -> bool {
    let built = index::new_index(source.slice(statement.span));
    built.is_some_and(|index| index.name.is_none())
}

fn needs_name(source: &Source, statement: &Statement) -> Diagnostic {
    Diagnostic::error("The index needs a name")
        .at(source, statement.span)
        .label("a build that fails would leave an invalid index that nobody could find")
        .help("write `CREATE INDEX CONCURRENTLY name ON …`")
}

fn tears_apart(source: &Source, statement: &Statement) -> Diagnostic {
    let help = format!(
        "remove it: poststack makes the file one transaction with its ledger row; or put \
         `{DIRECTIVE} no-transaction` at the top to run the file without one"
    );
    Diagnostic::error("The file begins or ends a transaction in its middle")
        .at(source, statement.span)
        .help(help)
}
