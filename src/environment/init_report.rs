//! poststack's own migrations as an entry of the init phase.

use std::path::Path;
use std::time::{Duration, Instant};

use super::context::Context;
use super::failure::{Failure, Kind};
use super::step_failure::capitalised;
use crate::diagnostic::any_error;
use crate::event::{Event, InitResult, Listener, Seconds};
use crate::migration::{self, MigrationError, Request};
use crate::postgres;

/// How long a connection may take; the database has answered before.
const CONNECT: Duration = Duration::from_secs(5);

/// Applies what is pending in `folder`.
pub(super) async fn migrate(folder: &Path, context: &Context<'_>) -> Result<(), Box<Failure>> {
    let began = Instant::now();
    let root = &context.prepared.identity.directory;
    let shown = folder.strip_prefix(root).unwrap_or(folder);
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
    outcome.map(drop)
}

async fn apply(folder: &Path, shown: &Path, context: &Context<'_>) -> Result<usize, Box<Failure>> {
    let environment = &context.prepared.identity.environment;
    let retry = format!("Retry init: poststack env init {environment}");
    let (folder, diagnostics) = migration::files::load(folder, shown);
    if any_error(&diagnostics) {
        let mut failure = Failure::configuration(diagnostics);
        failure.kind = Kind::Init;
        return Err(Box::new(failure.hint(retry)));
    }
    warn(&diagnostics, context.listener);
    let address = &context.prepared.address;
    let connection = postgres::connect(address, CONNECT).await.map_err(|error| {
        Box::new(Failure::new(
            Kind::Unreachable,
            capitalised(&error.to_string()),
        ))
    })?;
    let request = Request::default();
    let applied = migration::migrate(&connection, &folder, &request, |_| {});
    match applied.await {
        Ok(applied) => Ok(applied.titles.len()),
        Err(error) => {
            let message = format!("Init failed: {error}; nothing was deployed");
            let mut failure = Failure::new(Kind::Init, message);
            failure.hints.extend(error.hint());
            failure.diagnostics = match error {
                MigrationError::Conflict(diagnostics) => diagnostics,
                MigrationError::Failed(failed) => vec![failed.diagnostic],
                _ => Vec::new(),
            };
            Err(Box::new(failure.hint(retry)))
        }
    }
}

fn warn(diagnostics: &[crate::diagnostic::Diagnostic], listener: Listener<'_>) {
    for diagnostic in diagnostics {
        listener(Event::Warning(diagnostic.message.clone()));
    }
}
