//! `db seed`: runs a file of data as one transaction.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::Target;
use super::query::stream;
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind};
use crate::event::Seconds;
use crate::migration::Script;
use crate::postgres::Answer;
use crate::text;

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

/// Runs `file`, or the first of [`usual_files`] that is there.
///
/// # Errors
/// There is no file, it is no single transaction, or the server refuses it; nothing of it is kept
/// then.
pub async fn seed(target: &Target, file: Option<&Path>) -> Result<Seeded, Failure> {
    let (path, shown) = match file {
        Some(file) => (file.to_path_buf(), file.to_path_buf()),
        None => found(target)?,
    };
    let source = text::read(&path, &shown).map_err(|error| faulty(vec![error.into()]))?;
    let script = Script::parse(&source).map_err(faulty)?;
    if !script.in_transaction() {
        return Err(faulty(vec![outside(&script)]));
    }
    let began = Instant::now();
    let mut rows = 0;
    let count = |answer: Answer<'_>| {
        if let Answer::Complete { tag, .. } = answer {
            rows += changed(tag).unwrap_or_default();
        }
        ControlFlow::Continue(())
    };
    stream(target, &source, count).await.map_err(|failure| {
        let message = format!("Failed to seed from `{}`; nothing is kept", shown.display());
        match failure.kind {
            Kind::Failed => failure.saying(message),
            _ => failure,
        }
    })?;
    Ok(Seeded {
        database: target.name(),
        file: shown.display().to_string(),
        statements: script.statements.len(),
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
