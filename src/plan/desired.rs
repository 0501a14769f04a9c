//! A checked environment with its workloads → the objects that shall exist. Pure.

mod container;
mod contents;
mod hooks;
mod image;
mod replicas;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use super::database::OwnDatabaseImage;
use super::definition::{self, Fields};
use super::identity::{DEFAULT_NETWORK, DEFINITION, Identity, POSTGRES_SERVICE, Role, SCRATCH};
use super::spec::{ContainerSpec, Filling, NetworkSpec, VolumeSpec};
use crate::config::model::{Environment, InitKind};
use crate::diagnostic::{Diagnostic, Place};
use crate::secret::Secret;
use crate::workload::model::{
    Dependency, Ending, HealthTest, Healthcheck, Network, PodMember, Protocol, Readiness, Volume,
    Workload,
};

use container::Made;
pub use hooks::DesiredHooks;
pub(super) use image::pulled;
pub use image::{BUILT_IN_PREFIX, DesiredImage, INFRA_IMAGE, ImageSource};

/// Everything an environment shall have at the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub identity: Identity,
    pub networks: Vec<NetworkSpec>,
    pub volumes: Vec<VolumeSpec>,
    /// Networks and volumes made by somebody else; they must exist.
    pub external: Vec<External>,
    /// By reference.
    pub images: BTreeMap<String, DesiredImage>,
    /// `None` for an external database.
    pub database: Option<DesiredContainer>,
    pub init: Vec<DesiredInit>,
    pub deployment: Vec<DesiredContainer>,
    /// Service of the deployment → how many containers it has; 0 runs none.
    pub replicas: BTreeMap<String, u32>,
    /// Services that a file describes and that no active profile asks for: nothing starts them, and
    /// where they run they are left alone.
    pub inactive: BTreeSet<String>,
    /// Container → one of another tool that it takes the place of, and whose anonymous volumes it
    /// gets when it is made; see `poststack adopt`.
    pub predecessors: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum External {
    Network(String),
    Volume(String),
}

/// One entry of `init:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredInit {
    /// As written in the file.
    pub written: String,
    pub work: InitWork,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitWork {
    /// Absolute folder of SQL files.
    Migrations(PathBuf),
    Containers(Vec<DesiredContainer>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredContainer {
    pub spec: ContainerSpec,
    pub service: String,
    /// Which of the service's containers this is; they count from 1.
    pub number: u32,
    pub role: Role,
    pub hooks: DesiredHooks,
    pub fields: Fields,
    pub hash: String,
    pub depends_on: Vec<Dependency>,
    /// Whether it must exit with 0: another service waits for it, or it is a job.
    pub completes: bool,
    /// Whether it is not run again once it has exited with 0.
    pub may_end: bool,
    /// What a Pod file says of when it is ready.
    pub readiness: Option<Readiness>,
    /// The pod whose shared network and namespaces it holds, where it does nothing else.
    pub infra_of: Option<String>,
    /// Whether another service waits for its health.
    pub health_needed: bool,
    pub place: Place,
    /// Where each of its published ports is written, in their order, as far as that is known.
    pub port_places: Vec<Place>,
}

impl DesiredContainer {
    #[must_use]
    pub fn healthcheck(&self) -> Option<&Healthcheck> {
        self.spec.process.healthcheck.as_ref()
    }

    /// Whether its file says how to find out that it is ready.
    #[must_use]
    pub fn is_tested(&self) -> bool {
        match &self.readiness {
            Some(readiness) => !readiness.probes.is_empty(),
            None => self
                .healthcheck()
                .is_some_and(|check| check.test != HealthTest::None),
        }
    }
}

/// What [`desired`] is made of.
pub struct Inputs<'a> {
    pub identity: &'a Identity,
    pub environment: &'a Environment,
    pub password: &'a Secret,
    /// Where the project makes the image of the database itself.
    pub database_image: Option<&'a OwnDatabaseImage>,
    /// One per `init:` entry: `None` for migrations.
    pub init: &'a [Option<Workload>],
    pub deployment: Option<&'a Workload>,
    /// Host folder or file → a text that changes when its content does; for init containers.
    pub mounted: &'a BTreeMap<PathBuf, String>,
    /// Takes the secrets of the environment out of a text, which is to be seen by others.
    pub mask: &'a dyn Fn(&str) -> String,
}

/// The objects of an environment, with the faults that show only when its files are put together.
#[must_use]
pub fn desired(inputs: &Inputs<'_>) -> (Desired, Vec<Diagnostic>) {
    let mut builder = Builder {
        inputs,
        desired: Desired {
            identity: inputs.identity.clone(),
            networks: Vec::new(),
            volumes: Vec::new(),
            external: Vec::new(),
            images: BTreeMap::new(),
            database: None,
            init: Vec::new(),
            deployment: Vec::new(),
            replicas: BTreeMap::new(),
            inactive: BTreeSet::new(),
            predecessors: BTreeMap::new(),
        },
        seen: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    let inactive = builder.workloads().flat_map(|one| &one.inactive);
    builder.desired.inactive = inactive.cloned().collect();
    builder.networks();
    builder.volumes();
    builder.database();
    for (entry, workload) in inputs.environment.init.iter().zip(inputs.init) {
        let work = match (workload, &entry.kind) {
            (None, InitKind::Migrations(folder)) => InitWork::Migrations(folder.clone()),
            (None, _) => InitWork::Containers(Vec::new()),
            (Some(workload), _) => InitWork::Containers(builder.containers(workload, Role::Init)),
        };
        let written = entry.written.clone();
        builder.desired.init.push(DesiredInit { written, work });
    }
    if let Some(workload) = inputs.deployment {
        builder.desired.deployment = builder.containers(workload, Role::Service);
        let counts = workload.services.iter();
        let counts = counts.map(|service| (service.name.clone(), replicas::count(service)));
        builder.desired.replicas = counts.collect();
    }
    builder.check_against_database();
    (builder.desired, builder.diagnostics)
}

struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    desired: Desired,
    /// Container name → where it comes from.
    seen: BTreeMap<String, Place>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn workloads(&self) -> impl Iterator<Item = &'a Workload> + use<'a> {
        let inputs = self.inputs;
        inputs.init.iter().flatten().chain(inputs.deployment)
    }

    /// Reports services that get into the way of the environment's own database.
    fn check_against_database(&mut self) {
        if self.desired.database.is_none() {
            return;
        }
        let postgres = &self.inputs.environment.postgres;
        let bind = self.inputs.environment.bind;
        let mut found = Vec::new();
        for container in self
            .desired
            .containers()
            .filter(|one| one.role != Role::Database)
        {
            let place = &container.place;
            let clashes = container.spec.process.ports.iter().any(|port| {
                let same = |ip: IpAddr| ip == bind || ip.is_unspecified() || bind.is_unspecified();
                let range = port
                    .published
                    .filter(|range| (range.first..=range.last) == (postgres.port..=postgres.port));
                range.is_some() && port.protocol == Protocol::Tcp && port.host_ip.is_none_or(same)
            });
            if clashes {
                let (service, port) = (&container.service, postgres.port);
                let message =
                    format!("`{service}` publishes port {port}, and so does the database");
                let database = postgres.port_place.as_ref().unwrap_or(&postgres.place);
                found.push(
                    Diagnostic::error(message)
                        .at(&place.source, place.span)
                        .related(&database.source, database.span, "the database's own port")
                        .help("give one of the two another port"),
                );
            }
            if container.service == POSTGRES_SERVICE {
                let message = "`postgres` is what poststack calls the environment's own database";
                found.push(
                    Diagnostic::warning(message)
                        .at(&place.source, place.span)
                        .help("remove the service and use ${DB_HOST}, or give it another name"),
                );
            }
        }
        self.diagnostics.extend(found);
    }

    fn networks(&mut self) {
        let mut networks: BTreeMap<&str, &Network> = BTreeMap::new();
        for (key, network) in self.workloads().flat_map(|workload| &workload.networks) {
            let known = networks.entry(key).or_insert(network);
            if **known == Network::default() {
                *known = network;
            }
        }
        let plain = Network::default();
        networks.entry(DEFAULT_NETWORK).or_insert(&plain);
        for (key, network) in networks {
            let name = self.network_name(key);
            if network.external {
                self.desired.external.push(External::Network(name));
                continue;
            }
            let mut labels = network.labels.clone();
            labels.extend(self.inputs.identity.labels(Some(("network", key))));
            let mut spec = NetworkSpec {
                name,
                driver: network.driver.clone(),
                driver_options: network.driver_options.clone(),
                internal: network.internal,
                attachable: network.attachable,
                ipv4: network.ipv4,
                ipv6: network.ipv6,
                ipam: network.ipam.clone(),
                labels,
            };
            let label = definition::encode(&definition::network_fields(&spec));
            spec.labels.insert(DEFINITION.to_owned(), label);
            self.desired.networks.push(spec);
        }
    }

    fn volumes(&mut self) {
        let mut volumes: BTreeMap<&str, &Volume> = BTreeMap::new();
        for (key, volume) in self.workloads().flat_map(|workload| &workload.volumes) {
            volumes.entry(key).or_insert(volume);
        }
        for (key, volume) in volumes {
            let name = self.volume_name(key);
            let is_taken_over = self.inputs.environment.volumes.contains_key(key);
            if volume.external || is_taken_over {
                self.desired.external.push(External::Volume(name));
                continue;
            }
            let mut labels = volume.labels.clone();
            labels.extend(self.inputs.identity.labels(Some(("volume", key))));
            let mut spec = VolumeSpec {
                name,
                driver: volume.driver.clone(),
                driver_options: volume.driver_options.clone(),
                labels,
                filling: volume.content.clone().map(|content| Filling {
                    content,
                    image: INFRA_IMAGE.to_owned(),
                }),
            };
            if volume.scratch {
                spec.labels.insert(SCRATCH.to_owned(), "true".to_owned());
            }
            let label = definition::encode(&definition::volume_fields(&spec, &[]));
            spec.labels.insert(DEFINITION.to_owned(), label);
            self.desired.volumes.push(spec);
        }
    }

    fn network_name(&self, key: &str) -> String {
        let named = self.workloads().filter_map(|workload| {
            let network = workload.networks.get(key)?;
            network
                .name
                .clone()
                .or_else(|| network.external.then(|| key.to_owned()))
        });
        let own = || self.inputs.identity.network(key);
        named.into_iter().next().unwrap_or_else(own)
    }

    fn volume_name(&self, key: &str) -> String {
        if let Some(existing) = self.inputs.environment.volumes.get(key) {
            return existing.name.clone();
        }
        let named = self.workloads().filter_map(|workload| {
            let volume = workload.volumes.get(key)?;
            volume
                .name
                .clone()
                .or_else(|| volume.external.then(|| key.to_owned()))
        });
        let own = || self.inputs.identity.volume(key);
        named.into_iter().next().unwrap_or_else(own)
    }

    fn database(&mut self) {
        if self.inputs.environment.postgres.host.is_some() {
            return;
        }
        let network = self.network_name(DEFAULT_NETWORK);
        let made = super::database::objects(self.inputs, network);
        self.desired.volumes.extend(made.volume);
        self.desired.external.extend(made.external);
        let place = self.inputs.environment.postgres.place.clone();
        self.image(&made.spec.image, made.image, &place);
        let container = self.finish(Made {
            spec: made.spec,
            service: POSTGRES_SERVICE,
            number: 1,
            hooks: DesiredHooks::default(),
            role: Role::Database,
            depends_on: Vec::new(),
            ending: Ending::Never,
            health_needed: false,
            pod: PodMember::default(),
            place,
            port_places: Vec::new(),
        });
        self.desired.database = Some(container);
    }
}

impl Desired {
    /// Every container: the database, those of the init phase, the deployment.
    pub fn containers(&self) -> impl Iterator<Item = &DesiredContainer> {
        let init = self.init.iter().flat_map(|entry| match &entry.work {
            InitWork::Containers(containers) => containers.as_slice(),
            InitWork::Migrations(_) => &[],
        });
        self.database.iter().chain(init).chain(&self.deployment)
    }

    pub fn container_names(&self) -> impl Iterator<Item = &str> {
        self.containers()
            .map(|container| container.spec.name.as_str())
    }

    /// The names of the containers of `pre_start`, which are there only while they run or after they
    /// have failed.
    pub fn hook_names(&self) -> impl Iterator<Item = &str> {
        let hooks = self.containers().flat_map(|one| &one.hooks.pre_start);
        hooks.map(|spec| spec.name.as_str())
    }

    /// The container of this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&DesiredContainer> {
        self.containers().find(|one| one.spec.name == name)
    }
}
