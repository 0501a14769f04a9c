//! Databases that live no longer than the session that made them. A crash leaves one behind, with
//! its maker in the comment: the next run finds it and drops it.

use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;
use tokio_postgres::SimpleQueryMessage;

use super::{DatabaseError, Strategy, clone, comment_on_database, create_empty, drop_database};
use crate::postgres::Connection;

/// Eight hexadecimal digits follow.
const PREFIX: &str = "poststack_scratch_";
const COMMENT: &str = "poststack scratch database";
/// "scratch" in ASCII. Held shared while a database has no comment yet, so that nobody takes it for
/// litter. Locks are of one database: all of this takes place in the one `maintenance` gives.
const KEY: i64 = 0x0073_6372_6174_6368;
const ATTEMPTS: u32 = 8;

/// What a scratch database starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScratchOf<'a> {
    /// Nothing; encoding, collation and owner are those of this database.
    EmptyLike(&'a str),
    /// Everything that is in this database, which nobody may be connected to.
    Clone(&'a str, Strategy),
}

/// Makes a database for as long as the session `admin` lasts, and gives its name. Dropping it is
/// the caller's part; [`remove_stale_scratch`] makes good for one that could not.
///
/// # Errors
/// As [`create_empty`] and [`clone_as`](super::clone_as).
pub async fn create_scratch(
    admin: &Connection,
    of: ScratchOf<'_>,
) -> Result<String, DatabaseError> {
    let key = format!("SELECT pg_catalog.pg_advisory_lock_shared({KEY})");
    ask(admin, &key).await?;
    let made = create_named(admin, of).await;
    let key = format!("SELECT pg_catalog.pg_advisory_unlock_shared({KEY})");
    ask(admin, &key).await?;
    made
}

async fn create_named(admin: &Connection, of: ScratchOf<'_>) -> Result<String, DatabaseError> {
    let mut attempts = 0;
    let name = loop {
        let name = new_name();
        let made = match of {
            ScratchOf::EmptyLike(like) => create_empty(admin, &name, Some(like)).await,
            ScratchOf::Clone(source, strategy) => clone::copy(admin, source, &name, strategy).await,
        };
        attempts += 1;
        match made {
            Ok(()) => break name,
            Err(DatabaseError::Exists { .. }) if attempts < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    };
    let comment = comment(admin).await?;
    comment_on_database(admin, &name, Some(&comment)).await?;
    Ok(name)
}

/// The standard library seeds its hashers at random, which is all that is needed here.
fn new_name() -> String {
    let hash = RandomState::new().hash_one(std::process::id());
    format!("{PREFIX}{:08x}", hash & 0xffff_ffff)
}

/// When it was made, and the session that made it: process and start, both of the server.
async fn comment(admin: &Connection) -> Result<String, DatabaseError> {
    let sql = "SELECT pg_catalog.pg_backend_pid(),
            (pg_catalog.date_part('epoch', backend_start) * 1000000)::int8
       FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";
    let asked = async {
        let row = admin.client().query_typed_one(sql, &[]).await?;
        Ok((row.try_get::<_, i32>(0)?, row.try_get::<_, i64>(1)?))
    };
    let (pid, started) = asked
        .await
        .map_err(DatabaseError::reading("our own session"))?;
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    Ok(format!(
        "{COMMENT}; created {now} by server process {pid} of {started}"
    ))
}

/// Drops the scratch databases whose session is gone, and gives their names. One that cannot be
/// dropped stays for the next time.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn remove_stale_scratch(admin: &Connection) -> Result<Vec<String>, DatabaseError> {
    let key = format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})");
    // Somebody is making one right now: those without a comment may be theirs.
    let is_quiet = ask(admin, &key).await?;
    let stale = read_stale(admin, is_quiet).await;
    let mut removed = Vec::new();
    for name in stale.iter().flatten() {
        match drop_database(admin, name, true).await {
            Ok(()) => removed.push(name.clone()),
            Err(error) => tracing::debug!("a scratch database stays: {error}"),
        }
    }
    if is_quiet {
        let key = format!("SELECT pg_catalog.pg_advisory_unlock({KEY})");
        ask(admin, &key).await?;
    }
    stale.map(|_| removed)
}

/// Where the start of a session is not for us to see, its process alone counts.
async fn read_stale(
    admin: &Connection,
    without_comment: bool,
) -> Result<Vec<String>, DatabaseError> {
    let sql = format!(
        "SELECT name FROM (
            SELECT datname::text AS name, pg_catalog.shobj_description(oid, 'pg_database') AS said
              FROM pg_catalog.pg_database WHERE datname ~ '^{PREFIX}[0-9a-f]{{8}}$'
         ) AS scratch
         LEFT JOIN LATERAL
            pg_catalog.regexp_match(said, '^{COMMENT}; .* by server process (\\d+) of (\\d+)$')
            AS maker ON true
         WHERE CASE WHEN said IS NULL THEN {without_comment}
                    WHEN maker IS NULL THEN false
                    ELSE NOT EXISTS (
            SELECT FROM pg_catalog.pg_stat_activity AS a
             WHERE a.pid::text = maker[1]
               AND (a.backend_start IS NULL
                 OR (pg_catalog.date_part('epoch', a.backend_start) * 1000000)::int8::text
                    = maker[2])) END
         ORDER BY 1"
    );
    let asked = async {
        let rows = admin.client().query_typed(&sql, &[]).await?;
        rows.iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
    };
    asked
        .await
        .map_err(DatabaseError::reading("the scratch databases"))
}

/// Asks about a lock; one that gives nothing counts as had.
pub(super) async fn ask(admin: &Connection, sql: &str) -> Result<bool, DatabaseError> {
    let messages = admin.client().simple_query(sql).await;
    let messages = messages.map_err(DatabaseError::reading("a lock"))?;
    let refused = messages.iter().any(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("f"),
        _ => false,
    });
    Ok(!refused)
}
