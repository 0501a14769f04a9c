//! What files and ledger say together. Pure: nothing is asked of a server.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict;
use super::files::checksum;
use super::ledger::{Ledger, LedgerEntry, RepeatableEntry, Unfinished};
use super::squash::{self, Standing};
use super::{Direction, Folder, Migration, Repeatable, Script, Version};
use crate::diagnostic::Diagnostic;
use crate::text::{Source, Span};

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    Pending,
    /// Applied, and its file was changed since.
    Edited,
    /// Applied, and its file is gone.
    Missing,
    /// Not applied, but a later one is.
    OutOfOrder,
    /// Run without a transaction, and stopped between its statements.
    Dirty,
}

/// One version, known from a file, the ledger or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed<'a> {
    pub version: &'a Version,
    /// The file's name, or the ledger's where there is no file.
    pub name: &'a str,
    pub state: State,
    pub entry: Option<&'a LedgerEntry>,
    pub migration: Option<&'a Migration>,
    pub unfinished: Option<&'a Unfinished>,
}

/// One repeatable migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessedRepeatable<'a> {
    pub name: &'a str,
    /// `Applied`, `Pending` (new or changed), `Missing` (which is no fault) or `Dirty`.
    pub state: State,
    pub entry: Option<&'a RepeatableEntry>,
    pub repeatable: Option<&'a Repeatable>,
    pub unfinished: Option<&'a Unfinished>,
}

/// The whole picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment<'a> {
    /// Ordered by version.
    pub entries: Vec<Assessed<'a>>,
    /// Ordered by name.
    pub repeatables: Vec<AssessedRepeatable<'a>>,
    /// Why nothing may be applied: all reasons at once.
    pub faults: Vec<Diagnostic>,
}

impl Assessment<'_> {
    /// Of every file that stopped half-way and may go on with the next run: that it did. The
    /// others are among the faults.
    #[must_use]
    pub fn half_done(&self) -> Vec<Diagnostic> {
        let versions = self.entries.iter().filter_map(|entry| {
            let unfinished = entry.unfinished?;
            let goes_on = dirty(unfinished, entry.migration).is_none();
            goes_on.then_some(unfinished)
        });
        let repeatables = self.repeatables.iter().filter_map(|entry| {
            let goes_on = repeatable_fault(entry).is_none();
            entry.unfinished.filter(|_| goes_on)
        });
        versions
            .chain(repeatables)
            .map(conflict::half_applied)
            .collect()
    }
}

/// Compares `folder` with `ledger`; `None` is a database without one.
#[must_use]
pub fn assess<'a>(
    folder: &'a Folder,
    ledger: Option<&'a Ledger>,
    allow_out_of_order: bool,
) -> Assessment<'a> {
    let (applied, repeated, unfinished): (&[LedgerEntry], &[RepeatableEntry], &[Unfinished]) =
        ledger.map_or((&[], &[], &[]), |ledger| {
            (&ledger.entries, &ledger.repeatables, &ledger.unfinished)
        });
    let newest = applied.last();
    let standing = squash::standing(folder, applied);
    let mut entries = versions(folder, applied, unfinished);
    if let Some(Standing::Covered(squashed)) = standing {
        let is_part = |entry: &Assessed<'_>| entry.version < squashed;
        entries.retain(|entry| !(is_part(entry) && entry.state == State::Missing));
        let is_it = |entry: &&mut Assessed<'_>| entry.version == squashed;
        let covered = entries.iter_mut().filter(is_it);
        for entry in covered.filter(|entry| entry.state == State::Edited) {
            entry.state = State::Applied;
        }
    }
    for entry in &mut entries {
        let is_late = newest.is_some_and(|newest| *entry.version < newest.version);
        if entry.state == State::Pending && is_late && !allow_out_of_order {
            entry.state = State::OutOfOrder;
        }
    }
    let repeatables = repeatables(folder, repeated, unfinished);
    let mut faults: Vec<_> = entries
        .iter()
        .filter(|entry| !folder.left_out.contains(entry.version))
        .filter_map(|entry| fault(entry, newest, standing))
        .collect();
    if let Some(Standing::Partly(file)) = standing {
        faults.push(squash::partly(file));
    }
    faults.extend(repeatables.iter().filter_map(repeatable_fault));
    let to_do = |state| matches!(state, State::Pending | State::Dirty);
    let any_to_do = entries.iter().any(|entry| to_do(entry.state))
        || repeatables.iter().any(|entry| to_do(entry.state));
    if let Some(ledger) = ledger.filter(|_| any_to_do) {
        faults.extend(ledger.foreign.iter().map(conflict::foreign));
    }
    Assessment {
        entries,
        repeatables,
        faults,
    }
}

fn versions<'a>(
    folder: &'a Folder,
    applied: &'a [LedgerEntry],
    unfinished: &'a [Unfinished],
) -> Vec<Assessed<'a>> {
    type Known<'a> = (Option<&'a LedgerEntry>, Option<&'a Migration>);
    let mut known: BTreeMap<&Version, Known<'_>> = BTreeMap::new();
    for entry in applied {
        known.entry(&entry.version).or_default().0 = Some(entry);
    }
    for migration in &folder.migrations {
        known.entry(&migration.version).or_default().1 = Some(migration);
    }
    // A file that began and is gone is known from its progress alone.
    for row in unfinished {
        if let Some(version) = &row.version {
            known.entry(version).or_default();
        }
    }
    let known = known.into_iter();
    known
        .map(|(version, (entry, migration))| {
            let unfinished = unfinished
                .iter()
                .find(|u| u.version.as_ref() == Some(version));
            let name = match (migration, entry, unfinished) {
                (Some(migration), ..) => migration.name.as_str(),
                (_, Some(entry), _) => entry.name.as_str(),
                (_, _, unfinished) => unfinished.map_or("", |row| row.name.as_str()),
            };
            let state = match (entry, migration) {
                _ if unfinished.is_some() => State::Dirty,
                (None, _) => State::Pending,
                (Some(_), None) => State::Missing,
                (Some(entry), Some(file)) if entry.checksum == file.checksum => State::Applied,
                (Some(_), Some(_)) => State::Edited,
            };
            Assessed {
                version: migration.map_or(version, |migration| &migration.version),
                name,
                state,
                entry,
                migration,
                unfinished,
            }
        })
        .collect()
}

fn repeatables<'a>(
    folder: &'a Folder,
    repeated: &'a [RepeatableEntry],
    unfinished: &'a [Unfinished],
) -> Vec<AssessedRepeatable<'a>> {
    let names: BTreeSet<&str> = folder
        .repeatables
        .iter()
        .map(|file| file.name.as_str())
        .chain(repeated.iter().map(|entry| entry.name.as_str()))
        .collect();
    let names = names.into_iter();
    names
        .map(|name| {
            let entry = repeated.iter().find(|entry| entry.name == name);
            let repeatable = folder.repeatable(name);
            let is_it = |row: &&Unfinished| row.version.is_none() && row.name == name;
            let unfinished = unfinished.iter().find(is_it);
            let state = match (entry, repeatable) {
                (_, None) => State::Missing,
                _ if unfinished.is_some() => State::Dirty,
                (Some(entry), Some(file)) if entry.checksum == file.checksum => State::Applied,
                _ => State::Pending,
            };
            AssessedRepeatable {
                name,
                state,
                entry,
                repeatable,
                unfinished,
            }
        })
        .collect()
}

fn fault(
    assessed: &Assessed<'_>,
    newest: Option<&LedgerEntry>,
    standing: Option<Standing<'_>>,
) -> Option<Diagnostic> {
    if let Some(Standing::Partly(file)) = standing
        && *assessed.version <= file.version
    {
        // One fault stands for all of them.
        return None;
    }
    match (assessed.state, assessed.migration, assessed.entry) {
        (State::Edited, Some(migration), Some(entry)) => Some(conflict::edited(migration, entry)),
        (State::Missing, _, Some(entry)) => Some(conflict::missing(entry)),
        (State::OutOfOrder, Some(migration), _) => Some(conflict::out_of_order(migration, newest?)),
        (State::Dirty, migration, _) => dirty(assessed.unfinished?, migration),
        _ => None,
    }
}

/// An unfinished file goes on where it stopped, when that can be known.
fn dirty(unfinished: &Unfinished, migration: Option<&Migration>) -> Option<Diagnostic> {
    if unfinished.direction == Direction::Rollback {
        return Some(conflict::half_rolled_back(unfinished, migration));
    }
    match migration {
        None => Some(conflict::unfinished_gone(unfinished)),
        Some(migration) if !goes_on(unfinished, &migration.up) => Some(conflict::done_part_edited(
            unfinished,
            &migration.up,
            &migration.checksum,
        )),
        Some(migration) => unheard(unfinished, &migration.up),
    }
}

/// The fault that a statement was sent which must not be done twice, and nobody heard of its end.
pub(super) fn unheard(unfinished: &Unfinished, source: &Source) -> Option<Diagnostic> {
    let script = Script::parse(source)
        .ok()
        .filter(|_| unfinished.in_flight)?;
    let statement = script.statements.get(unfinished.done)?;
    (!script.may_repeat(statement)).then(|| conflict::unheard(unfinished, &script, statement))
}

fn repeatable_fault(assessed: &AssessedRepeatable<'_>) -> Option<Diagnostic> {
    let (unfinished, file) = (assessed.unfinished?, assessed.repeatable?);
    if goes_on(unfinished, &file.source) {
        return unheard(unfinished, &file.source);
    }
    Some(conflict::done_part_edited(
        unfinished,
        &file.source,
        &file.checksum,
    ))
}

/// Whether the statements that are done stand unchanged in `source`. A file that cannot be read is
/// a fault of its own.
pub(super) fn goes_on(unfinished: &Unfinished, source: &Source) -> bool {
    Script::parse(source).map_or(true, |script| {
        done_checksum(&script, unfinished.done).as_ref() == Some(&unfinished.done_checksum)
    })
}

/// Checksum of the text up to the end of the first `done` statements; `None` when there are fewer.
pub(super) fn done_checksum(script: &Script, done: usize) -> Option<String> {
    let end = match done.checked_sub(1) {
        None => 0,
        Some(last) => script.statements.get(last)?.span.end,
    };
    Some(checksum(script.source.slice(Span::new(0, end))))
}
