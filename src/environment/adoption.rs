//! A start that takes the place of the containers of a Compose project: they are stopped, ours start
//! on the same volumes, and when those are ready the former ones are removed. What fails, or was
//! interrupted and fits the configuration no more, ends with the former ones running again; from the
//! first removal on nothing is undone. No volume is ever removed.

mod undo;

use std::time::{Duration, Instant};

use super::failure::{Failure, Kind};
use super::images::Images;
use super::prepare::Prepared;
use super::project::{Project, state_failure};
use super::record;
use super::start::{Options, Outcome, bring_up};
use super::step_failure::{VIEW_LOGS, engine_failure};
use crate::config::model::DataSource;
use crate::engine::Engine;
use crate::event::{Event, Listener, Subject};
use crate::names::EnvironmentName;
use crate::plan::desired::ImageSource;
use crate::plan::observed::ObservedContainer;
use crate::state::{Adoption, Former};

use undo::undo;

/// Suffix of a former container whose name ours needs.
const ASIDE: &str = ".former";

/// Room for the last checkpoint of a database.
const DATABASE_GRACE: Duration = Duration::from_secs(60);

/// The restart policy by which an engine that starts also starts what was stopped.
pub(super) const ALWAYS: &str = "always";

/// What an interrupted adoption means for a start.
pub(super) enum Pending {
    /// There is none.
    Nothing,
    /// It is to be gone on with.
    GoOn(Box<Adoption>),
    /// It was undone just now, and what was prepared with its password is true no more.
    Undone,
}

/// The adoption that this start is to go on with. One that the configuration does not fit, since it
/// was interrupted before that was written or somebody took it back, is undone here.
///
/// # Errors
/// The state cannot be read, the engine fails, or it was begun on another one.
pub(super) async fn pending(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<Pending, Failure> {
    let environment = &prepared.environment;
    let found = project.state.adoption(&environment.name);
    let found = found.map_err(|error| state_failure(&error))?;
    let Some(adoption) = found else {
        return Ok(Pending::Nothing);
    };
    if adoption.engine != record::which(engine) {
        return Err(unfinished(&environment.name, &adoption));
    }
    if adoption.done {
        return Ok(Pending::GoOn(Box::new(adoption)));
    }
    let data = environment.postgres.volume.as_ref();
    let data = data.map(|volume| written(project, &volume.source));
    let fits = |(key, name): (&String, &String)| {
        let volume = environment.volumes.get(key);
        volume.is_some_and(|volume| volume.name == *name)
    };
    if data == adoption.data && adoption.volumes.iter().all(fits) {
        return Ok(Pending::GoOn(Box::new(adoption)));
    }
    let from = &adoption.from;
    listener(Event::Note(format!(
        "the taking over of `{from}` was interrupted, and .poststack.yml does not name its volumes: it is undone"
    )));
    undo((project, prepared), engine, &adoption, listener).await?;
    Ok(Pending::Undone)
}

/// An adoption that was not ended knows alone what is to be put back, and what was begun may still
/// run on the data.
pub(super) fn unfinished(environment: &EnvironmentName, begun: &Adoption) -> Failure {
    let Adoption { from, engine, .. } = begun;
    let message = format!("The taking over of `{from}` on {engine} was interrupted");
    Failure::new(Kind::Failed, message).hint(format!(
        "go on with it there first: poststack adopt {environment}; nothing was changed"
    ))
}

/// Why a start ends when it has undone an adoption.
pub(super) fn undone(environment: &EnvironmentName) -> Failure {
    let message = "The former containers run as before; nothing was started beside them";
    Failure::new(Kind::Failed, message).hint(format!(
        "to take them over: poststack adopt {environment}; to start without them: poststack env start \
         {environment}"
    ))
}

/// As `postgres.volume` has it.
pub(super) fn written(project: &Project, source: &DataSource) -> String {
    match source {
        DataSource::Folder(path) => match project.shown(path) {
            inside if inside.is_relative() => format!("./{}", inside.display()),
            outside => outside.display().to_string(),
        },
        DataSource::Volume { .. } => source.to_string(),
    }
}

/// Starts the environment in the place of what `adoption` names.
///
/// # Errors
/// What failed; the former containers run again then, and the configuration is as it was.
pub(super) async fn carry_out(
    (project, prepared): (&Project, &Prepared),
    adoption: &Adoption,
    engine: &Engine,
    options: Options,
    listener: Listener<'_>,
) -> Result<Outcome, Failure> {
    if adoption.done {
        tidy_up((project, prepared), adoption, engine, listener).await?;
        return bring_up(project, prepared, engine, options, listener).await;
    }
    let mut prepared = prepared.clone();
    let formers = adoption.containers.iter();
    let predecessors = formers.map(|one| (one.successor.clone(), one.id.clone()));
    prepared.desired.predecessors = predecessors.collect();
    let mut options = options;
    // The data are there: what made them is not run again.
    options.plan.init = false;
    options.plan.rerun_init = false;
    options.plan.deploy = true;
    let work = async {
        make_images(&prepared, engine, listener).await?;
        make_way(&prepared, adoption, engine, listener).await?;
        bring_up(project, &prepared, engine, options, listener).await
    };
    match work.await {
        Ok(outcome) => {
            // Whoever is interrupted in removing them must not put back what is left of them.
            let done = Adoption {
                done: true,
                ..adoption.clone()
            };
            let written = project
                .state
                .begin_adoption(&prepared.environment.name, &done);
            written.map_err(|error| state_failure(&error))?;
            tidy_up((project, &prepared), adoption, engine, listener).await?;
            Ok(outcome)
        }
        Err(failure) => {
            Err(put_back(failure, (project, &prepared), adoption, engine, listener).await)
        }
    }
}

/// Everything that takes long is done while the former containers still run.
async fn make_images(
    prepared: &Prepared,
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let images = Images::new(engine, prepared);
    for (reference, image) in &prepared.desired.images {
        let is_there = engine.image_id(reference).await;
        let is_there = is_there.map_err(|error| engine_failure(&error))?.is_some();
        if !is_there || matches!(image.source, ImageSource::BuiltIn) {
            let made = images.prepare(reference, listener).await;
            made.map_err(|failure| *failure)?;
        }
    }
    Ok(())
}

/// Stops the former containers, and takes those aside whose names are needed.
async fn make_way(
    prepared: &Prepared,
    adoption: &Adoption,
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    for former in &adoption.containers {
        let Some(found) = found(engine, former).await? else {
            continue;
        };
        if former.always && found.restart_policy.name == ALWAYS {
            restart(engine, former, false, listener).await;
        }
        if found.observed().runs() {
            let stopped = async {
                match former.database {
                    true => engine.stop(&former.id, DATABASE_GRACE).await,
                    false => engine.stop_in_its_time(&former.id).await,
                }
            };
            told(listener, former, ("stopping", "stopped"), stopped).await?;
        }
        let needed = prepared
            .desired
            .container_names()
            .any(|name| name == found.name);
        if needed {
            let aside = format!("{}{ASIDE}", former.name);
            let renamed = engine.rename(&former.id, &aside).await;
            renamed.map_err(|error| engine_failure(&error))?;
        }
    }
    Ok(())
}

/// Tells the engine whether to start a former container whenever it starts itself: while ours has its
/// data, it must not.
async fn restart(engine: &Engine, former: &Former, always: bool, listener: Listener<'_>) {
    if let Err(error) = engine.restart_always(&former.id, always).await {
        let advice = match always {
            true => format!(
                "set it yourself: docker update --restart always {}",
                former.name
            ),
            false => "do not restart the machine meanwhile, which may start it again".to_owned(),
        };
        listener(Event::Warning(format!("failed to {error}; {advice}")));
    }
}

async fn found(
    engine: &Engine,
    former: &Former,
) -> Result<Option<crate::engine::Inspected>, Failure> {
    let found = engine.inspect(&former.id).await;
    found.map_err(|error| engine_failure(&error))
}

async fn told(
    listener: Listener<'_>,
    former: &Former,
    (work, done): (&'static str, &'static str),
    doing: impl Future<Output = Result<(), crate::engine::EngineError>>,
) -> Result<(), Failure> {
    let subject = Subject::new("Container", &former.name);
    let began = Instant::now();
    listener(Event::StepBegan {
        subject: subject.clone(),
        work,
    });
    doing.await.map_err(|error| engine_failure(&error))?;
    listener(Event::StepEnded {
        subject,
        done,
        cause: String::new(),
        took: began.elapsed(),
    });
    Ok(())
}

/// Ends an adoption of which all is done but the removal of the former containers.
async fn tidy_up(
    (project, prepared): (&Project, &Prepared),
    adoption: &Adoption,
    engine: &Engine,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    if !clear_away(adoption, engine, listener).await {
        // The next start tries again.
        return Ok(());
    }
    let ended = project.state.end_adoption(&prepared.environment.name);
    ended.map_err(|error| state_failure(&error))
}

/// Removes the former containers, whose volumes are used by ours now, and their networks. What cannot
/// be removed runs no more and is told of. Gives whether the former database is gone.
async fn clear_away(adoption: &Adoption, engine: &Engine, listener: Listener<'_>) -> bool {
    let mut is_gone = true;
    for former in &adoption.containers {
        if let Err(error) = engine.remove(&former.id, true, false).await {
            is_gone &= !former.database;
            listener(Event::Warning(format!(
                "failed to {error}; remove it yourself"
            )));
        }
    }
    let left = engine.containers(&[]).await;
    for network in &adoption.networks {
        // Whoever is still in it, even stopped, could not start without it.
        let is_used = |one: &ObservedContainer| one.networks.contains(network);
        match &left {
            Ok(left) if !left.values().any(is_used) => {}
            _ => continue,
        }
        if let Err(error) = engine.remove_network(network).await {
            listener(Event::Note(format!("network {network} stays: {error}")));
        }
    }
    is_gone
}

async fn put_back(
    failure: Failure,
    (project, prepared): (&Project, &Prepared),
    adoption: &Adoption,
    engine: &Engine,
    listener: Listener<'_>,
) -> Failure {
    let mut failure = failure;
    // What failed goes, and its log with it.
    failure.hints.retain(|hint| !hint.starts_with(VIEW_LOGS));
    let text = format!("Putting the containers of `{}` back", adoption.from);
    listener(Event::Note(text));
    match undo((project, prepared), engine, adoption, listener).await {
        Ok(()) => failure.hint(format!(
            "the containers of `{}` run as before, and .poststack.yml is as it was; once the fault is \
             mended: poststack adopt {}",
            adoption.from, prepared.environment.name
        )),
        Err(second) => {
            let environment = &prepared.environment.name;
            failure.hint(format!(
                "the former containers could not all be put back: {}; to go on: poststack adopt \
                 {environment}",
                second.message
            ))
        }
    }
}
