//! What `repair`, `baseline`, `adopt` and `squash` have in common: a change of the ledger that is
//! shown before it is made, and made under the lock only when it still is the same change.

use super::{Target, files};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::{self, Folder, Ledger, MigrationError, Session, Version, repair, with_lock};
use crate::postgres::Connection;

/// Ledger and files, as one moment shows them.
pub struct Picture {
    /// Files with faults are left out.
    pub folder: Folder,
    pub faults: Vec<Diagnostic>,
    /// `None` when nobody ever migrated the database.
    pub ledger: Option<Ledger>,
}

/// Reads both. A folder that is not there is an empty one.
///
/// # Errors
/// The ledger cannot be read.
pub async fn look(target: &Target, connection: &Connection) -> Result<Picture, Failure> {
    let (folder, faults) = match target.folder.path.is_dir() {
        true => migration::files::load(&target.folder.path, &target.folder.shown),
        false => Default::default(),
    };
    Ok(Picture {
        folder,
        faults,
        ledger: files::ledger(connection).await?,
    })
}

impl Picture {
    /// The ledger of poststack itself.
    ///
    /// # Errors
    /// There is none, or only one that has to be taken over first.
    pub fn own_ledger(&self, target: &Target) -> Result<&Ledger, Failure> {
        let name = target.name();
        let Some(ledger) = &self.ledger else {
            let message = format!("Nothing was ever migrated in {name}: there is no ledger");
            return Err(Failure::new(Kind::Migration, message).hint(target.command("migrate")));
        };
        if ledger.original {
            let message = format!("The ledger of {name} is that of the original poststack");
            let command = target.command("adopt --from original");
            return Err(Failure::new(Kind::Migration, message).hint(command));
        }
        match ledger.foreign.first() {
            Some(foreign) => {
                let message = format!("The ledger of {name} is that of {}", foreign.tool);
                let command = target.command(&format!("adopt --from {}", foreign.tool));
                Err(Failure::new(Kind::Migration, message).hint(command))
            }
            None => Ok(ledger),
        }
    }

    /// The migration of `version`.
    ///
    /// # Errors
    /// There is none, or its files have faults.
    pub fn migration(&self, version: &Version) -> Result<&migration::Migration, Failure> {
        if let Some(migration) = self.folder.migration(version) {
            return Ok(migration);
        }
        if self.folder.left_out.contains(version) {
            return Err(migrations::conflict(self.faults.clone()));
        }
        let message = format!("No file has the version `{version}`");
        Err(Failure::new(Kind::Migration, message))
    }

    /// That no file has a fault.
    ///
    /// # Errors
    /// All faults.
    pub fn without_faults(&self) -> Result<(), Failure> {
        match self.faults.iter().any(Diagnostic::is_error) {
            true => Err(migrations::conflict(self.faults.clone())),
            false => Ok(()),
        }
    }
}

/// Does `work` while nobody else migrates the database. Waits as long as the project or
/// `--lock-wait` says; `on_wait` hears who holds the lock.
///
/// # Errors
/// [`Kind::LockBusy`], and those of `work`.
pub async fn locked<T>(
    (target, connection): (&Target, &Connection),
    lock_wait: Option<std::time::Duration>,
    on_wait: impl Fn(&str),
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let wait = target.rules(lock_wait).patience().lock_wait;
    let tell = |holder: Option<&Session>| match holder {
        Some(holder) => on_wait(&format!("waiting for the migration lock, held by {holder}")),
        None => on_wait("waiting for the migration lock"),
    };
    with_lock(connection, wait, tell, work).await
}

/// Runs statements that change the ledger, as one transaction.
///
/// # Errors
/// What the server answers; then nothing was changed.
pub async fn write(connection: &Connection, sql: &str) -> Result<(), Failure> {
    let written = repair::in_transaction(connection, sql).await;
    written.map_err(failed)
}

/// As [`write`], for statements that change a row of the ledger each time they are right.
///
/// # Errors
/// As [`write`]; and that no row was changed.
pub async fn write_rows(connection: &Connection, sql: &str) -> Result<(), Failure> {
    let changed = repair::changing_rows(connection, sql).await;
    match changed.map_err(failed)? {
        0 => Err(changed_meanwhile()),
        _ => Ok(()),
    }
}

/// A question to the ledger that was not answered.
#[must_use]
pub fn failed(error: MigrationError) -> Failure {
    migrations::failure(&error)
}

/// What was shown is not what would be done by now.
#[must_use]
pub fn changed_meanwhile() -> Failure {
    let message = "The ledger or the files changed since this was shown; nothing was done";
    Failure::new(Kind::Migration, message).hint("look again, and type it again")
}
