//! The plan of a start: create what is missing, recreate what changed, run the init phase, deploy.

use std::collections::{BTreeMap, BTreeSet};

use super::definition;
use super::desired::{Desired, DesiredContainer, External, ImageSource, InitWork};
use super::identity::{self, Role};
use super::observed::{Health, Observed, ObservedContainer, State};
use super::spec::{ContainerSpec, Labels, NetworkAttachment};
use super::step::{Action, NEXT, PREVIOUS, Phase, Plan, StepId};
use crate::config::model::Storage;
use crate::workload::model::{Condition, FileContent, FileMount, HealthTest, PullPolicy};

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

/// An object with a name of ours that is not ours: it is never touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// `container`, `network` or `volume`.
    pub kind: &'static str,
    pub name: String,
    pub owner: String,
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
        planner.deploy(&init);
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
        Some(Conflict { kind, name, owner })
    };
    let containers = desired.containers().filter_map(|container| {
        let name = &container.spec.name;
        let labels = observed.containers.get(name).map(|found| &found.labels);
        foreign("container", name, labels)
    });
    let networks = desired.networks.iter().filter_map(|network| {
        let labels = observed
            .networks
            .get(&network.name)
            .map(|found| &found.labels);
        foreign("network", &network.name, labels)
    });
    let volumes = desired.volumes.iter().filter_map(|volume| {
        let labels = observed
            .volumes
            .get(&volume.name)
            .map(|found| &found.labels);
        foreign("volume", &volume.name, labels)
    });
    containers.chain(networks).chain(volumes).collect()
}

/// What a container needs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    Create,
    Recreate(String),
    /// It is there as it shall be, but does not run.
    Start,
    /// It runs, and must be started anew for the cause given.
    Restart(String),
    Keep,
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
    /// Names of containers that get a successor.
    replaced: BTreeSet<String>,
    /// The last steps of the deploy, before anything is tidied away.
    last: Vec<StepId>,
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
            replaced: BTreeSet::new(),
            last: Vec::new(),
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
                let action = Action::CreateVolume(volume.clone());
                let id = self.plan.push(Phase::Prepare, action, "", Vec::new());
                self.volumes.insert(volume.name.clone(), id);
            }
        }
    }

    /// Puts right what an interrupted run left: half-made successors go, predecessors return.
    fn leftovers(&mut self) {
        const CAUSE: &str = "left by an interrupted start";
        let names: Vec<String> = self.containers.keys().cloned().collect();
        for name in names {
            if name.ends_with(NEXT) {
                self.remove(&name, Phase::Prepare, CAUSE, Vec::new());
            } else if let Some(base) = name.strip_suffix(PREVIOUS) {
                if self.containers.contains_key(base) {
                    self.remove(&name, Phase::Prepare, CAUSE, Vec::new());
                } else if let Some(mut container) = self.containers.remove(&name) {
                    let action = Action::RenameContainer {
                        from: name.clone(),
                        to: base.to_owned(),
                    };
                    let id = self.plan.push(Phase::Prepare, action, CAUSE, Vec::new());
                    self.freed.insert(base.to_owned(), vec![id]);
                    base.clone_into(&mut container.name);
                    self.containers.insert(base.to_owned(), container);
                }
            }
        }
    }

    fn remove(&mut self, name: &str, phase: Phase, cause: &str, after: Vec<StepId>) -> StepId {
        let action = Action::RemoveContainer(name.to_owned());
        let id = self.plan.push(phase, action, cause, after);
        self.containers.remove(name);
        self.freed.entry(name.to_owned()).or_default().push(id);
        id
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

    /// Whether the database starts without the data of an earlier run.
    fn database_is_new(&self) -> bool {
        let Some(database) = &self.desired.database else {
            return false;
        };
        match self.options.storage {
            Storage::Volume => database.spec.mounts.iter().any(|mount| {
                matches!(&mount.source, super::spec::MountSpecSource::Volume { name, .. }
                    if self.volumes.contains_key(name))
            }),
            Storage::Tmpfs => self.plan.steps.iter().any(|step| {
                matches!(&step.action, Action::StartContainer(name) if *name == database.spec.name)
            }),
        }
    }

    /// The init entries that are due, one after the other; the steps after which all are done.
    fn init(&mut self, login: &[StepId]) -> Vec<StepId> {
        let mut gate = login.to_vec();
        if !self.options.init {
            return gate;
        }
        let mut due = self.options.rerun_init || self.database_is_new();
        for (index, entry) in self.desired.init.iter().enumerate() {
            let phase = Phase::Init(index);
            match &entry.work {
                InitWork::Migrations(folder) => {
                    let action = Action::Migrate(folder.clone());
                    gate = vec![self.plan.push(phase, action, "", gate)];
                }
                InitWork::Containers(containers) => {
                    due = due || containers.iter().any(|one| !self.is_done(one, containers));
                    if due {
                        gate = self.init_entry(containers, phase, gate);
                    }
                }
            }
        }
        gate
    }

    /// Whether an init container has ended well as it is described now; a helper was stopped.
    fn is_done(&self, container: &DesiredContainer, entry: &[DesiredContainer]) -> bool {
        let found = self.containers.get(&container.spec.name);
        found.is_some_and(|found| {
            let ended = match found.state {
                State::Exited(code) => code == Some(0) || is_helper(container, entry),
                _ => false,
            };
            ended && self.difference(container, found).is_none()
        })
    }

    fn init_entry(
        &mut self,
        containers: &[DesiredContainer],
        phase: Phase,
        gate: Vec<StepId>,
    ) -> Vec<StepId> {
        let mut ready: BTreeMap<&str, Ready> = BTreeMap::new();
        let mut done = Vec::new();
        let mut helpers = Vec::new();
        for container in containers {
            let name = &container.spec.name;
            let found = self.containers.get(name);
            let under_way = found.is_some_and(|found| {
                found.state == State::Running && self.difference(container, found).is_none()
            });
            let mut after = gate.clone();
            after.extend(gates(container, &ready));
            let started = if under_way {
                after
            } else {
                let freed = found.is_some().then(|| {
                    let cause = "the init phase runs again";
                    self.remove(name, Phase::Prepare, cause, Vec::new())
                });
                let created = self.create(&container.spec, name, freed.into_iter().collect());
                after.push(created);
                let action = Action::StartContainer(name.clone());
                vec![self.plan.push(phase, action, "", after)]
            };
            let helper = is_helper(container, containers);
            let end = if helper {
                helpers.push(container);
                self.await_ready(container, phase, started.clone())
            } else {
                let name = name.clone();
                let action = Action::AwaitExit { name };
                self.plan.push(phase, action, "", started.clone())
            };
            done.push(end);
            let end = vec![end];
            ready.insert(&container.service, Ready { started, end });
        }
        self.stop_helpers(&helpers, phase, &mut done);
        done
    }

    fn stop_helpers(
        &mut self,
        helpers: &[&DesiredContainer],
        phase: Phase,
        done: &mut Vec<StepId>,
    ) {
        let ended = done.clone();
        for helper in helpers {
            let action = Action::StopContainer {
                name: helper.spec.name.clone(),
                grace: helper.spec.process.stop_grace_period,
            };
            let cause = "the init entry is done";
            done.push(self.plan.push(phase, action, cause, ended.clone()));
        }
    }

    fn deploy(&mut self, gate: &[StepId]) {
        let mut ready: BTreeMap<&str, Ready> = BTreeMap::new();
        let mut renewed: BTreeSet<&str> = BTreeSet::new();
        for container in &self.desired.deployment {
            let mut decision = self.decide(container);
            if decision == Decision::Keep {
                let restarting = container.depends_on.iter().find(|dependency| {
                    dependency.restart && renewed.contains(dependency.service.as_str())
                });
                if let Some(dependency) = restarting {
                    decision = Decision::Restart(format!("`{}` changed", dependency.service));
                }
            }
            if matches!(decision, Decision::Recreate(_) | Decision::Restart(_)) {
                renewed.insert(&container.service);
            }
            let kept = decision == Decision::Keep;
            let mut after = gate.to_vec();
            after.extend(gates(container, &ready));
            let started = self.bring_up(container, decision, Phase::Deploy, after);
            let end = self.ready_step(container, kept, &started);
            self.last.extend(end.iter().chain(&started));
            ready.insert(&container.service, Ready { started, end });
        }
    }

    /// Waits for what a service promises; nothing when it is known to hold already.
    fn ready_step(
        &mut self,
        container: &DesiredContainer,
        kept: bool,
        started: &[StepId],
    ) -> Vec<StepId> {
        let name = &container.spec.name;
        let state = self
            .containers
            .get(name)
            .map(|found| (found.state, found.health));
        if container.completes {
            if kept && matches!(state, Some((State::Exited(Some(0)), _))) {
                return started.to_vec();
            }
            let action = Action::AwaitExit { name: name.clone() };
            let after = started.to_vec();
            return vec![self.plan.push(Phase::Deploy, action, "", after)];
        }
        let health = state.map(|(_, health)| health).unwrap_or_default();
        let tested = is_tested(container);
        if kept && (health == Health::Healthy || (health == Health::None && !tested)) {
            return started.to_vec();
        }
        vec![self.await_ready(container, Phase::Deploy, started.to_vec())]
    }

    fn await_ready(
        &mut self,
        container: &DesiredContainer,
        phase: Phase,
        after: Vec<StepId>,
    ) -> StepId {
        let action = Action::AwaitReady {
            name: container.spec.name.clone(),
            tested: is_tested(container),
        };
        self.plan.push(phase, action, "", after)
    }

    fn decide(&self, container: &DesiredContainer) -> Decision {
        let Some(found) = self.containers.get(&container.spec.name) else {
            return Decision::Create;
        };
        if self.options.force_recreate && container.role == Role::Service {
            return Decision::Recreate("asked for".to_owned());
        }
        if let Some(difference) = self.difference(container, found) {
            return Decision::Recreate(difference);
        }
        match found.state {
            State::Exited(Some(0)) if container.completes => Decision::Keep,
            State::Running | State::Restarting => Decision::Keep,
            State::Paused => Decision::Restart("it was paused".to_owned()),
            State::Removing | State::Dead => Decision::Recreate("it is dead".to_owned()),
            State::Created | State::Exited(_) => Decision::Start,
        }
    }

    /// What differs between a container and its description, in words.
    fn difference(
        &self,
        container: &DesiredContainer,
        found: &ObservedContainer,
    ) -> Option<String> {
        let label = |key: &str| {
            found
                .labels
                .get(key)
                .map(String::as_str)
                .unwrap_or_default()
        };
        if label(identity::DEFINITION_HASH) != container.hash {
            let fields = definition::changed(label(identity::DEFINITION), &container.fields);
            return Some(format!("changed: {}", fields.join(", ")));
        }
        let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
        let image = self.observed.images.get(&container.spec.image);
        if image.is_some_and(|image| plain(image) != plain(&found.image_id)) {
            return Some("changed: image was built or pulled anew".to_owned());
        }
        let inline = |file: &FileMount| matches!(file.content, FileContent::Inline(_));
        if found.state == State::Created && container.spec.files.iter().any(inline) {
            return Some("it may lack its files".to_owned());
        }
        match &container.spec.network {
            NetworkAttachment::Container(other) if self.replaced.contains(other) => {
                Some(format!("shares the network of {other}"))
            }
            NetworkAttachment::Networks(endpoints) => endpoints
                .iter()
                .map(|endpoint| &endpoint.network)
                .find(|network| !self.is_attached(found, network))
                .map(|network| format!("network {network} is another one")),
            _ => None,
        }
    }

    /// Whether the container is attached to the network that has this name now: one that was
    /// removed behind our back leaves its containers with an id that nobody knows.
    fn is_attached(&self, found: &ObservedContainer, network: &str) -> bool {
        let Some(there) = self.observed.networks.get(network) else {
            return false;
        };
        let named = found.networks.iter().any(|name| name == network);
        let known = found.network_ids.is_empty() || found.network_ids.contains(&there.id);
        named && known
    }

    /// The steps until the container runs; the last of them, after which it is started.
    fn bring_up(
        &mut self,
        container: &DesiredContainer,
        decision: Decision,
        phase: Phase,
        mut after: Vec<StepId>,
    ) -> Vec<StepId> {
        let name = container.spec.name.clone();
        after.extend(self.freed.get(&name).into_iter().flatten());
        let grace = container.spec.process.stop_grace_period;
        let stop = |name: &str| Action::StopContainer {
            name: name.to_owned(),
            grace,
        };
        let cause = match decision {
            Decision::Keep => return after,
            Decision::Start => String::new(),
            Decision::Create => {
                let freed = self.freed.get(&name).cloned().unwrap_or_default();
                after.push(self.create(&container.spec, &name, freed));
                String::new()
            }
            Decision::Restart(cause) => {
                after = vec![self.plan.push(phase, stop(&name), &cause, after)];
                cause
            }
            Decision::Recreate(cause) => {
                self.replaced.insert(name.clone());
                let next = format!("{name}{NEXT}");
                let freed = self.freed.get(&next).cloned().unwrap_or_default();
                after.push(self.create(&container.spec, &next, freed));
                let mut gate = after;
                gate.extend(
                    self.freed
                        .get(&format!("{name}{PREVIOUS}"))
                        .into_iter()
                        .flatten(),
                );
                let stopped = self.plan.push(phase, stop(&name), &cause, gate);
                let aside = self.rename(phase, &name, &format!("{name}{PREVIOUS}"), stopped);
                after = vec![self.rename(phase, &next, &name, aside)];
                cause
            }
        };
        let action = Action::StartContainer(name);
        vec![self.plan.push(phase, action, cause, after)]
    }

    fn rename(&mut self, phase: Phase, from: &str, to: &str, after: StepId) -> StepId {
        let (from, to) = (from.to_owned(), to.to_owned());
        let action = Action::RenameContainer { from, to };
        self.plan.push(phase, action, "", vec![after])
    }

    /// Creates a container under `name`, once its image, networks and volumes are there.
    fn create(&mut self, spec: &ContainerSpec, name: &str, freed: Vec<StepId>) -> StepId {
        let mut after = freed;
        let mut spec = spec.clone();
        after.extend(self.image(&spec.image));
        match &mut spec.network {
            NetworkAttachment::Networks(endpoints) => {
                let steps = endpoints
                    .iter()
                    .filter_map(|e| self.networks.get(&e.network));
                after.extend(steps);
            }
            NetworkAttachment::Container(other) => {
                if self.replaced.contains(other) {
                    other.push_str(NEXT);
                }
                after.extend(self.created.get(other.as_str()));
            }
            NetworkAttachment::Host | NetworkAttachment::None | NetworkAttachment::Bridge => {}
        }
        for mount in &spec.mounts {
            if let super::spec::MountSpecSource::Volume { name, .. } = &mount.source {
                after.extend(self.volumes.get(name));
            }
        }
        // The others are made while the database starts, not while it waits to be made.
        let database = self.desired.database.as_ref();
        after.extend(database.and_then(|database| self.created.get(&database.spec.name)));
        name.clone_into(&mut spec.name);
        let action = Action::CreateContainer(Box::new(spec));
        let id = self.plan.push(Phase::Prepare, action, "", after);
        self.created.insert(name.to_owned(), id);
        id
    }

    fn image(&mut self, reference: &str) -> Option<StepId> {
        if let Some(id) = self.images.get(reference) {
            return Some(*id);
        }
        let image = self.desired.images.get(reference)?;
        let wanted = match &image.source {
            ImageSource::Pull(policy, _) => *policy == PullPolicy::Always,
            ImageSource::Build(..) | ImageSource::BuiltIn => false,
        };
        if self.observed.images.contains_key(reference) && !wanted {
            return None;
        }
        let action = Action::PrepareImage(reference.to_owned());
        let id = self.plan.push(Phase::Prepare, action, "", Vec::new());
        self.images.insert(reference.to_owned(), id);
        Some(id)
    }

    fn orphans(&self) -> Vec<String> {
        let known: BTreeSet<&str> = self.desired.container_names().collect();
        let names = self
            .containers
            .keys()
            .filter(|name| !known.contains(name.as_str()));
        names.cloned().collect()
    }

    /// Tidies away what is no longer needed, once everything else has ended well.
    fn finish(&mut self) {
        let all: Vec<StepId> = (0..self.plan.steps.len()).collect();
        let replaced: Vec<String> = self.replaced.iter().cloned().collect();
        for name in replaced {
            let previous = format!("{name}{PREVIOUS}");
            let action = Action::RemoveContainer(previous);
            let cause = "its successor is ready";
            self.plan.push(Phase::Finish, action, cause, all.clone());
        }
        if self.options.remove_orphans {
            for name in self.orphans() {
                self.remove(&name, Phase::Finish, "no file describes it", all.clone());
            }
        }
    }
}

fn is_tested(container: &DesiredContainer) -> bool {
    container
        .healthcheck()
        .is_some_and(|check| check.test != HealthTest::None)
}

/// The steps of one container that others wait for.
struct Ready {
    started: Vec<StepId>,
    end: Vec<StepId>,
}

fn gates(container: &DesiredContainer, ready: &BTreeMap<&str, Ready>) -> Vec<StepId> {
    let of = |dependency: &crate::workload::model::Dependency| {
        let ready = ready.get(dependency.service.as_str())?;
        Some(match dependency.condition {
            Condition::Started => ready.started.clone(),
            Condition::Healthy | Condition::CompletedSuccessfully => ready.end.clone(),
        })
    };
    container
        .depends_on
        .iter()
        .filter_map(of)
        .flatten()
        .collect()
}

/// Whether an init container only serves others of its entry, such as a cache they need running.
fn is_helper(container: &DesiredContainer, entry: &[DesiredContainer]) -> bool {
    let conditions = entry
        .iter()
        .flat_map(|other| &other.depends_on)
        .filter(|dependency| dependency.service == container.service)
        .map(|dependency| dependency.condition);
    let conditions: Vec<Condition> = conditions.collect();
    !conditions.is_empty() && !conditions.contains(&Condition::CompletedSuccessfully)
}
