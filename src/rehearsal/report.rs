//! What a rehearsal found, as data.

use serde::{Serialize, Serializer};

use crate::diagnostic::{Diagnostic, Severity};
use crate::event::Seconds;
use crate::postgres::Address;
use crate::postgres::relations::LockMode;

/// How the scratch database was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// With all data.
    Clone,
    /// The schema without a row: times, and what happens to rows, are not known.
    Schema,
    /// Nothing was pending.
    Nothing,
}

/// A whole rehearsal.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub database: String,
    pub way: Way,
    /// Why it was not a clone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the scratch database does not have, in words; a clone has everything.
    pub left_out: Vec<String>,
    /// In their order.
    pub files: Vec<FileReport>,
    /// Titles of files that were not come to, because one before them was not applied.
    pub not_run: Vec<String>,
    pub seconds: Seconds,
}

impl Report {
    pub(super) fn nothing(address: &Address, seconds: Seconds) -> Self {
        Self {
            database: address.database.clone(),
            way: Way::Nothing,
            reason: None,
            left_out: Vec::new(),
            files: Vec::new(),
            not_run: Vec::new(),
            seconds,
        }
    }

    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings)
    }

    /// Where everything has to be tried, a file that cannot be is an error if others come after it.
    pub(super) fn require_all(&mut self) {
        let files = self.files.iter_mut().flat_map(|file| &mut file.findings);
        let outside = files.filter(|finding| finding.kind == FindingKind::ActsOutside);
        if let (Some(last), false) = (outside.last(), self.not_run.is_empty()) {
            last.severity = "error";
            last.diagnostic.severity = Severity::Error;
        }
    }

    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings().any(Finding::is_error)
    }
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// `NNN_name` or `R_name`
    pub title: String,
    /// Whether it is one transaction; of one that is not, the locks are not seen.
    pub transaction: bool,
    /// `None` where it failed.
    pub up: Option<Run>,
    /// `None` without a rollback file, or where it failed.
    pub down: Option<Run>,
    pub up_again: Option<Run>,
    /// Tables that were there before, with other rows after one of the steps.
    pub rows: Vec<RowsReport>,
    /// What is not as before after up and down, in words.
    pub differences: Vec<String>,
    pub findings: Vec<Finding>,
}

/// One direction of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// On the scratch database, with nobody else in the way.
    pub seconds: Seconds,
    /// On tables that were there before, the strongest first.
    pub locks: Vec<Lock>,
    pub rewritten: Vec<Rewritten>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// `schema.name`
    pub table: String,
    #[serde(serialize_with = "mode_name")]
    pub mode: LockMode,
    /// What others cannot do meanwhile, in words.
    pub blocks: &'static str,
    /// From the statement that took it to the commit.
    pub held: Seconds,
    /// Line of that statement in the file.
    pub line: usize,
    /// Of the real table.
    #[serde(flatten)]
    pub size: Size,
}

/// How large a table or index of the real database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Size {
    /// On disk.
    pub bytes: u64,
    /// The planner's estimate; `None` when nobody has looked yet.
    pub rows: Option<u64>,
}

fn mode_name<S: Serializer>(mode: &LockMode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(mode.name())
}

/// Written anew as a whole: it takes time with its size, and space for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewritten {
    /// `schema.name`
    pub relation: String,
    pub index: bool,
    /// Of the real table, for an index of its table.
    #[serde(flatten)]
    pub size: Size,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowsReport {
    /// `schema.name` before.
    pub table: String,
    pub before: Count,
    /// `None`: there is no such table any more.
    pub after_up: Option<Count>,
    /// As `after_up`; `None` also when the file was not rolled back.
    pub after_down: Option<Count>,
    /// Whether as many rows are there after up and down, but not the same.
    pub other_contents: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    pub rows: u64,
    /// Whether they were counted; else it is the planner's estimate.
    pub exact: bool,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.exact { "" } else { "about " }, self.rows)
    }
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The file cannot be applied.
    Fails,
    NoRollback,
    RollbackFails,
    /// After up and down the schema is another one.
    NotReversible,
    /// After up and down columns stand in another order, which no rollback can help.
    ColumnOrder,
    /// It cannot be applied once more after its rollback.
    SecondUpFails,
    /// Applied once more, it gives another schema.
    NotRepeatable,
    /// Rows that were there are gone.
    RowsLost,
    /// After up and down there are other rows.
    OtherContents,
    /// It was not tried: it acts outside its database, which the server has only once.
    ActsOutside,
    /// Began on the real database already; its rollback was not tried.
    HalfApplied,
}

/// Something found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    pub message: String,
    /// `path:line:column`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same with its place in the file's text.
    #[serde(skip)]
    pub diagnostic: Diagnostic,
}

impl Finding {
    pub(super) fn new(kind: FindingKind, diagnostic: Diagnostic) -> Self {
        Self {
            kind,
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            message: diagnostic.message.clone(),
            place: diagnostic.place.as_ref().map(ToString::to_string),
            help: diagnostic.help.clone(),
            diagnostic,
        }
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.diagnostic.is_error()
    }
}
