//! `db verify`: whether files and ledger fit, and whether every file can be read. Changes nothing.

use serde::Serialize;

use super::{Target, files};
use crate::diagnostic::Diagnostic;
use crate::environment::Failure;
use crate::migration::{Folder, State, assess};
use crate::postgres::Connection;

/// What was compared.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The environment, or `host:port/database`.
    pub database: String,
    pub folder: String,
    pub applied: usize,
    pub pending: usize,
    /// Files that stopped half-way.
    pub dirty: usize,
    /// Whether nothing is wrong.
    pub valid: bool,
}

/// Compares `folder` with the ledger, and reads every file; with everything that is wrong.
///
/// # Errors
/// The ledger cannot be read.
pub async fn verify(
    target: &Target,
    connection: &Connection,
    folder: &Folder,
    allow_out_of_order: bool,
) -> Result<(Verified, Vec<Diagnostic>), Failure> {
    let ledger = files::ledger(connection).await?;
    let assessment = assess(folder, ledger.as_ref(), allow_out_of_order);
    let count = |state| {
        let entries = assessment.entries.iter();
        entries.filter(|entry| entry.state == state).count()
    };
    let (applied, pending) = (count(State::Applied), count(State::Pending));
    let half_done = assessment.half_done();
    let dirty = count(State::Dirty) + { assessment.repeatables.iter() }
        .filter(|entry| entry.state == State::Dirty)
        .count();
    let mut faults = assessment.faults;
    faults.extend(half_done);
    faults.extend(folder.faults());
    let verified = Verified {
        database: target.name(),
        folder: target.folder.shown.display().to_string(),
        applied,
        pending,
        dirty,
        valid: faults.is_empty(),
    };
    Ok((verified, faults))
}
