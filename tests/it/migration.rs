//! Migrations applied to a real database.

mod applying;
mod failing;
mod hostile;
mod ledger;
mod locks;
mod property;
mod rolling_back;
mod secrets;
mod stepwise;

use std::path::Path;

use poststack::diagnostic::Diagnostic;
use poststack::migration::{
    Done, Event, Failed, Folder, MigrationError, Request, Settings, files, migrate, rollback,
};
use poststack::postgres::Address;

use crate::cluster::cluster;

/// The migrations these files make; all of them good.
pub fn folder(files: &[(&str, &str)]) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (loaded, diagnostics) = files::load(folder.path(), Path::new("migrations"));
    assert_eq!(diagnostics, []);
    loaded
}

/// Applies what is pending, and tries nothing twice.
pub async fn run(address: &Address, folder: &Folder) -> Result<Done, MigrationError> {
    run_with(address, folder, impatient(), |_| {}).await
}

pub async fn run_with(
    address: &Address,
    folder: &Folder,
    settings: Settings,
    on_event: impl FnMut(Event<'_>),
) -> Result<Done, MigrationError> {
    let connection = cluster().login(address).await;
    let request = Request {
        settings,
        ..Request::default()
    };
    migrate(&connection, folder, &request, on_event).await
}

pub async fn roll_back(
    address: &Address,
    folder: &Folder,
    request: &Request<'_>,
) -> Result<Done, MigrationError> {
    let connection = cluster().login(address).await;
    rollback(&connection, folder, request, |_| {}).await
}

pub fn impatient() -> Settings {
    Settings {
        attempts: 1,
        ..Settings::default()
    }
}

/// What a run that must fail tells of the file that failed.
pub async fn failed(address: &Address, folder: &Folder) -> Failed {
    match run(address, folder).await.unwrap_err() {
        MigrationError::Failed(failed) => *failed,
        other => panic!("{other:?}"),
    }
}

/// The faults of a run that must be refused, as messages.
pub async fn refused(address: &Address, folder: &Folder) -> Vec<String> {
    match run(address, folder).await.unwrap_err() {
        MigrationError::Conflict(faults) => faults.into_iter().map(|fault| fault.message).collect(),
        other => panic!("{other:?}"),
    }
}

/// `place marked message`
pub fn shown(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.place.clone().unwrap();
    let marked = place.source.slice(place.span);
    format!("{place} `{marked}` {}", diagnostic.message)
}

pub const LEDGER: &str = "SELECT string_agg(version || ' ' || name, ', ' ORDER BY version::numeric) FROM poststack.schema_migrations";
