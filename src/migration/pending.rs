//! What remains to be applied: pure, and only when files and ledger tell the same story.

use std::collections::{BTreeMap, BTreeSet};

use super::{LedgerEntry, Migration};
use crate::diagnostic::Diagnostic;
use crate::text::Span;

/// The migrations of `files` that `ledger` does not have, in order.
///
/// # Errors
/// All at once: files changed since they were applied, applied ones that are gone, new ones that
/// come before an applied one.
pub fn pending<'a>(
    files: &'a [Migration],
    ledger: &[LedgerEntry],
) -> Result<Vec<&'a Migration>, Vec<Diagnostic>> {
    let applied: BTreeMap<_, _> = ledger.iter().map(|entry| (&entry.version, entry)).collect();
    let newest = applied.values().next_back();
    let mut pending = Vec::new();
    let mut faults = missing(files, ledger);
    for migration in files {
        match (applied.get(&migration.version), newest) {
            (Some(entry), _) if entry.checksum == migration.checksum => {}
            (Some(entry), _) => faults.push(edited(migration, entry)),
            (None, Some(newest)) if migration.version < newest.version => {
                faults.push(out_of_order(migration, newest));
            }
            (None, _) => pending.push(migration),
        }
    }
    if faults.is_empty() {
        Ok(pending)
    } else {
        Err(faults)
    }
}

fn missing(files: &[Migration], ledger: &[LedgerEntry]) -> Vec<Diagnostic> {
    let versions: BTreeSet<_> = files.iter().map(|file| &file.version).collect();
    ledger
        .iter()
        .filter(|entry| !versions.contains(&entry.version))
        .map(|entry| {
            let title = entry.title();
            Diagnostic::error(format!(
                "Migration `{title}` was applied, but its file is gone"
            ))
            .help("bring the file back; its text is in `poststack.schema_migrations.up_sql`")
        })
        .collect()
}

fn edited(migration: &Migration, entry: &LedgerEntry) -> Diagnostic {
    let message = format!(
        "Migration `{}` was changed after it was applied",
        migration.title()
    );
    Diagnostic::error(message)
        .at(&migration.up.source, Span::at(0))
        .label(format!("applied at {}", entry.applied_at))
        .help(
            "take the change back and make it in a new migration; the applied text is in \
             `poststack.schema_migrations.up_sql`",
        )
}

fn out_of_order(migration: &Migration, newest: &LedgerEntry) -> Diagnostic {
    let message = format!(
        "Migration `{}` comes before `{}`, which is applied already",
        migration.title(),
        newest.title()
    );
    Diagnostic::error(message)
        .at(&migration.up.source, Span::at(0))
        .help(format!("rename it to a version above `{}`", newest.version))
}
