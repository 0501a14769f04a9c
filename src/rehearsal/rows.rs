//! What a file does to rows that are there: lost by applying it, lost or changed by going back.

use super::report::{Count, Finding, FindingKind, RowsReport};
use super::snapshot::Snapshot;
use crate::diagnostic::Diagnostic;
use crate::migration::Step;
use crate::postgres::relations::Relation;
use crate::text::Span;

/// Three moments of one file.
pub(super) struct Moments<'a> {
    pub before: &'a Snapshot,
    pub up: &'a Snapshot,
    /// `None` when it was not rolled back.
    pub down: Option<&'a Snapshot>,
}

/// Tables of before that have other rows later.
pub(super) fn report(moments: &Moments<'_>) -> Vec<RowsReport> {
    let tables = moments.before.relations.values();
    let tables = tables.filter(|table| table.has_rows());
    tables
        .filter_map(|table| of_table(moments, table))
        .collect()
}

fn of_table(moments: &Moments<'_>, table: &Relation) -> Option<RowsReport> {
    let before = moments.before.count(table)?;
    let later = |snapshot: &Snapshot| snapshot.count(snapshot.now(table)?);
    let after_up = later(moments.up);
    let after_down = moments.down.and_then(later);
    let is_other = |after: Option<Count>| match after {
        // One is an estimate: nothing can be said.
        Some(after) => after.exact && before.exact && after.rows != before.rows,
        None => true,
    };
    let other_contents = moments.down.is_some_and(|down| {
        let hash = down.now(table).and_then(|now| down.hash(now));
        let both = moments.before.hash(table).zip(hash);
        !is_other(after_down) && both.is_some_and(|(before, after)| before != after)
    });
    let is_gone = |snapshot: &Snapshot| snapshot.now(table).is_none();
    let changed = is_other(after_up) && (after_up.is_some() || is_gone(moments.up))
        || moments
            .down
            .is_some_and(|down| is_other(after_down) && (after_down.is_some() || is_gone(down)));
    (changed || other_contents).then(|| RowsReport {
        table: table.title(),
        before,
        after_up,
        after_down,
        other_contents,
    })
}

/// What is worth a warning of it.
pub(super) fn findings(step: &Step<'_>, rows: &[RowsReport], went_back: bool) -> Vec<Finding> {
    let rows = rows.iter();
    rows.filter_map(|table| finding(step, table, went_back))
        .collect()
}

fn finding(step: &Step<'_>, table: &RowsReport, went_back: bool) -> Option<Finding> {
    let name = &table.table;
    let lost = |after: Option<Count>| {
        let kept = after.map_or(0, |count| count.rows);
        table.before.rows.saturating_sub(kept)
    };
    let of = format!("of {} rows of `{name}`", table.before);
    let (kind, message) = match (lost(table.after_up), lost(table.after_down)) {
        (up @ 1.., back @ 1..) if went_back => (
            FindingKind::RowsLost,
            format!("Applying it removes {up} {of}, and after its rollback {back} are missing"),
        ),
        (0, back @ 1..) if went_back => (
            FindingKind::RowsLost,
            format!("After its rollback {back} {of} are missing"),
        ),
        (up @ 1.., _) => (
            FindingKind::RowsLost,
            format!("Applying it removes {up} {of}"),
        ),
        _ if table.other_contents => (
            FindingKind::OtherContents,
            format!("After its rollback the rows of `{name}` are not what they were"),
        ),
        _ => return None,
    };
    let diagnostic = Diagnostic::warning(message).at(&step.script.source, Span::at(0));
    Some(Finding::new(kind, diagnostic))
}
