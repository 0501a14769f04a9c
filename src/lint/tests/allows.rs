//! Findings that the file allows.

use super::*;

fn allow(rule: &str, statement: Option<Span>) -> Allow {
    Allow {
        rule: rule.to_owned(),
        reason: "it is small".to_owned(),
        span: Span::new(0, 1),
        statement,
    }
}

fn lint_with(text: &str, allows: &[Allow]) -> Vec<String> {
    let diagnostics = check(&script(text), allows, &no_facts(&BTreeSet::new()));
    let line = |diagnostic: Diagnostic| match (diagnostic.code, &diagnostic.help) {
        (Some(code), _) => code.to_owned(),
        (None, help) => format!(
            "{:?} {}: {}",
            diagnostic.severity,
            diagnostic.message,
            help.clone().unwrap_or_default()
        ),
    };
    diagnostics.into_iter().map(line).collect()
}

#[test]
fn an_allow_silences_its_rule_in_the_file_or_one_statement() {
    let text = "DROP TABLE t; DROP TABLE u";
    let second = script(text).statements[1].span;
    assert_eq!(
        lint_with(text, &[allow("drop-table", None)]),
        [] as [&str; 0]
    );
    assert_eq!(
        lint_with(text, &[allow("drop-table", Some(second))]),
        ["drop-table"]
    );
}

#[test]
fn an_allow_that_silences_nothing_is_a_warning() {
    assert_eq!(
        lint_with("DROP TABLE t", &[allow("truncate", None)]),
        [
            "Warning Nothing here needs `allow truncate`: remove the comment",
            "drop-table"
        ]
    );
}

#[test]
fn an_allow_of_an_unknown_rule_is_an_error_with_a_suggestion() {
    assert_eq!(
        lint_with("SELECT 1", &[allow("drop-tabel", None), allow("xyz", None)]),
        [
            "Error Lint has no rule `drop-tabel`: did you mean `drop-table`?",
            "Error Lint has no rule `xyz`: `poststack db lint --rules` lists them all"
        ]
    );
}
