//! Runs one file after another on a connection: as one message where it is a transaction, again
//! where another session was in the way.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::event::{Event, Retry};
use super::lock::{self, Hold};
use super::plan::{Settings, Step, Subject};
use super::refused::Refused;
use super::session::Session;
use super::statement::Statement;
use super::{Direction, blockers, record, stepwise};
use crate::postgres::Connection;
use crate::text::Span;

/// Ends the statement of a client that is gone, so that its locks are soon free again.
const CHECK_INTERVAL: &str = "SET client_connection_check_interval = '500ms';";

/// Milliseconds since the message came, which is when the server began.
pub(super) const ELAPSED: &str = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() \
                                  - pg_catalog.statement_timestamp()) * 1000";

/// Begins a file that is one transaction. To defer means nothing to a transaction that writes, and
/// the setting outlasts a commit only: by these one is known that poststack did not see in the file.
const BEGIN: &str = "BEGIN DEFERRABLE;SET poststack.begun = 'kept';";

/// Fails when the transaction that poststack began was ended.
const STILL_OPEN: &str = "SELECT CASE WHEN pg_catalog.current_setting('transaction_deferrable') \
     <> 'on' THEN pg_catalog.current_setting('poststack.ended_by_file') END;";

const WAS_COMMITTED: &str = "SELECT pg_catalog.current_setting('poststack.begun', true);";

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Runner<'a> {
    pub connection: &'a Connection,
    pub settings: Settings,
    /// Whether the ledger hears of what is done.
    pub records: bool,
    /// What every file starts from.
    session: String,
    /// Whether triggers on events may run code of the user's at any statement.
    pub has_event_triggers: bool,
    /// As the last file left it.
    pub hold: Hold,
}

/// Why a file was not done.
pub(super) enum Stopped {
    Refused {
        refused: Refused,
        /// Sessions that were in the way.
        blockers: Vec<Session>,
    },
    /// Another run is at work.
    LockLost,
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        let blockers = Vec::new();
        Self::Refused { refused, blockers }
    }
}

impl<'a> Runner<'a> {
    /// Gives the session the settings that every file starts from.
    pub async fn begin(
        connection: &'a Connection,
        settings: Settings,
        records: bool,
    ) -> Result<Self, Error> {
        let mut session = session_settings(connection, &settings);
        let client = connection.client();
        client.batch_execute(&session).await?;
        // Servers before 14 do not know the interval, and not every system can check.
        if client.batch_execute(CHECK_INTERVAL).await.is_ok() {
            session.push_str(CHECK_INTERVAL);
        }
        let question = "SELECT EXISTS (SELECT FROM pg_catalog.pg_event_trigger)";
        let row = client.query_typed_one(question, &[]).await?;
        Ok(Self {
            connection,
            settings,
            records,
            session,
            has_event_triggers: row.try_get(0)?,
            hold: Hold::Kept,
        })
    }

    /// Runs `step`, as often as the settings say when another session is in the way.
    pub async fn run(
        &mut self,
        step: &Step<'_>,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<Duration, Stopped> {
        let start = Instant::now();
        let mut progress = stepwise::Progress::of(step);
        let mut attempt = 1;
        loop {
            // Those of earlier statements are nobody's business any more.
            drop(self.connection.notices());
            let outcome = if step.sent().in_transaction() {
                let outcome = self.run_as_transaction(step).await;
                outcome.map_err(Stopped::from)
            } else {
                stepwise::run(self, step, &mut progress, on_event).await
            };
            self.tell_notices(step, on_event);
            let mut refused = match outcome {
                Ok(()) => return Ok(start.elapsed()),
                Err(Stopped::Refused { refused, .. }) => refused,
                Err(Stopped::LockLost) => {
                    self.roll_back().await;
                    return Err(Stopped::LockLost);
                }
            };
            refused.torn = self.roll_back().await;
            let blockers = self.blockers(step, &refused).await;
            let may_try = attempt < self.settings.attempts && refused.may_repeat(step);
            if refused.is_about_locks() && may_try {
                self.pause(step, attempt, (&refused, &blockers), on_event)
                    .await;
                attempt += 1;
                // What a transaction did to the lock is not taken back with it.
                if self.look_at_lock().await != Hold::Kept {
                    return Err(Stopped::LockLost);
                }
                continue;
            }
            stepwise::record_failure(self, step, &refused).await;
            return Err(Stopped::Refused { refused, blockers });
        }
    }

    /// Who was in the way of `step`, when somebody was.
    async fn blockers(&self, step: &Step<'_>, refused: &Refused) -> Vec<Session> {
        if !refused.is_about_locks() {
            return Vec::new();
        }
        let own = step.script.headers.lock_timeout;
        let waited = own.unwrap_or(self.settings.lock_timeout);
        blockers::find(self.connection, refused, step, waited).await
    }

    /// Without an answer the session is gone, which the next statement tells.
    async fn look_at_lock(&self) -> Hold {
        let answer = self.ask(&self.lock_check()).await;
        Hold::read(answer.ok().flatten().as_deref())
    }

    /// Asks for the [`Hold`]; nothing where no lock is held.
    pub fn lock_check(&self) -> String {
        if self.records {
            lock::check()
        } else {
            String::new()
        }
    }

    /// Passes on what the server said since the last time.
    pub fn tell_notices(&self, step: &Step<'_>, on_event: &mut impl FnMut(Event<'_>)) {
        for notice in self.connection.notices() {
            on_event(Event::Notice(step, &step.shown(notice)));
        }
    }

    /// Gives those who wait behind the file their turn, and does not meet the other runner of the
    /// same rhythm again and again.
    async fn pause(
        &self,
        step: &Step<'_>,
        attempt: u32,
        (refused, blockers): (&Refused, &[Session]),
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10));
        let pause = doubled.min(LONGEST_PAUSE).mul_f64(0.5 + random_share());
        let answer = refused.answer().map(|answer| step.shown(answer.into()));
        on_event(Event::Retrying(Retry {
            step,
            attempt,
            attempts: self.settings.attempts,
            pause,
            reason: answer.as_ref().map_or("", |answer| &answer.message),
            blockers,
        }));
        tokio::time::sleep(pause).await;
    }

    /// `BEGIN`, the file, its ledger row and `COMMIT` in one message: the server stops at the first
    /// error, and one round trip is all it takes.
    async fn run_as_transaction(&mut self, step: &Step<'_>) -> Result<(), Refused> {
        let script = step.sent();
        let statements = script.transaction_statements();
        let leaves_no_trace = statements.iter().all(Statement::leaves_no_trace);
        let prefix = format!("{BEGIN}{}\n", headers(step, "SET LOCAL"));
        let mut message = prefix.clone();
        push_body(&mut message, step);
        message.push_str("\n;");
        message.push_str(STILL_OPEN);
        let may_leave_traces = self.has_event_triggers || !leaves_no_trace;
        if may_leave_traces {
            message.push_str("RESET SESSION AUTHORIZATION;RESET ROLE;");
        }
        if self.records {
            message.push_str(&recording(step, ELAPSED));
        }
        message.push_str("RESET poststack.begun;COMMIT;");
        if may_leave_traces {
            message.push_str(&self.clean_session());
            message.push_str(&self.lock_check());
        }
        self.has_event_triggers |= statements.iter().any(may_make_event_triggers);
        let before = prefix.matches(';').count();
        let outcome = self.ask(&message).await;
        let answer = outcome.map_err(|(error, completed)| Refused {
            error,
            prefix_characters: prefix.chars().count(),
            offset: 0,
            torn: false,
            statement: own_index(step, completed.saturating_sub(before)),
        })?;
        if may_leave_traces && self.records {
            self.hold = Hold::read(answer.as_deref());
        }
        Ok(())
    }

    /// Ends what a file left in the session: the server reads a whole message before it runs any
    /// of it, so that the next file's would come too late.
    pub fn clean_session(&self) -> String {
        format!(
            "RESET SESSION AUTHORIZATION;RESET ROLE;RESET ALL;DISCARD TEMP;{}",
            self.session
        )
    }

    /// Sends one message. With an error comes how many of its statements were done before it.
    pub async fn send(&self, message: &str) -> Result<(), (Error, usize)> {
        self.ask(message).await.map(drop)
    }

    /// Likewise; with the first column of the last row that came.
    pub async fn ask(&self, message: &str) -> Result<Option<String>, (Error, usize)> {
        let answers = self.connection.client().simple_query_raw(message).await;
        let mut answers = pin!(answers.map_err(|error| (error, 0))?);
        let (mut completed, mut last) = (0, None);
        loop {
            match answers.try_next().await {
                Ok(Some(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                Ok(Some(SimpleQueryMessage::Row(row))) => last = Some(row),
                Ok(Some(_)) => {}
                Ok(None) => {
                    let answer = last.as_ref().and_then(|row| row.try_get(0).ok().flatten());
                    return Ok(answer.map(str::to_owned));
                }
                Err(error) => return Err((error, completed)),
            }
        }
    }

    /// Best effort: a lost session has no transaction any more. Whether the file had committed
    /// what was to be a part of its one transaction.
    pub async fn roll_back(&self) -> bool {
        let sql = format!("ROLLBACK;{WAS_COMMITTED}{}", self.clean_session());
        let answers = self.connection.client().simple_query(&sql).await;
        // That there was no transaction.
        drop(self.connection.notices());
        let answers = answers.unwrap_or_else(|error| {
            tracing::debug!("nothing to roll back: {error}");
            Vec::new()
        });
        answers.iter().any(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.try_get(0).is_ok_and(|kept| kept == Some("kept")),
            _ => false,
        })
    }
}

/// Directly, or in code that it runs.
fn may_make_event_triggers(statement: &Statement) -> bool {
    let runs_code = ["do", "call", "select"].contains(&statement.first_words().0);
    runs_code || statement.has("event") || statement.has("extension")
}

/// The user's own settings for the role or the database must not end a migration half-way, or
/// change what its quotes mean.
fn session_settings(connection: &Connection, settings: &Settings) -> String {
    let statement_timeout = settings.statement_timeout.unwrap_or_default();
    let mut text = format!(
        "SET lock_timeout = {};SET statement_timeout = {};\
         SET idle_in_transaction_session_timeout = 0;SET default_transaction_read_only = off;\
         SET standard_conforming_strings = on;",
        milliseconds(settings.lock_timeout),
        milliseconds(statement_timeout)
    );
    if connection.server_major() >= 14 {
        text.push_str("SET idle_session_timeout = 0;");
    }
    text
}

/// The file's own timeouts, each set by `set`.
pub(super) fn headers(step: &Step<'_>, set: &str) -> String {
    let headers = &step.script.headers;
    let mut text = String::new();
    for (name, timeout) in [
        ("lock_timeout", headers.lock_timeout),
        ("statement_timeout", headers.statement_timeout),
    ] {
        if let Some(timeout) = timeout {
            // Writing into a string cannot fail.
            let _ = write!(text, "{set} {name} = {};", milliseconds(timeout));
        }
    }
    text
}

/// Zero means none to the server: what is shorter than a millisecond is one.
fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_micros().div_ceil(1000)
}

/// What the ledger hears of `step`; `elapsed` is an SQL expression in milliseconds.
pub(super) fn recording(step: &Step<'_>, elapsed: &str) -> String {
    let sql = match (step.subject, step.direction) {
        (Subject::Migration(migration), Direction::Up) => {
            record::insert_migration(migration, elapsed)
        }
        (Subject::Migration(migration), Direction::Rollback) => {
            let recorded = step.recorded.as_ref();
            let taken_back = record::take_back(recorded.unwrap_or(&migration.version));
            match step.forgets_repeatables {
                true => format!("{};{taken_back}", record::FORGET_REPEATABLES),
                false => taken_back,
            }
        }
        (Subject::Repeatable(repeatable), _) => record::upsert_repeatable(repeatable, elapsed),
    };
    sql + ";"
}

/// The text of the file. A `BEGIN` and `COMMIT` of its own become blanks, so that every other
/// character keeps its place.
pub(super) fn push_body(message: &mut String, step: &Step<'_>) {
    let source = &step.sent().source;
    let Some([begin, commit]) = step.sent().own_transaction() else {
        message.push_str(&source.text);
        return;
    };
    let blank = |span: Span| source.slice(span).chars().map(|_| ' ').collect::<String>();
    message.push_str(source.slice(Span::new(0, begin.start)));
    message.push_str(&blank(begin));
    message.push_str(source.slice(Span::new(begin.end, commit.start)));
    message.push_str(&blank(commit));
    message.push_str(source.slice(Span::new(commit.end, source.text.len())));
}

/// Index among all statements of the file of the one after `completed`.
fn own_index(step: &Step<'_>, completed: usize) -> Option<usize> {
    let script = step.sent();
    let skipped = usize::from(script.own_transaction().is_some());
    (completed < script.transaction_statements().len()).then_some(completed + skipped)
}

/// From 0 to 1. The standard library seeds its hash maps at random.
fn random_share() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX)
}
