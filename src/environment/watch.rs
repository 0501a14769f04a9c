//! Watch: while it runs, a changed source file gets into the containers as `develop.watch` of its
//! service says (<https://github.com/compose-spec/compose-spec/blob/main/develop.md>).
//!
//! Each service has a worker of its own, so that a long build of one holds up no other. The lock of
//! the environment is taken for a rebuild and a restart alone.

mod batch;
mod eyes;
mod narrowed;
mod rules;
mod worker;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc};

use self::eyes::Eyes;
use self::rules::{Rule, is_mounted};
use self::worker::{Shared, Told, Worker};
use super::failure::{Failure, Kind};
use super::prepare::Prepared;
use super::project::Project;
use super::start::{self, start};
use crate::engine::Engine;
use crate::event::{Event, Listener};
use crate::plan::identity;
use crate::plan::spec::Labels;
use crate::workload::model::Service;

/// At least so long a rebuild waits for somebody else who works on the environment.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// Between two tries to hear from an engine that has gone away.
const RECONNECT: Duration = Duration::from_secs(1);

/// What is watched, and how the environment is started before.
#[derive(Debug, Clone)]
pub struct Options {
    /// Services to watch; empty for all that say what to watch.
    pub services: Vec<String>,
    pub start: start::Options,
}

/// Starts the environment and watches its source files until the future is dropped.
///
/// # Errors
/// Nothing says what to watch, the start fails, or the system refuses to watch. What fails later is
/// told as an event.
pub async fn watch(
    project: &Project,
    prepared: &Prepared,
    engine: &Engine,
    options: &Options,
    listener: Listener<'_>,
) -> Result<(), Failure> {
    let services = chosen(prepared, &options.services)?;
    let rules = compiled((&services, &prepared.own_folders), listener)?;
    let all: Vec<&Rule<'_>> = rules.iter().flatten().collect();
    let mut eyes = Eyes::open(&all)?;
    start(project, prepared, engine, options.start, listener).await?;
    let shared = Shared {
        project,
        prepared,
        engine,
        lock_wait: options.start.lock_wait.max(LOCK_WAIT),
        listener,
        turn: Mutex::new(()),
    };
    let workers: Vec<Worker<'_>> = services
        .iter()
        .zip(&rules)
        .map(|(service, rules)| Worker::new(service, rules.iter().collect(), &shared))
        .collect();
    for worker in &workers {
        worker.begin().await?;
    }
    listener(Event::Note(title(&services, all.len())));
    let (senders, receivers): (Vec<_>, Vec<_>) =
        workers.iter().map(|_| mpsc::unbounded_channel()).unzip();
    let work = join_all(
        workers
            .iter()
            .zip(receivers)
            .map(|(one, told)| one.run(told)),
    );
    let look = async {
        loop {
            let (batch, faults) = eyes.next(&all).await;
            for fault in faults {
                let hints = fault.hints.iter().map(|hint| format!("\nhint: {hint}"));
                listener(Event::Warning(
                    hints.fold(fault.message.clone(), |a, b| a + &b),
                ));
            }
            if !batch.is_empty() {
                let batch = Rc::new(batch);
                for sender in &senders {
                    // The other end lives as long as this one.
                    let _ = sender.send(Told::Changes(batch.clone()));
                }
            }
        }
    };
    let hear = hear(engine, prepared, |service| {
        let told = workers.iter().zip(&senders);
        for (_, sender) in told.filter(|(worker, _)| worker.service.name == service) {
            let _ = sender.send(Told::Started);
        }
    });
    futures_util::join!(work, look, hear);
    Ok(())
}

/// Tells the service of every container of the environment that is started from now on.
async fn hear(engine: &Engine, prepared: &Prepared, tell: impl Fn(&str)) {
    let selector = prepared.identity.selector();
    loop {
        let mut started = |labels: &Labels| {
            if let Some(service) = labels.get(identity::SERVICE) {
                tell(service);
            }
        };
        if let Err(error) = engine.starts(&selector, &mut started).await {
            tracing::debug!("starts of containers are not heard of: {error}");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

fn title(services: &[&Service], rules: usize) -> String {
    let names: Vec<&str> = services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    let rules = match rules {
        1 => "1 rule".to_owned(),
        many => format!("{many} rules"),
    };
    format!(
        "Watching the files of {} ({rules}); Ctrl-C ends it",
        names.join(", ")
    )
}

/// The services that are watched.
fn chosen<'p>(prepared: &'p Prepared, names: &[String]) -> Result<Vec<&'p Service>, Failure> {
    let environment = &prepared.identity.environment;
    let all = || prepared.watched.iter();
    if let Some(unknown) = names
        .iter()
        .find(|name| !all().any(|one| one.name == **name))
    {
        let known: Vec<&str> = all().map(|service| service.name.as_str()).collect();
        let message = format!("No service `{unknown}` of `{environment}` says what to watch");
        let failure = Failure::new(Kind::Usage, message);
        return Err(match known.as_slice() {
            [] => failure.hint(HOW),
            known => failure.hint(format!("these do: {}", known.join(", "))),
        });
    }
    let wanted = |service: &&Service| names.is_empty() || names.contains(&service.name);
    let chosen: Vec<&Service> = all().filter(wanted).collect();
    if chosen.is_empty() {
        let message = format!("No service of `{environment}` says what to watch");
        return Err(Failure::new(Kind::Configuration, message).hint(HOW));
    }
    Ok(chosen)
}

const HOW: &str =
    "add to a service: develop: { watch: [{ path: ./src, action: sync, target: /app }] }";

/// The rules of each service, without those that have nothing to do, and blind for `own_folders`.
fn compiled<'p>(
    (services, own_folders): (&[&'p Service], &[PathBuf]),
    listener: Listener<'_>,
) -> Result<Vec<Vec<Rule<'p>>>, Failure> {
    let of = |service: &'p Service| {
        let rules = service.watch.iter().filter(|rule| {
            let mounted = is_mounted(rule, service);
            if mounted {
                let (path, place) = (rule.path.display(), &rule.place);
                let text = format!("{place}: `{path}` is mounted already; nothing is synced there");
                listener(Event::Warning(text));
            }
            !mounted
        });
        rules
            .map(|rule| {
                if !rule.path.exists() {
                    let (path, place) = (rule.path.display(), &rule.place);
                    let text = format!("{place}: `{path}` is not there yet; it is waited for");
                    listener(Event::Warning(text));
                }
                let ready = Rule::new(rule, service);
                let ready = ready.map(|rule| rule.without(own_folders));
                ready.map_err(|error| {
                    let message = format!("The rule at {} cannot be used", rule.place);
                    Failure::new(Kind::Failed, message).because(error)
                })
            })
            .collect()
    };
    services.iter().map(|service| of(service)).collect()
}
