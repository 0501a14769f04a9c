//! Back and up again: what both halves run, planned before the first is begun. Pure.

use super::ledger::Ledger;
use super::plan::{Request, Step, Target, plan_migrate, plan_rollback};
use super::{Folder, MigrationError, Version};

/// What a redo runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redo<'a> {
    /// Newest first.
    pub back: Vec<Step<'a>>,
    /// In the order in which they are applied, up to the newest that was taken back. A file that is
    /// pending before it is among them.
    pub up: Vec<Step<'a>>,
}

/// Both halves of a redo; the target of `request` says how much is taken back. The second is planned
/// against the ledger as the first leaves it.
///
/// # Errors
/// [`MigrationError::Conflict`] with everything that is in the way of either half.
pub fn plan_redo<'a>(
    folder: &'a Folder,
    ledger: Option<&Ledger>,
    request: &Request<'_>,
) -> Result<Redo<'a>, MigrationError> {
    let back = plan_rollback(folder, ledger, request)?;
    let (Some(ledger), Some(newest)) = (ledger, back.first().and_then(Step::version)) else {
        return Ok(Redo::default());
    };
    let until = Target::To(newest.clone());
    let again = Request {
        target: &until,
        ..*request
    };
    let up = plan_migrate(folder, Some(&without(ledger, &back)), &again)?;
    Ok(Redo { back, up })
}

/// The ledger as it is when `back` is taken back.
fn without(ledger: &Ledger, back: &[Step<'_>]) -> Ledger {
    let mut after = ledger.clone();
    let stays = |version: &Version| back.iter().all(|step| step.version() != Some(version));
    after.entries.retain(|entry| stays(&entry.version));
    after
        .unfinished
        .retain(|row| row.version.as_ref().is_none_or(stays));
    after
}
