//! One SQL file, checked as far as that goes without a server, and ready to be sent.

use crate::diagnostic::{Diagnostic, nearest};
use crate::text::{Source, Span};

use super::sql::{self, Statement, Unterminated};

const DIRECTIVE: &str = "poststack:";
const NO_TRANSACTION: &str = "no-transaction";

/// The statements of one migration or rollback file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub source: Source,
    /// Whether the whole file is one transaction; `-- poststack: no-transaction` says no.
    pub in_transaction: bool,
    /// Never empty.
    pub statements: Vec<Statement>,
}

impl Script {
    /// # Errors
    /// Everything that is wrong with the file: no statement in it, an open quote, transaction
    /// control that would tear it apart, rows for `COPY`.
    pub fn parse(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let statements =
            sql::split(&source.text).map_err(|fault| vec![never_closed(source, &fault)])?;
        if statements.is_empty() {
            return Err(vec![is_empty(source)]);
        }
        let (in_transaction, mut faults) = read_directives(source);
        let copies = statements.iter().filter(|s| s.is_copy_from_stdin());
        faults.extend(copies.map(|statement| needs_rows(source, statement)));
        if in_transaction {
            let inner = without_own_transaction(&statements);
            let torn = inner.iter().filter(|s| s.is_transaction_control());
            faults.extend(torn.map(|statement| tears_apart(source, statement)));
        }
        if faults.is_empty() {
            Ok(Self {
                source: source.clone(),
                in_transaction,
                statements,
            })
        } else {
            Err(faults)
        }
    }

    /// The text to send inside a transaction: a `BEGIN` and `COMMIT` around the whole file become
    /// blanks, so that every other character keeps its place.
    #[must_use]
    pub fn transaction_body(&self) -> String {
        let text = &self.source.text;
        let (Some(first), Some(last)) = (self.statements.first(), self.statements.last()) else {
            return text.clone();
        };
        if without_own_transaction(&self.statements).len() == self.statements.len() {
            return text.clone();
        }
        let is_blank = |at: usize| {
            [first, last]
                .iter()
                .any(|s| (s.span.start..s.span.end).contains(&at))
        };
        text.char_indices()
            .map(|(at, c)| if is_blank(at) { ' ' } else { c })
            .collect()
    }

    /// The statements [`Script::transaction_body`] still holds.
    #[must_use]
    pub fn transaction_statements(&self) -> &[Statement] {
        without_own_transaction(&self.statements)
    }
}

/// What is left when the whole file is wrapped in one plain transaction of its own.
fn without_own_transaction(statements: &[Statement]) -> &[Statement] {
    match statements {
        [first, inner @ .., last] if first.is_plain_begin() && last.is_plain_commit() => inner,
        all => all,
    }
}

/// Reads `-- poststack: …` lines in the comments at the top of the file.
fn read_directives(source: &Source) -> (bool, Vec<Diagnostic>) {
    let mut in_transaction = true;
    let mut faults = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let span = Span::new(start, start + line.trim_end().len());
        start += line.len();
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let Some(comment) = line.strip_prefix("--") else {
            break;
        };
        match comment.trim().strip_prefix(DIRECTIVE).map(str::trim) {
            None => {}
            Some(NO_TRANSACTION) => in_transaction = false,
            Some(other) => faults.push(unknown_directive(source, span, other)),
        }
    }
    (in_transaction, faults)
}

fn is_empty(source: &Source) -> Diagnostic {
    Diagnostic::error("The file holds no SQL statement")
        .at(source, Span::at(0))
        .help("write its SQL, or remove the file")
}

fn never_closed(source: &Source, fault: &Unterminated) -> Diagnostic {
    Diagnostic::error(format!("The {} is never closed", fault.what))
        .at(source, fault.span)
        .label("it begins here")
}

fn unknown_directive(source: &Source, span: Span, word: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(format!("`{word}` is not something poststack can be told"))
        .at(source, span);
    let help = match nearest(word, [NO_TRANSACTION]) {
        Some(known) => format!("did you mean `-- {DIRECTIVE} {known}`?"),
        None => format!("`-- {DIRECTIVE} {NO_TRANSACTION}` is the only one there is"),
    };
    diagnostic.help(help)
}

fn needs_rows(source: &Source, statement: &Statement) -> Diagnostic {
    Diagnostic::error("`COPY … FROM STDIN` cannot be used in a migration")
        .at(source, statement.span)
        .help("write the rows as `INSERT`; `pg_dump --inserts` does")
}

fn tears_apart(source: &Source, statement: &Statement) -> Diagnostic {
    let help = format!(
        "remove it: poststack makes the file one transaction with its ledger row; or put \
         `-- {DIRECTIVE} {NO_TRANSACTION}` at the top to run the file without one"
    );
    Diagnostic::error("The file begins or ends a transaction in its middle")
        .at(source, statement.span)
        .help(help)
}
