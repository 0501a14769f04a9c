//! What a start would do, and what was changed since the last one, as text for people.

use std::fmt::Write as _;

use super::db::count;
use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::Table;
use crate::environment::diff::Differences;
use crate::environment::planned::Planned;
use crate::plan::changes::{Change, Verb};

/// `env plan`: one line per object, and with `details` every step.
#[must_use]
pub fn plan(planned: &Planned, details: bool) -> String {
    let name = format!("{}/{}", planned.project, planned.environment);
    let mut text = String::new();
    let _ = writeln!(text, "{} on {}", paint(STRONG, &name), planned.engine);
    if planned.changes.is_empty() {
        let _ = writeln!(text, "nothing to do");
    }
    let _ = write!(text, "{}", changes(&planned.changes));
    if details && !planned.changes.is_empty() {
        let _ = writeln!(text, "\n{}", steps(planned).trim_end());
    }
    for obstacle in &planned.obstacles {
        let _ = writeln!(
            text,
            "{}: a start would stop: {obstacle}",
            paint(BAD, "error")
        );
    }
    if !planned.orphans.is_empty() {
        let names = planned.orphans.join(", ");
        let _ = writeln!(
            text,
            "{}: no file describes {names}; --remove-orphans removes them",
            paint(WARN, "note")
        );
    }
    if !planned.changes.is_empty() {
        let changes = count(planned.changes.len(), "change");
        let start = format!("poststack env start {}", planned.environment);
        let _ = writeln!(text, "{changes}, which `{start}` makes");
    }
    text
}

fn changes(all: &[Change]) -> String {
    let mut table = Table::default();
    for change in all {
        let what = match &change.service {
            Some(service) if change.kind == "container" => format!("{service} ({})", change.name),
            _ => format!("{} {}", change.kind, change.name),
        };
        let verb = format!("{} {}", sign(change.action), change.action.as_str());
        table.row([verb, what, change.cause.clone()]);
    }
    let coloured = |(line, change): (&str, &Change)| {
        let style = match change.action {
            Verb::Remove => BAD,
            Verb::Create | Verb::Start | Verb::Run => GOOD,
            _ => WARN,
        };
        format!("  {}\n", paint(style, line))
    };
    table.to_string().lines().zip(all).map(coloured).collect()
}

fn sign(action: Verb) -> &'static str {
    match action {
        Verb::Create | Verb::Build | Verb::Pull => "+",
        Verb::Recreate | Verb::Restart | Verb::Rename => "~",
        Verb::Start | Verb::Run => ">",
        Verb::Remove => "-",
    }
}

fn steps(planned: &Planned) -> String {
    let mut table = Table::new(&["STEP", "PHASE", "ACTION", "AFTER", "CAUSE"]);
    for step in &planned.steps {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        table.row([
            step.number.to_string(),
            step.phase.clone(),
            step.action.clone(),
            after.join(" "),
            step.cause.clone(),
        ]);
    }
    table.to_string()
}

/// `env diff`
#[must_use]
pub fn diff(found: &Differences) -> String {
    let name = paint(STRONG, &format!("{}/{}", found.project, found.environment));
    if !found.started {
        return format!("{name}: nothing to compare with: no start has left anything here");
    }
    if found.differences.is_empty() {
        return format!("{name} is as the last start left it");
    }
    let mut table = Table::default();
    for one in &found.differences {
        table.row([
            one.what.as_str().to_owned(),
            format!("{} {}", one.kind, one.name),
            one.details.join(", "),
        ]);
    }
    let mut text = format!("{name}: {}\n", count(found.differences.len(), "difference"));
    for line in table.to_string().lines() {
        let _ = writeln!(text, "  {line}");
    }
    let hint = format!("`poststack env start {}` puts it right", found.environment);
    let _ = writeln!(text, "{}", paint(DIM, &hint));
    text
}
