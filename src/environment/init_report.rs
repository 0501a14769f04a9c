//! poststack's own migrations as an entry of the init phase.

use std::path::Path;
use std::time::{Duration, Instant};

use super::context::Context;
use super::failure::{Failure, Kind};
use super::migrations::{self, Rules, Wanted};
use super::step_failure::capitalised;
use crate::event::{Event, InitResult, Listener, MigrationEvent, Seconds, StepUnderWay, Subject};
use crate::postgres;

/// How long a connection may take; the database has answered before.
const CONNECT: Duration = Duration::from_secs(5);

/// Applies what is pending in `folder`.
pub(super) async fn migrate(folder: &Path, context: &Context<'_>) -> Result<(), Box<Failure>> {
    let began = Instant::now();
    let root = &context.prepared.identity.directory;
    let shown = folder.strip_prefix(root).unwrap_or(folder);
    let subject = Subject::new("Init", shown.display().to_string());
    let _running = StepUnderWay::began(context.listener, subject, "migrating");
    let outcome = apply(folder, shown, context).await;
    if outcome.as_ref().is_ok_and(|count| *count > 0) {
        context.migrated.set(true);
    }
    let detail = match &outcome {
        Ok(0) => "nothing pending".to_owned(),
        Ok(count) => format!("{count} applied"),
        Err(_) => String::new(),
    };
    (context.listener)(Event::InitEnded(InitResult {
        name: shown.display().to_string(),
        ok: outcome.is_ok(),
        exit_code: None,
        seconds: Seconds(began.elapsed()),
        detail,
    }));
    outcome.map(drop).map_err(|failure| {
        let environment = &context.prepared.identity.environment;
        Box::new(as_init(*failure).hint(format!("Retry init: poststack env init {environment}")))
    })
}

async fn apply(folder: &Path, shown: &Path, context: &Context<'_>) -> Result<usize, Box<Failure>> {
    let prepared = context.prepared;
    let environment = &prepared.environment;
    let files = (folder, shown);
    let loaded = migrations::load_beside(&prepared.address, files, false).await;
    let (folder, diagnostics) = loaded?;
    warn(&diagnostics, context.listener);
    let rules = Rules {
        settings: &environment.migrations,
        protected: environment.protected,
        variables: &prepared.variables,
        lock_wait: None,
    };
    // The whole entry is one line of the init phase; only what needs patience is told meanwhile.
    let listener = |event: Event| {
        (context.listener)(match event {
            Event::Migration(event) if is_of_one_file(&event) => Event::InitMigration(event),
            other => other,
        });
    };
    let wanted = Wanted::default();
    let work = (&rules, &wanted);
    migrations::rehearse_if_required(&prepared.address, &folder, work, &listener).await?;
    let connection = postgres::connect(&prepared.address, CONNECT).await;
    let connection = connection
        .map_err(|error| Failure::new(Kind::Unreachable, capitalised(&error.to_string())))?;
    let done = migrations::apply(&connection, &folder, work, &listener).await?;
    Ok(done.titles.len())
}

fn is_of_one_file(event: &MigrationEvent) -> bool {
    use MigrationEvent::{Began, Ended, Planned, Progress, Sent};
    matches!(
        event,
        Planned { .. } | Sent { .. } | Began { .. } | Ended { .. } | Progress { .. }
    )
}

/// A failed migration is a failed init phase: exit code 4, as of an init container.
fn as_init(failure: Failure) -> Failure {
    let kind = match failure.kind {
        Kind::Migration => Kind::Init,
        other => other,
    };
    let mut characters = failure.message.chars();
    let reason: String = { characters.next() }
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default();
    let message = format!("Init failed: {reason}; nothing was deployed");
    Failure { kind, ..failure }.saying(message)
}

fn warn(diagnostics: &[crate::diagnostic::Diagnostic], listener: Listener<'_>) {
    for diagnostic in diagnostics {
        listener(Event::Warning(diagnostic.message.clone()));
    }
}
