//! Pending migrations tried step by step on a scratch database beside the real one, which is only
//! read.
//!
//! Each file goes up, back and up again, and the schema is compared after every step: over a whole
//! cycle of several files what one rollback forgets is hidden by the next. A file that acts outside
//! its database (roles, other databases, `COPY … TO PROGRAM`, …) is not tried, nor is what comes after
//! it. What a function does to roles and settings is taken back where the file is a transaction, and
//! told where it is not.

mod error;
mod ground;
mod report;
mod rows;
mod run;
mod snapshot;
mod walk;

use std::time::Instant;

pub use self::error::RehearsalError;
pub use self::ground::DEFAULT_CLONE_LIMIT;
use self::ground::Ground;
pub use self::report::{
    Count, FileReport, Finding, FindingKind, Lock, Report, Rewritten, RowsReport, Run, Size, Way,
};
use self::run::Sizes;
use self::walk::Walk;
use crate::event::Seconds;
use crate::migration::{
    Folder, Ledger, MigrationError, Redo, Request, Step, acts_outside, may_act_unseen,
    plan_migrate, plan_redo, read_ledger,
};
use crate::postgres::databases::{self, Shared};
use crate::postgres::{Address, Connection, connect};
use crate::schema;

/// How a rehearsal is held.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Which files, and how patient each is.
    pub request: Request<'a>,
    /// Databases up to this size are cloned with their data, in bytes.
    pub clone_limit: u64,
    /// What the request names is taken back first, and then applied again.
    pub redo: bool,
}

impl<'a> Options<'a> {
    #[must_use]
    pub fn of(request: Request<'a>) -> Self {
        Self {
            request,
            clone_limit: DEFAULT_CLONE_LIMIT,
            redo: false,
        }
    }
}

/// What a rehearsal is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The scratch database is made.
    Preparing,
    /// The file with this title goes up for the first time.
    Trying(&'a str),
}

/// Tries what is pending on a scratch database in the server of `address`. Whoever has a session
/// with that database closes it first, or it cannot be cloned with its data.
///
/// To stop it, drop the future; the next rehearsal on the server drops the scratch database.
///
/// # Errors
/// A [`RehearsalError`] where there is nothing to report. What is wrong with the files that are
/// tried is in the report.
pub async fn rehearse(
    address: &Address,
    folder: &Folder,
    options: &Options<'_>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Report, RehearsalError> {
    let began = Instant::now();
    let admin = databases::maintenance(address, error::CONNECT).await?;
    let real = connect(address, error::CONNECT).await?;
    let ledger = read_ledger(&real).await.map_err(MigrationError::Server)?;
    let Redo { back, up: steps } = plan(folder, ledger.as_ref(), options)?;
    if steps.is_empty() {
        return Ok(Report::nothing(address, Seconds(began.elapsed())));
    }
    let before = schema::read(&real).await?;
    let sizes = run::sizes(&real).await?;
    databases::close(&admin, real).await;
    on_event(Event::Preparing);
    let ground = Ground::prepare(admin, address, &before, options).await?;
    let begun = Begun {
        scratch: address.with_database(&ground.name),
        way: ground.way,
        sizes,
    };
    let before_run = databases::shared(ground.admin()).await;
    let walked = begun.walk((&back, &steps), options, &mut on_event).await;
    let unchanged = match before_run {
        Ok(before) => same_server(ground.admin(), &before, &steps).await,
        Err(error) => Err(error.into()),
    };
    let (way, reason) = (ground.way, ground.reason.clone());
    ground.clear().await;
    let (files, not_run) = walked?;
    unchanged?;
    Ok(Report {
        database: address.database.clone(),
        way,
        reason,
        left_out: match way {
            Way::Schema => before.not_covered.into_iter().collect(),
            Way::Clone | Way::Nothing => Vec::new(),
        },
        files,
        not_run,
        seconds: Seconds(began.elapsed()),
    })
}

/// As [`rehearse`], where a rehearsal is required before anything is applied.
///
/// # Errors
/// [`RehearsalError::Findings`] when the report has an error, or a file that cannot be tried is in
/// the way of others; and those of [`rehearse`].
pub async fn gate(
    address: &Address,
    folder: &Folder,
    options: &Options<'_>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Report, RehearsalError> {
    let mut report = rehearse(address, folder, options, on_event).await?;
    report.require_all();
    if report.has_errors() {
        return Err(RehearsalError::Findings(Box::new(report)));
    }
    Ok(report)
}

/// What a transaction does to the server is taken back; of other files it is found afterwards.
async fn same_server(
    admin: &Connection,
    before: &Shared,
    steps: &[Step<'_>],
) -> Result<(), RehearsalError> {
    let is_open = |step: &Step<'_>| !step.script.in_transaction() && may_act_unseen(&step.script);
    if !steps.iter().any(is_open) {
        return Ok(());
    }
    match before.changes(&databases::shared(admin).await?) {
        changes if changes.is_empty() => Ok(()),
        changes => Err(RehearsalError::ServerChanged { changes }),
    }
}

/// What is tried, and what is taken back before.
fn plan<'a>(
    folder: &'a Folder,
    ledger: Option<&Ledger>,
    options: &Options<'_>,
) -> Result<Redo<'a>, MigrationError> {
    match options.redo {
        true => plan_redo(folder, ledger, &options.request),
        false => Ok(Redo {
            back: Vec::new(),
            up: plan_migrate(folder, ledger, &options.request)?,
        }),
    }
}

/// A scratch database that is ready.
struct Begun {
    scratch: Address,
    way: Way,
    sizes: Sizes,
}

impl Begun {
    /// The reports, and the titles of files that were not come to.
    async fn walk(
        &self,
        (back, steps): (&[Step<'_>], &[Step<'_>]),
        options: &Options<'_>,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<(Vec<FileReport>, Vec<String>), RehearsalError> {
        let scratch = connect(&self.scratch, error::CONNECT).await?;
        for step in back {
            if let Some(statement) = acts_outside(&step.script).next() {
                return Err(RehearsalError::Outside {
                    catalogues: vec!["what databases share".to_owned()],
                    diagnostic: Box::new(run::outside(step, statement)),
                });
            }
            run::watch(&scratch, step, options.request.settings).await?;
        }
        let mut walk = Walk::begin((&scratch, self.way), &self.sizes, &options.request).await?;
        for (index, step) in steps.iter().enumerate() {
            on_event(Event::Trying(&step.title()));
            if !walk.step(step).await? {
                let rest = steps.get(index + 1..).unwrap_or_default();
                return Ok((walk.files, rest.iter().map(Step::title).collect()));
            }
        }
        Ok((walk.files, Vec::new()))
    }
}
