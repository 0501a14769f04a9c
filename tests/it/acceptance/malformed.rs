//! Files with one fault each: one message, at the right place, that says how to write it right.

use std::path::Path;

use serde_json::Value;

use super::cases::{Case, read};
use super::{errors, findings, folder, poststack};

/// Where a message must point, and what it must say.
struct Expected<'a> {
    file: &'a str,
    line: u64,
    column: u64,
    message: &'a str,
}

/// `[file:]line:column message`
fn expected(heading: &str) -> Expected<'_> {
    let (place, message) = heading.split_once(' ').unwrap();
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().unwrap().parse().unwrap();
    let (column, line) = (number(), number());
    Expected {
        file: parts.next().unwrap_or("app.yml"),
        line,
        column,
        message,
    }
}

/// Whether the message itself, its help or the label below the text says how to write it right.
fn says_what_to_write(one: &Value) -> bool {
    let message = one["message"].as_str().unwrap();
    let told = [
        "write",
        "units: ",
        "suffixes: ",
        "it must lie in",
        "Required variable",
    ];
    one["help"].is_string()
        || one["label"].is_string()
        || told.iter().any(|words| message.contains(words))
}

/// What is wrong with what poststack says of `case`.
fn wrong(kind: &str, case: &Case) -> Option<String> {
    let expected = expected(&case.heading);
    let folder = folder(&case.files);
    let ran = poststack(folder.path(), kind, Path::new("app.yml"), &[]);
    let errors = errors(&ran);
    let root = folder.path().to_str().unwrap();
    let is_right = |one: &Value| {
        let message = one["message"].as_str().unwrap().replace(root, "<folder>");
        one["file"] == expected.file
            && one["line"] == expected.line
            && one["column"] == expected.column
            && message.starts_with(expected.message)
            && says_what_to_write(one)
    };
    let right = ran.code == 3 && errors.len() == 1 && errors.iter().all(is_right);
    (!right).then(|| {
        let said: Vec<_> = errors.iter().map(Value::to_string).collect();
        let (heading, text) = (&case.heading, case.text());
        format!(
            "{heading}\n{text}exit code {}\n{}\n",
            ran.code,
            said.join("\n")
        )
    })
}

fn check(kind: &str, table: &str, least: usize) {
    let cases = read(table, "app.yml");
    assert!(cases.len() >= least, "{} cases", cases.len());
    let wrong = findings(&cases, |case| wrong(kind, case));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_of_a_compose_file_has_one_message_at_its_place() {
    check("compose", include_str!("malformed_compose.txt"), 160);
}

#[test]
fn every_fault_of_a_pod_file_has_one_message_at_its_place() {
    check("pod", include_str!("malformed_pod.txt"), 50);
}
