//! Which files a run applies or rolls back, decided before anything is touched. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::assess::{State, assess};
use super::ledger::{Ledger, LedgerEntry, Unfinished};
use super::substitute::{self, Substitute, Substituted};
use super::{Direction, Folder, Migration, MigrationError, Repeatable, Script, Version, conflict};
use crate::diagnostic::Diagnostic;
use crate::postgres::ServerMessage;
use crate::text::{Source, Span};

/// How far a run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Up: to the newest file. Back: everything.
    All,
    /// This version is the newest applied one afterwards.
    To(Version),
    /// So many files at most.
    Steps(usize),
}

/// How patient a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// For another run in the same database.
    pub lock_wait: Duration,
    /// For a table another session uses. Longer would stall everybody who reads it meanwhile.
    /// Zero: without end.
    pub lock_timeout: Duration,
    /// For one statement; `None`: as long as it takes.
    pub statement_timeout: Option<Duration>,
    /// How often a file is tried that meets a lock timeout or a deadlock; at least once.
    pub attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_wait: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(3),
            statement_timeout: None,
            attempts: 10,
        }
    }
}

/// What a run is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub target: &'a Target,
    /// Apply files that come before one that is applied.
    pub allow_out_of_order: bool,
    pub settings: Settings,
    pub substitute: &'a Substitute<'a>,
}

/// Everything pending, with the default patience and no variables.
impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            target: &Target::All,
            allow_out_of_order: false,
            settings: Settings::default(),
            substitute: &substitute::no_variables,
        }
    }
}

/// What a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    Migration(&'a Migration),
    Repeatable(&'a Repeatable),
}

/// One file that a run will run, checked and ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    pub subject: Subject<'a>,
    pub direction: Direction,
    /// The file as it was written.
    pub script: Script,
    /// Where it stopped before, when it goes on now.
    pub unfinished: Option<Unfinished>,
    /// The version as the ledger spells it, when it is to be taken back.
    pub(super) recorded: Option<Version>,
    /// Whether repeatable files were applied, which taking this one back may undo.
    pub(super) forgets_repeatables: bool,
    pub(super) substituted: Option<Substituted>,
}

impl<'a> Step<'a> {
    /// # Errors
    /// What [`Script::parse`] finds, what is still to be written, variables without a value.
    pub fn up(migration: &'a Migration, values: &Substitute<'_>) -> Result<Self, Vec<Diagnostic>> {
        let subject = Subject::Migration(migration);
        Self::new(subject, Direction::Up, &migration.up, values)
    }

    /// # Errors
    /// As [`Step::up`]; and that there is no rollback file.
    pub fn rollback(
        migration: &'a Migration,
        values: &Substitute<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let source = migration.rollback.as_ref();
        let source = source.ok_or_else(|| vec![no_rollback(migration)])?;
        let subject = Subject::Migration(migration);
        Self::new(subject, Direction::Rollback, source, values)
    }

    /// # Errors
    /// As [`Step::up`].
    pub fn repeatable(
        repeatable: &'a Repeatable,
        values: &Substitute<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let subject = Subject::Repeatable(repeatable);
        Self::new(subject, Direction::Up, &repeatable.source, values)
    }

    fn new(
        subject: Subject<'a>,
        direction: Direction,
        source: &Source,
        values: &Substitute<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let script = Script::parse(source)?;
        if !script.headers.todos.is_empty() {
            let todos = script.headers.todos.iter();
            return Err(todos.map(|span| to_do(source, *span)).collect());
        }
        let substituted = if script.headers.substitute {
            Some(substitute::substitute(&script, values)?)
        } else {
            None
        };
        Ok(Self {
            subject,
            direction,
            script,
            unfinished: None,
            recorded: None,
            forgets_repeatables: false,
            substituted,
        })
    }

    /// `NNN_name` or `R_name`
    #[must_use]
    pub fn title(&self) -> String {
        match self.subject {
            Subject::Migration(migration) => migration.title(),
            Subject::Repeatable(repeatable) => repeatable.title(),
        }
    }

    /// What is sent: the script with the values of its variables.
    pub(super) fn sent(&self) -> &Script {
        self.substituted
            .as_ref()
            .map_or(&self.script, |s| &s.script)
    }

    /// `message` without the values of its variables.
    pub(super) fn shown(&self, message: ServerMessage) -> ServerMessage {
        match &self.substituted {
            Some(substituted) => substituted.hidden().mask_message(message),
            None => message,
        }
    }

    /// As the ledger spells it, or will.
    pub(super) fn recorded_version(&self) -> Option<&Version> {
        self.recorded.as_ref().or_else(|| self.version())
    }

    pub(super) fn version(&self) -> Option<&'a Version> {
        match self.subject {
            Subject::Migration(migration) => Some(&migration.version),
            Subject::Repeatable(_) => None,
        }
    }
}

/// The files to apply, in order: versions first, then what is repeated. Repeatable migrations wait
/// until no version is pending: they may need the last of them.
///
/// # Errors
/// [`MigrationError::Conflict`] with every fault between files and ledger, of the files themselves
/// and of the target.
pub fn plan_migrate<'a>(
    folder: &'a Folder,
    ledger: Option<&Ledger>,
    request: &Request<'_>,
) -> Result<Vec<Step<'a>>, MigrationError> {
    let assessment = assess(folder, ledger, request.allow_out_of_order);
    let mut faults = assessment.faults.clone();
    faults.extend(unknown_target(folder, request.target));
    let is_to_do = |state| matches!(state, State::Pending | State::Dirty);
    let pending = assessment.entries.iter().filter(|e| is_to_do(e.state));
    let pending: Vec<_> = pending
        .filter_map(|entry| Some((folder.migration(entry.version)?, entry.unfinished)))
        .collect();
    let count = match request.target {
        Target::All => pending.len(),
        Target::Steps(steps) => pending.len().min(*steps),
        Target::To(version) => pending
            .iter()
            .filter(|(m, _)| m.version <= *version)
            .count(),
    };
    let mut steps = Vec::with_capacity(count);
    let mut add =
        |step: Result<Step<'a>, Vec<Diagnostic>>, unfinished: Option<&Unfinished>| match step {
            Ok(step) => steps.push(Step {
                unfinished: unfinished.cloned(),
                ..step
            }),
            Err(found) => faults.extend(found),
        };
    for (migration, unfinished) in pending.iter().take(count) {
        add(Step::up(migration, request.substitute), *unfinished);
        if let Some(Err(found)) = migration.rollback.as_ref().map(Script::parse) {
            add(Err(found), None);
        }
    }
    if count == pending.len() {
        let changed = assessment.repeatables.iter().filter(|e| is_to_do(e.state));
        for entry in changed {
            if let Some(repeatable) = folder.repeatable(entry.name) {
                add(
                    Step::repeatable(repeatable, request.substitute),
                    entry.unfinished,
                );
            }
        }
    }
    faults.extend(unmet(&steps, ledger));
    if faults.is_empty() {
        Ok(steps)
    } else {
        Err(MigrationError::Conflict(faults))
    }
}

/// The migrations to roll back, newest first, each with its rollback file.
///
/// An edited migration is rolled back only by the rollback text that was recorded with it: another
/// one may belong to the edited text.
///
/// # Errors
/// Everything that is in the way: missing and unfinished files, faults in them, an unknown target.
pub fn plan_rollback<'a>(
    folder: &'a Folder,
    ledger: Option<&Ledger>,
    request: &Request<'_>,
) -> Result<Vec<Step<'a>>, MigrationError> {
    let none = Ledger::default();
    let ledger = ledger.unwrap_or(&none);
    let half_applied = ledger
        .unfinished
        .iter()
        .filter(|row| row.direction == Direction::Up);
    let mut faults: Vec<_> = half_applied.map(conflict::half_applied).collect();
    if let Target::To(version) = request.target
        && !ledger.entries.iter().any(|entry| entry.version == *version)
    {
        faults.push(not_applied(version));
    }
    let newest_first = ledger.entries.iter().rev();
    let chosen: Vec<_> = match request.target {
        Target::All => newest_first.collect(),
        Target::Steps(steps) => newest_first.take(*steps).collect(),
        Target::To(version) => newest_first.take_while(|e| e.version > *version).collect(),
    };
    let mut steps = Vec::with_capacity(chosen.len());
    for entry in chosen {
        match roll_back(folder, ledger, entry, request) {
            Ok(step) => steps.push(step),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() {
        Ok(steps)
    } else {
        Err(MigrationError::Conflict(faults))
    }
}

fn roll_back<'a>(
    folder: &'a Folder,
    ledger: &Ledger,
    entry: &LedgerEntry,
    request: &Request<'_>,
) -> Result<Step<'a>, Vec<Diagnostic>> {
    let migration = folder.migration(&entry.version);
    let migration = migration.ok_or_else(|| vec![conflict::missing(entry)])?;
    let step = Step::rollback(migration, request.substitute)?;
    let rollback = super::files::checksum(&step.script.source.text);
    if entry.checksum != migration.checksum && entry.rollback_checksum.as_ref() != Some(&rollback) {
        return Err(vec![conflict::edited(migration, entry)]);
    }
    let mut unfinished = ledger.unfinished.iter();
    let unfinished = unfinished.find(|row| row.version.as_ref() == Some(&entry.version));
    if let Some(unfinished) = unfinished
        && !super::assess::goes_on(unfinished, &step.script.source)
    {
        let source = &step.script.source;
        return Err(vec![conflict::done_part_edited(
            unfinished, source, &rollback,
        )]);
    }
    let unheard = unfinished.and_then(|row| super::assess::unheard(row, &step.script.source));
    if let Some(fault) = unheard {
        return Err(vec![fault]);
    }
    Ok(Step {
        unfinished: unfinished.cloned(),
        recorded: Some(entry.version.clone()),
        forgets_repeatables: !ledger.repeatables.is_empty(),
        ..step
    })
}

fn unknown_target(folder: &Folder, target: &Target) -> Option<Diagnostic> {
    match target {
        Target::To(version) if folder.migration(version).is_none() => {
            Some(conflict::unknown_version(version))
        }
        _ => None,
    }
}

/// What files require and will not have.
fn unmet(steps: &[Step<'_>], ledger: Option<&Ledger>) -> Vec<Diagnostic> {
    let applied = ledger.into_iter().flat_map(|ledger| &ledger.entries);
    let mut there: BTreeSet<&Version> = applied.map(|entry| &entry.version).collect();
    let mut faults = Vec::new();
    for step in steps {
        let required = step.script.headers.requires.iter();
        let unmet = required.filter(|(version, _)| !there.contains(version));
        faults.extend(unmet.map(|(version, span)| is_unmet(step, version, *span)));
        there.extend(step.version());
    }
    faults
}

fn is_unmet(step: &Step<'_>, version: &Version, span: Span) -> Diagnostic {
    let message = format!(
        "Migration `{}` requires `{version}`, which is not applied before it",
        step.title()
    );
    Diagnostic::error(message)
        .at(&step.script.source, span)
        .help(format!("apply `{version}` first, or remove the line"))
}

fn to_do(source: &Source, span: Span) -> Diagnostic {
    Diagnostic::error("The file is not finished: it holds a `todo`")
        .at(source, span)
        .help("write what is missing and remove the line")
}

fn no_rollback(migration: &Migration) -> Diagnostic {
    let title = migration.title();
    Diagnostic::error(format!("Migration `{title}` has no rollback file"))
        .at(&migration.up, Span::at(0))
        .help(format!(
            "write `{title}.rollback.sql`, or have it derived by `poststack db create-rollback {}`",
            migration.version
        ))
}

fn not_applied(version: &Version) -> Diagnostic {
    Diagnostic::error(format!("Version `{version}` is not applied"))
        .help("`poststack db migration-status` lists what is")
}
