//! Rows as tables. The first rows measure the columns of all; what is wider later stands out.

use std::io::{self, Write};

use crate::postgres::Answer;
use crate::ui::db::count;
use crate::ui::style::{DIM, paint};
use crate::ui::table::{Table, line};

/// So many rows measure the columns.
const MEASURED_ROWS: usize = 1_000;
/// Or as many as have so much text together, in bytes.
const MEASURED_BYTES: usize = 1024 * 1024;

/// Where the text is.
#[derive(Default)]
pub struct Tables {
    /// Whether a result is above.
    is_below: bool,
    /// The result in hand.
    result: Option<Result>,
}

struct Result {
    rows: usize,
    state: State,
}

enum State {
    Measured { table: Table, bytes: usize },
    Flowing { widths: Vec<usize> },
    Copied,
}

impl Tables {
    pub fn show(&mut self, out: &mut impl Write, answer: &Answer<'_>) -> io::Result<()> {
        match answer {
            Answer::Columns(columns) => {
                self.separate(out)?;
                let names: Vec<String> = columns.iter().map(|one| cell(Some(&one.name))).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                // A table without columns has nothing to show.
                let shown = (!names.is_empty()).then(|| Table::new(&names));
                self.result = shown.map(|table| Result {
                    rows: 0,
                    state: State::Measured { table, bytes: 0 },
                });
                Ok(())
            }
            Answer::Row(row) => {
                let cells = row.iter().map(|value| cell(value.as_deref()));
                match &mut self.result {
                    Some(result) => result.row(out, cells.collect()),
                    None => Ok(()),
                }
            }
            Answer::Copy(bytes) => {
                if self.result.is_none() {
                    self.separate(out)?;
                    let state = State::Copied;
                    self.result = Some(Result { rows: 0, state });
                }
                out.write_all(bytes)
            }
            Answer::Complete { .. } => self.end(out),
            Answer::Notice(_) => Ok(()),
        }
    }

    fn separate(&mut self, out: &mut impl Write) -> io::Result<()> {
        match std::mem::replace(&mut self.is_below, true) {
            true => writeln!(out),
            false => Ok(()),
        }
    }

    /// What is told beside the rows of the result that is complete: how many there were, or what
    /// changed. Forgets the result.
    pub fn told(&mut self, tag: &str) -> String {
        let text = match self.result.take() {
            Some(Result {
                state: State::Copied,
                ..
            })
            | None => tag.to_owned(),
            Some(result) => count(result.rows, "row"),
        };
        paint(DIM, &text)
    }

    /// Writes what is held back.
    pub fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        match &mut self.result {
            Some(result) => result.flow(out),
            None => Ok(()),
        }
    }
}

impl Result {
    fn row(&mut self, out: &mut impl Write, cells: Vec<String>) -> io::Result<()> {
        self.rows += 1;
        match &mut self.state {
            State::Measured { table, bytes } => {
                *bytes += cells.iter().map(String::len).sum::<usize>();
                table.row(cells);
                if self.rows >= MEASURED_ROWS || *bytes >= MEASURED_BYTES {
                    self.flow(out)?;
                }
                Ok(())
            }
            State::Flowing { widths } => writeln!(out, "{}", line(&cells, widths)),
            State::Copied => Ok(()),
        }
    }

    /// Writes the rows that were measured; those that follow are written as they come.
    fn flow(&mut self, out: &mut impl Write) -> io::Result<()> {
        let State::Measured { table, .. } = &self.state else {
            return Ok(());
        };
        write!(out, "{table}")?;
        let widths = table.widths();
        self.state = State::Flowing { widths };
        Ok(())
    }
}

/// One line, whatever the value holds.
fn cell(value: Option<&str>) -> String {
    let Some(value) = value else {
        return "NULL".to_owned();
    };
    let is_control = |character: char| character.is_control();
    if !value.contains(is_control) {
        return value.to_owned();
    }
    let escaped = value.chars().flat_map(|character| {
        let escaped: Vec<char> = match character {
            character if character.is_control() => character.escape_default().collect(),
            character => vec![character],
        };
        escaped
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::postgres::Column;

    #[test]
    fn a_value_is_one_line_and_cannot_paint_the_terminal() {
        assert_eq!(cell(Some("a\tb\n\u{1b}[31mü")), "a\\tb\\n\\u{1b}[31mü");
        assert_eq!(
            (cell(Some("")), cell(None)),
            (String::new(), "NULL".to_owned())
        );
    }

    #[test]
    fn rows_are_written_as_soon_as_the_columns_are_measured() {
        let (mut tables, mut out) = (Tables::default(), Vec::new());
        let names = ["a", "b"].map(|name| Column {
            name: name.to_owned(),
            type_name: None,
        });
        tables.show(&mut out, &Answer::Columns(&names)).unwrap();
        let row = |first: &'static str| [Some(Cow::from(first)), Some(Cow::from("x"))];
        for _ in 1..MEASURED_ROWS {
            tables.show(&mut out, &Answer::Row(&row("1"))).unwrap();
        }
        assert!(out.is_empty());
        tables.show(&mut out, &Answer::Row(&row("333"))).unwrap();
        assert!(out.starts_with(b"a    b\n1    x\n"));
        out.clear();
        tables.show(&mut out, &Answer::Row(&row("4"))).unwrap();
        tables.show(&mut out, &Answer::Row(&row("55555"))).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "4    x\n55555  x\n");
    }
}
