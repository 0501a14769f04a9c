//! Files are run for a fresh database only where that leaves the server beside it as it is: roles,
//! settings and other databases are there only once, and somebody uses them.

use crate::database::server::failure;
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind};
use crate::migration::{Folder, Script, acts_outside, may_act_unseen};
use crate::postgres::Connection;
use crate::postgres::databases::shared;

/// What is run of each file; `None` for one that cannot be read.
pub(super) fn scripts(folder: &Folder) -> impl Iterator<Item = Option<Script>> {
    let migrations = folder.migrations.iter().map(|one| &one.up);
    let all = migrations.chain(folder.repeatables.iter().map(|one| &one.source));
    all.map(|source| Script::parse(source).ok())
}

/// # Errors
/// Statements that say that they act outside the database.
pub(super) fn refuse(folder: &Folder) -> Result<(), Failure> {
    let faults: Vec<Diagnostic> = scripts(folder)
        .flatten()
        .flat_map(|script| {
            let fault = |span| {
                Diagnostic::error("The statement acts outside its database")
                    .at(&script.source, span)
                    .help(
                        "the server has it once for all databases: make it in the `init` of the \
                         environment, or in a `DO` block that changes nothing where it is so",
                    )
            };
            let spans = acts_outside(&script).map(|statement| fault(statement.span));
            spans.collect::<Vec<_>>()
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let message = "The files cannot be applied to a fresh database beside the real one: they act \
                   outside it";
    Err(Failure {
        diagnostics: faults,
        ..Failure::new(Kind::Migration, message)
    })
}

/// Does `work`, which runs the files, and looks whether blocks and functions in them changed what
/// the server has only once.
///
/// # Errors
/// Those of `work`; what changed; or the server cannot be asked.
pub async fn watch<T>(
    admin: &Connection,
    folder: &Folder,
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !scripts(folder)
        .flatten()
        .any(|script| may_act_unseen(&script))
    {
        return work().await;
    }
    let before = shared(admin).await.map_err(|error| failure(&error))?;
    let done = work().await;
    let now = shared(admin).await.map_err(|error| failure(&error))?;
    let changes = before.changes(&now);
    if changes.is_empty() {
        return done;
    }
    let message = "While the files were applied to a fresh database, the server changed";
    let failure = done
        .err()
        .unwrap_or_else(|| Failure::new(Kind::Migration, message));
    Err(failure
        .excerpt("On the server:", changes)
        .hint("a function or `DO` block of a file did it, or somebody else meanwhile"))
}
