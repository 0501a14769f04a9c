//! `db seed`: runs a file of data as one transaction.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::Target;
use super::login::TIMEOUT;
use super::query::failed;
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind};
use crate::event::Seconds;
use crate::migration::Script;
use crate::postgres::{Answer, Query, query};
use crate::text::{self, Source, Span};

/// What was seeded.
#[derive(Debug, Clone, Serialize)]
pub struct Seeded {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// As messages show it.
    pub file: String,
    pub statements: usize,
    /// Rows inserted, changed and deleted.
    pub rows: u64,
    pub seconds: Seconds,
}

/// The files that are looked for, in this order, when none is named: `seeds/<environment>.sql`,
/// `seeds.sql`, `seed.sql`, beside `.poststack.yml`.
#[must_use]
pub fn usual_files(target: &Target) -> Vec<PathBuf> {
    let own = target
        .environment_name()
        .map(|name| Path::new("seeds").join(format!("{name}.sql")));
    let shared = ["seeds.sql", "seed.sql"].map(PathBuf::from);
    own.into_iter().chain(shared).collect()
}

/// A file of data that can be run as one transaction.
#[derive(Debug)]
pub struct Seeds {
    source: Source,
    statements: Vec<Span>,
}

impl Seeds {
    /// How many there are.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// The file, as messages show it.
    #[must_use]
    pub fn file(&self) -> String {
        self.source.path.display().to_string()
    }
}

/// Reads `file`, or the first of [`usual_files`] that is there.
///
/// # Errors
/// There is no file, or it is no single transaction.
pub fn read(target: &Target, file: Option<&Path>) -> Result<Seeds, Failure> {
    let (path, shown) = match file {
        Some(file) => (file.to_path_buf(), file.to_path_buf()),
        None => found(target)?,
    };
    let source = text::read(&path, &shown).map_err(|error| faulty(vec![error.into()]))?;
    let script = Script::parse(&source).map_err(faulty)?;
    if !script.in_transaction() {
        return Err(faulty(vec![outside(&script)]));
    }
    let statements = script.statements.iter().map(|one| one.span).collect();
    Ok(Seeds { source, statements })
}

/// Runs `seeds` in a database of the target's server, which is not always the target's own.
///
/// # Errors
/// The server refuses them; nothing of them is kept then.
pub async fn seed(target: &Target, database: &str, seeds: &Seeds) -> Result<Seeded, Failure> {
    target.has_started()?;
    let began = Instant::now();
    let wanted = Query {
        sql: &seeds.source,
        statements: &seeds.statements,
        login_timeout: TIMEOUT,
    };
    let mut rows = 0;
    let address = target.address.with_database(database);
    let outcome = query(&address, wanted, |answer| {
        if let Answer::Complete { tag, .. } = answer {
            rows += changed(tag).unwrap_or_default();
        }
        ControlFlow::Continue(())
    });
    outcome.await.map_err(|error| {
        let failure = failed(target, error);
        let message = format!("Failed to seed from `{}`; nothing is kept", seeds.file());
        match failure.kind {
            Kind::Failed => failure.saying(message),
            _ => failure,
        }
    })?;
    Ok(Seeded {
        database: target.name(),
        file: seeds.file(),
        statements: seeds.statements(),
        rows,
        seconds: Seconds(began.elapsed()),
    })
}

fn found(target: &Target) -> Result<(PathBuf, PathBuf), Failure> {
    let usual = usual_files(target);
    let there = usual
        .iter()
        .find(|file| target.root.join(file).is_file())
        .map(|file| (target.root.join(file), file.clone()));
    there.ok_or_else(|| {
        let names: Vec<String> = usual
            .iter()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        let message = format!("There is no file of seeds; looked for {}", names.join(", "));
        Failure::new(Kind::Failed, message).hint("name one: poststack db seed --file FILE")
    })
}

fn faulty(faults: Vec<Diagnostic>) -> Failure {
    Failure {
        diagnostics: faults,
        ..Failure::new(Kind::Failed, "The seeds cannot be run; nothing was done")
    }
}

/// A file of seeds that could be kept in part.
fn outside(script: &Script) -> Diagnostic {
    let statement = script.statements.iter();
    let mut refusing = statement.filter(|one| one.refuses_transaction());
    let fault = Diagnostic::error("Seeds run as one transaction, and this cannot be in one");
    match refusing.next() {
        Some(statement) => fault.at(&script.source, statement.span),
        None => fault.help("remove the directive `no-transaction`"),
    }
}

/// The number in `INSERT 0 3` or `UPDATE 2`; a `SELECT` changes nothing.
fn changed(tag: &str) -> Option<u64> {
    let (verb, rest) = tag.split_once(' ')?;
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"].contains(&verb);
    let number = rest.rsplit(' ').next().filter(|_| changes)?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_of_changes_count_rows() {
        let tags = [
            "INSERT 0 3",
            "UPDATE 2",
            "MERGE 4",
            "SELECT 9",
            "CREATE TABLE",
            "DO",
        ];
        let rows = tags.map(changed);
        assert_eq!(rows, [Some(3), Some(2), Some(4), None, None, None]);
    }
}
