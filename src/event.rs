//! What happened, for whoever listens. Emitters do not know how it is shown.

use std::time::{Duration, Instant};

/// One thing that happened during a long command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A command begins its work: project, environment, engine and where it was found.
    Began {
        verb: &'static str,
        project: String,
        environment: String,
        engine: String,
    },
    /// A step begins that may take seconds; `subject` names the object, `work` what is done.
    StepBegan {
        subject: Subject,
        work: &'static str,
    },
    /// A step ended well.
    StepEnded {
        subject: Subject,
        done: &'static str,
        cause: String,
        took: Duration,
    },
    /// A step is over, and there is nothing to tell of it: it failed, was given up, or its outcome is
    /// told otherwise.
    StepOver {
        subject: Subject,
    },
    /// How far a pull came: bytes of the layers known so far.
    ImageBytes {
        image: String,
        done: u64,
        total: u64,
    },
    /// A line of an image build or the progress of a pull.
    ImageProgress {
        image: String,
        line: String,
    },
    /// The init phase begins.
    InitBegan {
        entries: usize,
    },
    /// One thing of the init phase ended.
    InitEnded(InitResult),
    /// Something of a run of migrations.
    Migration(MigrationEvent),
    /// Something of one file of a run that is an entry of the init phase, whose end tells of all of
    /// them: only logs want to know it.
    InitMigration(MigrationEvent),
    /// Something worth knowing that stops nothing.
    Note(String),
    Warning(String),
}

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `Network`, `Volume`, `Image`, `Container`, `Database`, `Init` or `Service`.
    pub kind: &'static str,
    pub name: String,
}

impl Subject {
    #[must_use]
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { kind, name }
    }
}

/// A step under way. It is told of as over when it is dropped, unless it [`ended`](Self::ended), so
/// that every step that began is closed however it came to an end.
pub struct StepUnderWay<'a> {
    listener: Listener<'a>,
    /// Until it ended.
    subject: Option<Subject>,
    since: Instant,
}

impl<'a> StepUnderWay<'a> {
    /// Tells that a step begins.
    #[must_use]
    pub fn began(listener: Listener<'a>, subject: Subject, work: &'static str) -> Self {
        listener(Event::StepBegan {
            subject: subject.clone(),
            work,
        });
        Self {
            listener,
            subject: Some(subject),
            since: Instant::now(),
        }
    }

    /// Tells that it ended well; how long it took.
    pub fn ended(mut self, done: &'static str, cause: String) -> Duration {
        let took = self.since.elapsed();
        if let Some(subject) = self.subject.take() {
            (self.listener)(Event::StepEnded {
                subject,
                done,
                cause,
                took,
            });
        }
        took
    }
}

impl Drop for StepUnderWay<'_> {
    fn drop(&mut self) {
        if let Some(subject) = self.subject.take() {
            (self.listener)(Event::StepOver { subject });
        }
    }
}

/// What happens while migrations are applied or rolled back. Files are named by their title,
/// `NNN_name` or `R_name`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "type")]
pub enum MigrationEvent {
    /// Another run is at work in the same database; told once.
    #[serde(rename = "migration-waiting")]
    Waiting { holder: Option<String> },
    /// The ledger of the original poststack was taken over, with so many migrations.
    #[serde(rename = "ledger-taken-over")]
    TookOver { migrations: usize },
    /// What is going to be run, in this order; for whoever tells of a run that was interrupted.
    #[serde(rename = "migrations-planned")]
    Planned { migrations: Vec<String> },
    /// Several small files went to the server in one message; likewise.
    #[serde(rename = "migrations-sent")]
    Sent { migrations: Vec<String> },
    #[serde(rename = "migration-began")]
    Began { migration: String, rollback: bool },
    /// A file without a transaction goes on after so many statements.
    #[serde(rename = "migration-resumed")]
    Resumed { migration: String, done: usize },
    /// Of a file without a transaction: so many of its statements are done.
    #[serde(rename = "migration-progress")]
    Progress {
        migration: String,
        done: usize,
        total: usize,
    },
    /// An invalid index, left behind by a build that failed, is built again.
    #[serde(rename = "index-rebuilding")]
    Rebuilding { migration: String, index: String },
    /// A lock was not to be had in time; the whole file is tried again.
    #[serde(rename = "migration-retrying")]
    Retrying {
        migration: String,
        attempt: u32,
        attempts: u32,
        pause: Seconds,
        reason: String,
        /// Sessions that are in the way.
        blockers: Vec<String>,
    },
    /// What the server says besides, for instance a `RAISE NOTICE`.
    #[serde(rename = "migration-notice")]
    Notice {
        migration: String,
        severity: String,
        message: String,
    },
    #[serde(rename = "migration-ended")]
    Ended {
        migration: String,
        rollback: bool,
        seconds: Seconds,
    },
}

/// How one container or migration run of the init phase ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InitResult {
    pub name: String,
    pub ok: bool,
    /// `None` where nothing exits, as with migrations.
    pub exit_code: Option<i64>,
    pub seconds: Seconds,
    /// For instance `3 applied`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Seconds, in JSON with three decimals; comparable because they come from a [`Duration`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl serde::Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0.as_secs_f64() * 1000.0).round() / 1000.0)
    }
}

/// Who listens. A reference to a closure; calls must be quick.
pub type Listener<'a> = &'a dyn Fn(Event);
