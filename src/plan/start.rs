//! The plan of a start: create what is missing, recreate what changed, run the init phase, deploy.

mod container;
mod decision;
mod deploy;
mod init;

use std::collections::{BTreeMap, BTreeSet};

use super::definition;
use super::desired::{Desired, DesiredContainer, External};
use super::identity::{self};
use super::observed::{Observed, ObservedContainer, State};
use super::spec::{Filling, Labels, VolumeSpec};
use super::step::{Action, NEXT, PREVIOUS, Phase, Plan, StepId};
use crate::config::model::Storage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartOptions {
    /// Whether the init phase is run where it is due.
    pub init: bool,
    /// Run every init entry, due or not.
    pub rerun_init: bool,
    pub deploy: bool,
    pub force_recreate: bool,
    pub remove_orphans: bool,
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
            storage: Storage::Volume,
        }
    }
}

/// An object in the way that must not be touched. `kind` is `container`, `network` or `volume`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// It has a name of ours and is not ours.
    Foreign {
        kind: &'static str,
        name: String,
        owner: String,
    },
    /// It is ours and was made with another definition; making it anew would take something away.
    Changed {
        kind: &'static str,
        name: String,
        /// The fields that differ.
        fields: Vec<String>,
    },
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign { kind, name, owner } => write!(f, "{kind} `{name}` belongs to {owner}"),
            Self::Changed { kind, name, fields } => {
                let fields = fields.join(", ");
                write!(
                    f,
                    "{kind} `{name}` was made with another definition (changed: {fields})"
                )
            }
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
    let conflicts = conflicts(desired, observed);
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let mut planner = Planner::new(desired, observed, *options);
    planner.objects();
    planner.leftovers();
    let login = planner.database();
    let init = planner.init(&login);
    if options.deploy {
        let gate = planner.remove_orphans(init);
        planner.deploy(&gate);
    }
    planner.finish();
    let missing = desired.external.iter().filter(|external| match external {
        External::Network(name) => !observed.networks.contains_key(name),
        External::Volume(name) => !observed.volumes.contains_key(name),
    });
    Ok(Started {
        missing: missing.cloned().collect(),
        orphans: planner.orphans(),
        plan: planner.plan.images_first(),
    })
}

fn conflicts(desired: &Desired, observed: &Observed) -> Vec<Conflict> {
    let foreign = |kind: &'static str, name: &str, labels: Option<&Labels>| {
        let labels = labels.filter(|labels| !desired.identity.owns(labels))?;
        let (name, owner) = (name.to_owned(), identity::owner(labels));
        Some(Conflict::Foreign { kind, name, owner })
    };
    let changed = |kind: &'static str, name: &str, wanted: &Labels, found: &Labels| {
        let label = |labels: &Labels| labels.get(identity::DEFINITION).cloned();
        let fields = definition::differing(&label(found)?, &label(wanted)?);
        let name = name.to_owned();
        (!fields.is_empty()).then_some(Conflict::Changed { kind, name, fields })
    };
    let containers = desired.containers().filter_map(|container| {
        let name = &container.spec.name;
        let labels = observed.containers.get(name).map(|found| &found.labels);
        foreign("container", name, labels)
    });
    let networks = desired.networks.iter().filter_map(|network| {
        let found = &observed.networks.get(&network.name)?.labels;
        let (name, wanted) = (&network.name, &network.labels);
        foreign("network", name, Some(found)).or_else(|| changed("network", name, wanted, found))
    });
    let volumes = desired.volumes.iter().filter_map(|volume| {
        let found = &observed.volumes.get(&volume.name)?.labels;
        let (name, wanted) = (&volume.name, &volume.labels);
        foreign("volume", name, Some(found)).or_else(|| changed("volume", name, wanted, found))
    });
    containers.chain(networks).chain(volumes).collect()
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

    fn create_volume(&mut self, volume: &VolumeSpec) -> StepId {
        let filler = volume.filling.as_ref();
        let image = filler.and_then(|filling| self.image(&filling.image));
        let action = Action::CreateVolume(volume.clone());
        let after = image.into_iter().collect();
        let id = self.plan.push(Phase::Prepare, action, "", after);
        self.volumes.insert(volume.name.clone(), id);
        id
    }

    /// The step after which the volume can be mounted. One with files is filled again for every
    /// container that is made: an interrupted start may have left it half filled.
    fn volume(&mut self, name: &str) -> Option<StepId> {
        if let Some(id) = self.volumes.get(name) {
            return Some(*id);
        }
        let volume = self.desired.volumes.iter().find(|one| one.name == name)?;
        let files = |filling: &Filling| !filling.content.files.is_empty();
        let filled = volume.filling.as_ref().is_some_and(files);
        filled.then(|| self.create_volume(volume))
    }

    /// Puts right what an interrupted run left: half-made successors go, predecessors return.
    fn leftovers(&mut self) {
        const CAUSE: &str = "left by an interrupted start";
        let mut after = Vec::new();
        for name in self.half_made() {
            after = vec![self.remove(&name, Phase::Prepare, CAUSE, after)];
        }
        let names: Vec<String> = self.containers.keys().cloned().collect();
        for name in names {
            if let Some(base) = name.strip_suffix(PREVIOUS) {
                if self.containers.contains_key(base) {
                    let after = self.remove_followers(base, CAUSE);
                    self.remove(&name, Phase::Prepare, CAUSE, after);
                } else if let Some(mut container) = self.containers.remove(&name) {
                    let action = Action::RenameContainer {
                        from: name.clone(),
                        to: base.to_owned(),
                    };
                    let after = self.freed.get(base).cloned().unwrap_or_default();
                    let id = self.plan.push(Phase::Prepare, action, CAUSE, after);
                    self.freed.insert(base.to_owned(), vec![id]);
                    self.going.insert(base.to_owned());
                    base.clone_into(&mut container.name);
                    self.containers.insert(base.to_owned(), container);
                }
            }
        }
    }

    /// Successors, and containers that never ran: those may lack their files or networks, and hold
    /// nothing. Podman wants those gone first that live in the namespaces of others.
    fn half_made(&self) -> Vec<String> {
        let order: Vec<&str> = self.desired.container_names().collect();
        let place = |name: &str| {
            let base = name.strip_suffix(NEXT).unwrap_or(name);
            order.iter().position(|one| *one == base)
        };
        let half = |name: &str, found: &ObservedContainer| {
            name.ends_with(NEXT) || found.state == State::Created
        };
        let found = self
            .containers
            .iter()
            .filter(|(name, found)| half(name, found));
        let mut names: Vec<String> = found.map(|(name, _)| name.clone()).collect();
        names.sort_by_key(|name| std::cmp::Reverse(place(name)));
        names
    }

    /// Removes the containers that live in a namespace of `base`: they may hang on a predecessor of
    /// it, which Podman does not let go before them.
    fn remove_followers(&mut self, base: &str, cause: &str) -> Vec<StepId> {
        let desired = self.desired;
        let shares = |container: &&DesiredContainer| {
            container.spec.lives_in().any(|(_, owner)| owner == base)
        };
        let followers = desired.containers().filter(shares);
        let names: Vec<&str> = followers.map(|one| one.spec.name.as_str()).collect();
        let there = |name: &&str| self.containers.contains_key(*name);
        let names: Vec<&str> = names.into_iter().filter(there).collect();
        names
            .into_iter()
            .map(|name| self.remove(name, Phase::Prepare, cause, Vec::new()))
            .collect()
    }

    /// Starts the database; the steps after which it can be used.
    fn database(&mut self) -> Vec<StepId> {
        let mut after = Vec::new();
        if let Some(database) = &self.desired.database {
            let decision = self.decide(database);
            after = self.bring_up(database, decision, Phase::Database, Vec::new());
        }
        vec![
            self.plan
                .push(Phase::Database, Action::AwaitLogin, "", after),
        ]
    }

    fn orphans(&self) -> Vec<String> {
        let known: BTreeSet<&str> = self.desired.container_names().collect();
        let names = self
            .containers
            .keys()
            .filter(|name| !known.contains(name.as_str()));
        names.cloned().collect()
    }

    /// Where asked for, removes what no file describes, before the deploy needs its ports.
    fn remove_orphans(&mut self, gate: Vec<StepId>) -> Vec<StepId> {
        if !self.options.remove_orphans {
            return gate;
        }
        let mut after = gate.clone();
        for name in self.orphans() {
            let cause = "no file describes it";
            after.push(self.remove(&name, Phase::Deploy, cause, gate.clone()));
        }
        after
    }

    /// Tidies away what is no longer needed, once everything else has ended well.
    fn finish(&mut self) {
        let all: Vec<StepId> = (0..self.plan.steps.len()).collect();
        let names: Vec<&str> = self.desired.container_names().collect();
        let mut after = all.clone();
        // Backwards, one by one: Podman keeps a container whose network another one shares.
        for name in names.into_iter().rev() {
            if self.replaced.contains(name) {
                let action = Action::RemoveContainer {
                    name: format!("{name}{PREVIOUS}"),
                    volumes: false,
                };
                let cause = "its successor is ready";
                let removed = self.plan.push(Phase::Finish, action, cause, after);
                after = vec![removed];
            }
        }
        self.remove_scratch(&after);
    }

    /// Removes volumes that hold nothing of worth and that no file describes any more.
    fn remove_scratch(&mut self, after: &[StepId]) {
        let known: BTreeSet<&str> = self.desired.volumes.iter().map(|one| &*one.name).collect();
        for volume in self.observed.volumes.values() {
            let scratch = volume.labels.contains_key(identity::SCRATCH);
            let own = self.desired.identity.owns(&volume.labels);
            if scratch && own && !known.contains(&*volume.name) {
                let action = Action::RemoveVolume(volume.name.clone());
                let cause = "no file describes it";
                self.plan.push(Phase::Finish, action, cause, after.to_vec());
            }
        }
    }
}
