//! Variables in files that ask for them.

use super::super::{MigrationError, Request, Step, plan_migrate};
use super::{folder, load, messages};
use crate::diagnostic::{Diagnostic, Place};
use crate::secret::Secret;
use crate::text::Span;

/// `A` is `one`, `Q` a quote, `S` two statements.
fn values(expression: &str, place: &Place) -> Result<Secret, Vec<Diagnostic>> {
    match expression {
        "${A}" => Ok(Secret::new("one")),
        "${B:-${A}}" => Ok(Secret::new("a longer value")),
        "${Q}" => Ok(Secret::new("'")),
        "${S}" => Ok(Secret::new("1; SELECT 2")),
        _ => Err(vec![
            Diagnostic::error(format!("no {expression}")).at(&place.source, place.span),
        ]),
    }
}

/// What is sent of a file with this text.
fn sent(text: &str) -> Result<String, Vec<String>> {
    let text = format!("-- poststack: substitute\n{text}");
    let folder = folder(&[("1_a.sql", &text)]);
    let (files, _) = load(&folder);
    let step = Step::up(&files.migrations[0], &values).map_err(|faults| messages(&faults))?;
    let sent = &step.sent().source.text;
    Ok(sent.split_once('\n').unwrap().1.to_owned())
}

#[test]
fn variables_are_put_in_where_the_file_asks_for_it() {
    assert_eq!(
        sent("SELECT '${A}', ${A}x, '${B:-${A}}'").unwrap(),
        "SELECT 'one', onex, 'a longer value'"
    );
    assert_eq!(
        sent("SELECT $1, $$${A}$$, $A, '${'").unwrap(),
        "SELECT $1, $$${A}$$, $A, '${'"
    );
}

#[test]
fn nothing_is_put_in_where_the_file_does_not_ask() {
    let folder = folder(&[("1_a.sql", "SELECT '${A}'")]);
    let (files, _) = load(&folder);
    let steps = plan_migrate(&files, None, &Request::default()).unwrap();
    assert_eq!(steps[0].sent().source.text, "SELECT '${A}'");
}

#[test]
fn every_variable_without_a_value_is_an_error_at_its_place() {
    assert_eq!(
        sent("SELECT ${X},\n${Y}").unwrap_err(),
        [
            "migrations/1_a.sql:2:8 no ${X}",
            "migrations/1_a.sql:3:1 no ${Y}"
        ]
    );
    let folder = folder(&[("1_a.sql", "-- poststack: substitute\nSELECT ${A}")]);
    let (files, _) = load(&folder);
    let Err(MigrationError::Conflict(faults)) = plan_migrate(&files, None, &Request::default())
    else {
        panic!("there is no value");
    };
    assert_eq!(
        messages(&faults),
        ["migrations/1_a.sql:2:8 `${A}` has no value here"]
    );
}

#[test]
fn a_value_does_not_end_statements_or_open_quotes() {
    for text in ["SELECT ${S}", "SELECT ${Q}"] {
        let faults = sent(text).unwrap_err();
        let message =
            "migrations/1_a.sql:2:8 With the values of its variables the file has other statements";
        assert_eq!(faults, [message]);
    }
}

#[test]
fn a_fault_in_what_was_sent_is_shown_in_the_file_as_written() {
    let text = "-- poststack: substitute\nSELECT '${A}', ${B:-${A}}, rest";
    let folder = folder(&[("1_a.sql", text)]);
    let (files, _) = load(&folder);
    let step = Step::up(&files.migrations[0], &values).unwrap();
    let sent = &step.sent().source;
    let marked = |word: &str| {
        let start = sent.text.find(word).unwrap();
        let span = Span::new(start, start + word.len());
        let diagnostic = Diagnostic::error("x").at(sent, span);
        let restored = step.substituted.as_ref().unwrap().restore(diagnostic);
        let place = restored.place.unwrap();
        assert_eq!(place.source.text, text);
        place.source.slice(place.span).to_owned()
    };
    assert_eq!(marked("SELECT"), "SELECT");
    assert_eq!(marked("one"), "${A}");
    assert_eq!(marked("longer"), "${B:-${A}}");
    assert_eq!(marked("rest"), "rest");
}
