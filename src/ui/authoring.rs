//! Outcomes of the `db` commands that write files and settle ledgers, as text for people.

use std::fmt::Write as _;

use super::style::{BAD, DIM, GOOD, paint};
use crate::database::adopt::{Adopted, Renamed};
use crate::database::author::{Derived, New};
use crate::database::baseline::Baseline;
use crate::database::repair::Repair;
use crate::database::squash::Squash;

/// `db new`: the paths alone, for `$EDITOR $(…)`.
#[must_use]
pub fn new(new: &New) -> String {
    new.files.join("\n")
}

/// `db create-rollback`, when it could not derive everything.
#[must_use]
pub fn left_to_write(derived: &Derived) -> String {
    let parts = match derived.todos {
        1 => "1 part could not be derived: its line".to_owned(),
        count => format!("{count} parts could not be derived: their lines"),
    };
    format!("{parts} `-- poststack: todo` in it; until then it is not run")
}

/// What `db repair` would do, before it asks.
#[must_use]
pub fn repair_lines(repair: &Repair) -> Vec<String> {
    let diff = repair.diff.iter().flat_map(|diff| diff.lines());
    let effects = repair.effects.iter().cloned();
    effects.chain(diff.map(coloured)).collect()
}

/// `db repair --dry-run`
#[must_use]
pub fn repair(repair: &Repair) -> String {
    format!("To {}:\n{}", repair.action, indented(&repair_lines(repair)))
}

/// `db repair`
#[must_use]
pub fn repaired(repair: &Repair) -> String {
    let done = format!("{} in {}", repair.done, repair.database);
    let diff = repair.diff.iter().flat_map(|diff| diff.lines());
    let diff: Vec<String> = diff.map(coloured).collect();
    match diff.is_empty() {
        true => done,
        false => format!("{done}\n{}", indented(&diff)),
    }
}

fn coloured(line: &str) -> String {
    match line.chars().next() {
        Some('+') => paint(GOOD, line),
        Some('-') => paint(BAD, line),
        _ => line.to_owned(),
    }
}

fn indented(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("  {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What `db baseline` would do, before it asks.
#[must_use]
pub fn baseline_lines(baseline: &Baseline) -> Vec<String> {
    let tables = match baseline.tables {
        0 => "the database has no table at all: is it the right one?".to_owned(),
        1 => "the database has 1 table".to_owned(),
        tables => format!("the database has {tables} tables"),
    };
    let marked = baseline.marked.iter();
    let marked = marked.map(|title| format!("record `{title}`, and not run it"));
    marked.chain([tables]).collect()
}

/// `db baseline`
#[must_use]
pub fn baselined(baseline: &Baseline, dry_run: bool) -> String {
    let verb = if dry_run { "Would mark" } else { "Marked" };
    let head = format!(
        "{verb} {} as applied in {}",
        migrations(baseline.marked.len()),
        baseline.database
    );
    format!("{head}\n{}", indented(&baseline.marked))
}

fn migrations(count: usize) -> String {
    match count {
        1 => "1 migration".to_owned(),
        count => format!("{count} migrations"),
    }
}

/// What `db adopt` would do, before it asks.
#[must_use]
pub fn adoption_lines(adopted: &Adopted) -> Vec<String> {
    let files = adopted.adopted.iter();
    let files = files.map(|file| match &file.applied_at {
        Some(at) => format!("record `{}`, applied at {at}", file.migration),
        None => format!("record `{}`", file.migration),
    });
    let repeatables = adopted.repeatables.iter();
    let repeatables = repeatables.map(|title| format!("record `{title}`"));
    files.chain(repeatables).collect()
}

/// `db adopt`
#[must_use]
pub fn adopted(adopted: &Adopted, dry_run: bool) -> String {
    let verb = if dry_run { "Would take" } else { "Took" };
    let mut text = format!(
        "{verb} over {} from `{}` of {} in {}",
        migrations(adopted.adopted.len() + adopted.repeatables.len()),
        adopted.table,
        adopted.from,
        adopted.database
    );
    if dry_run {
        let _ = write!(text, "\n{}", indented(&adoption_lines(adopted)));
    }
    let pending = adopted.pending.iter();
    let pending: Vec<String> = pending.map(|title| format!("{title} is pending")).collect();
    if !pending.is_empty() {
        let _ = write!(text, "\n{}", indented(&pending));
    }
    text
}

/// `db adopt --rename`
#[must_use]
pub fn renamed(renamed: &Renamed, dry_run: bool) -> String {
    let verb = if dry_run { "Would turn" } else { "Turned" };
    let files = renamed.renamed.len();
    let mut text = match files {
        1 => format!("{verb} 1 file into ours"),
        files => format!("{verb} {files} files into ours"),
    };
    for file in &renamed.renamed {
        let to = file.to.join(", ");
        let _ = write!(text, "\n  {} → {to}", file.from);
    }
    for (file, reason) in &renamed.left_out {
        let _ = write!(
            text,
            "\n  {file} {}",
            paint(DIM, &format!("left out: {reason}"))
        );
    }
    text
}

/// What `db squash` would do, before it asks.
#[must_use]
pub fn squash_lines(squash: &Squash) -> Vec<String> {
    vec![
        format!(
            "write `{}`: {} statements, {} rows; a scratch database proved that it makes the same",
            squash.file, squash.statements, squash.rows
        ),
        format!(
            "move {} to `{}`",
            migrations(squash.squashed.len()),
            squash.kept_in
        ),
        "make one row of theirs in the ledger; other environments accept the file as they are"
            .to_owned(),
    ]
}

/// `db squash`
#[must_use]
pub fn squashed(squash: &Squash, dry_run: bool) -> String {
    let verb = if dry_run { "Would squash" } else { "Squashed" };
    let head = format!(
        "{verb} {} into `{}` ({} statements, {} rows)",
        migrations(squash.squashed.len()),
        squash.file,
        squash.statements,
        squash.rows
    );
    format!("{head}\n{}", indented(&squash.squashed))
}
