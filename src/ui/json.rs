//! Everything as JSON, version 1.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::Failure;
use crate::event::{Event, Seconds};

/// `data` with `"v": 1` first; a list goes under `items`.
#[must_use]
pub fn versioned(data: &impl Serialize) -> Value {
    let mut object = Map::new();
    object.insert("v".to_owned(), json!(1));
    match serde_json::to_value(data) {
        Ok(Value::Object(fields)) => object.extend(fields),
        Ok(other) => {
            object.insert("items".to_owned(), other);
        }
        Err(error) => {
            object.insert("error".to_owned(), json!(error.to_string()));
        }
    }
    Value::Object(object)
}

/// The last line of a long command that ended well.
#[must_use]
pub fn result(data: &impl Serialize) -> Value {
    with_type(versioned(data), "result")
}

/// `data` with what was found in the files it was made of.
#[must_use]
pub fn checked(data: &impl Serialize, found: &[Diagnostic]) -> Value {
    let mut value = versioned(data);
    if let Value::Object(fields) = &mut value {
        fields.insert("diagnostics".to_owned(), json!(diagnostics(found)));
    }
    value
}

fn with_type(value: Value, kind: &str) -> Value {
    match value {
        Value::Object(mut fields) => {
            fields.insert("type".to_owned(), json!(kind));
            Value::Object(fields)
        }
        other => other,
    }
}

#[must_use]
pub fn event(event: &Event) -> Value {
    match event {
        Event::Began {
            verb,
            project,
            environment,
            engine,
        } => json!({"v": 1, "type": "began", "verb": verb, "project": project,
                    "environment": environment, "engine": engine}),
        Event::StepBegan { subject, work } => json!({"v": 1, "type": "step-began",
            "kind": subject.kind, "name": subject.name, "work": work}),
        Event::StepEnded {
            subject,
            done,
            cause,
            took,
        } => json!({"v": 1, "type": "step-ended", "kind": subject.kind, "name": subject.name,
                    "done": done, "cause": cause, "seconds": Seconds(*took)}),
        Event::StepOver { subject } => {
            json!({"v": 1, "type": "step-over", "kind": subject.kind, "name": subject.name})
        }
        Event::ImageBytes { image, done, total } => {
            json!({"v": 1, "type": "image-bytes", "image": image, "done": done, "total": total})
        }
        Event::ImageProgress { image, line } => {
            json!({"v": 1, "type": "image-progress", "image": image, "line": line})
        }
        Event::InitBegan { entries } => json!({"v": 1, "type": "init-began", "entries": entries}),
        Event::InitEnded(result) => with_type(versioned(result), "init-ended"),
        Event::Migration(event) | Event::InitMigration(event) => versioned(event),
        Event::Note(text) => json!({"v": 1, "type": "note", "text": text}),
        Event::Warning(text) => json!({"v": 1, "type": "warning", "text": text}),
    }
}

#[must_use]
pub fn failure(failure: &Failure) -> Value {
    error(failure, failure.kind.exit_code())
}

/// A failure that ends with this exit code, for instance that of a signal.
#[must_use]
pub fn error(failure: &Failure, exit_code: u8) -> Value {
    let excerpts = failure.excerpts.iter();
    let excerpts: Vec<Value> = excerpts
        .map(|excerpt| json!({"heading": excerpt.heading, "lines": excerpt.lines}))
        .collect();
    json!({
        "v": 1,
        "type": "error",
        "message": failure.message,
        "exit_code": exit_code,
        "diagnostics": diagnostics(&failure.diagnostics),
        "excerpts": excerpts,
        "hints": failure.hints,
    })
}

/// Faults in files as a list.
#[must_use]
pub fn diagnostics(found: &[Diagnostic]) -> Vec<Value> {
    found.iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let location = diagnostic.place.as_ref().map(|place| {
        let location = place.source.location(place.span.start);
        (place.source.path.display().to_string(), location)
    });
    json!({
        "severity": severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "file": location.as_ref().map(|(path, _)| path),
        "line": location.as_ref().map(|(_, location)| location.line),
        "column": location.as_ref().map(|(_, location)| location.column),
        "label": diagnostic.label,
        "help": diagnostic.help,
    })
}
