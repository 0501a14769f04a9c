//! `healthcheck` (<https://github.com/compose-spec/compose-spec/blob/main/05-services.md#healthcheck>).

use super::casts;
use super::file::{File, Section};
use super::keys::Keys;
use crate::workload::model::{HealthTest, Healthcheck};
use crate::yaml::{Node, Value};

const HEALTHCHECK: Keys = Keys::only(&[
    "test",
    "interval",
    "timeout",
    "retries",
    "start_period",
    "start_interval",
    "disable",
]);

pub(super) fn read(file: &mut File<'_>, node: &Node, path: &str) -> Option<Healthcheck> {
    let section = Section::open(file, node, path, &HEALTHCHECK)?;
    let test = section.read(file, "test", test);
    let disabled = section.read(file, "disable", casts::flag);
    let retries = section.read(file, "retries", |file, node, path| {
        file.decoder.integer(node, path, 0..=i64::from(u32::MAX))
    });
    Some(Healthcheck {
        test: if disabled { HealthTest::None } else { test },
        interval: section.read(file, "interval", casts::duration),
        timeout: section.read(file, "timeout", casts::duration),
        start_period: section.read(file, "start_period", casts::duration),
        start_interval: section.read(file, "start_interval", casts::duration),
        retries: retries.and_then(|retries| u32::try_from(retries).ok()),
    })
}

/// A string runs in the image's shell; a list says itself what it is.
fn test(file: &mut File<'_>, node: &Node, path: &str) -> HealthTest {
    let parsed = match &node.value {
        Value::Sequence(items) => {
            let words: Option<Vec<String>> = items
                .iter()
                .map(|item| file.decoder.string(item, path))
                .collect();
            words.map(|words| {
                several_words(file, node, path, &words);
                listed(words)
            })
        }
        _ => file.decoder.string(node, path).map(shell),
    };
    match parsed {
        None => HealthTest::Inherit,
        Some(Ok(test)) => test,
        Some(Err((wrong, help))) => {
            file.fault(node.span, format!("`{path}` {wrong}"), help);
            HealthTest::Inherit
        }
    }
}

/// A shell takes one command line; engines let it forget every word but the first.
fn several_words(file: &mut File<'_>, node: &Node, path: &str, words: &[String]) {
    if let [kind, first, _, ..] = words
        && kind == "CMD-SHELL"
    {
        let message = format!("`{path}` has several words after CMD-SHELL; they are joined");
        file.decoder.warning(node.span, message).help = Some(format!(
            "write one string; Compose would run `{first}` without its arguments"
        ));
    }
}

/// What is wrong with a test, and what to write.
type Fault = (&'static str, &'static str);

fn shell(text: String) -> Result<HealthTest, Fault> {
    if text.trim().is_empty() {
        return Err(("is empty", "write a command, or `disable: true`"));
    }
    Ok(HealthTest::Shell(text))
}

fn listed(words: Vec<String>) -> Result<HealthTest, Fault> {
    let mut words = words.into_iter();
    let kind = words.next();
    let rest: Vec<String> = words.collect();
    match (kind.as_deref(), rest.as_slice()) {
        (None, _) => Ok(HealthTest::Inherit),
        (Some("NONE"), []) => Ok(HealthTest::None),
        (Some("CMD"), [_, ..]) => Ok(HealthTest::Command(rest)),
        (Some("CMD-SHELL"), [_, ..]) => shell(rest.join(" ")),
        (Some("NONE"), _) => Err(("has words after NONE", "write `disable: true`")),
        (Some("CMD"), []) => Err(("has no command", "write [CMD, program, argument, …]")),
        (Some("CMD-SHELL"), _) => Err((
            "needs one command after CMD-SHELL",
            "write [CMD-SHELL, \"the whole command line\"]",
        )),
        (Some(_), _) => Err((
            "must start with CMD, CMD-SHELL or NONE",
            "write [CMD, program, argument, …] or one string",
        )),
    }
}

#[cfg(test)]
mod tests;
