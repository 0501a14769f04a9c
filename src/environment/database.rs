//! Waiting for the database: ready means a login with the environment's password.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::context::Context;
use super::failure::{Failure, Kind};
use super::prepare::Prepared;
use super::step_failure::{capitalised, engine_failure, last_lines};
use crate::engine::ExecOptions;
use crate::event::Event;
use crate::plan::seen::Seen;
use crate::plan::{Action, Phase, Plan};
use crate::postgres::{
    self, Connection, NotReady, Patience, ensure_extensions, recovery, summary_of, wait_for_login,
};

/// Waits for the first login, gives the database its password back where it was lost, and makes
/// the extensions.
pub(super) async fn await_login(context: &Context<'_>) -> Result<(), Box<Failure>> {
    let connection = match log_in(context, patience(context)).await {
        Err(NotReady::PasswordRefused { .. }) if context.prepared.desired.database.is_some() => {
            reset_password(context).await?;
            log_in(context, patience(context)).await
        }
        // Stopped, not failed: the stop of a killed command may have reached it only now.
        Err(NotReady::Ended { code: 0 }) => {
            start_again(context).await?;
            log_in(context, patience(context)).await
        }
        outcome => outcome,
    };
    let connection = match connection {
        Ok(connection) => connection,
        Err(error) => return Err(unreachable(&error, context).await),
    };
    let extensions = &context.prepared.environment.postgres.extensions;
    ensure_extensions(&connection, extensions)
        .await
        .map_err(|error| {
            let failure = Failure::new(Kind::Failed, capitalised(&error.to_string()));
            Box::new(match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        })?;
    // A start that changes no container needs no second login.
    if !context.works && context.summary.borrow().is_none() {
        context.summary.replace(summary_of(&connection).await.ok());
    }
    Ok(())
}

fn patience(context: &Context<'_>) -> Patience {
    Patience {
        timeout: context.prepared.environment.postgres.start_timeout,
        grace: Duration::from_secs(2),
    }
}

/// How long a login that was begun early may take beyond what it was begun beside.
const EARLY: Duration = Duration::from_millis(50);

/// A login to a database that most likely runs already, tried once while everything is looked at.
/// It ends with this.
pub(super) struct EarlyLogin(JoinSet<Option<Connection>>);

impl EarlyLogin {
    /// Begins it, unless the database is yet to be started as far as the last start tells.
    pub(super) fn begin(prepared: &Prepared, seen: &Seen) -> Self {
        let runs = match &prepared.desired.database {
            None => true,
            Some(database) => {
                let container = seen.containers.get(&database.spec.name);
                container.is_some_and(|container| container.runs)
            }
        };
        let mut login = JoinSet::new();
        if runs {
            let address = prepared.address.clone();
            login.spawn(async move { postgres::connect(&address, EARLY * 20).await.ok() });
        }
        Self(login)
    }

    /// The connection, where `plan` leaves the database as it is.
    pub(super) async fn end(mut self, plan: &Plan) -> Option<Connection> {
        let mut steps = plan.steps.iter();
        let touched = steps.any(|step| {
            matches!(step.phase, Phase::Database) && !matches!(step.action, Action::AwaitLogin)
        });
        if touched {
            return None;
        }
        timeout(EARLY, self.0.join_next()).await.ok()??.ok()?
    }
}

/// Logs in, or stops waiting as soon as the container has ended.
async fn log_in(context: &Context<'_>, patience: Patience) -> Result<Connection, NotReady> {
    let early = context.login.take();
    // The stop of a killed command may have reached the database only now.
    if let Some(connection) = early
        && let Ok(summary) = summary_of(&connection).await
    {
        context.summary.replace(Some(summary));
        return Ok(connection);
    }
    let login = wait_for_login(&context.prepared.address, patience);
    let Some(database) = &context.prepared.desired.database else {
        return login.await.map(|ready| ready.connection);
    };
    tokio::select! {
        ready = login => ready.map(|ready| ready.connection),
        code = context.engine.wait_end(&database.spec.name) => Err(match code {
            Ok(code) => NotReady::Ended { code },
            Err(error) => NotReady::TimedOut {
                timeout: Duration::ZERO,
                last: error.to_string(),
            },
        }),
    }
}

async fn start_again(context: &Context<'_>) -> Result<(), Box<Failure>> {
    let Some(database) = &context.prepared.desired.database else {
        return Ok(());
    };
    let started = context.engine.start(&database.spec.name).await;
    started.map_err(|error| Box::new(engine_failure(&error)))
}

/// Sets the password through the container's local socket, which needs none.
async fn reset_password(context: &Context<'_>) -> Result<(), Box<Failure>> {
    let Some(database) = &context.prepared.desired.database else {
        return Ok(());
    };
    let postgres = &context.prepared.environment.postgres;
    let address = &context.prepared.address;
    (context.listener)(Event::Note(
        "The database has another password; it gets the one of this environment".to_owned(),
    ));
    let command = recovery::psql_command(&postgres.user);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let sql = recovery::sql(&postgres.user, &address.password, &postgres.database);
    let options = ExecOptions {
        user: Some("postgres".to_owned()),
        stdin: Some(sql.expose().as_bytes().to_vec()),
        ..ExecOptions::default()
    };
    let output = context
        .engine
        .exec(&database.spec.name, &command, &options)
        .await;
    let output = output.map_err(|error| Box::new(engine_failure(&error)))?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let said = context.prepared.mask(&output.text());
    let failure = Failure::new(
        Kind::Failed,
        "The password of the database is not the one of this environment, and could not be reset",
    );
    Err(Box::new(failure.excerpt(
        "psql in the database container said:",
        said.lines().map(str::to_owned).collect(),
    )))
}

async fn unreachable(error: &NotReady, context: &Context<'_>) -> Box<Failure> {
    let address = &context.prepared.address;
    let environment = &context.prepared.identity.environment;
    let message = format!(
        "The database at {}:{} does not let us in: {error}",
        address.host, address.port
    );
    let mut failure = Failure::new(Kind::Unreachable, message);
    if let Some(database) = &context.prepared.desired.database {
        let lines = last_lines(&database.spec.name, context).await;
        let heading = format!("The last lines of {}:", database.spec.name);
        failure = failure.excerpt(heading, lines).hint(format!(
            "View logs: poststack env logs {environment} postgres"
        ));
    }
    if address.database != context.prepared.environment.postgres.database {
        failure = failure.hint(format!(
            "`{}` is a branch; leave it: poststack db switch --main {environment}",
            address.database
        ));
    }
    Box::new(failure)
}
