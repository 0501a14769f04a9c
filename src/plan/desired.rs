//! A checked environment with its workloads → the objects that shall exist. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::definition::{self, Fields};
use super::identity::{self, DEFAULT_NETWORK, Identity, Role};
use super::spec::{
    BuildContext, ContainerSpec, Endpoint, ImageBuild, Labels, MountSpec, MountSpecSource,
    NetworkAttachment, NetworkSpec, VolumeSpec,
};
use crate::config::model::Environment;
use crate::diagnostic::{Diagnostic, Place};
use crate::secret::Secret;
use crate::workload::model::{
    Attachment, Build, Condition, Dependency, Healthcheck, Mount, MountSource, Network, PullPolicy,
    Service, ServiceNetwork, Volume, Workload,
};

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
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum External {
    Network(String),
    Volume(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredImage {
    pub source: ImageSource,
    /// Where the reference is written.
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `poststack/…`: shipped in the binary.
    BuiltIn,
    Build(Box<ImageBuild>, PullPolicy),
    Pull(PullPolicy, Option<String>),
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
    pub role: Role,
    pub fields: Fields,
    pub hash: String,
    pub depends_on: Vec<Dependency>,
    /// Whether another service waits for it to exit with 0.
    pub completes: bool,
    pub place: Place,
}

impl DesiredContainer {
    #[must_use]
    pub fn healthcheck(&self) -> Option<&Healthcheck> {
        self.spec.process.healthcheck.as_ref()
    }
}

/// What [`desired`] is made of.
pub struct Inputs<'a> {
    pub identity: &'a Identity,
    pub environment: &'a Environment,
    pub password: &'a Secret,
    /// One per `init:` entry: `None` for migrations.
    pub init: &'a [Option<Workload>],
    pub deployment: Option<&'a Workload>,
    /// Host folder or file → a text that changes when its content does; for init containers.
    pub mounted: &'a BTreeMap<PathBuf, String>,
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
        },
        seen: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    builder.networks();
    builder.volumes();
    builder.database();
    for (entry, workload) in inputs.environment.init.iter().zip(inputs.init) {
        let work = match (workload, &entry.kind) {
            (None, crate::config::model::InitKind::Migrations(folder)) => {
                InitWork::Migrations(folder.clone())
            }
            (None, _) => InitWork::Containers(Vec::new()),
            (Some(workload), _) => InitWork::Containers(builder.containers(workload, Role::Init)),
        };
        let written = entry.written.clone();
        builder.desired.init.push(DesiredInit { written, work });
    }
    if let Some(workload) = inputs.deployment {
        builder.desired.deployment = builder.containers(workload, Role::Service);
    }
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
            self.desired.networks.push(NetworkSpec {
                name,
                driver: network.driver.clone(),
                driver_options: network.driver_options.clone(),
                internal: network.internal,
                attachable: network.attachable,
                ipv6: network.ipv6,
                subnets: network.subnets.clone(),
                labels,
            });
        }
    }

    fn volumes(&mut self) {
        let mut volumes: BTreeMap<&str, &Volume> = BTreeMap::new();
        for (key, volume) in self.workloads().flat_map(|workload| &workload.volumes) {
            volumes.entry(key).or_insert(volume);
        }
        for (key, volume) in volumes {
            let name = self.volume_name(key);
            if volume.external {
                self.desired.external.push(External::Volume(name));
                continue;
            }
            let mut labels = volume.labels.clone();
            labels.extend(self.inputs.identity.labels(Some(("volume", key))));
            self.desired.volumes.push(VolumeSpec {
                name,
                driver: volume.driver.clone(),
                driver_options: volume.driver_options.clone(),
                labels,
            });
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
        let place = self.inputs.environment.postgres.place.clone();
        self.image(&made.spec.image, made.image, &place);
        let container = self.finish(Made {
            spec: made.spec,
            service: identity::POSTGRES_SERVICE,
            role: Role::Database,
            depends_on: Vec::new(),
            completes: false,
            place,
        });
        self.desired.database = Some(container);
    }

    fn containers(&mut self, workload: &Workload, role: Role) -> Vec<DesiredContainer> {
        let completes: BTreeSet<&str> = workload
            .services
            .iter()
            .flat_map(|service| &service.depends_on)
            .filter(|dependency| dependency.condition == Condition::CompletedSuccessfully)
            .map(|dependency| dependency.service.as_str())
            .collect();
        workload
            .services
            .iter()
            .map(|service| {
                let spec = self.spec(service, workload);
                let source = image_source(service, self.inputs.identity);
                self.image(&spec.image, source, &service.place);
                self.finish(Made {
                    spec,
                    service: &service.name,
                    role,
                    depends_on: service.depends_on.clone(),
                    completes: completes.contains(service.name.as_str()),
                    place: service.place.clone(),
                })
            })
            .collect()
    }

    fn image(&mut self, reference: &str, source: ImageSource, place: &Place) {
        let image = DesiredImage {
            source,
            place: place.clone(),
        };
        let known = self.desired.images.entry(reference.to_owned());
        // Of several services with one image, the one that builds it decides.
        known
            .and_modify(|known| {
                if matches!(known.source, ImageSource::Pull(..)) {
                    *known = image.clone();
                }
            })
            .or_insert(image);
    }

    fn spec(&self, service: &Service, workload: &Workload) -> ContainerSpec {
        let identity = self.inputs.identity;
        let mut process = service.process.clone();
        for port in &mut process.ports {
            port.host_ip.get_or_insert(self.inputs.environment.bind);
        }
        let name = container_name(service, identity);
        ContainerSpec {
            image: image_reference(service, identity),
            platform: service.platform.clone(),
            network: self.attachment(service, workload, &name),
            mounts: service
                .mounts
                .iter()
                .map(|mount| self.mount(mount))
                .collect(),
            files: service.files.clone(),
            labels: service.labels.clone(),
            process,
            name,
        }
    }

    fn attachment(
        &self,
        service: &Service,
        workload: &Workload,
        container: &str,
    ) -> NetworkAttachment {
        match &service.network {
            ServiceNetwork::Host => NetworkAttachment::Host,
            ServiceNetwork::None => NetworkAttachment::None,
            ServiceNetwork::Bridge => NetworkAttachment::Bridge,
            ServiceNetwork::Container(name) => NetworkAttachment::Container(name.clone()),
            ServiceNetwork::Service(other) => {
                let found = workload
                    .services
                    .iter()
                    .find(|service| service.name == *other);
                let own = || self.inputs.identity.container(other);
                let named = found.map(|service| container_name(service, self.inputs.identity));
                NetworkAttachment::Container(named.unwrap_or_else(own))
            }
            ServiceNetwork::Networks(attachments) => {
                let mut joined = attachments.clone();
                if joined.iter().all(|one| one.network != DEFAULT_NETWORK) {
                    joined.push(Attachment {
                        network: DEFAULT_NETWORK.to_owned(),
                        ..Attachment::default()
                    });
                }
                let endpoint = |one: &Attachment| self.endpoint(one, container, &service.name);
                NetworkAttachment::Networks(joined.iter().map(endpoint).collect())
            }
        }
    }

    fn endpoint(&self, attachment: &Attachment, container: &str, service: &str) -> Endpoint {
        let mut aliases = vec![container.to_owned(), service.to_owned()];
        aliases.extend(attachment.aliases.iter().cloned());
        aliases.sort();
        aliases.dedup();
        Endpoint {
            network: self.network_name(&attachment.network),
            aliases,
            ipv4_address: attachment.ipv4_address.clone(),
            ipv6_address: attachment.ipv6_address.clone(),
            mac_address: attachment.mac_address.clone(),
            driver_options: attachment.driver_options.clone(),
        }
    }

    fn mount(&self, mount: &Mount) -> MountSpec {
        let source = match mount.source.clone() {
            MountSource::Bind {
                path,
                create,
                propagation,
                selinux,
            } => MountSpecSource::Bind {
                path,
                create,
                propagation,
                selinux,
            },
            MountSource::Volume {
                key,
                no_copy,
                subpath,
            } => MountSpecSource::Volume {
                name: self.volume_name(&key),
                no_copy,
                subpath,
            },
            MountSource::Anonymous => MountSpecSource::Anonymous,
            MountSource::Tmpfs { size, mode } => MountSpecSource::Tmpfs { size, mode },
        };
        MountSpec {
            source,
            target: mount.target.clone(),
            read_only: mount.read_only,
        }
    }

    /// Adds hash and labels, and reports a name that two services share.
    fn finish(&mut self, made: Made<'_>) -> DesiredContainer {
        let mut spec = made.spec;
        if let Some(first) = self.seen.get(&spec.name) {
            let message = format!("Two services make the same container `{}`", spec.name);
            let diagnostic = Diagnostic::error(message)
                .at(&made.place.source, made.place.span)
                .related(&first.source, first.span, "the first one")
                .help("rename one of the services");
            self.diagnostics.push(diagnostic);
        }
        self.seen.insert(spec.name.clone(), made.place.clone());
        let extra = if made.role == Role::Init {
            mounted_contents(&spec, self.inputs.mounted)
        } else {
            BTreeMap::new()
        };
        let mut fields = definition::fields(&spec, &extra);
        if made.role == Role::Database {
            // The cluster keeps its password; a new one is set in it, without a new container.
            fields.remove("environment.POSTGRES_PASSWORD");
        }
        let hash = definition::hash(&fields);
        let labels = self.container_labels(&made.depends_on, made.service, made.role);
        spec.labels.extend(labels);
        spec.labels.extend([
            (identity::DEFINITION_HASH.to_owned(), hash.clone()),
            (identity::DEFINITION.to_owned(), definition::encode(&fields)),
            ("com.docker.compose.config-hash".to_owned(), hash.clone()),
        ]);
        DesiredContainer {
            spec,
            service: made.service.to_owned(),
            role: made.role,
            fields,
            hash,
            depends_on: made.depends_on,
            completes: made.completes,
            place: made.place,
        }
    }

    fn container_labels(&self, depends_on: &[Dependency], service: &str, role: Role) -> Labels {
        let identity = self.inputs.identity;
        let mut labels = identity.labels(Some(("service", service)));
        let compose = |key: &str| format!("com.docker.compose.{key}");
        labels.extend([
            (identity::SERVICE.to_owned(), service.to_owned()),
            (identity::ROLE.to_owned(), role.as_str().to_owned()),
            (compose("container-number"), "1".to_owned()),
            (compose("oneoff"), "False".to_owned()),
            (
                identity::COMPOSE_DEPENDS_ON.to_owned(),
                depends_label(depends_on),
            ),
            (
                compose("project.working_dir"),
                identity.directory.to_string_lossy().into_owned(),
            ),
        ]);
        labels
    }
}

struct Made<'s> {
    spec: ContainerSpec,
    service: &'s str,
    role: Role,
    depends_on: Vec<Dependency>,
    completes: bool,
    place: Place,
}

/// `dep:condition:restart,…` as Compose writes it.
fn depends_label(depends_on: &[Dependency]) -> String {
    let one = |dependency: &Dependency| {
        let condition = match dependency.condition {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        };
        format!("{}:{condition}:{}", dependency.service, dependency.restart)
    };
    depends_on.iter().map(one).collect::<Vec<_>>().join(",")
}

/// What an init container is made of, beyond its definition: the files mounted into it.
fn mounted_contents(
    spec: &ContainerSpec,
    mounted: &BTreeMap<PathBuf, String>,
) -> BTreeMap<String, String> {
    let of_mount = |mount: &MountSpec| match &mount.source {
        MountSpecSource::Bind { path, .. } => {
            let state = mounted.get(path)?;
            Some((format!("contents of {}", mount.target), state.clone()))
        }
        _ => None,
    };
    spec.mounts.iter().filter_map(of_mount).collect()
}

fn container_name(service: &Service, identity: &Identity) -> String {
    let own = || identity.container(&service.name);
    service.container_name.clone().unwrap_or_else(own)
}

fn image_reference(service: &Service, identity: &Identity) -> String {
    let built = || format!("{}-{}", identity.prefix(), service.name);
    service.image.clone().unwrap_or_else(built)
}

/// The prefix of images whose build contexts are in the binary.
pub const BUILT_IN_PREFIX: &str = "poststack/";

/// Where an image without a build section comes from.
pub(super) fn pulled(reference: &str, policy: PullPolicy, platform: Option<String>) -> ImageSource {
    if reference.starts_with(BUILT_IN_PREFIX) {
        ImageSource::BuiltIn
    } else {
        ImageSource::Pull(policy, platform)
    }
}

fn image_source(service: &Service, identity: &Identity) -> ImageSource {
    let reference = image_reference(service, identity);
    match &service.build {
        None => pulled(&reference, service.pull_policy, service.platform.clone()),
        Some(build) => {
            let build = image_build(build, reference, service, identity);
            ImageSource::Build(Box::new(build), service.pull_policy)
        }
    }
}

fn image_build(
    build: &Build,
    reference: String,
    service: &Service,
    identity: &Identity,
) -> ImageBuild {
    let mut labels = build.labels.clone();
    labels.extend([
        (identity::PROJECT.to_owned(), identity.project.to_string()),
        (identity::COMPOSE_PROJECT.to_owned(), identity.prefix()),
        (identity::COMPOSE_SERVICE.to_owned(), service.name.clone()),
    ]);
    let mut tags = vec![reference];
    tags.extend(build.tags.iter().cloned());
    ImageBuild {
        tags,
        context: BuildContext::Folder(build.context.clone()),
        dockerfile: build.dockerfile.clone(),
        dockerfile_inline: build.dockerfile_inline.clone(),
        args: build
            .args
            .iter()
            .map(|(name, value)| (name.clone(), value.as_deref().map(Secret::from)))
            .collect(),
        target: build.target.clone(),
        labels,
        no_cache: build.no_cache,
        pull: build.pull,
        network: build.network.clone(),
        extra_hosts: build.extra_hosts.clone(),
        shm_size: build.shm_size,
        platform: service.platform.clone(),
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
}
