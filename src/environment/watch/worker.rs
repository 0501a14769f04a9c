//! One watched service: does what its rules ask for after each batch of changes, while others do
//! the same for theirs. What fails is told, and the next change is another try.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc};

use super::batch::Batch;
use super::narrowed::narrowed;
use super::rules::{Rule, Work};
use crate::engine::{Engine, EngineError, HostFile, Landing};
use crate::environment::failure::{Failure, Kind};
use crate::environment::hooks;
use crate::environment::observe;
use crate::environment::prepare::Prepared;
use crate::environment::project::Project;
use crate::environment::start::{self, start};
use crate::environment::step_failure::engine_failure;
use crate::environment::stop::{Restart, restart_service};
use crate::event::{Event, Listener, Subject};
use crate::plan::StartOptions;
use crate::plan::identity::{self, Role};
use crate::plan::observed::{ObservedContainer, State};
use crate::plan::step::{NEXT, PREVIOUS};
use crate::workload::model::{AfterSync, Hook, Service, WatchAction};

/// What all services that are watched share.
pub(super) struct Shared<'a> {
    pub project: &'a Project,
    pub prepared: &'a Prepared,
    pub engine: &'a Engine,
    pub lock_wait: Duration,
    pub listener: Listener<'a>,
    /// Who holds it may take the lock of the environment.
    pub turn: Mutex<()>,
}

/// What a worker is told.
pub(super) enum Told {
    Changes(Rc<Batch>),
    /// A container of the service was started.
    Started,
}

pub(super) struct Worker<'a> {
    pub service: &'a Service,
    pub rules: Vec<&'a Rule<'a>>,
    shared: &'a Shared<'a>,
    memory: RefCell<Memory>,
}

/// What was synced since watching began, so that a container that is made meanwhile gets it too.
#[derive(Default)]
struct Memory {
    /// Ids of the containers that have all of it.
    known: BTreeSet<String>,
    all: Work,
    /// Reasons why something stayed at home, which are told once.
    reasons: BTreeSet<String>,
}

impl<'a> Worker<'a> {
    pub fn new(service: &'a Service, rules: Vec<&'a Rule<'a>>, shared: &'a Shared<'a>) -> Self {
        Self {
            service,
            rules,
            shared,
            memory: RefCell::default(),
        }
    }

    /// Takes the containers that are there for what their image made them, and syncs what is to be
    /// synced first.
    ///
    /// # Errors
    /// The engine fails.
    pub async fn begin(&self) -> Result<(), Failure> {
        let found = self.containers().await?;
        let ids = found.into_iter().map(|container| container.id);
        self.memory.borrow_mut().known.extend(ids);
        let mut work = Work::new();
        for rule in &self.rules {
            if let WatchAction::Sync(sync) = &rule.rule.action
                && sync.initial
            {
                work.extend(rule.work(&Batch::whole(&rule.root)));
            }
        }
        if !work.is_empty() {
            self.tell(self.sync(work).await);
        }
        Ok(())
    }

    /// Works until nobody tells anything any more.
    pub async fn run(&self, mut told: mpsc::UnboundedReceiver<Told>) {
        while let Some(first) = told.recv().await {
            let mut batch = Batch::default();
            let mut started = false;
            let mut next = Some(first);
            // What came in while we were at work is one batch.
            while let Some(one) = next {
                match one {
                    Told::Changes(changes) => batch.follow(&changes),
                    Told::Started => started = true,
                }
                next = told.try_recv().ok();
            }
            self.handle(&batch, started).await;
        }
    }

    /// `started`: a container may be there that lacks something.
    async fn handle(&self, batch: &Batch, started: bool) {
        let work = self.rules.iter().map(|rule| (*rule, rule.work(batch)));
        let due: Vec<(&Rule<'_>, Work)> = work.filter(|(_, work)| !work.is_empty()).collect();
        if due.is_empty() && !started {
            return;
        }
        let mut synced = Work::new();
        let mut afterwards = Vec::new();
        let (mut rebuild, mut restart) = (false, false);
        for (rule, work) in due {
            match &rule.rule.action {
                WatchAction::Rebuild => rebuild = true,
                WatchAction::Restart => restart = true,
                WatchAction::Sync(sync) => {
                    synced.extend(work);
                    afterwards.push(&sync.then);
                }
            }
        }
        if rebuild && self.tell(self.rebuild().await).is_none() {
            rebuild = false;
        }
        let Some(arrived) = self.tell(self.sync(synced).await).filter(|_| !rebuild) else {
            return;
        };
        if !arrived {
            afterwards.clear();
        }
        if restart || afterwards.contains(&&AfterSync::Restart) {
            self.tell(self.restart().await);
        }
        for after in afterwards {
            if let AfterSync::Exec(hook) = after {
                self.tell(self.run_hook(hook).await);
            }
        }
    }

    /// What came of it, if it went well; tells what did not.
    fn tell<T>(&self, outcome: Result<T, Failure>) -> Option<T> {
        outcome
            .map_err(|failure| self.warn(&in_lines(&failure)))
            .ok()
    }

    fn warn(&self, text: &str) {
        let text = format!("{}: {text}", self.service.name);
        (self.shared.listener)(Event::Warning(self.shared.prepared.mask(&text)));
    }

    async fn containers(&self) -> Result<Vec<ObservedContainer>, Failure> {
        let Shared {
            engine, prepared, ..
        } = self.shared;
        let found = observe::containers(engine, &prepared.identity).await?;
        let own = found.into_values().filter(|container| {
            let is = |key: &str, value: &str| {
                container
                    .labels
                    .get(key)
                    .is_some_and(|found| found == value)
            };
            let lasts = ![NEXT, PREVIOUS]
                .iter()
                .any(|end| container.name.ends_with(end));
            lasts
                && is(identity::SERVICE, &self.service.name)
                && is(identity::ROLE, Role::Service.as_str())
        });
        Ok(own.collect())
    }

    /// Brings `work` into the containers, and everything into those that are new; whether any of it
    /// had a place there.
    async fn sync(&self, work: Work) -> Result<bool, Failure> {
        let began = Instant::now();
        self.memory.borrow_mut().all.extend(work.clone());
        let containers = self.containers().await?;
        let syncs = containers.iter().map(|container| {
            let mut memory = self.memory.borrow_mut();
            // Until it has worked out, the container lacks something.
            let knows = memory.known.remove(&container.id);
            let all = || memory.all.clone();
            (container, if knows { work.clone() } else { all() })
        });
        let syncs: Vec<(&ObservedContainer, Work)> = syncs.collect();
        let done = join_all(syncs.iter().map(|(container, work)| async {
            let brought = self.bring(&container.name, work).await;
            // What failed for another reason than that it was away fails again next time.
            let is_away = |error: &EngineError| {
                error.is_not_found() || error.is_engine_gone() || error.is_not_running()
            };
            if !brought.as_ref().is_err_and(is_away) {
                self.memory.borrow_mut().known.insert(container.id.clone());
            }
            brought.map_err(|error| engine_failure(&error))
        }));
        let brought = done
            .await
            .into_iter()
            .collect::<Result<Vec<Work>, Failure>>()?;
        match brought.iter().max_by_key(|brought| brought.len()) {
            Some(most) if !most.is_empty() => {
                self.told("synced", counted(most), began);
                Ok(true)
            }
            None if !work.is_empty() => Err(Failure::new(
                Kind::Failed,
                "there is no container to sync to",
            )),
            _ => Ok(false),
        }
    }

    /// What of `work` had a place in the container, and is there now.
    async fn bring(&self, container: &str, work: &Work) -> Result<Work, EngineError> {
        if work.is_empty() {
            return Ok(Work::new());
        }
        let engine = self.shared.engine;
        let landing = engine.landing(container).await?;
        let mut work = work.clone();
        work.retain(|target, source| self.may(&landing, target, source.as_deref()));
        let gone = work.iter().filter(|(_, source)| source.is_none());
        let gone: Vec<String> = gone.map(|(target, _)| target.clone()).collect();
        let deleted = engine.delete_in(&landing, &gone).await;
        let copied = work.iter().filter_map(|(target, source)| {
            let (source, target) = (source.clone()?, target.clone());
            Some(HostFile { source, target })
        });
        let copied: Vec<HostFile> = copied.collect();
        engine.copy_into(&landing, &copied).await.and(deleted)?;
        Ok(work)
    }

    /// Whether `source` may come to `target`; tells once why not.
    fn may(&self, landing: &Landing, target: &str, source: Option<&Path>) -> bool {
        let is_folder = source.is_some_and(|path| path.is_dir() && !path.is_symlink());
        let Some(reason) = landing.refuses(target, !is_folder) else {
            return true;
        };
        if self.memory.borrow_mut().reasons.insert(reason.clone()) {
            self.warn(&reason);
        }
        false
    }

    fn told(&self, done: &'static str, cause: String, began: Instant) {
        (self.shared.listener)(Event::StepEnded {
            subject: Subject::new("Service", &self.service.name),
            done,
            cause,
            took: began.elapsed(),
        });
    }

    /// Builds the image and replaces the containers of the service, and what lives in them.
    async fn rebuild(&self) -> Result<(), Failure> {
        let began = Instant::now();
        let Shared {
            project,
            prepared,
            engine,
            ..
        } = self.shared;
        let _turn = self.shared.turn.lock().await;
        let narrowed = Prepared {
            desired: narrowed(&prepared.desired, &self.service.name),
            ..(*prepared).clone()
        };
        let options = start::Options {
            plan: StartOptions {
                init: false,
                storage: prepared.environment.postgres.storage,
                ..StartOptions::default()
            },
            build: true,
            lock_wait: self.shared.lock_wait,
            verb: "env watch",
        };
        let listener = |event: Event| {
            if !matches!(event, Event::Began { .. }) {
                (self.shared.listener)(event);
            }
        };
        let outcome = start(project, &narrowed, engine, options, &listener).await?;
        let cause = match outcome.changed {
            true => String::new(),
            false => "the image is the same".to_owned(),
        };
        self.told("rebuilt", cause, began);
        Ok(())
    }

    async fn restart(&self) -> Result<(), Failure> {
        let began = Instant::now();
        let Shared {
            project,
            prepared,
            engine,
            lock_wait,
            listener,
            ..
        } = self.shared;
        let _turn = self.shared.turn.lock().await;
        let restart = Restart {
            service: &self.service.name,
            lock_wait: *lock_wait,
        };
        restart_service(project, prepared, engine, restart, *listener).await?;
        self.told("restarted", String::new(), began);
        Ok(())
    }

    /// Runs the program of `sync+exec` in every container that runs.
    async fn run_hook(&self, hook: &Hook) -> Result<(), Failure> {
        let began = Instant::now();
        let containers = self.containers().await?;
        let running = containers.iter().filter(|one| one.state == State::Running);
        let ran = join_all(running.map(|container| {
            let run = hooks::run(&container.name, hook, self.shared.engine);
            async move { (container, run.await) }
        }));
        let program = hook.command.first().map_or("", String::as_str);
        for (container, ran) in ran.await {
            let ran = ran.map_err(|error| engine_failure(&error))?;
            if ran.exit_code != 0 {
                let message = format!(
                    "`{program}` in container `{}` ended with code {}",
                    container.name, ran.exit_code
                );
                let lines = ran.text().lines().map(str::to_owned).collect();
                return Err(Failure::new(Kind::Failed, message).excerpt("It printed:", lines));
            }
        }
        self.told("ran", program.to_owned(), began);
        Ok(())
    }
}

/// `3 files`, `1 file, 2 deleted`
fn counted(work: &BTreeMap<String, Option<PathBuf>>) -> String {
    let copied = work.values().flatten().count();
    let deleted = work.len() - copied;
    let files = match copied {
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    match (copied, deleted) {
        (_, 0) => files,
        (0, _) => format!("{deleted} deleted"),
        _ => format!("{files}, {deleted} deleted"),
    }
}

/// A failure in the lines of one warning.
fn in_lines(failure: &Failure) -> String {
    let mut text = failure.message.clone();
    for excerpt in &failure.excerpts {
        text.push('\n');
        text.push_str(&excerpt.heading);
        for line in &excerpt.lines {
            text.push_str("\n  ");
            text.push_str(line);
        }
    }
    for hint in &failure.hints {
        text.push_str("\nhint: ");
        text.push_str(hint);
    }
    text
}
