//! What `init` did, and its templates, as text for people.

use std::fmt::Write as _;

use super::style::{DIM, GOOD, STRONG, WARN, paint};
use super::table::Table;
use crate::scaffold::{Outcome, Template};

/// `init`
#[must_use]
pub fn created(outcome: &Outcome) -> String {
    let mut text = format!(
        "{} in {}\n",
        paint(STRONG, &outcome.project),
        outcome.folder
    );
    let groups = [
        (&outcome.written, "written ", GOOD, ""),
        (&outcome.replaced, "replaced", WARN, ""),
        (&outcome.extended, "extended", GOOD, ""),
        (
            &outcome.kept,
            "kept    ",
            DIM,
            " (was there; --force replaces it)",
        ),
        (&outcome.same, "the same", DIM, ""),
    ];
    for (paths, word, style, remark) in groups {
        for path in paths {
            let _ = writeln!(text, "  {} {path}{remark}", paint(style, word));
        }
    }
    if !outcome.next.is_empty() {
        let _ = write!(text, "Now type:\n  {}", outcome.next.join("\n  "));
    }
    text
}

/// `init --list-templates`
#[must_use]
pub fn templates(templates: &[Template]) -> String {
    let mut table = Table::new(&["TEMPLATE", "WHAT IT IS"]);
    for template in templates {
        table.row([template.name.to_owned(), template.summary.to_owned()]);
    }
    table.to_string()
}
