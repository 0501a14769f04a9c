//! The runs: up, back, and one file by itself. What is run is decided by the plan, under the lock.

use std::time::{Duration, Instant};

use super::assess::{State, assess};
use super::event::Event;
use super::failure::{Failed, MigrationError};
use super::ledger::{Ledger, read_ledger};
use super::lock::Hold;
use super::plan::{Request, Settings, Step, Subject, Target, plan_migrate, plan_rollback};
use super::runner::{Runner, Stopped};
use super::session::Session;
use super::{Direction, Folder, batch, lock, origin, record};
use crate::postgres::Connection;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// `NNN_name` or `R_name` of each file, in the order in which they were run.
    pub titles: Vec<String>,
    pub duration: Duration,
}

/// Applies the files of `folder` that the database does not have.
///
/// To stop it, drop the future and the connection: the server takes back the file in hand.
///
/// # Errors
/// A [`MigrationError`]. The files before the one that failed stay applied and recorded.
pub async fn migrate(
    connection: &Connection,
    folder: &Folder,
    request: &Request<'_>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Done, MigrationError> {
    let start = Instant::now();
    let ledger = read(connection).await?;
    if is_settled(folder, ledger.as_ref(), request) {
        return Ok(Done::default());
    }
    acquire(connection, request, &mut on_event).await?;
    let titles = migrate_alone(connection, folder, request, &mut on_event).await;
    lock::release(connection).await;
    titles.map(|titles| Done {
        titles,
        duration: start.elapsed(),
    })
}

/// Takes the newest migrations back, as far as the target says.
///
/// # Errors
/// A [`MigrationError`]; [`MigrationError::Conflict`] before anything is touched.
pub async fn rollback(
    connection: &Connection,
    folder: &Folder,
    request: &Request<'_>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Done, MigrationError> {
    let start = Instant::now();
    acquire(connection, request, &mut on_event).await?;
    let titles = roll_back_alone(connection, folder, request, &mut on_event).await;
    lock::release(connection).await;
    titles.map(|titles| Done {
        titles,
        duration: start.elapsed(),
    })
}

/// Runs one file on a connection of its own, without lock and ledger: for rehearsals and scratch
/// databases.
///
/// # Errors
/// A [`MigrationError`] about the file.
pub async fn run_one(
    connection: &Connection,
    step: &Step<'_>,
    settings: Settings,
) -> Result<Duration, MigrationError> {
    let runner = Runner::begin(connection, settings, false).await;
    let mut runner = runner.map_err(MigrationError::Server)?;
    let outcome = runner.run(step, &mut |_| {}).await;
    lock::restore(connection).await;
    outcome.map_err(|stopped| failed(step, stopped, &[], &[]))
}

/// Whether there is nothing to do and nothing to complain of. Asked without the lock, so that a
/// database that is up to date costs one round trip.
fn is_settled(folder: &Folder, ledger: Option<&Ledger>, request: &Request<'_>) -> bool {
    let is_known = match request.target {
        Target::To(version) => folder.migration(version).is_some(),
        Target::All | Target::Steps(_) => true,
    };
    let assessment = assess(folder, ledger, request.allow_out_of_order);
    let is_done = |state| matches!(state, State::Applied | State::Missing);
    is_known
        && ledger.is_none_or(|ledger| !ledger.original)
        && assessment.faults.is_empty()
        && assessment.entries.iter().all(|entry| is_done(entry.state))
        && assessment
            .repeatables
            .iter()
            .all(|entry| is_done(entry.state))
}

async fn acquire(
    connection: &Connection,
    request: &Request<'_>,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<(), MigrationError> {
    let on_wait = |holder: Option<&Session>| on_event(Event::Waiting(holder));
    lock::acquire(connection, request.settings.lock_wait, on_wait).await
}

/// With the lock held. Another run may have been at work before: the ledger is read again.
async fn migrate_alone(
    connection: &Connection,
    folder: &Folder,
    request: &Request<'_>,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<Vec<String>, MigrationError> {
    let ledger = read(connection).await?;
    let steps = plan_migrate(folder, ledger.as_ref(), request)?;
    prepare_ledger(connection, ledger.as_ref(), &steps, on_event).await?;
    run_all(connection, &steps, request, on_event).await
}

async fn roll_back_alone(
    connection: &Connection,
    folder: &Folder,
    request: &Request<'_>,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<Vec<String>, MigrationError> {
    let ledger = read(connection).await?;
    let steps = plan_rollback(folder, ledger.as_ref(), request)?;
    if !steps.is_empty() {
        prepare_ledger(connection, ledger.as_ref(), &steps, on_event).await?;
    }
    run_all(connection, &steps, request, on_event).await
}

/// Makes the ledger where there is none, with all that `steps` need, and fills it from that of the
/// original.
async fn prepare_ledger(
    connection: &Connection,
    ledger: Option<&Ledger>,
    steps: &[Step<'_>],
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<(), MigrationError> {
    let is_own = ledger.is_some_and(|ledger| !ledger.original && ledger.foreign.is_empty());
    if let Some(original) = ledger.filter(|ledger| ledger.original) {
        let taken_over = origin::take_over(connection).await;
        taken_over.map_err(MigrationError::Server)?;
        on_event(Event::TookOver(original.entries.len()));
    } else if !is_own {
        let created = record::create_ledger(connection).await;
        created.map_err(MigrationError::Server)?;
    }
    if steps.iter().any(needs_progress) {
        let created = record::create_progress(connection).await;
        created.map_err(MigrationError::Server)?;
    }
    Ok(())
}

fn needs_progress(step: &Step<'_>) -> bool {
    matches!(step.subject, Subject::Repeatable(_)) || !step.script.in_transaction()
}

async fn run_all(
    connection: &Connection,
    steps: &[Step<'_>],
    request: &Request<'_>,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<Vec<String>, MigrationError> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    on_event(Event::Planned(steps));
    let runner = Runner::begin(connection, request.settings, true).await;
    let mut runner = runner.map_err(MigrationError::Server)?;
    let mut done = Vec::with_capacity(steps.len());
    // Those before this index are run one by one: they shared a message in which one failed.
    let mut alone = 0;
    while let Some(step) = steps.get(done.len()) {
        if !is_alone(&mut runner, steps, done.len()).await? {
            let last = steps.get(done.len().saturating_sub(1)).unwrap_or(step);
            let rest = steps.get(done.len()..).unwrap_or_default();
            return Err(lock_lost(last, &done, rest));
        }
        let rest = steps.get(done.len()..).unwrap_or_default();
        let together = rest.get(..batch::length(&runner, rest)).unwrap_or_default();
        if done.len() >= alone && together.len() > 1 {
            alone = done.len() + together.len();
            on_event(Event::Sent(together));
            let times = batch::run(&runner, together).await;
            for (step, time) in together.iter().zip(times.unwrap_or_default()) {
                on_event(Event::Started(step));
                on_event(Event::Finished(step, time));
                done.push(step.title());
            }
            continue;
        }
        on_event(Event::Started(step));
        match runner.run(step, on_event).await {
            Ok(duration) => on_event(Event::Finished(step, duration)),
            Err(stopped) => {
                let rest = rest.get(1..).unwrap_or_default();
                return Err(failed(step, stopped, &done, rest));
            }
        }
        done.push(step.title());
    }
    Ok(done)
}

/// Whether nobody else can have been at work since the first of `steps`, of which `done` are done.
/// When the lock was free for a moment, the ledger tells.
async fn is_alone(
    runner: &mut Runner<'_>,
    steps: &[Step<'_>],
    done: usize,
) -> Result<bool, MigrationError> {
    match std::mem::replace(&mut runner.hold, Hold::Kept) {
        Hold::Kept => return Ok(true),
        Hold::Lost => return Ok(false),
        Hold::Retaken => {}
    }
    let ledger = read(runner.connection).await?.unwrap_or_default();
    let is_as_we_left_it = |(index, step): (usize, &Step<'_>)| {
        let Some(version) = step.recorded_version() else {
            return true;
        };
        let is_recorded = ledger.entries.iter().any(|row| row.version == *version);
        is_recorded == ((index < done) == (step.direction == Direction::Up))
    };
    let begun = steps.iter().skip(done).filter(|s| s.unfinished.is_some());
    Ok(ledger.unfinished.len() == begun.count() && steps.iter().enumerate().all(is_as_we_left_it))
}

fn lock_lost(step: &Step<'_>, done: &[String], rest: &[Step<'_>]) -> MigrationError {
    MigrationError::LockLost {
        title: step.title(),
        done: done.to_vec(),
        not_run: rest.iter().map(Step::title).collect(),
    }
}

async fn read(connection: &Connection) -> Result<Option<Ledger>, MigrationError> {
    let ledger = read_ledger(connection).await;
    ledger.map_err(MigrationError::Server)
}

pub(super) fn failed(
    step: &Step<'_>,
    stopped: Stopped,
    done: &[String],
    rest: &[Step<'_>],
) -> MigrationError {
    let (refused, blockers) = match stopped {
        Stopped::Refused { refused, blockers } => (refused, blockers),
        Stopped::LockLost => return lock_lost(step, done, rest),
    };
    let advice = blockers
        .iter()
        .map(|session| format!("in the way: {session}"));
    match refused.diagnose(step, advice.collect()) {
        Some(diagnostic) => MigrationError::Failed(Box::new(Failed {
            title: step.title(),
            direction: step.direction,
            diagnostic,
            torn: refused.torn,
            done: done.to_vec(),
            not_run: rest.iter().map(Step::title).collect(),
            blockers,
        })),
        None => MigrationError::Lost {
            title: step.title(),
            source: refused.error,
            done: done.to_vec(),
        },
    }
}
