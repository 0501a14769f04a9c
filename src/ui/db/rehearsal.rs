//! A rehearsal as text for people. Its findings are shown as faults of files, beside this.

use std::fmt::Write as _;

use super::count;
use crate::postgres::relations::LockMode;
use crate::rehearsal::{Count, FileReport, Report, Run, Size, Way};
use crate::ui::progress::seconds;
use crate::ui::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use crate::ui::table::Table;
use crate::units::bytes_text;

/// `db migrate --rehearse`
#[must_use]
pub fn rehearsed(report: &Report) -> String {
    if report.way == Way::Nothing {
        return format!("{}: nothing is pending", paint(STRONG, &report.database));
    }
    let mut text = head(report);
    text.push_str(&files(report));
    for file in &report.files {
        text.push_str(&details(file));
    }
    if !report.not_run.is_empty() {
        let files = count(report.not_run.len(), "migration");
        let _ = writeln!(text, "\n{files} not rehearsed: one before was not applied");
    }
    text
}

fn head(report: &Report) -> String {
    let took = paint(DIM, &format!("({})", seconds(report.seconds.0)));
    let how = match report.way {
        Way::Clone | Way::Nothing => "on a clone with all data".to_owned(),
        Way::Schema => {
            let reason = report.reason.as_deref().unwrap_or_default();
            format!("on its schema without data: {reason}")
        }
    };
    let name = paint(STRONG, &report.database);
    let mut text = format!("{name}: rehearsed {how} {took}\n");
    for what in &report.left_out {
        let _ = writeln!(text, "  without {what}");
    }
    text.push('\n');
    text
}

fn files(report: &Report) -> String {
    let mut table = Table::new(&[
        "MIGRATION",
        "UP",
        "DOWN",
        "UP AGAIN",
        "STRONGEST LOCK",
        "RESULT",
    ]);
    for file in &report.files {
        table.row([
            file.title.clone(),
            time(file.up.as_ref()),
            time(file.down.as_ref()),
            time(file.up_again.as_ref()),
            strongest(file),
            result(file),
        ]);
    }
    table.to_string()
}

fn time(run: Option<&Run>) -> String {
    run.map_or_else(|| "-".to_owned(), |run| seconds(run.seconds.0))
}

fn strongest(file: &FileReport) -> String {
    let Some(up) = &file.up else {
        return "-".to_owned();
    };
    match up.locks.first() {
        _ if !file.transaction => "not seen: no transaction".to_owned(),
        Some(lock) => lock.mode.name().to_owned(),
        None => "none".to_owned(),
    }
}

fn result(file: &FileReport) -> String {
    let errors = file.findings.iter().filter(|one| one.is_error()).count();
    match (errors, file.findings.len()) {
        (0, 0) => paint(GOOD, "fine"),
        (0, warnings) => paint(WARN, &count(warnings, "remark")),
        (errors, _) => paint(BAD, &count(errors, "error")),
    }
}

/// What takes time on a large table, and what is not as before.
fn details(file: &FileReport) -> String {
    let mut text = String::new();
    let runs = [("up", &file.up), ("down", &file.down)];
    for (way, run) in runs {
        let Some(run) = run else { continue };
        let strong = run
            .locks
            .iter()
            .filter(|lock| lock.mode > LockMode::RowExclusive);
        for lock in strong {
            let _ = writeln!(
                text,
                "  {way}: line {} takes {} on {}{}: {} for {}",
                lock.line,
                lock.mode.name(),
                lock.table,
                size(lock.size),
                lock.blocks,
                seconds(lock.held.0)
            );
        }
        for one in &run.rewritten {
            let kind = if one.index { "index" } else { "table" };
            let size = size(one.size);
            let _ = writeln!(
                text,
                "  {way}: {kind} {} is written anew{size}",
                one.relation
            );
        }
    }
    for rows in &file.rows {
        let _ = write!(
            text,
            "  rows of {}: {} → {}",
            rows.table,
            rows.before,
            or_gone(rows.after_up)
        );
        if file.down.is_some() {
            let _ = write!(text, " → {}", or_gone(rows.after_down));
        }
        text.push('\n');
    }
    for difference in &file.differences {
        let _ = writeln!(text, "  after up and down: {difference}");
    }
    match text.as_str() {
        "" => text,
        _ => format!("\n{}\n{text}", paint(STRONG, &file.title)),
    }
}

fn or_gone(count: Option<Count>) -> String {
    count.map_or_else(|| "gone".to_owned(), |count| count.to_string())
}

/// ` (1.2 GiB, about 3000000 rows)`
fn size(size: Size) -> String {
    let bytes = bytes_text(size.bytes);
    match (size.bytes, size.rows) {
        (0, None) => String::new(),
        (_, None) => format!(" ({bytes})"),
        (_, Some(rows)) => format!(" ({bytes}, about {rows} rows)"),
    }
}
