//! Migrations of a folder applied to a database: one function for the init phase and for
//! `db migrate`, with what the configuration demands before it.

mod gate;
mod rehearse;

use std::path::Path;
use std::time::Duration;

use super::failure::{Failure, Kind};
use super::step_failure::capitalised;
use crate::config::model;
use crate::diagnostic::{Diagnostic, Place, any_error};
use crate::event::{Event, Listener, MigrationEvent, Seconds};
use crate::migration::{
    self, Done, Failed, Folder, MigrationError, Request, Script, Settings, Step, Substitute, Target,
};
use crate::postgres::{self, Address, Connection};
use crate::secret::Secret;
use crate::variables::{Reader, Variables};

pub use gate::{lint, refuse_dangerous};
pub use rehearse::{refused, rehearse, rehearse_if_required, rehearse_redo_if_required};

/// How long a connection may take that only adds to a report.
const CONNECT: Duration = Duration::from_secs(5);

/// What the configuration says of a run.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub settings: &'a model::Migrations,
    /// What lint calls an error is refused.
    pub protected: bool,
    /// For `${…}` in files that ask for it.
    pub variables: &'a Variables,
    /// `--lock-wait`; `None` leaves it to the settings.
    pub lock_wait: Option<Duration>,
}

/// How far a run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub until: Target,
    /// Apply files that come before one that is applied.
    pub allow_out_of_order: bool,
}

/// Everything pending.
impl Default for Wanted {
    fn default() -> Self {
        Self {
            until: Target::All,
            allow_out_of_order: false,
        }
    }
}

impl<'a> Rules<'a> {
    /// How patient a run is.
    #[must_use]
    pub fn patience(&self) -> Settings {
        Settings {
            lock_wait: self.lock_wait.unwrap_or(self.settings.lock_wait),
            lock_timeout: self.settings.lock_timeout,
            statement_timeout: self.settings.statement_timeout,
            ..Settings::default()
        }
    }

    /// Gives the value of `${…}` in a file. What a migration writes is read by the database, so an
    /// address is the one inside the environment's network.
    pub fn values(&self) -> impl Fn(&str, &Place) -> Result<Secret, Vec<Diagnostic>> + use<'a> {
        let variables = self.variables;
        |expression, place| variables.expand(expression, place, Reader::Network)
    }

    /// What a run is asked for; `values` are [`Self::values`].
    #[must_use]
    pub fn request<'r>(&self, wanted: &'r Wanted, values: &'r Substitute<'r>) -> Request<'r> {
        Request {
            target: &wanted.until,
            allow_out_of_order: wanted.allow_out_of_order,
            settings: self.patience(),
            substitute: values,
        }
    }
}

/// The files of the folder `path`, which messages show as `shown`, and warnings about them.
///
/// # Errors
/// Every fault of every file's name and text.
pub fn load(path: &Path, shown: &Path) -> Result<(Folder, Vec<Diagnostic>), Failure> {
    let (folder, diagnostics) = migration::files::load(path, shown);
    if any_error(&diagnostics) {
        return Err(conflict(diagnostics));
    }
    Ok((folder, diagnostics))
}

/// As [`load`]. Where the files have faults, those between files and ledger of the database at
/// `address` are told with them, so that nobody meets them one after the other.
///
/// # Errors
/// As [`load`].
pub async fn load_beside(
    address: &Address,
    (path, shown): (&Path, &Path),
    allow_out_of_order: bool,
) -> Result<(Folder, Vec<Diagnostic>), Failure> {
    let (folder, mut diagnostics) = migration::files::load(path, shown);
    if !any_error(&diagnostics) {
        return Ok((folder, diagnostics));
    }
    // The files alone are reason enough to stop: a database that does not answer adds nothing.
    if let Ok(connection) = postgres::connect(address, CONNECT).await
        && let Ok(ledger) = migration::read_ledger(&connection).await
    {
        let assessment = migration::assess(&folder, ledger.as_ref(), allow_out_of_order);
        diagnostics.extend(assessment.faults);
    }
    Err(conflict(diagnostics))
}

/// Applies what is pending, after what `rules` demand before, and tells `listener` of it.
///
/// # Errors
/// What the rules refuse, and those of [`migration::migrate`].
pub async fn apply(
    connection: &Connection,
    folder: &Folder,
    (rules, wanted): (&Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<Done, Failure> {
    let values = rules.values();
    let request = rules.request(wanted, &values);
    if rules.protected {
        gate::refuse_dangerous_pending(connection, folder, &request, listener).await?;
    }
    let done = migration::migrate(connection, folder, &request, |event| tell(&event, listener));
    done.await.map_err(|error| failure(&error))
}

/// Passes on what happens during a run.
pub fn tell(event: &migration::Event<'_>, listener: Listener<'_>) {
    use migration::Event as Happened;
    let title = |step: &Step<'_>| step.title();
    let is_back = |step: &Step<'_>| step.direction == migration::Direction::Rollback;
    let told = match event {
        Happened::Waiting(holder) => MigrationEvent::Waiting {
            holder: holder.map(ToString::to_string),
        },
        Happened::TookOver(migrations) => MigrationEvent::TookOver {
            migrations: *migrations,
        },
        Happened::Planned(steps) => MigrationEvent::Planned {
            migrations: steps.iter().map(title).collect(),
        },
        Happened::Sent(steps) => MigrationEvent::Sent {
            migrations: steps.iter().map(title).collect(),
        },
        Happened::Started(step) => MigrationEvent::Began {
            migration: title(step),
            rollback: is_back(step),
        },
        Happened::Resumed(step, done) => MigrationEvent::Resumed {
            migration: title(step),
            done: *done,
        },
        Happened::Progress(step, done) => MigrationEvent::Progress {
            migration: title(step),
            done: *done,
            total: step.script.statements.len(),
        },
        Happened::Rebuilding(step, index) => MigrationEvent::Rebuilding {
            migration: title(step),
            index: (*index).to_owned(),
        },
        Happened::Retrying(retry) => MigrationEvent::Retrying {
            migration: title(retry.step),
            attempt: retry.attempt,
            attempts: retry.attempts,
            pause: Seconds(retry.pause),
            reason: retry.reason.to_owned(),
            blockers: retry.blockers.iter().map(ToString::to_string).collect(),
        },
        Happened::Notice(step, notice) => MigrationEvent::Notice {
            migration: title(step),
            severity: notice.severity.clone(),
            message: notice.message.clone(),
        },
        Happened::Finished(step, took) => MigrationEvent::Ended {
            migration: title(step),
            rollback: is_back(step),
            seconds: Seconds(*took),
        },
    };
    listener(Event::Migration(told));
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        failure(&error)
    }
}

/// What went wrong while migrating, for the user.
#[must_use]
pub fn failure(error: &MigrationError) -> Failure {
    let told = match error {
        MigrationError::Conflict(faults) => conflict(faults.clone()),
        MigrationError::Failed(failed) => of_file(error, failed),
        MigrationError::Locked { .. } => {
            Failure::new(Kind::LockBusy, capitalised(&error.to_string()))
        }
        MigrationError::Lost { done, .. } => {
            Failure::new(Kind::Unreachable, capitalised(&error.to_string()))
                .excerpt("Done before it:", done.clone())
        }
        MigrationError::LockLost { done, not_run, .. } => {
            Failure::new(Kind::LockBusy, capitalised(&error.to_string()))
                .excerpt("Done before it:", done.clone())
                .excerpt("Not run:", not_run.clone())
        }
        MigrationError::Server(_) => Failure::new(Kind::Migration, capitalised(&error.to_string())),
    };
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// Files, ledger and what is asked for do not fit; nothing was touched.
#[must_use]
pub fn conflict(faults: Vec<Diagnostic>) -> Failure {
    let errors = faults.iter().filter(|one| one.is_error()).count();
    let message = match errors {
        1 => "1 fault in the migrations; nothing was run".to_owned(),
        _ => format!("{errors} faults in the migrations; nothing was run"),
    };
    Failure {
        diagnostics: faults,
        ..Failure::new(Kind::Migration, message)
    }
}

fn of_file(error: &MigrationError, failed: &Failed) -> Failure {
    // One without a transaction goes on where it stopped.
    let place = failed.diagnostic.place.as_ref();
    let script = place.and_then(|place| Script::parse(&place.source).ok());
    let kept = match script.is_none_or(|script| script.in_transaction()) {
        true if failed.torn => "a part of it is kept",
        true => "nothing of it is kept",
        false => "the next run goes on where it stopped",
    };
    let message = format!("{}; {kept}", capitalised(&error.to_string()));
    let failure = Failure::new(Kind::Migration, message)
        .excerpt("Done before it:", failed.done.clone())
        .excerpt("Not run:", failed.not_run.clone());
    Failure {
        diagnostics: vec![failed.diagnostic.clone()],
        ..failure
    }
}
