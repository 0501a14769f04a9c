//! The files of a target's folder beside its ledger: what most verbs begin with.

use super::Target;
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, migrations};
use crate::migration::{Folder, Ledger, MigrationError, Version, read_ledger};
use crate::postgres::Connection;
use crate::postgres::quote::identifier;

/// The files of the folder, with warnings about them.
///
/// # Errors
/// There is no such folder, or its files have faults.
pub fn load(target: &Target) -> Result<(Folder, Vec<Diagnostic>), Failure> {
    let folder = target.existing_folder()?;
    migrations::load(&folder.path, &folder.shown)
}

/// As [`load`]; where the files have faults, those between files and ledger are told with them.
///
/// # Errors
/// As [`load`].
pub async fn load_beside(
    target: &Target,
    allow_out_of_order: bool,
) -> Result<(Folder, Vec<Diagnostic>), Failure> {
    let folder = target.existing_folder()?;
    let files = (folder.path.as_path(), folder.shown.as_path());
    migrations::load_beside(&target.address, files, allow_out_of_order).await
}

/// What the database has; `None` when nobody ever migrated it.
///
/// # Errors
/// The server does not let us read it.
pub async fn ledger(connection: &Connection) -> Result<Option<Ledger>, Failure> {
    read_ledger(connection).await.map_err(|error| {
        let may_not = error.code().is_some_and(|code| code.code() == MAY_NOT);
        let failure = migrations::failure(&MigrationError::Server(error));
        match may_not {
            true => Failure {
                hints: vec![may_read(&connection.address().user)],
                ..failure
            },
            false => failure,
        }
    })
}

/// The SQLSTATE `insufficient_privilege`.
const MAY_NOT: &str = "42501";

/// What reading the ledger takes; less than writing it.
fn may_read(user: &str) -> String {
    let user = identifier(user);
    format!(
        "let the user read it: GRANT USAGE ON SCHEMA poststack TO {user}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA poststack TO {user}"
    )
}

/// The version that `text` names.
///
/// # Errors
/// It is no number.
pub fn version(text: &str) -> Result<Version, String> {
    Version::parse(text)
        .ok_or_else(|| format!("`{text}` is no version; write its digits, as in 003"))
}

/// How many files `text` asks for.
///
/// # Errors
/// It is no number, or none at all.
pub fn steps(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("there is nothing to do for 0 files".to_owned()),
        Ok(steps) => Ok(steps),
        Err(_) => Err(format!("`{text}` is no number of files")),
    }
}
