//! `doctor`: one line per check, and under each fault what repairs it.

use std::fmt::Write as _;

use super::db::count;
use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use crate::doctor::{Check, Report, Verdict};

#[must_use]
pub fn report(report: &Report) -> String {
    let mut text = String::new();
    let width = report.checks.iter().map(|check| check.name.chars().count());
    let width = width.max().unwrap_or_default();
    let mut groups: Vec<&str> = Vec::new();
    for check in &report.checks {
        if !groups.contains(&check.group) {
            groups.push(check.group);
        }
    }
    for group in groups {
        let _ = writeln!(text, "{}", paint(STRONG, group));
        for check in report.checks.iter().filter(|check| check.group == group) {
            text.push_str(&line(check, width));
        }
    }
    let Report {
        errors, warnings, ..
    } = report;
    let _ = write!(
        text,
        "\n{}, {}",
        count(*errors, "fault"),
        count(*warnings, "warning")
    );
    text
}

fn line(check: &Check, width: usize) -> String {
    let sign = match check.verdict {
        Verdict::Ok => paint(GOOD, "✔"),
        Verdict::Warning => paint(WARN, "!"),
        Verdict::Error => paint(BAD, "✘"),
    };
    let indent = " ".repeat(width + 6);
    let detail = check.detail.replace('\n', &format!("\n{indent}"));
    let mut text = format!("  {sign} {:<width$}  {detail}\n", check.name);
    if let Some(fix) = &check.fix {
        let _ = writeln!(text, "{indent}{} {fix}", paint(DIM, "→"));
    }
    text
}
