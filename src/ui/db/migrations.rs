//! Migrations as text for people: what is pending, what was done, how each stands.

use std::fmt::Write as _;

use super::count;
use crate::database::info::{File, Info};
use crate::database::lint::{Known, Linted};
use crate::database::migrate::{Migrated, Planned};
use crate::database::rollback::{Plan, Redone, RolledBack};
use crate::database::status::{Entry, Status};
use crate::database::validate_rollbacks::{WayBack, WayBackState};
use crate::database::verify::Verified;
use crate::event::Seconds;
use crate::ui::progress::short;
use crate::ui::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use crate::ui::table::Table;

/// `db migrate --dry-run`
#[must_use]
pub fn planned(planned: &[Planned]) -> String {
    if planned.is_empty() {
        return "Nothing is pending".to_owned();
    }
    let mut table = Table::new(&["PENDING", "STATEMENTS", "TRANSACTION"]);
    for one in planned {
        let statements = match one.done {
            Some(done) => format!("{done}/{} done", one.statements),
            None => one.statements.to_string(),
        };
        let transaction = if one.in_transaction { "one" } else { "none" };
        table.row([one.file.clone(), statements, transaction.to_owned()]);
    }
    table.to_string()
}

/// The end of `db migrate`.
#[must_use]
pub fn migrated(migrated: &Migrated) -> String {
    let name = paint(STRONG, &migrated.database);
    let took = paint(DIM, &took(migrated.seconds));
    match migrated.applied.len() {
        0 => format!("{name}: nothing is pending"),
        some => format!("{name}: {} applied {took}", count(some, "migration")),
    }
}

/// `db rollback --dry-run`
#[must_use]
pub fn rollback_plan(plan: &Plan) -> String {
    if plan.migrations.is_empty() {
        return match &plan.newest {
            Some(newest) => format!("{newest} is the newest; nothing to take back"),
            None => "Nothing is applied".to_owned(),
        };
    }
    rollback_lines(plan).join("\n")
}

/// What a rollback would take back and lose, line by line.
#[must_use]
pub fn rollback_lines(plan: &Plan) -> Vec<String> {
    let files = plan.migrations.iter();
    let files = files.map(|one| format!("roll back {} by {}", one.migration, one.file));
    let applied = plan.apply.iter();
    let applied = applied.map(|one| format!("apply {}", one.file));
    let lost = plan.lost.iter().map(|lost| format!("lose {lost}"));
    files.chain(applied).chain(lost).collect()
}

/// The end of `db rollback`.
#[must_use]
pub fn rolled_back(done: &RolledBack) -> String {
    let name = paint(STRONG, &done.database);
    let took = paint(DIM, &took(done.seconds));
    match done.rolled_back.len() {
        0 => match &done.newest {
            Some(newest) => format!("{name}: {newest} is the newest; nothing to take back"),
            None => format!("{name}: nothing is applied"),
        },
        some => format!("{name}: {} rolled back {took}", count(some, "migration")),
    }
}

/// The end of `db redo`.
#[must_use]
pub fn redone(done: &Redone) -> String {
    let name = paint(STRONG, &done.database);
    let took = paint(DIM, &took(done.seconds));
    match done.applied.len() {
        0 => format!("{name}: nothing is applied"),
        some => format!("{name}: {} done again {took}", count(some, "migration")),
    }
}

/// `db migration-status`
#[must_use]
pub fn status(status: &Status) -> String {
    let mut text = String::new();
    let counts: Vec<String> = { status.counts.iter() }
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    let counts = match counts.as_slice() {
        [] => "no migrations".to_owned(),
        counts => counts.join(", "),
    };
    let name = paint(STRONG, &status.database);
    let _ = writeln!(text, "{name}: {counts} (files in {})", status.folder);
    if let Some(holder) = &status.locked_by {
        let _ = writeln!(text, "a run is at work: {holder}");
    }
    if status.ledger == Some("original") {
        let _ = writeln!(
            text,
            "the ledger of the original is taken over by the next run"
        );
    }
    for other in &status.other_ledgers {
        let _ = writeln!(text, "another tool's ledger: {other}");
    }
    if status.migrations.is_empty() && status.repeatables.is_empty() {
        return text;
    }
    let mut table = Table::new(&["VERSION", "NAME", "STATE", "APPLIED AT", "TOOK", "ROLLBACK"]);
    for entry in status.migrations.iter().chain(&status.repeatables) {
        table.row(cells(entry));
    }
    let _ = write!(text, "{table}");
    text
}

fn cells(entry: &Entry) -> [String; 6] {
    let dash = || "-".to_owned();
    [
        entry.version.clone().unwrap_or_else(|| "R".to_owned()),
        entry.name.clone(),
        entry.state.to_owned(),
        entry.applied_at.as_deref().map_or_else(dash, to_the_second),
        entry.seconds.map_or_else(dash, |it| short(it.0)),
        match entry.rollback {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => dash(),
        },
    ]
}

/// `2026-01-31 08:00:00.123+00` without its fraction.
fn to_the_second(time: &str) -> String {
    let Some((whole, rest)) = time.split_once('.') else {
        return time.to_owned();
    };
    let zone = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{whole}{zone}")
}

/// `db migration-info`
#[must_use]
pub fn info(info: &Info) -> String {
    let mut text = String::new();
    let title = paint(STRONG, &format!("{}_{}", info.version, info.name));
    let _ = writeln!(text, "{title}: {}", info.state);
    if let Some(applied) = &info.applied {
        let _ = writeln!(
            text,
            "applied at {} by {} in {} with poststack {}",
            applied.at,
            applied.by,
            short(applied.seconds.0),
            applied.tool_version
        );
        let _ = writeln!(text, "checksum when applied  {}", applied.checksum);
    }
    if let Some(unfinished) = &info.unfinished {
        let (done, total) = (unfinished.done, unfinished.total);
        let _ = writeln!(text, "stopped after {done} of {total} statements");
        if let Some(error) = &unfinished.error {
            let _ = writeln!(text, "the server said: {error}");
        }
    }
    match &info.file {
        Some(file) => text.push_str(&file_lines("file", file)),
        None => text.push_str("its file is gone\n"),
    }
    match &info.rollback {
        Some(file) => text.push_str(&file_lines("rollback", file)),
        None => text.push_str("there is no rollback file\n"),
    }
    text
}

fn file_lines(label: &str, file: &File) -> String {
    let mut notes = vec![count(file.statements, "statement")];
    if !file.in_transaction {
        notes.push("no transaction".to_owned());
    }
    if !file.requires.is_empty() {
        notes.push(format!("requires {}", file.requires.join(", ")));
    }
    if file.substitute {
        notes.push("with variables".to_owned());
    }
    if file.todo {
        notes.push("not finished".to_owned());
    }
    let notes = notes.join(", ");
    let Some(sql) = Some(&file.sql).filter(|_| label == "file") else {
        return format!("{label}  {} ({notes})\n", file.path);
    };
    let checksum = &file.checksum;
    let sql = paint(DIM, sql.trim_end());
    format!(
        "{label}  {} ({notes})\nchecksum now  {checksum}\n{sql}\n",
        file.path
    )
}

/// `db verify`
#[must_use]
pub fn verified(verified: &Verified) -> String {
    format!(
        "{}: {} applied, {} pending; files and ledger fit",
        paint(STRONG, &verified.database),
        verified.applied,
        verified.pending
    )
}

/// `db validate-rollbacks`
#[must_use]
pub fn ways_back(ways: &[WayBack]) -> String {
    let mut text = String::new();
    for way in ways {
        let (sign, word) = match way.state {
            WayBackState::Ready => (paint(GOOD, "✔"), "has a way back"),
            WayBackState::NotNeeded => (paint(GOOD, "✔"), "is squashed and needs no way back"),
            WayBackState::Missing => (paint(BAD, "✘"), "has no rollback file"),
            WayBackState::Faulty => (paint(WARN, "✘"), "has a rollback file with faults"),
        };
        let _ = writeln!(text, " {sign} {}_{} {word}", way.version, way.name);
    }
    text
}

/// `db lint`
#[must_use]
pub fn linted(linted: &Linted) -> String {
    format!(
        "{} looked at: {}, {}",
        count(linted.files.len(), "file"),
        count(linted.errors, "error"),
        count(linted.warnings, "warning")
    )
}

/// `db lint --rules`
#[must_use]
pub fn lint_rules(rules: &[Known]) -> String {
    let mut text = String::new();
    for rule in rules {
        let name = paint(STRONG, rule.name);
        let _ = writeln!(text, "{name} ({})", rule.severity);
        let _ = writeln!(text, "  {}", rule.what);
        let _ = writeln!(
            text,
            "  {}",
            paint(DIM, &format!("instead: {}", rule.instead))
        );
    }
    text
}

/// `in 0.12 s`
fn took(seconds: Seconds) -> String {
    format!("in {}", crate::ui::progress::seconds(seconds.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_to_the_second() {
        assert_eq!(
            to_the_second("2026-01-31 08:00:00.123456+05:30"),
            "2026-01-31 08:00:00+05:30"
        );
        assert_eq!(
            to_the_second("2026-01-31 08:00:00+00"),
            "2026-01-31 08:00:00+00"
        );
    }
}
