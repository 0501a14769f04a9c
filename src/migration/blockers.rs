//! Who is in the way of a statement that met a lock timeout or a deadlock.
//!
//! Asked right after the failure, over the same connection, which could not ask while it waited.
//! A deadlock names its processes. For a timeout: whoever holds locks on tables that the statement
//! names, on their indexes, or on tables tied to them by foreign keys or inheritance.

use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};

use super::plan::Step;
use super::refused::Refused;
use super::session::{self, Session};
use crate::postgres::Connection;

/// Most sessions to name.
const MOST: usize = 5;

/// Oldest transactions first; none when nobody can be named.
pub(super) async fn find(
    connection: &Connection,
    refused: &Refused,
    step: &Step<'_>,
    lock_timeout: Duration,
) -> Vec<Session> {
    let detail = refused.answer().and_then(|answer| answer.detail());
    let processes = detail.map(blocking_processes).unwrap_or_default();
    let found = if processes.is_empty() {
        by_tables(connection, refused.sql(step), lock_timeout).await
    } else {
        by_processes(connection, &processes).await
    };
    found.unwrap_or_else(|error| {
        tracing::debug!("nobody told who is in the way: {error}");
        Vec::new()
    })
}

/// From `Process 7 waits for ShareLock on transaction 12; blocked by process 9.`
fn blocking_processes(detail: &str) -> Vec<i32> {
    let parts = detail.split("blocked by process ").skip(1);
    let numbers = parts.filter_map(|part| part.split(|c: char| !c.is_ascii_digit()).next());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// Everything in the statement that may be the name of a table, also inside the text of a `DO`.
fn names(sql: &str) -> Vec<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let words = sql.split(|c| !is_name(c));
    let mut names: Vec<_> = words
        .filter(|word| !word.is_empty())
        .flat_map(|word| [word.to_owned(), word.to_lowercase()])
        .collect();
    names.extend(sql.split('"').skip(1).step_by(2).map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

async fn by_processes(
    connection: &Connection,
    processes: &[i32],
) -> Result<Vec<Session>, tokio_postgres::Error> {
    let columns = session::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM pg_catalog.pg_stat_activity AS activity
          WHERE activity.pid = ANY ($1) AND activity.pid <> pg_backend_pid() LIMIT {MOST}"
    );
    let client = connection.client();
    let rows = client
        .query_typed(&sql, &[(&processes, Type::INT4_ARRAY)])
        .await?;
    rows.iter().map(Session::read).collect()
}

/// Of those whose transaction began before the wait did, where there are any: the others queued
/// behind the file.
async fn by_tables(
    connection: &Connection,
    statement: &str,
    waited: Duration,
) -> Result<Vec<Session>, tokio_postgres::Error> {
    let names = names(statement);
    let columns = session::COLUMNS;
    // Readers are in nobody's way who only writes rows.
    let first = statement.split(char::is_whitespace).next();
    let harmless = match first.unwrap_or_default().to_lowercase().as_str() {
        "insert" | "update" | "delete" | "merge" | "with" => "AccessShareLock",
        _ => "",
    };
    let sql = format!(
        "WITH named AS (
             SELECT oid FROM pg_catalog.pg_class WHERE relname = ANY ($1)
         ), tied AS (
             SELECT oid FROM named
             UNION SELECT indrelid FROM pg_catalog.pg_index JOIN named ON oid = indexrelid
             UNION SELECT indexrelid FROM pg_catalog.pg_index JOIN named ON oid = indrelid
             UNION SELECT confrelid FROM pg_catalog.pg_constraint AS c JOIN named ON named.oid = conrelid
             UNION SELECT conrelid FROM pg_catalog.pg_constraint AS c JOIN named ON named.oid = confrelid
             UNION SELECT inhrelid FROM pg_catalog.pg_inherits JOIN named ON oid = inhparent
             UNION SELECT inhparent FROM pg_catalog.pg_inherits JOIN named ON oid = inhrelid
         )
         SELECT {columns}, coalesce(
                    activity.xact_start < clock_timestamp() - $3 * interval '1 second', true)
           FROM pg_catalog.pg_stat_activity AS activity
          WHERE activity.pid <> pg_backend_pid() AND activity.pid IN (
                SELECT held.pid FROM pg_catalog.pg_locks AS held
                  JOIN pg_catalog.pg_database ON pg_database.oid = held.database
                 WHERE held.granted AND pg_database.datname = current_database()
                   AND held.mode <> $2 AND held.relation IN (SELECT oid FROM tied))
          ORDER BY activity.xact_start LIMIT {MOST}"
    );
    let client = connection.client();
    let seconds = waited.as_secs_f64();
    let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
        (&names, Type::TEXT_ARRAY),
        (&harmless, Type::TEXT),
        (&seconds, Type::FLOAT8),
    ];
    let (mut earlier, mut later) = (Vec::new(), Vec::new());
    for row in client.query_typed(&sql, &parameters).await? {
        let list = if row.try_get(session::COLUMN_COUNT)? {
            &mut earlier
        } else {
            &mut later
        };
        list.push(Session::read(&row)?);
    }
    Ok(if earlier.is_empty() { later } else { earlier })
}
