//! What a database answers as text for people.

use crate::database::query::{Answered, ResultSet};
use crate::database::seed::Seeded;
use crate::database::unlock::Unlocked;
use crate::ui::style::{DIM, STRONG, paint};
use crate::ui::table::Table;

use super::count;

/// `db query`: the rows of each result.
#[must_use]
pub fn answered(answered: &Answered) -> String {
    let with_data = answered.results.iter();
    let with_data = with_data.filter(|one| !one.columns.is_empty() || !one.copied.is_empty());
    let texts: Vec<String> = with_data.map(result).collect();
    texts.join("\n")
}

fn result(result: &ResultSet) -> String {
    if !result.copied.is_empty() {
        return result.copied.clone();
    }
    let names: Vec<&str> = { result.columns.iter() }
        .map(|column| column.name.as_str())
        .collect();
    let mut table = Table::new(&names);
    for row in &result.rows {
        table.row(row.iter().map(|value| cell(value.as_deref())));
    }
    table.to_string()
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

/// What is told beside the rows: how many there were, what changed.
#[must_use]
pub fn tags(answered: &Answered) -> String {
    let tags = answered.results.iter().map(|result| {
        let text = if result.columns.is_empty() {
            result.tag.clone()
        } else {
            count(result.rows.len(), "row")
        };
        paint(DIM, &text)
    });
    tags.collect::<Vec<_>>().join("\n")
}

/// The end of `db seed`.
#[must_use]
pub fn seeded(seeded: &Seeded) -> String {
    let took = format!("in {}", crate::ui::progress::seconds(seeded.seconds.0));
    format!(
        "{}: {} of {} run, {} changed {}",
        paint(STRONG, &seeded.database),
        count(seeded.statements, "statement"),
        seeded.file,
        count(usize::try_from(seeded.rows).unwrap_or(usize::MAX), "row"),
        paint(DIM, &took)
    )
}

/// `db unlock`
#[must_use]
pub fn unlocked(unlocked: &Unlocked) -> String {
    let name = paint(STRONG, &unlocked.database);
    match &unlocked.ended {
        Some(session) => format!("{name}: ended {session}"),
        None => format!("{name}: nobody holds the migration lock"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_and_cannot_paint_the_terminal() {
        assert_eq!(cell(Some("a\tb\n\u{1b}[31mü")), "a\\tb\\n\\u{1b}[31mü");
        assert_eq!(
            (cell(Some("")), cell(None)),
            (String::new(), "NULL".to_owned())
        );
    }
}
