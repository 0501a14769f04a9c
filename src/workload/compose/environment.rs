//! The environment of a service: `environment` over its env files, the last file first.

use std::collections::BTreeMap;

use super::env_file;
use super::file::{File, Section};
use super::pairs::{self, Pair};
use crate::diagnostic::Severity;
use crate::secret::Secret;
use crate::template::{Outcome, Use};
use crate::variables::evaluate::Mention;
use crate::yaml::{Node, Value};

/// Name → value; `None` removes a variable that the image sets.
pub(super) type Environment = BTreeMap<String, Option<Secret>>;

pub(super) fn read(file: &mut File<'_>, service: &Section<'_>) -> Environment {
    let mut environment: Environment = service.read(file, "env_file", files).into_iter().collect();
    environment.extend(own(file, service));
    environment
}

/// What stands under `environment` alone.
pub(super) fn own(file: &mut File<'_>, section: &Section<'_>) -> Environment {
    let path = section.at("environment");
    let pairs = section.read(file, "environment", pairs::read);
    let value = |pair: Pair| {
        let value = match &pair.value {
            Some(text) => Some(Secret::new(text.clone())),
            None => passed_through(file, &pair, &path),
        };
        (pair.name, value)
    };
    pairs.into_iter().map(value).collect()
}

/// A name without a value takes the variable of that name; it is a use of it as `${NAME}` is.
fn passed_through(file: &mut File<'_>, pair: &Pair, path: &str) -> Option<Secret> {
    let reader = file.current.reader;
    let variables = file.variables(pair.span);
    let value = variables.value(&pair.name, reader)?;
    let text = value.text.clone();
    let place = file.decoder.place(pair.span);
    let mention = Mention {
        name: pair.name.clone(),
        range: 0..0,
        outcome: Outcome::Value,
        message: String::new(),
        value: Some(value),
    };
    for (outcome, mut fault) in variables.faults(&mention, &place) {
        if outcome == Outcome::Undefined && file.context.allow_undefined {
            fault.severity = Severity::Warning;
        }
        file.decoder.diagnostics.push(fault);
    }
    file.uses.push(Use {
        local: variables.local(&mention.name),
        name: mention.name,
        path: format!("{path}.{}", pair.name),
        place,
        reader,
        outcome: Outcome::Value,
        default: String::new(),
    });
    Some(text)
}

fn files(file: &mut File<'_>, node: &Node, path: &str) -> Vec<(String, Option<Secret>)> {
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut found: Vec<(String, Option<Secret>)> = Vec::new();
    for item in items {
        let Some(one) = env_file::entry(file, item, path) else {
            continue;
        };
        let pairs = env_file::read(file, &one, &found);
        found.extend(pairs);
    }
    found
}

#[cfg(test)]
mod tests;
