//! The catalogue and the server's counters as text for people.

use std::fmt::Write as _;
use std::time::Duration;

use super::count;
use crate::schema::{
    ColumnDescription, Description, IndexStats, Stats, TableDescription, TableStats,
};
use crate::ui::progress::seconds;
use crate::ui::style::{DIM, STRONG, paint};
use crate::ui::table::Table;
use crate::ui::view::bytes;

/// `db show-schema`
#[must_use]
pub fn described(description: &Description) -> String {
    if description.tables.is_empty() {
        return "There are no tables".to_owned();
    }
    let tables = description.tables.iter().map(table);
    tables.collect::<Vec<_>>().join("\n")
}

fn table(table: &TableDescription) -> String {
    let mut text = String::new();
    let name = paint(STRONG, &format!("{}.{}", table.schema, table.name));
    let mut notes = vec![table.kind.clone()];
    if let Some(rows) = table.estimated_rows {
        notes.push(format!("about {}", rows_of(rows)));
    }
    if table.total_bytes > 0 {
        notes.push(bytes(table.total_bytes));
    }
    let _ = writeln!(text, "{name}: {}", notes.join(", "));
    if let Some(comment) = &table.comment {
        let _ = writeln!(text, "  {}", paint(DIM, comment));
    }
    let mut columns = Table::new(&["  COLUMN", "TYPE", "NULL", "DEFAULT"]);
    for column in &table.columns {
        columns.row(cells(column));
    }
    let _ = write!(text, "{columns}");
    for index in &table.indexes {
        let valid = if index.valid { "" } else { ", invalid" };
        let size = bytes(index.bytes);
        let _ = writeln!(
            text,
            "  index {} ({size}{valid}): {}",
            index.name, index.definition
        );
    }
    for constraint in &table.constraints {
        let checked = if constraint.validated {
            ""
        } else {
            " (not checked)"
        };
        let definition = &constraint.definition;
        let _ = writeln!(
            text,
            "  {} {}{checked}: {definition}",
            constraint.kind, constraint.name
        );
    }
    text
}

fn cells(column: &ColumnDescription) -> [String; 4] {
    let default = match (&column.identity, &column.default) {
        (Some(identity), _) => format!("identity {identity}"),
        (None, Some(default)) if column.generated => format!("generated: {default}"),
        (None, default) => default.clone().unwrap_or_default(),
    };
    [
        format!("  {}", column.name),
        column.data_type.clone(),
        if column.not_null { "no" } else { "yes" }.to_owned(),
        default,
    ]
}

fn rows_of(rows: u64) -> String {
    count(usize::try_from(rows).unwrap_or(usize::MAX), "row")
}

/// `db stats`
#[must_use]
pub fn stats(stats: &Stats) -> String {
    let mut text = String::new();
    let name = paint(STRONG, &stats.database);
    let up = seconds(Duration::try_from_secs_f64(stats.uptime_seconds).unwrap_or_default());
    let _ = writeln!(
        text,
        "{name}: {}, PostgreSQL {}, up {up}",
        bytes(stats.database_bytes),
        stats.server_version
    );
    let sessions: Vec<String> = { stats.connections_by_state.iter() }
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    let most = stats.max_connections;
    let sessions = match sessions.as_slice() {
        [] => "none".to_owned(),
        sessions => sessions.join(", "),
    };
    let _ = writeln!(text, "sessions: {sessions} (the server takes {most})");
    if let Some(ratio) = stats.cache_hit_ratio {
        let _ = writeln!(text, "found in memory: {:.1} %", ratio * 100.0);
    }
    let _ = writeln!(
        text,
        "transactions: {} committed, {} rolled back, {} deadlocks; {} temporary files ({})",
        stats.transactions_committed,
        stats.transactions_rolled_back,
        stats.deadlocks,
        stats.temporary_files,
        bytes(stats.temporary_bytes)
    );
    if let Some(longest) = &stats.longest_transaction {
        let age = Duration::try_from_secs_f64(longest.seconds).unwrap_or_default();
        let _ = writeln!(
            text,
            "longest transaction: {} ({}, server process {})",
            seconds(age),
            longest.state,
            longest.process_id
        );
    }
    tables(&mut text, "LARGEST TABLES", &stats.largest_tables);
    tables(&mut text, "MOST DEAD ROWS", &stats.most_dead_rows);
    indexes(&mut text, "UNUSED INDEXES", &stats.unused_indexes);
    indexes(&mut text, "INVALID INDEXES", &stats.invalid_indexes);
    text
}

fn tables(text: &mut String, title: &str, tables: &[TableStats]) {
    if tables.is_empty() {
        return;
    }
    let mut table = Table::new(&[title, "SIZE", "ROWS", "DEAD", "SEQUENTIAL", "BY INDEX"]);
    for one in tables {
        table.row([
            format!("{}.{}", one.schema, one.table),
            bytes(one.total_bytes),
            one.live_rows.to_string(),
            one.dead_rows.to_string(),
            one.sequential_scans.to_string(),
            one.index_scans.to_string(),
        ]);
    }
    let _ = write!(text, "\n{table}");
}

fn indexes(text: &mut String, title: &str, indexes: &[IndexStats]) {
    if indexes.is_empty() {
        return;
    }
    let mut table = Table::new(&[title, "SIZE"]);
    for one in indexes {
        let name = format!("{}.{} on {}", one.schema, one.index, one.table);
        table.row([name, bytes(one.bytes)]);
    }
    let _ = write!(text, "\n{table}");
}
