//! Ready means: a login with the right password works. Nothing less is asked of a server, and
//! nothing waits longer than the next attempt.
//!
//! To stop waiting because something else happened, for instance because the server's container
//! exited, drop the future.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::error::{DbError, SqlState};

use super::{Address, ConnectError, Connection, connect};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// Each pause in percent of the wait so far: a server is found ready after at most so much longer.
const PAUSE_PERCENT: u32 = 5;
/// A port that accepts and then says nothing costs this long at first, and twice as long each time:
/// a busy server may need more than one that is hung.
const FIRST_ATTEMPT: Duration = Duration::from_secs(1);

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the first login, all attempts together.
    pub timeout: Duration,
    /// For a server that answers but refuses: an image may open its port before its roles and
    /// databases are made.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            grace: Duration::from_secs(3),
        }
    }
}

/// A server that lets us in, and the session to prove it.
#[derive(Debug)]
pub struct Ready {
    pub connection: Connection,
    /// Since the first attempt began.
    pub after: Duration,
}

/// Why nobody can log in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    #[error("the server refuses the password of user `{user}`")]
    PasswordRefused { user: String },
    #[error("the server has no database `{database}`")]
    DatabaseMissing { database: String },
    /// The role is missing or may not log in, `pg_hba.conf` demands TLS or another address, …
    #[error("the server refuses the login of user `{user}`: {message} (SQLSTATE {code})")]
    Refused {
        user: String,
        message: String,
        code: String,
    },
    /// Somebody who watches the server's process saw it end.
    #[error("the server ended with exit code {code}")]
    Ended { code: i64 },
    #[error("no login was possible within {:.0} s: {last}", .timeout.as_secs_f64())]
    TimedOut {
        timeout: Duration,
        /// What the last attempt ended with.
        last: String,
    },
}

/// Logs in as soon as the server lets anybody in: tries at once, then after 5 to 100 ms each.
///
/// # Errors
/// A [`NotReady`]: a refusal that outlasted the grace, or the timeout with the last attempt's error.
pub async fn wait_for_login(address: &Address, patience: Patience) -> Result<Ready, NotReady> {
    let start = Instant::now();
    let end = start + patience.timeout;
    let mut attempt = FIRST_ATTEMPT;
    let mut refused_since = None;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let error = match connect(address, attempt.min(left)).await {
            Ok(connection) => {
                let after = start.elapsed();
                return Ok(Ready { connection, after });
            }
            Err(error) => error,
        };
        if matches!(error, ConnectError::TimedOut { .. }) {
            attempt *= 2;
        }
        let now = Instant::now();
        let refusal = refusal(&error, address);
        let pause = match refusal {
            None => pause_after(now.duration_since(start)),
            Some(_) => LONGEST_PAUSE,
        };
        refused_since = refusal.as_ref().map(|_| refused_since.unwrap_or(now));
        let grace_is_over =
            refused_since.is_some_and(|since| now.duration_since(since) >= patience.grace);
        if grace_is_over || now + pause >= end {
            return Err(refusal.unwrap_or_else(|| NotReady::TimedOut {
                timeout: patience.timeout,
                last: error.to_string(),
            }));
        }
        tokio::time::sleep(pause).await;
    }
}

fn pause_after(waited: Duration) -> Duration {
    (waited * PAUSE_PERCENT / 100).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// What the server refuses for good; `None` while it is absent, starting or overloaded.
fn refusal(error: &ConnectError, address: &Address) -> Option<NotReady> {
    let ConnectError::Failed { source, .. } = error else {
        return None;
    };
    let answer = source.as_db_error()?;
    if is_passing(answer) {
        return None;
    }
    let user = address.user.clone();
    Some(match answer.code() {
        code if *code == SqlState::INVALID_PASSWORD => NotReady::PasswordRefused { user },
        code if *code == SqlState::INVALID_CATALOG_NAME => NotReady::DatabaseMissing {
            database: address.database.clone(),
        },
        code => NotReady::Refused {
            user,
            message: answer.message().to_owned(),
            code: code.code().to_owned(),
        },
    })
}

/// Classes 08 (connection), 53 (resources), 57 (operator: starting up, shutting down).
/// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_passing(answer: &DbError) -> bool {
    let code = answer.code().code();
    ["08", "53", "57"]
        .iter()
        .any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_with_the_wait_between_its_bounds() {
        let after = |millis| pause_after(Duration::from_millis(millis)).as_millis();
        assert_eq!([0, 100, 1000, 60_000].map(after), [5, 5, 50, 100]);
    }
}
