//! `db unlock`: ends the session that holds the migration lock. There is no lock to remove: it is
//! the session's own, and goes with it.

use serde::Serialize;

use super::Target;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::{MigrationError, Session, lock_holder};
use crate::postgres::{Connection, databases};

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Unlocked {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// The session that was ended; `None` when nobody holds the lock any more.
    pub ended: Option<String>,
    /// Of the server's process.
    pub process_id: Option<i32>,
}

/// Who migrates the database, if somebody does.
///
/// # Errors
/// The server cannot be asked.
pub async fn holder(connection: &Connection) -> Result<Option<Session>, Failure> {
    let holder = lock_holder(connection).await;
    holder.map_err(|error| migrations::failure(&MigrationError::Server(error)))
}

/// Ends `named`, when it still holds the lock.
///
/// # Errors
/// Another session holds it by now, or this one is not for our user to end.
pub async fn unlock(
    target: &Target,
    connection: &Connection,
    named: &Session,
) -> Result<Unlocked, Failure> {
    let is_ended = match holder(connection).await? {
        Some(now) if now.is(named) => end(connection, named).await?,
        Some(other) => {
            let message = format!("By now another session holds the lock: {other}");
            return Err(Failure::new(Kind::Failed, message).hint(target.command("unlock")));
        }
        None => false,
    };
    Ok(Unlocked {
        database: target.name(),
        ended: is_ended.then(|| named.to_string()),
        process_id: is_ended.then_some(named.process_id),
    })
}

/// Whether there was still something to end.
async fn end(connection: &Connection, session: &Session) -> Result<bool, Failure> {
    let ended = databases::terminate(connection, session.process_id).await;
    ended.map_err(|error| {
        let message = super::login::sentence(&error.to_string());
        let failure = Failure::new(Kind::Failed, message);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}
