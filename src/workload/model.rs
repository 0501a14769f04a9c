//! The engine-neutral model of what runs: services, networks and volumes, resolved but not named.
//!
//! Plain data. Readers of Compose and Pod files make it, `plan` turns it into objects of an engine.

mod build;
mod hook;
mod mount;
mod network;
mod pod;
mod port;
mod resources;
mod seccomp;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diagnostic::Place;
use crate::secret::Secret;

pub use build::{Build, Context, NamedContext, Repository};
pub use hook::{Hook, Hooks, PreStart};
pub use mount::{FileContent, FileMount, Mount, MountSource};
pub use network::{Attachment, Ipam, Network, Subnet};
pub use pod::{
    Ending, HostPathKind, PodMember, Probe, ProbeKind, Readiness, VolumeContent, VolumeFile,
};
pub use port::{ExposedPort, Port, Protocol, PublishedPort};
pub use resources::{BlockIo, CpuTime, Device, DeviceRequest, OutOfMemory, Resources, Ulimit};
pub use seccomp::Seccomp;
pub use watch::{AfterSync, WatchAction, WatchRule, WatchSync};

/// Everything one file describes. `services` is in start order: a service follows its dependencies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workload {
    pub services: Vec<Service>,
    /// Names of services that the file describes and that no active profile asks for.
    pub inactive: BTreeSet<String>,
    /// By key in the file; holds every network that a service uses, `default` among them.
    pub networks: BTreeMap<String, Network>,
    /// By key in the file.
    pub volumes: BTreeMap<String, Volume>,
    /// Values that no output may show.
    pub secrets: Vec<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Volume {
    pub name: Option<String>,
    pub external: bool,
    pub driver: Option<String>,
    pub driver_options: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// Whether it holds nothing of worth, and goes with the containers.
    pub scratch: bool,
    pub content: Option<VolumeContent>,
}

/// One service of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// Where its key stands in the file.
    pub place: Place,
    pub image: Option<String>,
    pub build: Option<Build>,
    pub pull_policy: PullPolicy,
    pub platform: Option<String>,
    pub container_name: Option<String>,
    pub depends_on: Vec<Dependency>,
    pub network: ServiceNetwork,
    /// The other namespaces that may be shared.
    pub namespaces: Namespaces,
    pub mounts: Vec<Mount>,
    /// Containers whose mounts this one has too.
    pub volumes_from: Vec<VolumesFrom>,
    /// Secrets and configs as files in the container.
    pub files: Vec<FileMount>,
    pub labels: BTreeMap<String, String>,
    /// How many containers it has; one where the file says nothing.
    pub replicas: Option<Replicas>,
    /// What is run besides the container itself.
    pub hooks: Hooks,
    /// What happens when a source file changes while it is watched.
    pub watch: Vec<WatchRule>,
    pub pod: PodMember,
    /// What the engine takes as it is, apart from names of other objects.
    pub process: Process,
    /// Where each of its published ports is written, in their order, as far as that is known.
    pub port_places: Vec<Place>,
}

/// More containers of one service than any machine runs: a slip of the finger, not a wish.
pub const MOST_REPLICAS: u32 = 1000;

/// How many containers a service has, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replicas {
    /// 0 runs none.
    pub count: u32,
    pub place: Place,
}

impl Service {
    /// A service of which nothing is known but its name.
    #[must_use]
    pub fn new(name: String, place: Place) -> Self {
        Self {
            name,
            place,
            image: None,
            build: None,
            pull_policy: PullPolicy::default(),
            platform: None,
            container_name: None,
            depends_on: Vec::new(),
            network: ServiceNetwork::Networks(Vec::new()),
            namespaces: Namespaces::default(),
            mounts: Vec::new(),
            volumes_from: Vec::new(),
            files: Vec::new(),
            labels: BTreeMap::new(),
            replicas: None,
            hooks: Hooks::default(),
            watch: Vec::new(),
            pod: PodMember::default(),
            process: Process::default(),
            port_places: Vec::new(),
        }
    }
}

/// How a container runs, in terms that need no further resolution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    /// `None` removes a variable that the image sets.
    pub environment: BTreeMap<String, Option<Secret>>,
    pub user: Option<String>,
    /// Whether an image that runs as root is refused.
    pub never_root: bool,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub domainname: Option<String>,
    pub tty: bool,
    pub stdin_open: bool,
    pub init: Option<bool>,
    pub privileged: bool,
    pub read_only: bool,
    pub ports: Vec<Port>,
    pub expose: Vec<ExposedPort>,
    pub healthcheck: Option<Healthcheck>,
    pub restart: Restart,
    pub stop_signal: Option<String>,
    pub stop_grace_period: Option<Duration>,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    /// Without a seccomp profile of its own file.
    pub security_opt: Vec<String>,
    pub seccomp: Option<Seccomp>,
    pub extra_hosts: Vec<(String, String)>,
    pub devices: Vec<Device>,
    pub device_requests: Vec<DeviceRequest>,
    /// For instance `c 1:3 mr`.
    pub device_cgroup_rules: Vec<String>,
    pub sysctls: BTreeMap<String, String>,
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Target path → options as the engine takes them, for instance `size=64m,mode=1777`.
    pub tmpfs: BTreeMap<String, String>,
    /// Bytes.
    pub shm_size: Option<i64>,
    pub logging: Option<Logging>,
    pub resources: Resources,
    pub group_add: Vec<String>,
    pub dns: Vec<String>,
    pub dns_search: Vec<String>,
    pub dns_options: Vec<String>,
    /// `host` or `private`.
    pub cgroup: Option<String>,
    pub cgroup_parent: Option<String>,
    /// A word of the engine, such as `host`.
    pub userns_mode: Option<String>,
    /// The OCI runtime, by the engine's name for it.
    pub runtime: Option<String>,
    pub storage_opt: BTreeMap<String, String>,
    /// For the OCI runtime.
    pub annotations: BTreeMap<String, String>,
    pub external_links: Vec<ExternalLink>,
}

/// A container made elsewhere, in one of the same networks, under a name for this one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalLink {
    pub container: String,
    pub alias: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PullPolicy {
    /// Pull when it is not there (`missing`, `if_not_present`).
    #[default]
    Missing,
    Always,
    Never,
    /// Build when there is a `build` section, even if the image is there.
    Build,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub service: String,
    pub condition: Condition,
    /// A missing optional dependency (inactive profile) is passed over.
    pub required: bool,
    pub restart: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Started,
    Healthy,
    CompletedSuccessfully,
}

/// Which network namespace a service lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceNetwork {
    /// Joined networks by key in the file, in order of priority; the environment's own comes by
    /// itself.
    Networks(Vec<Attachment>),
    Host,
    None,
    /// The default network of the engine, without names for its members.
    Bridge,
    /// The namespace of another service of the same file.
    Service(String),
    /// The namespace of a container made elsewhere.
    Container(String),
}

/// Which namespaces a service lives in, apart from its network; `None` is the engine's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespaces {
    pub pid: Option<Namespace>,
    pub ipc: Option<Namespace>,
    pub uts: Option<Namespace>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace {
    /// A word of the engine: `host`, `private`, `shareable`, `none`.
    Word(String),
    /// That of another service of the same file.
    Service(String),
    /// That of a container made elsewhere.
    Container(String),
}

/// The mounts of another container, in this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumesFrom {
    pub source: VolumesSource,
    pub read_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumesSource {
    /// Another service of the same file.
    Service(String),
    /// A container made elsewhere.
    Container(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Healthcheck {
    pub test: HealthTest,
    pub interval: Option<Duration>,
    pub timeout: Option<Duration>,
    pub start_period: Option<Duration>,
    pub start_interval: Option<Duration>,
    pub retries: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HealthTest {
    /// The image's own test, with other timings.
    #[default]
    Inherit,
    /// Switched off.
    None,
    Command(Vec<String>),
    Shell(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    #[default]
    No,
    Always,
    UnlessStopped,
    OnFailure {
        max_retries: Option<u32>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    pub driver: Option<String>,
    pub options: BTreeMap<String, String>,
}
