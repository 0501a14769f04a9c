//! Other sessions of the server, told when they are in the way.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Row;

use super::sql;

/// What to select of `pg_stat_activity AS activity` for [`Session::read`]. Of a session of another
/// user the server hides most from those who are neither superuser nor `pg_read_all_stats`.
pub(super) const COLUMNS: &str = "activity.pid, activity.application_name,
    coalesce(activity.usename, '')::text, coalesce(host(activity.client_addr), 'local'),
    coalesce(activity.state, ''), coalesce(activity.query, ''),
    date_part('epoch', clock_timestamp() - activity.backend_start),
    date_part('epoch', clock_timestamp() - activity.xact_start),
    coalesce(date_part('epoch', activity.backend_start), 0)";

/// How many columns those are.
pub(super) const COLUMN_COUNT: usize = 9;

/// A session of the same server.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Of the server's process.
    pub process_id: i32,
    pub application: String,
    pub user: String,
    /// Host of the client, `local` for a Unix socket.
    pub client: String,
    /// As the server words it, for instance `idle in transaction`; empty when it hides it.
    pub state: String,
    /// How what it runs or ran last begins, with `…` for every value in it.
    pub query: String,
    /// Since it logged in.
    pub connected: Option<Duration>,
    /// Since its transaction began.
    pub in_transaction: Option<Duration>,
    /// When it logged in, in seconds of the Unix time; 0 when the server hides it.
    pub began: f64,
}

impl Session {
    /// The first columns of `row` are [`COLUMNS`].
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let seconds = |column| -> Result<Option<Duration>, tokio_postgres::Error> {
            let seconds: Option<f64> = row.try_get(column)?;
            Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
        };
        Ok(Self {
            process_id: row.try_get(0)?,
            application: row.try_get(1)?,
            user: row.try_get(2)?,
            client: row.try_get(3)?,
            state: row.try_get(4)?,
            query: words(row.try_get(5)?),
            connected: seconds(6)?,
            in_transaction: seconds(7)?,
            began: row.try_get(8)?,
        })
    }

    /// Whether `other` is the same session: a process id is given again.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.process_id == other.process_id && self.began.total_cmp(&other.began).is_eq()
    }
}

/// The words of `query`: its values may be anybody's secret.
fn words(query: &str) -> String {
    crate::diagnostic::brief(&sql::without_values(query)).into_owned()
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            process_id,
            application,
            user,
            client,
            ..
        } = self;
        write!(
            f,
            "`{application}` of user `{user}` from {client} (server process {process_id}"
        )?;
        match (self.in_transaction, self.connected) {
            (Some(time), _) => write!(f, ", in a transaction for {:.0} s", time.as_secs_f64())?,
            (None, Some(time)) => write!(f, ", connected for {:.0} s", time.as_secs_f64())?,
            (None, None) => {}
        }
        match self.query.as_str() {
            "" => f.write_str(")"),
            query => write!(f, ", {}: `{query}`)", self.state),
        }
    }
}
