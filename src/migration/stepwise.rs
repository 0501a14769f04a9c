//! Runs a file without a transaction: each statement by itself, and what is done recorded, so that
//! the next run goes on where this one stopped.

use std::time::Instant;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::event::Event;
use super::index::{self, Found};
use super::lock::Hold;
use super::plan::{Step, Subject};
use super::record::{self, Mark};
use super::refused::Refused;
use super::runner::{self, Runner, Stopped};
use super::statement::Statement;
use super::{Direction, assess};

/// For one message: as the user who logged in, whoever the file became.
const AS_LOGGED_IN: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT;SET LOCAL ROLE NONE;";

/// How far a file is.
pub(super) struct Progress {
    /// Statements.
    done: usize,
    /// Whether the statement after those was sent before by a run that did not hear how it ended.
    in_flight: bool,
    started: Instant,
}

impl Progress {
    pub fn of(step: &Step<'_>) -> Self {
        let unfinished = step.unfinished.as_ref();
        let same_text = |checksum: &str| checksum == file_checksum(step);
        Self {
            done: unfinished.map_or(0, |row| row.done),
            in_flight: unfinished.is_some_and(|row| row.in_flight && same_text(&row.checksum)),
            started: Instant::now(),
        }
    }
}

/// How a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It sets up the session: sent by itself, and again by a run that goes on after it.
    Session,
    /// In one message, which is a transaction, with the record that it is done.
    WithRecord,
    /// By itself, marked as in flight before and as done after.
    Alone,
    /// By itself, inside a transaction of the file's own, whose end records it.
    InBlock,
    /// The end of such a transaction, in one message after the record.
    AfterRecord,
}

/// Runs what is left of `step`.
pub(super) async fn run(
    runner: &Runner<'_>,
    step: &Step<'_>,
    progress: &mut Progress,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<(), Stopped> {
    let statements = &step.sent().statements;
    let mut run = Run {
        runner,
        step,
        block: None,
    };
    run.start(progress).await.map_err(Refused::outside)?;
    if progress.done > 0 {
        on_event(Event::Resumed(step, progress.done));
    }
    let first = progress.done;
    for (index, statement) in statements.iter().enumerate() {
        if index == first
            && let Some(begin) = run.block
        {
            // What is done ends with a `COMMIT AND CHAIN`.
            run.send(index, begin).await?;
        }
        let way = run.way(statement);
        if index < first {
            if way == Way::Session {
                run.send(index, statement).await?;
            }
            continue;
        }
        run.statement(index, statement, way, progress, on_event)
            .await?;
        runner.tell_notices(step, on_event);
        on_event(Event::Progress(step, index + 1));
    }
    let finished = run.finish(progress).await;
    // That there was no transaction to roll back.
    drop(runner.connection.notices());
    Ok(finished.map_err(Refused::outside)?)
}

struct Run<'a> {
    runner: &'a Runner<'a>,
    step: &'a Step<'a>,
    /// What began the transaction of the file's own that is open.
    block: Option<&'a Statement>,
}

impl<'a> Run<'a> {
    async fn start(&self, progress: &Progress) -> Result<(), Error> {
        let mut sql = runner::headers(self.step, "SET");
        if self.runner.records {
            let total = self.step.script.statements.len();
            let mark = self.mark(progress.done);
            let before = self.step.unfinished.as_ref().map(|row| row.file());
            sql.push_str(&record::start_unfinished(&mark, total, before.as_deref()));
        }
        self.message(&sql).await
    }

    async fn finish(&self, progress: &Progress) -> Result<(), Error> {
        let mut sql = format!("{NOTHING_OPEN}ROLLBACK;RESET SESSION AUTHORIZATION;RESET ROLE;");
        if self.runner.records {
            let elapsed = format!("{:.3}", progress.started.elapsed().as_secs_f64() * 1000.0);
            sql.push_str("BEGIN;");
            sql.push_str(&runner::recording(self.step, &elapsed));
            sql.push_str(&record::delete_unfinished(&file(self.step)));
            sql.push_str(";COMMIT;");
        }
        sql.push_str(&self.runner.clean_session());
        self.message(&sql).await
    }

    fn way(&mut self, statement: &'a Statement) -> Way {
        let was_open = self.block.is_some();
        let is_open = statement.leaves_open(was_open);
        self.block = is_open.then_some(self.block.unwrap_or(statement));
        match statement.first_words() {
            ("commit" | "end", second) if was_open && second != "prepared" => Way::AfterRecord,
            _ if is_open => Way::InBlock,
            ("set", second) if !["local", "transaction", "constraints"].contains(&second) => {
                Way::Session
            }
            ("reset", _) => Way::Session,
            _ if statement.can_join() => Way::WithRecord,
            _ => Way::Alone,
        }
    }

    async fn statement(
        &self,
        index: usize,
        statement: &Statement,
        way: Way,
        progress: &mut Progress,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<(), Stopped> {
        let in_flight = std::mem::take(&mut progress.in_flight);
        let done = self.record(index + 1);
        match way {
            Way::Session | Way::InBlock => return Ok(self.send(index, statement).await?),
            Way::WithRecord => {
                let sql = format!("{}\n;{AS_LOGGED_IN}{done}", self.text(statement));
                self.send_text(index, statement, "", &sql).await?;
            }
            Way::AfterRecord => {
                let before = format!("{AS_LOGGED_IN}{done}");
                self.send_text(index, statement, &before, self.text(statement))
                    .await?;
            }
            Way::Alone => {
                self.alone(index, statement, in_flight, on_event).await?;
                self.message(&format!("{AS_LOGGED_IN}{done}"))
                    .await
                    .map_err(Refused::outside)?;
            }
        }
        progress.done = index + 1;
        self.keep_lock(progress).await
    }

    /// Another run goes on with this very file when it finds the lock free: taken again it is only
    /// as good as what the ledger says.
    async fn keep_lock(&self, progress: &Progress) -> Result<(), Stopped> {
        if !self.runner.records {
            return Ok(());
        }
        let answer = self.runner.ask(&self.runner.lock_check()).await;
        let answer = answer.map_err(|(error, _)| Refused::outside(error))?;
        match Hold::read(answer.as_deref()) {
            Hold::Kept => Ok(()),
            Hold::Lost => Err(Stopped::LockLost),
            Hold::Retaken => {
                let question = record::statements_done(&file(self.step));
                let answer = self.runner.ask(&question).await;
                let answer = answer.map_err(|(error, _)| Refused::outside(error))?;
                match answer.is_some_and(|done| done == progress.done.to_string()) {
                    true => Ok(()),
                    false => Err(Stopped::LockLost),
                }
            }
        }
    }

    async fn alone(
        &self,
        index: usize,
        statement: &Statement,
        in_flight: bool,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<(), Refused> {
        if self
            .prepare_index(statement, in_flight, on_event)
            .await
            .map_err(|error| self.refused(index, statement, error))?
        {
            return Ok(());
        }
        if self.runner.records {
            let sql = format!("{AS_LOGGED_IN}{}", record::mark_in_flight(&file(self.step)));
            self.message(&sql).await.map_err(Refused::outside)?;
        }
        let outcome = self.send(index, statement).await;
        match outcome {
            Err(refused) if in_flight && was_done_before(statement, &refused) => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether the index is there already; drops those that are invalid.
    async fn prepare_index(
        &self,
        statement: &Statement,
        in_flight: bool,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<bool, Error> {
        let connection = self.runner.connection;
        let goes_on = self.step.unfinished.is_some();
        let invalid = match index::new_index(self.text(statement)) {
            Some(new) => match index::look_up(connection, &new).await? {
                Found::Nothing => Vec::new(),
                Found::Valid => return Ok(in_flight),
                Found::Invalid(name) => vec![name],
            },
            None if goes_on
                && statement.is_concurrent()
                && statement.first_words().0 == "reindex" =>
            {
                index::left_by_reindex(connection).await?
            }
            None => Vec::new(),
        };
        for name in invalid {
            on_event(Event::Rebuilding(self.step, &name));
            self.message(WITHOUT_LOCK_TIMEOUT).await?;
            index::drop(connection, &name).await?;
            self.message(WITH_LOCK_TIMEOUT).await?;
        }
        Ok(false)
    }

    /// One that waits for every older transaction, blocking nobody meanwhile, waits without end.
    async fn send(&self, index: usize, statement: &Statement) -> Result<(), Refused> {
        if !statement.is_concurrent() {
            return self
                .send_text(index, statement, "", self.text(statement))
                .await;
        }
        self.message(WITHOUT_LOCK_TIMEOUT)
            .await
            .map_err(Refused::outside)?;
        self.send_text(index, statement, "", self.text(statement))
            .await?;
        self.message(WITH_LOCK_TIMEOUT)
            .await
            .map_err(Refused::outside)
    }

    async fn send_text(
        &self,
        index: usize,
        statement: &Statement,
        before: &str,
        sql: &str,
    ) -> Result<(), Refused> {
        let outcome = self.runner.send(&format!("{before}{sql}")).await;
        outcome.map_err(|(error, _)| Refused {
            prefix_characters: before.chars().count(),
            ..self.refused(index, statement, error)
        })
    }

    fn refused(&self, index: usize, statement: &Statement, error: Error) -> Refused {
        Refused {
            error,
            prefix_characters: 0,
            offset: statement.span.start,
            statement: Some(index),
            torn: false,
        }
    }

    /// Sends what is not of the file.
    async fn message(&self, sql: &str) -> Result<(), Error> {
        let outcome = self.runner.send(sql).await;
        outcome.map_err(|(error, _)| error)
    }

    fn text(&self, statement: &Statement) -> &str {
        self.step.sent().source.slice(statement.span)
    }

    /// The statement that records the first `done` statements as done; nothing when none records.
    fn record(&self, done: usize) -> String {
        if self.runner.records {
            record::mark_done(&self.mark(done))
        } else {
            String::new()
        }
    }

    fn mark(&self, done: usize) -> Mark {
        let done_checksum = assess::done_checksum(&self.step.script, done);
        Mark {
            file: file(self.step),
            checksum: file_checksum(self.step),
            done,
            done_checksum: done_checksum.unwrap_or_default(),
        }
    }
}

/// Fails when a transaction is open that wrote something: it would be undone, and recorded.
const NOTHING_OPEN: &str = "SELECT CASE WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL \
     THEN pg_catalog.current_setting('poststack.left_open') END;";
const WITHOUT_LOCK_TIMEOUT: &str = "SELECT pg_catalog.set_config('poststack.lock_timeout', \
     pg_catalog.current_setting('lock_timeout'), false), \
     pg_catalog.set_config('lock_timeout', '0', false)";
const WITH_LOCK_TIMEOUT: &str = "SELECT pg_catalog.set_config('lock_timeout', \
     pg_catalog.current_setting('poststack.lock_timeout'), false)";

/// Tells the ledger why `step` stopped. Best effort: the next run finds its way without.
pub(super) async fn record_failure(runner: &Runner<'_>, step: &Step<'_>, refused: &Refused) {
    let Some(answer) = refused.answer() else {
        return;
    };
    if !runner.records || step.sent().in_transaction() {
        return;
    }
    let answer = step.shown(answer.into());
    let sql = record::mark_failed(&file(step), &answer.message);
    if let Err((error, _)) = runner.send(&sql).await {
        tracing::debug!("the failure was not recorded: {error}");
    }
}

/// Whether the server refuses the statement because an earlier run had done it.
fn was_done_before(statement: &Statement, refused: &Refused) -> bool {
    let Some(answer) = refused.answer() else {
        return false;
    };
    let code = answer.code();
    match statement.first_words().0 {
        "create" => [SqlState::DUPLICATE_DATABASE, SqlState::DUPLICATE_OBJECT].contains(code),
        "drop" => [
            SqlState::UNDEFINED_OBJECT,
            SqlState::UNDEFINED_TABLE,
            SqlState::INVALID_CATALOG_NAME,
        ]
        .contains(code),
        _ => false,
    }
}

/// The key of the file's row among the unfinished ones.
fn file(step: &Step<'_>) -> String {
    match (step.subject, step.direction) {
        (Subject::Migration(_), Direction::Rollback) => format!("{}.rollback.sql", step.title()),
        _ => format!("{}.sql", step.title()),
    }
}

fn file_checksum(step: &Step<'_>) -> String {
    super::files::checksum(&step.script.source.text)
}
