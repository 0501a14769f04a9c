//! Statements that act outside the database they run in: on roles, other databases, the server or
//! its machine. A copy of the database does not keep them apart, so none of them may be tried there.
//!
//! Only what a statement says is seen here; what a function or `DO` block does is not.

use super::sql::{self, Token};
use super::{Script, Statement};

/// Objects that belong to the whole server.
const SHARED: [&str; 6] = [
    "role",
    "group",
    "user",
    "database",
    "tablespace",
    "subscription",
];

/// Functions of the server that reach beyond the database; a `*` stands for any end.
const FUNCTIONS: [&str; 17] = [
    "dblink*",
    "lo_export",
    "pg_cancel_backend",
    "pg_copy_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_file_*",
    "pg_promote",
    "pg_reload_conf",
    "pg_replication_origin_*",
    "pg_replication_slot_advance",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_terminate_backend",
];

/// The statements of `script` that say that they act outside their database.
pub fn acts_outside(script: &Script) -> impl Iterator<Item = &Statement> {
    let statements = script.statements.iter();
    statements.filter(|one| says_so(one) || calls(one, script.source.slice(one.span)))
}

/// Whether `script` is there to run blocks or functions, which may do what no statement of it says.
#[must_use]
pub fn may_act_unseen(script: &Script) -> bool {
    let runs = ["do", "call", "select", "with", "execute"];
    let mut first = script.statements.iter().map(|one| one.first_words().0);
    first.any(|first| runs.contains(&first))
}

fn says_so(statement: &Statement) -> bool {
    let (first, second) = statement.first_words();
    match (first, second) {
        ("create" | "alter" | "drop", "user") => !statement.has("mapping"),
        ("create" | "alter" | "drop", kind) if SHARED.contains(&kind) => true,
        ("alter", "system") | ("reassign" | "drop", "owned") | ("prepare", "transaction") => true,
        ("comment", "on") | ("security", "label") => is_on_shared(statement),
        // Without an object it is about roles.
        ("grant" | "revoke", _) => !statement.has("on") || is_on_shared(statement),
        ("copy", _) => {
            let writes = statement.has("to") && !statement.is_copy_to_stdout();
            writes || statement.has_pair("from", "program")
        }
        _ => false,
    }
}

/// `… ON DATABASE x`
fn is_on_shared(statement: &Statement) -> bool {
    let mut kinds = SHARED.into_iter().chain(["parameter"]);
    kinds.any(|kind| statement.has_pair("on", kind))
}

fn calls(statement: &Statement, sql: &str) -> bool {
    let runs = match statement.first_words().0 {
        "alter" | "comment" | "drop" | "grant" | "revoke" => false,
        "create" => makes_rows(statement),
        _ => true,
    };
    let mut tokens = sql::tokens(sql).map(|(token, _)| token).peekable();
    while let (true, Some(token)) = (runs, tokens.next()) {
        if let Token::Word(name) = token
            && tokens.peek() == Some(&Token::Open)
            && is_named(&name.to_lowercase())
        {
            return true;
        }
    }
    false
}

/// `CREATE TABLE … AS` and `CREATE MATERIALIZED VIEW`, which run their query.
fn makes_rows(statement: &Statement) -> bool {
    statement.has("materialized") || (statement.has("table") && statement.has("as"))
}

fn is_named(name: &str) -> bool {
    FUNCTIONS.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}
