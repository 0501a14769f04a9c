//! The rollback of a migration, derived from its statements in reverse order.
//!
//! What a statement destroyed or replaced is not in its text: there the rollback has a `todo`, and
//! the runner refuses a file that holds one. It must never guess what would lose data.

use crate::text::Source;

use super::syntax::{Name, Tree, ast};
use super::{Script, Statement, TODO_MARKER};

mod alter;
mod create;
mod made;
mod other;
#[cfg(test)]
mod tests;

use made::Made;

const NO_TRANSACTION: &str = "-- poststack: no-transaction\n";

/// Most of a statement that is repeated in a comment.
const MOST_LINES: usize = 20;
const MOST_CHARACTERS: usize = 2_000;

/// Either ends a comment, also by itself.
const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// A derived rollback file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inverse {
    /// The whole file; it always holds a statement.
    pub text: String,
    /// Whether nothing is left to be written by hand.
    pub complete: bool,
}

/// The rollback of `script`.
///
/// What a table that the script itself makes gets later, rows as well, needs no step of its own:
/// it goes with the table.
#[must_use]
pub fn inverse(script: &Script) -> Inverse {
    let trees: Vec<Option<Tree>> = script
        .transaction_statements()
        .iter()
        .map(|statement| Tree::parse(&script.source, statement))
        .collect();
    let made = Made::by(&trees);
    let mut segments = vec![Segment::default()];
    let statements = script.transaction_statements().iter().zip(&trees);
    for (index, (statement, tree)) in statements.enumerate() {
        let one = One {
            index,
            source: &script.source,
            statement,
            made: &made,
        };
        if tree.as_ref().is_some_and(other::is_setting) {
            let mut next = Segment::default();
            next.settings.extend(
                segments
                    .last()
                    .into_iter()
                    .flat_map(|last| last.settings.clone()),
            );
            next.settings.push(format!("{};", one.text()));
            segments.push(next);
        } else if let Some(segment) = segments.last_mut() {
            segment.steps.extend(one.steps(tree.as_ref()));
        }
    }
    render(script, &segments)
}

/// Statements under the same settings: names mean what `search_path` says.
#[derive(Default)]
struct Segment {
    /// Everything that was set before, as statements.
    settings: Vec<String>,
    /// In the order of the migration.
    steps: Vec<Step>,
}

/// One statement of the migration.
struct One<'a> {
    /// Among the statements of the migration.
    index: usize,
    source: &'a Source,
    statement: &'a Statement,
    made: &'a Made,
}

impl One<'_> {
    fn text(&self) -> &str {
        self.source.slice(self.statement.span)
    }

    /// Whether the migration made it before this statement.
    fn has(&self, name: &Name) -> bool {
        self.made.has(self.index, name)
    }

    /// Whether what `text`, a part of this statement, does to `owner` goes with `owner`.
    fn takes_along(&self, owner: &Name, text: &str) -> bool {
        self.made.takes_along(self.index, owner, text)
    }

    fn is_dropped(&self, name: &Name) -> bool {
        self.made.is_dropped(self.index, name)
    }

    fn steps(&self, tree: Option<&Tree>) -> Vec<Step> {
        let Some(tree) = tree else {
            return other::unparsed(self);
        };
        let is_routine = matches!(
            tree.statement,
            ast::Stmt::CreateFunction(_) | ast::Stmt::CreateProcedure(_)
        );
        // Bodies of routines need not be understood.
        if !tree.is_whole() && !is_routine {
            return other::unparsed(self);
        }
        create::steps(self, tree)
            .or_else(|| alter::steps(self, tree))
            .unwrap_or_else(|| other::steps(self, tree))
    }

    /// What is to be written by hand, with the statement for the reader.
    fn todo(&self, what: impl Into<String>) -> Step {
        Step {
            todo: Some(what.into()),
            quote: Some(quoted(self.text())),
            sql: None,
        }
    }
}

/// What takes one thing back.
struct Step {
    /// What is to be written or decided before the file may run.
    todo: Option<String>,
    /// A comment with the statement that is taken back.
    quote: Option<String>,
    sql: Option<String>,
}

impl Step {
    /// `sql` comes without its semicolon.
    fn sql(sql: impl Into<String>) -> Self {
        Self {
            todo: None,
            quote: None,
            sql: Some(sql.into()),
        }
    }

    /// A statement that is right only after somebody looked at it.
    fn doubtful(sql: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            todo: Some(todo.into()),
            ..Self::sql(sql)
        }
    }

    /// As doubtful, but the statement is a comment to begin with.
    fn suggested(sql: &str, todo: impl Into<String>) -> Self {
        Self {
            todo: Some(todo.into()),
            quote: Some(commented(&format!("{sql};"), "-- ")),
            sql: None,
        }
    }

    fn text(&self) -> String {
        let todo = self.todo.as_ref().map(|what| {
            let line = what.replace(LINE_ENDS, " ");
            format!("{TODO_MARKER} {line}\n")
        });
        let sql = self.sql.as_ref().map(|sql| format!("{sql};\n"));
        let parts = [todo, self.quote.clone(), sql];
        parts.into_iter().flatten().collect()
    }
}

/// A statement as comment lines.
fn quoted(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).nth(MOST_CHARACTERS);
    let shown = end.and_then(|end| text.get(..end)).unwrap_or(text);
    let lines: Vec<&str> = shown
        .split(LINE_ENDS)
        .filter(|line| !line.is_empty())
        .collect();
    let mut comment = commented(
        &lines.get(..MOST_LINES).unwrap_or(&lines).join("\n"),
        "--   ",
    );
    if end.is_some() || lines.len() > MOST_LINES {
        comment.push_str("--   …\n");
    }
    comment
}

/// `text` with `mark` before each of its lines.
fn commented(text: &str, mark: &str) -> String {
    let lines = text.split(LINE_ENDS).filter(|line| !line.is_empty());
    lines
        .map(|line| format!("{mark}{}\n", line.trim_end()))
        .collect()
}

fn render(script: &Script, segments: &[Segment]) -> Inverse {
    let steps = || segments.iter().flat_map(|segment| &segment.steps);
    let complete = steps().all(|step| step.todo.is_none());
    let mut text = String::new();
    if steps()
        .filter_map(|step| step.sql.as_deref())
        .any(needs_no_transaction)
    {
        text.push_str(NO_TRANSACTION);
    }
    let name = script.source.path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().replace(LINE_ENDS, " ");
    text.push_str(&format!(
        "-- Takes back `{name}`. Derived from its statements; read before use.\n"
    ));
    for segment in segments
        .iter()
        .rev()
        .filter(|segment| !segment.steps.is_empty())
    {
        if !segment.settings.is_empty() {
            text.push_str(&format!("\n{}\n", segment.settings.join("\n")));
        }
        for step in segment.steps.iter().rev() {
            text.push_str(&format!("\n{}", step.text()));
        }
    }
    let holds_statement = steps().any(|step| step.sql.is_some());
    if !holds_statement {
        text.push_str(placeholder(complete));
    }
    Inverse { text, complete }
}

/// A file without statement is no rollback file.
fn placeholder(complete: bool) -> &'static str {
    if complete {
        "\n-- There is nothing to take back.\nSELECT 1;\n"
    } else {
        "\n-- Remove this when the rest is written.\n\
         DO $$ BEGIN RAISE EXCEPTION 'this rollback is not written yet'; END $$;\n"
    }
}

fn needs_no_transaction(sql: &str) -> bool {
    sql.starts_with("DROP INDEX CONCURRENTLY")
}
