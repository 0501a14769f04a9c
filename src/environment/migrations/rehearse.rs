//! A rehearsal of what is pending, where the configuration demands it or somebody asks for one.

use super::{Rules, Wanted, failure};
use crate::config::model::Rehearse;
use crate::diagnostic::Diagnostic;
use crate::environment::failure::{Failure, Kind};
use crate::environment::step_failure::capitalised;
use crate::event::{Event, Listener};
use crate::migration::Folder;
use crate::postgres::Address;
use crate::postgres::databases::DatabaseError;
use crate::rehearsal::{self, Finding, Options, RehearsalError, Report};

/// Tries what is pending on a scratch database. Nobody may have a session with the database that
/// `address` names, or it cannot be cloned with its data. `clone_limit` is in bytes.
///
/// # Errors
/// There is nothing to report: no scratch database could be made, or files and ledger do not fit.
pub async fn rehearse(
    address: &Address,
    folder: &Folder,
    (rules, wanted): (&Rules<'_>, &Wanted),
    clone_limit: Option<u64>,
    listener: Listener<'_>,
) -> Result<Report, Failure> {
    let values = rules.values();
    let usual = Options::of(rules.request(wanted, &values));
    let options = Options {
        clone_limit: clone_limit.unwrap_or(usual.clone_limit),
        ..usual
    };
    let report = rehearsal::rehearse(address, folder, &options, |event| tell(event, listener));
    report.await.map_err(|error| of_rehearsal(&error))
}

/// Tries what is pending where the rules demand it; to be called before anybody logs in to migrate.
///
/// # Errors
/// The rehearsal found an error; and those of [`rehearse`].
pub async fn rehearse_if_required(
    address: &Address,
    folder: &Folder,
    (rules, wanted): (&Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<(), Failure> {
    required(address, folder, (rules, wanted), false, listener).await
}

/// As [`rehearse_if_required`], for migrations that are taken back first; `wanted` says how many.
///
/// # Errors
/// As [`rehearse_if_required`]; and that one of them cannot be taken back.
pub async fn rehearse_redo_if_required(
    address: &Address,
    folder: &Folder,
    (rules, wanted): (&Rules<'_>, &Wanted),
    listener: Listener<'_>,
) -> Result<(), Failure> {
    required(address, folder, (rules, wanted), true, listener).await
}

async fn required(
    address: &Address,
    folder: &Folder,
    (rules, wanted): (&Rules<'_>, &Wanted),
    redo: bool,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    if rules.settings.rehearse == Rehearse::Optional {
        return Ok(());
    }
    let values = rules.values();
    let options = Options {
        redo,
        ..Options::of(rules.request(wanted, &values))
    };
    let report = rehearsal::gate(address, folder, &options, |event| tell(event, listener));
    let report = report.await.map_err(|error| of_rehearsal(&error))?;
    for finding in report.findings() {
        listener(Event::Warning(told(finding)));
    }
    Ok(())
}

fn tell(event: rehearsal::Event<'_>, listener: Listener<'_>) {
    match event {
        rehearsal::Event::Preparing => listener(Event::Note(
            "rehearsing what is pending on a scratch database".to_owned(),
        )),
        rehearsal::Event::Trying(title) => tracing::debug!("rehearsing {title}"),
    }
}

fn told(finding: &Finding) -> String {
    match &finding.place {
        Some(place) => format!("{place}: {}", finding.message),
        None => finding.message.clone(),
    }
}

/// The errors a rehearsal found, as a failure that stops what was to follow.
#[must_use]
pub fn refused(report: &Report) -> Failure {
    let errors = report.findings().filter(|finding| finding.is_error());
    let diagnostics: Vec<Diagnostic> = errors.map(|one| one.diagnostic.clone()).collect();
    let message = match diagnostics.len() {
        1 => "The rehearsal found 1 error; the database is as it was".to_owned(),
        count => format!("The rehearsal found {count} errors; the database is as it was"),
    };
    Failure {
        diagnostics,
        ..Failure::new(Kind::Migration, message)
    }
    .excerpt("Not rehearsed:", report.not_run.clone())
}

fn of_rehearsal(error: &RehearsalError) -> Failure {
    let kind = match error {
        RehearsalError::Findings(report) => return refused(report),
        RehearsalError::Migration(error) => return failure(error),
        RehearsalError::Connect(_)
        | RehearsalError::Database(
            DatabaseError::Connect(_) | DatabaseError::NoMaintenance { .. },
        ) => Kind::Unreachable,
        _ => Kind::Migration,
    };
    let failure = Failure::new(kind, capitalised(&error.to_string()));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
