//! The faults between files and ledger, each with what resolves it.

use super::ledger::{LedgerEntry, Unfinished};
use super::origin::ForeignLedger;
use super::{Migration, Script, Statement, Version};
use crate::diagnostic::{Diagnostic, brief};
use crate::text::{Source, Span};

/// As much of a checksum as tells two apart.
fn short(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}

pub(super) fn edited(migration: &Migration, entry: &LedgerEntry) -> Diagnostic {
    let title = migration.title();
    let version = &migration.version;
    let message = format!("Migration `{title}` was changed after it was applied");
    let label = format!(
        "checksum {} now, {} when it was applied at {}",
        short(&migration.checksum),
        short(&entry.checksum),
        entry.applied_at
    );
    let help = format!(
        "take the change back and make it in a new migration; when it changes nothing in the \
         database: `poststack db repair checksum {version}`"
    );
    Diagnostic::error(message)
        .at(&migration.up, Span::at(0))
        .label(label)
        .help(help)
}

pub(super) fn missing(entry: &LedgerEntry) -> Diagnostic {
    let title = entry.title();
    let message = format!(
        "Migration `{title}` was applied at {}, but its file is gone (checksum {})",
        entry.applied_at,
        short(&entry.checksum)
    );
    let help = format!(
        "bring `{title}.sql` back; its text is in `poststack.schema_migrations.up_sql`; when it \
         was undone by hand: `poststack db repair mark-reverted {}`",
        entry.version
    );
    Diagnostic::error(message).help(help)
}

pub(super) fn out_of_order(migration: &Migration, newest: &LedgerEntry) -> Diagnostic {
    let message = format!(
        "Migration `{}` comes before `{}`, which is applied already",
        migration.title(),
        newest.title()
    );
    let label = format!(
        "checksum {}; that of `{}` is {}",
        short(&migration.checksum),
        newest.title(),
        short(&newest.checksum)
    );
    let help = format!(
        "rename it to a version above `{}`, or apply it where it is with `--allow-out-of-order`",
        newest.version
    );
    Diagnostic::error(message)
        .at(&migration.up, Span::at(0))
        .label(label)
        .help(help)
}

/// What to type about a file that stopped half-way.
fn repair(unfinished: &Unfinished) -> String {
    format!("`{}`", repair_command(unfinished))
}

fn repair_command(unfinished: &Unfinished) -> String {
    let key = match &unfinished.version {
        Some(version) => version.to_string(),
        None => format!("R_{}", unfinished.name),
    };
    format!("poststack db repair dirty {key}")
}

fn stopped(unfinished: &Unfinished) -> String {
    format!(
        "`{}` stopped after {} of {} statements",
        unfinished.file(),
        unfinished.done,
        unfinished.total
    )
}

pub(super) fn done_part_edited(
    unfinished: &Unfinished,
    source: &Source,
    checksum: &str,
) -> Diagnostic {
    let message = format!(
        "{}, and what was run of it has been changed since",
        stopped(unfinished)
    );
    let label = format!(
        "checksum {} now, {} when it was run at {}",
        short(checksum),
        short(&unfinished.checksum),
        unfinished.started_at
    );
    let help = format!(
        "take back the change of the statements that were run; or settle by hand what they did, \
         then {}",
        repair(unfinished)
    );
    Diagnostic::error(message)
        .at(source, Span::at(0))
        .label(label)
        .help(help)
}

/// `statement` is the one after those that are done.
pub(super) fn unheard(
    unfinished: &Unfinished,
    script: &Script,
    statement: &Statement,
) -> Diagnostic {
    let number = unfinished.done + 1;
    let sql = script.source.slice(statement.span);
    let message = format!(
        "{}; statement {number} was sent, and nobody heard how it ended: `{}`",
        stopped(unfinished),
        brief(sql.lines().next().unwrap_or_default().trim_end())
    );
    let repair = repair_command(unfinished);
    let done = match number < script.statements.len() {
        true => format!("--resume-from {}", number + 1),
        false => "--mark-applied".to_owned(),
    };
    let help = format!(
        "see whether it was done; if nothing of it was: `{repair} --resume-from {number}`; if all \
         of it was: `{repair} {done}`"
    );
    Diagnostic::error(message)
        .at(&script.source, statement.span)
        .label("it may be done already, in part or as a whole: it is not sent again by itself")
        .help(help)
}

pub(super) fn unfinished_gone(unfinished: &Unfinished) -> Diagnostic {
    let message = format!(
        "{}, and its file is gone (checksum {})",
        stopped(unfinished),
        short(&unfinished.checksum)
    );
    let help = format!(
        "bring the file back; or settle by hand what it did, then {}",
        repair(unfinished)
    );
    Diagnostic::error(message).help(help)
}

pub(super) fn half_applied(unfinished: &Unfinished) -> Diagnostic {
    let help = format!(
        "finish it with `poststack db migrate`; or settle by hand what it did, then {}",
        repair(unfinished)
    );
    Diagnostic::error(stopped(unfinished)).help(help)
}

pub(super) fn half_rolled_back(
    unfinished: &Unfinished,
    migration: Option<&Migration>,
) -> Diagnostic {
    let help = format!(
        "finish it with `poststack db rollback`; or settle by hand what it did, then {}",
        repair(unfinished)
    );
    let diagnostic = Diagnostic::error(stopped(unfinished)).help(help);
    match migration.and_then(|migration| migration.rollback.as_ref()) {
        Some(source) => diagnostic.at(source, Span::at(0)),
        None => diagnostic,
    }
}

pub(super) fn foreign(ledger: &ForeignLedger) -> Diagnostic {
    let ForeignLedger { tool, table } = ledger;
    let message = format!(
        "The database was migrated by {tool}: `{table}` is there, and no ledger of poststack"
    );
    let help = format!("take its ledger over with `poststack db adopt --from {tool}`");
    Diagnostic::error(message).help(help)
}

/// A version that no file has.
pub(super) fn unknown_version(version: &Version) -> Diagnostic {
    Diagnostic::error(format!("No migration has the version `{version}`"))
        .help("`poststack db migration-status` lists them all")
}

/// `range` names the folder of the files it stands for.
pub(super) fn partly_squashed(file: &Migration, range: &str) -> Diagnostic {
    let message = format!(
        "`{}` stands for files of which this database has only a part, or other texts",
        file.title()
    );
    let folder = file.up.path.with_file_name(".squashed").join(range);
    let help = format!(
        "bring the database to the end of them first: `poststack db migrate --migrations {}`",
        folder.display()
    );
    Diagnostic::error(message)
        .at(&file.up, Span::at(0))
        .help(help)
}
