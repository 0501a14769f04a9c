//! A file without a transaction that stopped between its statements: what is known of it, and the
//! three ways out.

use super::{Key, Planning, Repair};
use crate::diagnostic::brief;
use crate::environment::{Failure, Kind, migrations};
use crate::migration::{
    Direction, Script, Unfinished, delete_migration, delete_unfinished, insert_migration, repair,
};
use crate::text::Source;

/// How it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The next run begins with this statement, counted from 1.
    ResumeFrom(usize),
    /// What it does is there, by whoever's hand.
    MarkApplied,
    /// Nothing of what it does is there.
    MarkReverted,
}

impl Planning<'_> {
    pub(super) fn dirty(&self, key: &Key, way: Option<&Way>) -> Result<Repair, Failure> {
        self.picture.own_ledger(self.target)?;
        let Some(unfinished) = self.unfinished(key) else {
            return Err(self.not_dirty(key));
        };
        match way {
            None => Err(self.explain(key, unfinished)),
            Some(Way::ResumeFrom(number)) => self.resume(key, unfinished, *number),
            Some(Way::MarkApplied) => self.settle(key, unfinished, true),
            Some(Way::MarkReverted) => self.settle(key, unfinished, false),
        }
    }

    fn not_dirty(&self, key: &Key) -> Failure {
        let state = match key {
            Key::Version(version) if self.known(version).is_some() => "is applied as a whole",
            Key::Version(version) if self.picture.folder.migration(version).is_some() => {
                "is not applied, not even in part"
            }
            Key::Version(_) => "is known neither to the ledger nor to the folder",
            Key::Repeatable(_) => "did not stop half-way",
        };
        let failure = Failure::new(Kind::Migration, format!("`{key}` {state}"));
        failure.hint(self.target.command("migration-status"))
    }

    /// The file that stopped, as it is now.
    fn source(&self, key: &Key, unfinished: &Unfinished) -> Option<&Source> {
        match key {
            Key::Repeatable(name) => {
                let file = self.picture.folder.repeatable(name);
                file.map(|file| &file.source)
            }
            Key::Version(version) => {
                let migration = self.picture.folder.migration(version)?;
                match unfinished.direction {
                    Direction::Up => Some(&migration.up),
                    Direction::Rollback => migration.rollback.as_ref(),
                }
            }
        }
    }

    /// The progress statement by statement, and what can be done.
    fn explain(&self, key: &Key, unfinished: &Unfinished) -> Failure {
        let message = format!(
            "`{}` stopped after {} of {} statements at {}",
            unfinished.file(),
            unfinished.done,
            unfinished.total,
            unfinished.started_at
        );
        let said = unfinished.error.iter().cloned().collect();
        let mut failure = Failure::new(Kind::Usage, message).excerpt("The server said:", said);
        let source = self.source(key, unfinished);
        let script = source.and_then(|source| Script::parse(source).ok());
        let mut next = unfinished.done + 1;
        match &script {
            Some(script) => {
                let lines = statements(script, unfinished);
                failure = failure.excerpt("Its statements:", lines);
                next = next.min(script.statements.len());
            }
            None => {
                let gone = "the file is gone or cannot be read; with it more could be said";
                failure = failure.excerpt("Its statements:", vec![gone.to_owned()]);
            }
        }
        let command = |way: &str| self.target.command(&format!("repair dirty {key} {way}"));
        let (applied, reverted) = match unfinished.direction {
            Direction::Up => ("all of it is there", "nothing of it is there"),
            Direction::Rollback => ("it is still applied as a whole", "it is undone as a whole"),
        };
        if script.is_some() {
            let resume = command(&format!("--resume-from {next}"));
            failure = failure.hint(format!("to go on with a statement: {resume}"));
        }
        failure
            .hint(format!("when {applied}: {}", command("--mark-applied")))
            .hint(format!("when {reverted}: {}", command("--mark-reverted")))
    }

    fn resume(&self, key: &Key, unfinished: &Unfinished, number: usize) -> Result<Repair, Failure> {
        let Some(source) = self.source(key, unfinished) else {
            let message = format!("The file `{}` is gone or has faults", unfinished.file());
            let failure = Failure::new(Kind::Migration, message);
            return Err(failure.hint("bring it back; its name is the one above"));
        };
        let script = Script::parse(source).map_err(migrations::conflict)?;
        let total = script.statements.len();
        if number > 1 && script.in_transaction() {
            let message = format!(
                "`{}` runs as one transaction by now: it cannot begin in its middle",
                unfinished.file()
            );
            let hint = "put `-- poststack: no-transaction` at its top, or resume from 1";
            return Err(Failure::new(Kind::Migration, message).hint(hint));
        }
        let done = number.checked_sub(1).filter(|done| *done < total);
        let sql = done.and_then(|done| repair::resume_after(unfinished, &script, done));
        let Some(sql) = sql else {
            let message =
                format!("There is no statement {number}: the file has 1 to {total} of them");
            let command = format!("repair dirty {key} --mark-applied");
            let hint = format!("when all of it is there: {}", self.target.command(&command));
            return Err(Failure::new(Kind::Usage, message).hint(hint));
        };
        let verb = match unfinished.direction {
            Direction::Up => "migrate",
            Direction::Rollback => "rollback",
        };
        let next = script.statements.get(number - 1);
        let next = next.map_or("", |statement| script.source.slice(statement.span));
        Ok(Repair {
            action: format!("go on with statement {number} of `{}`", unfinished.file()),
            done: format!("The next `{verb}` goes on with statement {number}"),
            effects: vec![
                format!("let the next `{verb}` begin with: {}", first_line(next)),
                format!("take the {} statements before it as done", number - 1),
            ],
            sql,
            ..self.repair(unfinished.file())
        })
    }

    fn settle(&self, key: &Key, unfinished: &Unfinished, applied: bool) -> Result<Repair, Failure> {
        let forget = delete_unfinished(&unfinished.file());
        let (record, effect) = match (key, unfinished.direction, applied) {
            (Key::Version(version), Direction::Up, true) => {
                let migration = self.picture.migration(version)?;
                let record = match self.known(version) {
                    Some(_) => repair::update_migration(migration),
                    None => insert_migration(migration, "0"),
                };
                (record, "record it in the ledger, and run nothing")
            }
            (Key::Repeatable(name), _, true) => match self.picture.folder.repeatable(name) {
                Some(file) => {
                    let record = repair::record_repeatable(file);
                    (record, "record it in the ledger, and run nothing")
                }
                None => (String::new(), "forget that it began; its file is gone"),
            },
            (Key::Version(version), Direction::Rollback, false) => {
                // As the ledger spells it; it may be out of the ledger by now.
                let row = self.known(version).map(|entry| &entry.version);
                let forget = row.map(delete_migration);
                (
                    forget.unwrap_or_default(),
                    "take it out of the ledger, and run nothing",
                )
            }
            (_, Direction::Rollback, true) => (
                String::new(),
                "forget that its rollback began, so that it counts as applied, and run nothing",
            ),
            (_, Direction::Up, false) => (
                String::new(),
                "forget that it began, so that the next run starts from its first statement",
            ),
            (Key::Repeatable(_), Direction::Rollback, false) => {
                (String::new(), "forget that it began")
            }
        };
        let state = if applied { "applied" } else { "reverted" };
        Ok(Repair {
            action: format!("mark `{}` as {state}", unfinished.file()),
            done: format!("Marked `{}` as {state}", unfinished.file()),
            effects: vec![effect.to_owned()],
            sql: format!("{forget};{record}"),
            ..self.repair(unfinished.file())
        })
    }
}

/// A line for each statement.
fn statements(script: &Script, unfinished: &Unfinished) -> Vec<String> {
    let statements = script.statements.iter().enumerate();
    statements
        .map(|(index, statement)| {
            let state = match index {
                index if index < unfinished.done => "done",
                index if index > unfinished.done => "not run",
                _ if unfinished.in_flight => "sent, end unknown",
                _ if unfinished.error.is_some() => "failed",
                _ => "not run",
            };
            let line = script.source.location(statement.span.start).line;
            let sql = first_line(script.source.slice(statement.span));
            format!("{:>3}. line {line}: {sql} ({state})", index + 1)
        })
        .collect()
}

fn first_line(sql: &str) -> String {
    let line = sql.lines().next().unwrap_or_default();
    brief(line.trim_end()).into_owned()
}
