//! The walk over the files: each up, back and up again, with a comparison after every step.

use super::RehearsalError;
use super::report::{FileReport, Finding, FindingKind, Way};
use super::rows::{self, Moments};
use super::run::{self, Sizes, Watched, watch};
use super::snapshot::{Snapshot, Touched};
use crate::diagnostic::Diagnostic;
use crate::migration::{Migration, MigrationError, Request, Step, Subject, acts_outside};
use crate::postgres::Connection;
use crate::postgres::relations::RelationError;
use crate::schema::{self, Difference, Schema};
use crate::text::Span;

/// Where the walk is: the scratch database as the last file left it.
pub(super) struct Walk<'a> {
    scratch: &'a Connection,
    way: Way,
    request: &'a Request<'a>,
    schema: Schema,
    tables: Snapshot,
    /// Of the real database.
    sizes: &'a Sizes,
    pub files: Vec<FileReport>,
}

impl<'a> Walk<'a> {
    pub async fn begin(
        (scratch, way): (&'a Connection, Way),
        sizes: &'a Sizes,
        request: &'a Request<'a>,
    ) -> Result<Self, RehearsalError> {
        let mut walk = Self {
            scratch,
            way,
            request,
            schema: schema::read(scratch).await?,
            tables: Snapshot::default(),
            sizes,
            files: Vec::new(),
        };
        walk.tables = walk.look(&Touched::Anything).await?;
        Ok(walk)
    }

    async fn look(&self, touched: &Touched) -> Result<Snapshot, RelationError> {
        match self.way {
            Way::Clone => Snapshot::take(self.scratch, &self.tables, touched).await,
            Way::Schema | Way::Nothing => Snapshot::of_schema(self.scratch).await,
        }
    }

    /// The rows in tables of the last file's end, as they are `now`.
    async fn look_again(
        &self,
        now: &Snapshot,
        touched: &Touched,
    ) -> Result<Option<Snapshot>, RelationError> {
        match self.way {
            Way::Clone => {
                let seen = now.look_again(self.scratch, &self.tables, touched).await?;
                Ok(Some(seen))
            }
            Way::Schema | Way::Nothing => Ok(None),
        }
    }

    /// Tries one file; `false` when what follows it cannot be tried any more.
    pub async fn step(&mut self, step: &Step<'_>) -> Result<bool, RehearsalError> {
        let mut file = FileReport {
            title: step.title(),
            transaction: step.script.in_transaction(),
            up: None,
            down: None,
            up_again: None,
            rows: Vec::new(),
            differences: Vec::new(),
            findings: Vec::new(),
        };
        let goes_on = self.up(step, &mut file).await?;
        self.files.push(file);
        Ok(goes_on)
    }

    async fn run(&self, step: &Step<'_>) -> Result<Result<Watched, Stop>, RehearsalError> {
        if let Some(statement) = acts_outside(&step.script).next() {
            return Ok(Err(Stop::Outside(run::outside(step, statement))));
        }
        match watch(self.scratch, step, self.request.settings).await {
            Ok(watched) => Ok(Ok(watched)),
            Err(RehearsalError::Migration(MigrationError::Failed(failed))) => {
                Ok(Err(Stop::Failed(failed.diagnostic)))
            }
            Err(RehearsalError::Outside { diagnostic, .. }) => Ok(Err(Stop::Outside(*diagnostic))),
            Err(error) => Err(error),
        }
    }

    async fn up(&mut self, step: &Step<'_>, file: &mut FileReport) -> Result<bool, RehearsalError> {
        let watched = match self.run(step).await? {
            Ok(watched) => watched,
            Err(stop) => {
                file.findings.push(stop.finding(FindingKind::Fails, ""));
                return Ok(false);
            }
        };
        let tables = self.look(&watched.touched).await?;
        file.up = Some(watched.report((&self.tables, &tables), self.sizes));
        let up = After {
            schema: schema::read(self.scratch).await?,
            seen: self.look_again(&tables, &watched.touched).await?,
            tables,
            touched: watched.touched,
        };
        let back = match step.subject {
            Subject::Repeatable(_) => None,
            Subject::Migration(_) if step.unfinished.is_some() => {
                file.findings.push(half_applied(step));
                None
            }
            Subject::Migration(migration) => self.rollback(migration, step, file),
        };
        match back {
            Some(back) => self.down(step, &back, up, file).await,
            None => {
                self.judge_rows(step, &up, None, file);
                self.settle(up);
                Ok(true)
            }
        }
    }

    /// The way back, or a finding why there is none.
    fn rollback<'m>(
        &self,
        migration: &'m Migration,
        step: &Step<'_>,
        file: &mut FileReport,
    ) -> Option<Step<'m>> {
        let back = Step::rollback(migration, self.request.substitute);
        match (back, &migration.rollback) {
            (Ok(back), _) => return Some(back),
            (Err(_), None) => file.findings.push(no_rollback(migration, step)),
            (Err(faults), Some(_)) => {
                let faults = faults.into_iter();
                file.findings
                    .extend(faults.map(|fault| Finding::new(FindingKind::RollbackFails, fault)));
            }
        }
        None
    }

    /// Back, with what is not as before, and up again.
    async fn down(
        &mut self,
        step: &Step<'_>,
        back: &Step<'_>,
        mut up: After,
        file: &mut FileReport,
    ) -> Result<bool, RehearsalError> {
        let watched = match self.run(back).await? {
            Ok(watched) => watched,
            Err(stop) => {
                // Of a transaction nothing is left; else nobody knows what is.
                let is_undone = stop.is_outside() || back.script.in_transaction();
                let finding = stop.finding(FindingKind::RollbackFails, " (the rollback fails)");
                file.findings.push(finding);
                self.judge_rows(step, &up, None, file);
                self.settle(up);
                return Ok(is_undone);
            }
        };
        let tables = Snapshot::of_schema(self.scratch).await?;
        file.down = Some(watched.report((&up.tables, &tables), self.sizes));
        up.touched.join(watched.touched);
        let seen = self.look_again(&tables, &up.touched).await?;
        self.judge_rows(step, &up, seen.as_ref(), file);
        let schema = schema::read(self.scratch).await?;
        judge_schema(back, &schema::compare(&self.schema, &schema), file);
        self.up_again(step, up, tables, file).await
    }

    async fn up_again(
        &mut self,
        step: &Step<'_>,
        first: After,
        down: Snapshot,
        file: &mut FileReport,
    ) -> Result<bool, RehearsalError> {
        let watched = match self.run(step).await? {
            Ok(watched) => watched,
            Err(stop) => {
                let what = " (after its rollback it cannot be applied again)";
                file.findings
                    .push(stop.finding(FindingKind::SecondUpFails, what));
                return Ok(false);
            }
        };
        let schema = schema::read(self.scratch).await?;
        let mut touched = first.touched;
        touched.join(watched.touched.clone());
        let tables = self.look(&touched).await?;
        file.up_again = Some(watched.report((&down, &tables), self.sizes));
        let differences = schema::compare(&first.schema, &schema);
        if differences.iter().any(|one| !one.is_minor()) {
            file.findings.push(not_repeatable(step, &differences));
        }
        self.schema = schema;
        self.tables = tables;
        Ok(true)
    }

    fn judge_rows(
        &self,
        step: &Step<'_>,
        up: &After,
        down: Option<&Snapshot>,
        file: &mut FileReport,
    ) {
        let Some(seen) = &up.seen else { return };
        file.rows = rows::report(&Moments {
            before: &self.tables,
            up: seen,
            down,
        });
        let found = rows::findings(step, &file.rows, down.is_some());
        file.findings.extend(found);
    }

    /// The next file starts from here.
    fn settle(&mut self, up: After) {
        self.schema = up.schema;
        self.tables = up.tables;
    }
}

/// The scratch database after a file was applied.
struct After {
    schema: Schema,
    tables: Snapshot,
    /// The tables of before; nothing where there are no rows.
    seen: Option<Snapshot>,
    touched: Touched,
}

/// Why a file was not applied to the scratch database.
enum Stop {
    Failed(Diagnostic),
    /// It acts outside its database. What was tried of it is taken back.
    Outside(Diagnostic),
}

impl Stop {
    fn is_outside(&self) -> bool {
        matches!(self, Self::Outside(_))
    }

    /// `what` goes behind the message of a failure.
    fn finding(self, kind: FindingKind, what: &str) -> Finding {
        match self {
            Self::Failed(mut diagnostic) => {
                diagnostic.message.push_str(what);
                Finding::new(kind, diagnostic)
            }
            Self::Outside(diagnostic) => Finding::new(FindingKind::ActsOutside, diagnostic),
        }
    }
}

fn judge_schema(back: &Step<'_>, differences: &[Difference], file: &mut FileReport) {
    file.differences = differences.iter().map(Difference::after_rollback).collect();
    if file.differences.is_empty() {
        return;
    }
    let list = file.differences.join("\n");
    let title = back.title();
    let at = |diagnostic: Diagnostic| diagnostic.at(&back.script.source, Span::at(0)).help(list);
    let finding = if differences.iter().all(Difference::is_minor) {
        let message = format!("After `{title}` and its rollback columns stand in another order");
        Finding::new(FindingKind::ColumnOrder, at(Diagnostic::note(message)))
    } else {
        let message = format!("After `{title}` and its rollback the schema is not as before");
        Finding::new(FindingKind::NotReversible, at(Diagnostic::error(message)))
    };
    file.findings.push(finding);
}

fn not_repeatable(step: &Step<'_>, differences: &[Difference]) -> Finding {
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let message = format!(
        "Applied again after its rollback, `{}` gives another schema",
        step.title()
    );
    let diagnostic = Diagnostic::error(message)
        .at(&step.script.source, Span::at(0))
        .help(list.join("\n"));
    Finding::new(FindingKind::NotRepeatable, diagnostic)
}

fn no_rollback(migration: &Migration, step: &Step<'_>) -> Finding {
    let title = migration.title();
    let diagnostic = Diagnostic::warning(format!("`{title}` has no rollback file"))
        .at(&step.script.source, Span::at(0))
        .help(format!(
            "write `{title}.rollback.sql`, or have it derived: poststack db create-rollback {}",
            migration.version
        ));
    Finding::new(FindingKind::NoRollback, diagnostic)
}

fn half_applied(step: &Step<'_>) -> Finding {
    let message = format!(
        "`{}` began on the database already; its rollback was not tried",
        step.title()
    );
    let diagnostic = Diagnostic::note(message).at(&step.script.source, Span::at(0));
    Finding::new(FindingKind::HalfApplied, diagnostic)
}
