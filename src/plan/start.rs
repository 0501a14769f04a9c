//! The plan of a start: create what is missing, recreate what changed, run the init phase, deploy.

mod conflict;
mod container;
mod decision;
mod deploy;
mod hooks;
mod init;
mod leftovers;
mod surplus;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use super::desired::{Desired, External};
use super::observed::{Observed, ObservedContainer};
use super::step::{Action, PREVIOUS, Phase, Plan, StepId};
use crate::config::model::Storage;

pub use conflict::Conflict;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartOptions {
    /// Whether the init phase is run where it is due.
    pub init: bool,
    /// Run every init entry, due or not.
    pub rerun_init: bool,
    pub deploy: bool,
    pub force_recreate: bool,
    pub remove_orphans: bool,
    /// Whether a recreated container gets new anonymous volumes, not those of its predecessor.
    pub renew_volumes: bool,
    /// Whether a login to the database is awaited.
    pub login: bool,
    /// Whether the services are awaited that no other one waits for.
    pub wait: bool,
    pub storage: Storage,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self {
            init: true,
            rerun_init: false,
            deploy: true,
            force_recreate: false,
            remove_orphans: false,
            renew_volumes: false,
            login: true,
            wait: true,
            storage: Storage::Volume,
        }
    }
}

/// A plan with what it leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Started {
    pub plan: Plan,
    /// Containers of this environment that no file describes any more.
    pub orphans: Vec<String>,
    /// External networks and volumes that are not there.
    pub missing: Vec<External>,
}

/// Plans the start of `desired` over `observed`.
///
/// # Errors
/// The objects whose names are taken by somebody else.
pub fn start(
    desired: &Desired,
    observed: &Observed,
    options: &StartOptions,
) -> Result<Started, Vec<Conflict>> {
    let conflicts = conflict::conflicts(desired, observed);
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let mut planner = Planner::new(desired, observed, *options);
    planner.objects();
    planner.leftovers();
    let login = planner.database();
    let init = planner.init(&login);
    if options.deploy {
        let gate = planner.retire_surplus(init);
        planner.deploy(&gate);
    }
    planner.finish();
    let missing = desired.external.iter().filter(|external| match external {
        External::Network(name) => !observed.networks.contains_key(name),
        External::Volume(name) => !observed.volumes.contains_key(name),
    });
    Ok(Started {
        missing: missing.cloned().collect(),
        orphans: match options.remove_orphans && options.deploy {
            true => Vec::new(),
            false => planner.orphans(),
        },
        plan: planner.plan.images_first(),
    })
}

struct Planner<'a> {
    desired: &'a Desired,
    /// What is there, with leftovers of an interrupted run already put right.
    containers: BTreeMap<String, ObservedContainer>,
    observed: &'a Observed,
    options: StartOptions,
    plan: Plan,
    networks: BTreeMap<String, StepId>,
    volumes: BTreeMap<String, StepId>,
    images: BTreeMap<String, StepId>,
    /// Container → the step that makes it, for those that share its namespace.
    created: BTreeMap<String, StepId>,
    /// Container → the steps after which its name is free for use.
    freed: BTreeMap<String, Vec<StepId>>,
    /// Containers that an interrupted run may have asked to stop a moment ago.
    going: BTreeSet<String>,
    /// Names of containers that get a successor.
    replaced: BTreeSet<String>,
    /// Names of containers that are started, so that those in their namespaces follow.
    started: BTreeSet<String>,
    /// Containers that are stopped and go when all else has ended well, each with the cause.
    retired: Vec<(String, String)>,
}

impl<'a> Planner<'a> {
    fn new(desired: &'a Desired, observed: &'a Observed, options: StartOptions) -> Self {
        let own = |(_, found): &(&String, &ObservedContainer)| desired.identity.owns(&found.labels);
        let containers = observed.containers.iter().filter(own);
        Self {
            desired,
            containers: containers.map(|(n, c)| (n.clone(), c.clone())).collect(),
            observed,
            options,
            plan: Plan::default(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            images: BTreeMap::new(),
            created: BTreeMap::new(),
            freed: BTreeMap::new(),
            going: BTreeSet::new(),
            replaced: BTreeSet::new(),
            started: BTreeSet::new(),
            retired: Vec::new(),
        }
    }

    fn objects(&mut self) {
        for network in &self.desired.networks {
            if !self.observed.networks.contains_key(&network.name) {
                let action = Action::CreateNetwork(network.clone());
                let id = self.plan.push(Phase::Prepare, action, "", Vec::new());
                self.networks.insert(network.name.clone(), id);
            }
        }
        for volume in &self.desired.volumes {
            if !self.observed.volumes.contains_key(&volume.name) {
                self.create_volume(volume);
            }
        }
    }

    /// Starts the database; the steps after which it can be used.
    fn database(&mut self) -> Vec<StepId> {
        let mut after = Vec::new();
        if let Some(database) = &self.desired.database {
            let decision = self.decide(database);
            after = self.bring_up(database, decision, Phase::Database, Vec::new());
        }
        match self.options.login {
            true => vec![
                self.plan
                    .push(Phase::Database, Action::AwaitLogin, "", after),
            ],
            false => after,
        }
    }

    /// Tidies away what is no longer needed, once everything else has ended well: until then it can
    /// be put back. One by one: Podman keeps a container whose network another one shares.
    fn finish(&mut self) {
        let mut after: Vec<StepId> = (0..self.plan.steps.len()).collect();
        let replaced = self.desired.container_names();
        let replaced = replaced.filter(|name| self.replaced.contains(*name));
        let replaced = replaced.map(|name| {
            let cause = "its successor is ready".to_owned();
            // Its successor has its anonymous volumes, or new ones where that was asked for.
            let is_database = { self.desired.database.iter() }.any(|one| one.spec.name == name);
            let volumes = self.options.renew_volumes && !is_database;
            (format!("{name}{PREVIOUS}"), cause, volumes)
        });
        let mut replaced: Vec<(String, String, bool)> = replaced.collect();
        replaced.reverse();
        let retired = std::mem::take(&mut self.retired).into_iter();
        let retired = retired.map(|(name, cause)| (name, cause, false));
        for (name, cause, volumes) in retired.chain(replaced) {
            let action = Action::RemoveContainer { name, volumes };
            after = vec![self.plan.push(Phase::Finish, action, cause, after)];
        }
        self.remove_scratch(&after);
    }
}
