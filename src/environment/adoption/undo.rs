//! Undoing an adoption: ours go, the former containers run again, and the configuration is as it was.

use std::time::Duration;

use super::{ALWAYS, found, restart, told};
use crate::engine::{Caution, Engine};
use crate::environment::context::Context;
use crate::environment::edit;
use crate::environment::execute::execute;
use crate::environment::failure::{Failure, Kind};
use crate::environment::images::Images;
use crate::environment::observe;
use crate::environment::prepare::Prepared;
use crate::environment::project::{Project, state_failure};
use crate::environment::record;
use crate::environment::step_failure::engine_failure;
use crate::event::Listener;
use crate::plan::identity::Identity;
use crate::plan::{self, StopOptions};
use crate::state::Adoption;
use crate::text::SourceFile;

/// How long a start that puts a former database back waits for it before its dependents start.
const FORMER_READY: Duration = Duration::from_secs(60);

/// Removes what was made, starts the former containers again, and puts the configuration back unless
/// somebody has changed it since.
pub(super) async fn undo(
    (project, prepared): (&Project, &Prepared),
    engine: &Engine,
    adoption: &Adoption,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    refuse_without_database(prepared, engine, adoption).await?;
    remove_own((project, prepared), engine, listener).await?;
    for former in adoption.containers.iter().rev() {
        let Some(found) = found(engine, former).await? else {
            continue;
        };
        if found.name != former.name {
            let renamed = engine.rename(&former.id, &former.name).await;
            renamed.map_err(|error| engine_failure(&error))?;
        }
        if former.ran && !found.observed().runs() {
            let started = engine.start(&former.id);
            told(
                listener,
                former,
                ("starting again", "started again"),
                started,
            )
            .await?;
            if former.database {
                wait_for_former(engine, &former.id).await;
            }
        }
        if former.always && found.restart_policy.name != ALWAYS {
            restart(engine, former, true, listener).await;
        }
    }
    let state = &project.state;
    let environment = &prepared.environment.name;
    if project.config.source.text == adoption.after {
        let before = SourceFile::new(project.config.source.path.clone(), adoption.before.clone());
        edit::write(project, &before)?;
    }
    let forgotten = match adoption.password {
        true => state.forget_password(environment),
        false => Ok(()),
    };
    let ended = forgotten.and_then(|()| state.end_adoption(environment));
    ended.map_err(|error| state_failure(&error))
}

/// Fails when the former database is gone: without ours, nobody would have the data.
async fn refuse_without_database(
    prepared: &Prepared,
    engine: &Engine,
    adoption: &Adoption,
) -> Result<(), Failure> {
    let Some(former) = adoption.containers.iter().find(|one| one.database) else {
        return Ok(());
    };
    if found(engine, former).await?.is_some() {
        return Ok(());
    }
    let (name, environment) = (&former.name, &prepared.environment.name);
    let message =
        format!("The former database `{name}` is no longer there: what took its place stays");
    let data = adoption.data.as_deref().unwrap_or_default();
    Err(Failure::new(Kind::Failed, message).hint(format!(
        "write `postgres: {{ volume: {data} }}` for {environment}, and the volumes it was begun with, \
         to go on: poststack adopt {environment}"
    )))
}

/// Two servers must never run on the same data: ours goes before the former one starts.
async fn remove_own(
    (project, prepared): (&Project, &Prepared),
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let identity: &Identity = &prepared.identity;
    observe::settled(engine, identity).await?;
    let observed = observe::own(engine, identity).await?;
    let options = StopOptions {
        remove: true,
        keep_postgres: false,
    };
    let plan = plan::stop(&prepared.desired, &observed, options);
    let images = Images::new(engine, prepared);
    let context = Context::new(engine, prepared, &images, listener);
    execute(&plan, &context).await?;
    record::forget((project, &identity.environment), engine, &plan);
    Ok(())
}

/// Those that depend on it start better when it answers; that it does not is theirs to tell.
async fn wait_for_former(engine: &Engine, id: &str) {
    if let Ok(Some(found)) = engine.inspect(id).await {
        let ready = engine.wait_healthy(&found, Caution::Settle, None);
        let _ = tokio::time::timeout(FORMER_READY, ready).await;
    }
}
