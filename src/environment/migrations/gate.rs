//! What stands before migrations of a protected environment: lint. Decides what is refused; what is
//! dangerous is for `lint` to say.

use std::collections::BTreeSet;

use super::{conflict, failure};
use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::failure::Failure;
use crate::event::{Event, Listener};
use crate::lint::{self, Facts};
use crate::migration::{
    Direction, Folder, MigrationError, Request, Step, Subject, plan_migrate, read_ledger,
};
use crate::postgres::Connection;

/// Refuses what is pending when lint calls any of it an error; tells of its warnings.
///
/// # Errors
/// Every finding; faults between files and ledger.
pub(super) async fn refuse_dangerous_pending(
    connection: &Connection,
    folder: &Folder,
    request: &Request<'_>,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let ledger = read_ledger(connection).await;
    let ledger = ledger.map_err(|error| failure(&MigrationError::Server(error)))?;
    let steps = plan_migrate(folder, ledger.as_ref(), request).map_err(|error| failure(&error))?;
    refuse_dangerous(&steps, connection.server_major(), listener)
}

/// Refuses `steps` when lint calls any of them an error; tells of its warnings.
///
/// # Errors
/// Every finding.
pub fn refuse_dangerous(
    steps: &[Step<'_>],
    server_major: u32,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let found = lint(steps, Some(server_major));
    if found.iter().any(Diagnostic::is_error) {
        let refused = conflict(found).saying("Lint refuses what is pending; nothing was run");
        return Err(refused.hint(
            "write it as the help says, or allow it where it is right: \
             `-- poststack: allow RULE reason`",
        ));
    }
    let warnings = found.iter().filter(|one| one.severity == Severity::Warning);
    for warning in warnings {
        let place = warning.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!("{place}: "));
        listener(Event::Warning(format!("{place}{}", warning.message)));
    }
    Ok(())
}

/// What is dangerous in the files of `steps`, one after the other: a table that one of them makes is
/// nobody's yet in those after it. `server_major` is the server's major version, where it is known.
#[must_use]
pub fn lint(steps: &[Step<'_>], server_major: Option<u32>) -> Vec<Diagnostic> {
    let mut new_tables = BTreeSet::new();
    let mut found = Vec::new();
    for step in steps {
        let facts = Facts {
            missing_rollback: is_one_way(step),
            is_rollback: step.direction == Direction::Rollback,
            new_tables: &new_tables,
            server_major,
        };
        found.extend(lint::check(&step.script, &facts));
        new_tables.extend(lint::created(&step.script));
    }
    found
}

fn is_one_way(step: &Step<'_>) -> bool {
    match step.subject {
        Subject::Migration(migration) => migration.rollback.is_none(),
        Subject::Repeatable(_) => false,
    }
}
