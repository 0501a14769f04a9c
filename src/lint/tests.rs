//! Each rule finds its bad form at its place and leaves the good form alone.

use std::collections::BTreeSet;

use super::*;
use crate::diagnostic::Severity;
use crate::text::SourceFile;

mod allows;
mod facts;
mod hostile;
mod locks;
mod meaning;

fn script(text: &str) -> Script {
    let parsed = Script::parse(&SourceFile::new("007_a.sql", text));
    parsed.unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn no_facts(new_tables: &BTreeSet<String>) -> Facts<'_> {
    Facts {
        missing_rollback: false,
        is_rollback: false,
        new_tables,
        server_major: None,
    }
}

fn lint(text: &str) -> Vec<Diagnostic> {
    check(&script(text), &no_facts(&BTreeSet::new()))
}

/// What is found, as `rule` and the marked text.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let diagnostics = lint(text);
    let pairs = diagnostics.iter().map(|diagnostic| {
        let place = diagnostic.place.as_ref().unwrap();
        (
            diagnostic.code.unwrap_or("none"),
            place.source.slice(place.span).to_owned(),
        )
    });
    pairs.collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    found(text).into_iter().map(|(code, _)| code).collect()
}

fn severity_of(text: &str) -> Severity {
    lint(text)[0].severity
}

/// The bad text, with what is found between `«` and `»`.
fn is_found(rule: &str, text: &str) {
    let marked = text
        .split_once('«')
        .and_then(|(_, rest)| rest.split_once('»'));
    let (marked, _) = marked.unwrap_or_else(|| panic!("no mark in {text}"));
    let text = text.replace(['«', '»'], "");
    let found = found(&text);
    assert!(
        found.iter().any(|(code, at)| *code == rule && at == marked),
        "{rule} at `{marked}` in {text}: {found:?}"
    );
    assert_eq!(found.len(), 1, "{text}: {found:?}");
}

fn is_fine(text: &str) {
    assert_eq!(found(text), [], "{text}");
}

/// Bad forms of one rule, then good forms beside them.
fn rule(name: &str, bad: &[&str], good: &[&str]) {
    assert!(rules().iter().any(|rule| rule.name == name), "{name}");
    bad.iter().for_each(|text| is_found(name, text));
    good.iter().for_each(|text| is_fine(text));
}
