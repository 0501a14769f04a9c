//! Why a command failed: the faults, the message, what others said, and what to do next.

use super::diagnostics;
use super::style::{BAD, DIM, STRONG, paint};
use crate::environment::Failure;

#[must_use]
pub fn render(failure: &Failure) -> String {
    let mut lines: Vec<String> = failure
        .diagnostics
        .iter()
        .map(diagnostics::render)
        .collect();
    lines.push(format!("{}: {}", paint(BAD, "error"), failure.message));
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        lines.push(format!("  caused by: {cause}"));
        source = cause.source();
    }
    for excerpt in &failure.excerpts {
        lines.push(excerpt.heading.clone());
        lines.extend(
            excerpt
                .lines
                .iter()
                .map(|line| format!("  {} {line}", paint(DIM, "│"))),
        );
    }
    for hint in &failure.hints {
        lines.push(format!("{}: {hint}", paint(STRONG, "hint")));
    }
    lines.join("\n")
}

/// For a log: without colours, and of files the place alone, since a line may hold what is nobody's
/// business.
#[must_use]
pub fn plain(failure: &Failure) -> String {
    let mut lines: Vec<String> = failure
        .diagnostics
        .iter()
        .filter(|one| one.is_error())
        .map(|one| match &one.place {
            Some(place) => format!("{place}: {}", one.message),
            None => one.message.clone(),
        })
        .collect();
    lines.push(failure.message.clone());
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        lines.push(format!("caused by: {cause}"));
        source = cause.source();
    }
    for excerpt in &failure.excerpts {
        lines.push(excerpt.heading.clone());
        lines.extend(excerpt.lines.iter().cloned());
    }
    lines.join("\n")
}
