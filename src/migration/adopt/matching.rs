//! What another tool applied, matched with the files of the folder. Pure.

use super::history::{Applied, History, What};
use crate::diagnostic::Diagnostic;
use crate::migration::origin::Tool;
use crate::migration::script::both_ways;
use crate::migration::{Folder, Migration, Repeatable, Version};
use crate::text::Span;

/// What would be recorded, and everything that is in its way.
#[derive(Debug, Clone)]
pub struct Adoption<'a> {
    pub tool: Tool,
    /// Ordered by version.
    pub adopted: Vec<Adopted<'a>>,
    pub repeatables: Vec<AdoptedRepeatable<'a>>,
    /// Files that the tool did not apply, ordered by version.
    pub pending: Vec<&'a Migration>,
    /// Why nothing may be recorded.
    pub faults: Vec<Diagnostic>,
    /// Worth knowing before it is.
    pub warnings: Vec<Diagnostic>,
}

/// A file of ours, and what the other tool knows of its run.
#[derive(Debug, Clone, Copy)]
pub struct Adopted<'a> {
    pub migration: &'a Migration,
    pub applied: &'a Applied,
}

#[derive(Debug, Clone, Copy)]
pub struct AdoptedRepeatable<'a> {
    pub repeatable: &'a Repeatable,
    pub applied: &'a Applied,
}

/// Matches `history` with `folder`: by version where it is a number, else by name.
#[must_use]
pub fn adoption<'a>(folder: &'a Folder, history: &'a History) -> Adoption<'a> {
    let mut matching = Matching {
        folder,
        history,
        adoption: Adoption {
            tool: history.tool,
            adopted: Vec::new(),
            repeatables: Vec::new(),
            pending: Vec::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
        },
    };
    let unfinished = history.unfinished.iter();
    let unfinished = unfinished.map(|what| matching.unfinished(what));
    matching.adoption.faults = unfinished.collect();
    // Their texts would be recorded, and are not what comes of them.
    let halved = folder.migrations.iter().filter_map(|m| both_ways(&m.up));
    matching.adoption.faults.extend(halved);
    if history.applied.is_empty() && matching.adoption.faults.is_empty() {
        matching.adoption.faults.push(nothing(history));
    }
    for applied in &history.applied {
        matching.take(applied);
    }
    matching.finish()
}

struct Matching<'a> {
    folder: &'a Folder,
    history: &'a History,
    adoption: Adoption<'a>,
}

impl<'a> Matching<'a> {
    fn take(&mut self, applied: &'a Applied) {
        match &applied.what {
            What::Version(version) => match self.folder.migration(version) {
                Some(migration) if is_named(migration, applied) => self.adopt(migration, applied),
                Some(migration) => self.fault(self.another_name(migration, applied)),
                None => self.fault(self.no_file(applied)),
            },
            What::UpTo(version) => self.take_up_to(version, applied),
            What::Dotted(_) | What::Named => self.take_named(applied),
            What::Repeatable => self.take_repeatable(applied),
        }
    }

    fn take_up_to(&mut self, version: &Version, applied: &'a Applied) {
        let is_marked_only = self.history.tool == Tool::Flyway;
        if self.folder.migration(version).is_none() && !is_marked_only {
            return self.fault(self.no_file(applied));
        }
        let folder = self.folder;
        for migration in &folder.migrations {
            if migration.version <= *version {
                self.adopt(migration, applied);
            }
        }
    }

    /// A name is only as good as it is unique.
    fn take_named(&mut self, applied: &'a Applied) {
        let folder = self.folder;
        let mut alike = folder.migrations.iter().filter(|m| is_named(m, applied));
        match (alike.next(), alike.next()) {
            (Some(migration), None) => self.adopt(migration, applied),
            (Some(_), Some(_)) => {
                let message = format!(
                    "{} applied {applied}, and several files have this name",
                    self.history.tool
                );
                let help = "give each file a name of its own";
                self.fault(Diagnostic::error(message).help(help));
            }
            (None, _) => self.fault(self.no_file(applied)),
        }
    }

    fn take_repeatable(&mut self, applied: &'a Applied) {
        let name = applied.name.as_deref().unwrap_or_default();
        let mut repeatables = self.folder.repeatables.iter();
        match repeatables.find(|file| alike(&file.name, name)) {
            Some(repeatable) => self.adoption.repeatables.push(AdoptedRepeatable {
                repeatable,
                applied,
            }),
            None => {
                let message = format!(
                    "{} applied {applied}, and there is no file `R_{}.sql`",
                    self.history.tool,
                    name.replace(' ', "_")
                );
                self.adoption.warnings.push(Diagnostic::warning(message));
            }
        }
    }

    fn adopt(&mut self, migration: &'a Migration, applied: &'a Applied) {
        let mut known = self.adoption.adopted.iter();
        if let Some(first) = known.find(|one| one.migration.version == migration.version) {
            // Everything up to a baseline may have a row of its own, too.
            let is_range = |applied: &Applied| matches!(applied.what, What::UpTo(_));
            if !is_range(applied) && !is_range(first.applied) {
                let message = format!(
                    "{} applied both {} and {applied}, and both are `{}` here",
                    self.history.tool,
                    first.applied,
                    migration.title()
                );
                self.fault(Diagnostic::error(message).at(&migration.up, Span::at(0)));
            }
            return;
        }
        if is_changed(migration, applied) {
            let message = format!(
                "`{}` is not as {} applied it: its checksum is another one",
                migration.title(),
                self.history.tool
            );
            let changed = Diagnostic::warning(message).at(&migration.up, Span::at(0));
            self.adoption.warnings.push(changed);
        }
        self.adoption.adopted.push(Adopted { migration, applied });
    }

    fn finish(mut self) -> Adoption<'a> {
        let adoption = &mut self.adoption;
        adoption
            .adopted
            .sort_by(|a, b| a.migration.version.cmp(&b.migration.version));
        let is_adopted = |migration: &Migration| {
            let mut adopted = adoption.adopted.iter();
            adopted.any(|one| one.migration.version == migration.version)
        };
        let files = self.folder.migrations.iter();
        adoption.pending = files.filter(|migration| !is_adopted(migration)).collect();
        let newest = adoption.adopted.last().map(|one| one.migration);
        if let Some(newest) = newest {
            let late = adoption.pending.iter();
            let late = late.filter(|migration| migration.version < newest.version);
            let late = late.map(|migration| out_of_order(self.history, migration, newest));
            adoption.warnings.extend(late);
        }
        self.adoption
    }

    fn fault(&mut self, fault: Diagnostic) {
        self.adoption.faults.push(fault);
    }

    fn unfinished(&self, what: &str) -> Diagnostic {
        let tool = self.history.tool;
        let help = match tool {
            Tool::GolangMigrate => {
                "settle by hand what it did, then tell the tool with `migrate force VERSION`"
            }
            Tool::Flyway => "settle by hand what it did, then remove the row with `flyway repair`",
            _ => "settle by hand what it did, then remove its row",
        };
        let table = &self.history.table;
        Diagnostic::error(format!("{what} in `{table}` of {tool}")).help(help)
    }

    fn no_file(&self, applied: &Applied) -> Diagnostic {
        let tool = self.history.tool;
        let help = match applied.what {
            What::Dotted(_) => {
                "poststack knows whole numbers only: name the file `NNN_name.sql` with the name \
                 it has there"
                    .to_owned()
            }
            What::Named => "name the file `NNN_name.sql` with the name it has there".to_owned(),
            _ => format!(
                "bring the file back, named `NNN_name.sql`; `poststack db adopt --from {tool} \
                 --rename` renames those that are named in the way of {tool}"
            ),
        };
        Diagnostic::error(format!("{tool} applied {applied}, and no file here is it")).help(help)
    }

    fn another_name(&self, migration: &Migration, applied: &Applied) -> Diagnostic {
        let tool = self.history.tool;
        let message = format!(
            "{tool} applied {applied}, but `{}` has another name",
            migration.title()
        );
        Diagnostic::error(message)
            .at(&migration.up, Span::at(0))
            .help("rename the file when it is the same migration, else give it another version")
    }
}

fn nothing(history: &History) -> Diagnostic {
    let History { tool, table, .. } = history;
    Diagnostic::error(format!("`{table}` of {tool} holds no applied migration"))
        .help("there is nothing to adopt: `poststack db migrate` starts from the first file")
}

fn out_of_order(history: &History, migration: &Migration, newest: &Migration) -> Diagnostic {
    let message = format!(
        "`{}` was not applied by {}, but comes before `{}`, which was",
        migration.title(),
        history.tool,
        newest.title()
    );
    Diagnostic::warning(message)
        .at(&migration.up, Span::at(0))
        .help("after this, apply it with `poststack db migrate --allow-out-of-order`")
}

/// Whether the name is the same, where the tool keeps one.
fn is_named(migration: &Migration, applied: &Applied) -> bool {
    let name = applied.name.as_deref();
    name.is_none_or(|name| alike(&migration.name, name))
}

/// Tools write `add users`, `add_users` and `Add-Users` for the same name.
fn alike(one: &str, other: &str) -> bool {
    let significant = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    significant(one) == significant(other)
}

fn is_changed(migration: &Migration, applied: &Applied) -> bool {
    let Some(expected) = &applied.sha384 else {
        return false;
    };
    let text = &migration.up.text;
    let own = "-- poststack: no-transaction";
    let before = text
        .strip_prefix(own)
        .map(|rest| format!("-- no-transaction{rest}"));
    let mut texts = std::iter::once(text).chain(&before);
    !texts.any(|text| sha384(text) == *expected)
}

fn sha384(text: &str) -> String {
    use sha2::{Digest, Sha384};
    let digest = Sha384::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
