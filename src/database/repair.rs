//! `db repair`: makes the ledger say what is true, when it does not. Each way is named by the user
//! and shown before it is done; none is guessed, and no statement of a migration is run.

mod dirty;

use serde::Serialize;

use super::Target;
use super::settle::{Picture, failed, look, write_rows};
use crate::environment::{Failure, Kind};
use crate::migration::{
    LedgerEntry, Unfinished, Version, delete_migration, insert_migration, repair,
};
use crate::postgres::Connection;

pub use dirty::Way;

/// What a command line names: `003` or `R_views`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Version(Version),
    Repeatable(String),
}

impl Key {
    /// # Errors
    /// Neither a number nor `R_name`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("R_").filter(|name| !name.is_empty()) {
            return Ok(Self::Repeatable(name.to_owned()));
        }
        Version::parse(text).map(Self::Version).ok_or_else(|| {
            format!("`{text}` is no version; write its digits, as in 003, or R_name")
        })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Repeatable(name) => write!(f, "R_{name}"),
        }
    }
}

/// What is wrong, by the user's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The file was changed, and the change changes nothing in the database.
    Checksum(Version),
    /// What the file does was done by hand.
    MarkApplied(Key),
    /// What the file did was undone by hand.
    MarkReverted(Version),
    /// A file without a transaction stopped half-way. `None`: explain it.
    Dirty(Key, Option<Way>),
}

/// A change of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The environment, or `host:port/database`.
    pub database: String,
    /// `NNN_name` or `R_name`.
    pub migration: String,
    /// For a sentence: `accept the new text of …`.
    pub action: String,
    /// The same once it is done: `Accepted the new text of …`.
    pub done: String,
    /// What it would do, a line each: `record it in the ledger`.
    pub effects: Vec<String>,
    /// How the text of the file differs from the one that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    #[serde(skip)]
    sql: String,
}

/// What [`repair()`] would do.
///
/// # Errors
/// There is nothing to repair, or not in this way; the message tells the state.
pub async fn plan(
    target: &Target,
    connection: &Connection,
    wanted: &Wanted,
) -> Result<Repair, Failure> {
    let picture = look(target, connection).await?;
    let planning = Planning {
        target,
        picture: &picture,
    };
    match wanted {
        Wanted::Checksum(version) => planning.checksum(connection, version).await,
        Wanted::MarkApplied(key) => planning.mark_applied(key),
        Wanted::MarkReverted(version) => planning.mark_reverted(version),
        Wanted::Dirty(key, way) => planning.dirty(key, way.as_ref()),
    }
}

/// Does what was planned. With the lock held.
///
/// # Errors
/// It is not the same by now, or the server refuses it; then nothing was changed.
pub async fn repair(
    target: &Target,
    connection: &Connection,
    (wanted, planned): (&Wanted, &Repair),
) -> Result<(), Failure> {
    if plan(target, connection, wanted).await? != *planned {
        return Err(super::settle::changed_meanwhile());
    }
    write_rows(connection, &planned.sql).await
}

struct Planning<'a> {
    target: &'a Target,
    picture: &'a Picture,
}

impl Planning<'_> {
    async fn checksum(
        &self,
        connection: &Connection,
        version: &Version,
    ) -> Result<Repair, Failure> {
        let ledger = self.picture.own_ledger(self.target)?;
        self.refuse_dirty(&Key::Version(version.clone()))?;
        let entry = self.entry(version)?;
        let migration = self.picture.migration(version)?;
        if entry.checksum == migration.checksum {
            let message = format!(
                "There is nothing to repair: `{}` is as it was applied at {}",
                migration.title(),
                entry.applied_at
            );
            return Err(Failure::new(Kind::Migration, message));
        }
        let applied = repair::applied_text(connection, version).await;
        let applied = applied.map_err(failed)?.unwrap_or_default();
        let is_newest = ledger
            .entries
            .last()
            .is_some_and(|last| last.version == *version);
        let mut effects =
            vec!["take the text of the file as what was applied, and run nothing".to_owned()];
        if !is_newest {
            effects.push("leave the later ones, which may rest on the text as it was".to_owned());
        }
        Ok(Repair {
            action: format!("accept the new text of `{}`", migration.title()),
            done: format!("Accepted the new text of `{}`", migration.title()),
            effects,
            diff: Some(diff(&applied, &migration.up.text)),
            sql: repair::update_migration(migration),
            ..self.repair(migration.title())
        })
    }

    fn mark_applied(&self, key: &Key) -> Result<Repair, Failure> {
        self.picture.own_ledger(self.target)?;
        self.refuse_dirty(key)?;
        let (title, sql) = match key {
            Key::Version(version) => {
                if let Some(entry) = self.known(version) {
                    let message = format!("`{}` is applied already", entry.title());
                    return Err(self.about(message, "checksum", version, entry));
                }
                let migration = self.picture.migration(version)?;
                (migration.title(), insert_migration(migration, "0"))
            }
            Key::Repeatable(name) => {
                let Some(repeatable) = self.picture.folder.repeatable(name) else {
                    let message = format!("There is no file `R_{name}.sql`");
                    return Err(Failure::new(Kind::Migration, message));
                };
                (repeatable.title(), repair::record_repeatable(repeatable))
            }
        };
        Ok(Repair {
            action: format!("mark `{title}` as applied"),
            done: format!("Marked `{title}` as applied"),
            effects: vec!["record it in the ledger, and run nothing".to_owned()],
            sql,
            ..self.repair(title)
        })
    }

    fn mark_reverted(&self, version: &Version) -> Result<Repair, Failure> {
        let ledger = self.picture.own_ledger(self.target)?;
        self.refuse_dirty(&Key::Version(version.clone()))?;
        let entry = self.entry(version)?;
        let mut effects = vec!["take it out of the ledger, and run nothing".to_owned()];
        let later = ledger
            .entries
            .iter()
            .filter(|other| other.version > *version);
        let later = later.count();
        if later > 0 && self.picture.folder.migration(version).is_some() {
            effects.push(format!(
                "leave {later} later ones applied: applying it again needs --allow-out-of-order"
            ));
        }
        Ok(Repair {
            action: format!("mark `{}` as reverted", entry.title()),
            done: format!("Marked `{}` as reverted", entry.title()),
            effects,
            sql: delete_migration(&entry.version),
            ..self.repair(entry.title())
        })
    }

    /// A file that stopped half-way is settled in its own way.
    fn refuse_dirty(&self, key: &Key) -> Result<(), Failure> {
        let Some(unfinished) = self.unfinished(key) else {
            return Ok(());
        };
        let message = format!(
            "`{}` stopped after {} of {} statements",
            unfinished.file(),
            unfinished.done,
            unfinished.total
        );
        let command = self.target.command(&format!("repair dirty {key}"));
        Err(Failure::new(Kind::Migration, message).hint(command))
    }

    fn unfinished(&self, key: &Key) -> Option<&Unfinished> {
        let mut rows = self
            .picture
            .ledger
            .iter()
            .flat_map(|ledger| &ledger.unfinished);
        rows.find(|row| match key {
            Key::Version(version) => row.version.as_ref() == Some(version),
            Key::Repeatable(name) => row.version.is_none() && row.name == *name,
        })
    }

    fn known(&self, version: &Version) -> Option<&LedgerEntry> {
        let mut entries = self
            .picture
            .ledger
            .iter()
            .flat_map(|ledger| &ledger.entries);
        entries.find(|entry| entry.version == *version)
    }

    fn entry(&self, version: &Version) -> Result<&LedgerEntry, Failure> {
        self.known(version).ok_or_else(|| {
            let message = match self.picture.folder.migration(version) {
                Some(migration) => format!("`{}` is not applied", migration.title()),
                None => format!("Version `{version}` is not applied, and no file has it"),
            };
            let failure = Failure::new(Kind::Migration, message);
            failure.hint(self.target.command("migration-status"))
        })
    }

    fn about(&self, message: String, way: &str, version: &Version, entry: &LedgerEntry) -> Failure {
        let failure = Failure::new(Kind::Migration, message);
        let file = self.picture.folder.migration(version);
        match file.is_some_and(|file| file.checksum != entry.checksum) {
            true => {
                let command = self.target.command(&format!("repair {way} {version}"));
                failure.hint(format!(
                    "its file was changed since; to accept that: {command}"
                ))
            }
            false => failure,
        }
    }

    fn repair(&self, migration: String) -> Repair {
        Repair {
            database: self.target.name(),
            migration,
            action: String::new(),
            done: String::new(),
            effects: Vec::new(),
            diff: None,
            sql: String::new(),
        }
    }
}

/// The changed lines with three around them, as `diff -u` shows them.
fn diff(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified
        .header("as it was applied", "as the file is now")
        .to_string()
}
