//! Findings that the file allows.

use super::*;

/// What is said, one line each.
fn said(text: &str) -> Vec<String> {
    let line = |diagnostic: Diagnostic| match (diagnostic.code, diagnostic.help) {
        (Some(code), _) => format!("{} {code}", diagnostic.place.unwrap()),
        (None, help) => format!(
            "{:?} {}: {}",
            diagnostic.severity,
            diagnostic.message,
            help.unwrap_or_default()
        ),
    };
    lint(text).into_iter().map(line).collect()
}

#[test]
fn an_allow_at_the_top_is_for_the_whole_file() {
    let text = "-- poststack: allow drop-table nobody reads them\nDROP TABLE t; DROP TABLE u";
    assert_eq!(said(text), [] as [&str; 0]);
}

#[test]
fn an_allow_before_a_statement_is_for_that_statement() {
    let text = "DROP TABLE t;\n-- poststack: allow drop-table: nobody reads it\nDROP TABLE u;\nDROP TABLE v";
    assert_eq!(
        said(text),
        ["007_a.sql:1:12 drop-table", "007_a.sql:4:12 drop-table"]
    );
}

#[test]
fn a_missing_rollback_can_be_allowed() {
    let none = BTreeSet::new();
    let facts = Facts {
        missing_rollback: true,
        ..no_facts(&none)
    };
    let text = "-- poststack: allow missing-rollback it only adds a comment\nSELECT 1";
    assert_eq!(check(&script(text), &facts), []);
}

#[test]
fn an_allow_that_silences_nothing_is_a_warning() {
    assert_eq!(
        said("-- poststack: allow truncate it is small\nDROP TABLE t"),
        [
            "Warning Nothing here needs `allow truncate`: remove the comment",
            "007_a.sql:2:12 drop-table"
        ]
    );
}

#[test]
fn an_allow_without_reason_is_an_error_and_silences_nothing() {
    assert_eq!(
        said("-- poststack: allow drop-table\nDROP TABLE t"),
        [
            "Error `allow drop-table` says no reason: write behind the rule why it is right here",
            "007_a.sql:2:12 drop-table"
        ]
    );
}

#[test]
fn an_allow_of_an_unknown_rule_is_an_error_with_a_suggestion() {
    assert_eq!(
        said("-- poststack: allow drop-tabel x\n-- poststack: allow xyz\nSELECT 1"),
        [
            "Error Lint has no rule `drop-tabel`: did you mean `drop-table`?",
            "Error Lint has no rule `xyz`: the name of a rule stands in the brackets of its finding"
        ]
    );
}
