//! Objects of an engine as they shall be: everything named, resolved and labelled.
//!
//! Plain data; `engine` translates it into calls, `plan` compares it with what is there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;
use crate::workload::model::{
    Context, ExternalLink, FileContent, FileMount, HostPathKind, Ipam, Process, Repository, Ulimit,
    VolumeContent,
};

/// Labels of an object; those of poststack and of Compose among them.
pub type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    pub name: String,
    pub driver: Option<String>,
    pub driver_options: BTreeMap<String, String>,
    pub internal: bool,
    pub attachable: bool,
    pub ipv4: Option<bool>,
    pub ipv6: bool,
    pub ipam: Ipam,
    pub labels: Labels,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSpec {
    pub name: String,
    pub driver: Option<String>,
    pub driver_options: BTreeMap<String, String>,
    pub labels: Labels,
    pub filling: Option<Filling>,
}

/// What a volume is filled with once it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filling {
    pub content: VolumeContent,
    /// The image of the container, never started, through which the engine takes the files.
    pub image: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    pub name: String,
    pub image: String,
    pub platform: Option<String>,
    pub process: Process,
    pub network: NetworkAttachment,
    pub namespaces: SharedNamespaces,
    pub mounts: Vec<MountSpec>,
    pub volumes_from: Vec<MountsOf>,
    pub files: Vec<FileMount>,
    pub labels: Labels,
}

/// Namespaces apart from the network; `None` is the engine's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedNamespaces {
    pub pid: Option<NamespaceMode>,
    pub ipc: Option<NamespaceMode>,
    pub uts: Option<NamespaceMode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceMode {
    /// A word of the engine, such as `host`.
    Word(String),
    /// That of the container of this name.
    Container(String),
}

impl fmt::Display for NamespaceMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Container(name) => write!(f, "container:{name}"),
        }
    }
}

const VOLUMES: &str = "volumes";

impl ContainerSpec {
    /// The names of the containers whose namespaces or volumes this one shares, each with which;
    /// they must be there first, and it must be made anew when they are.
    pub fn lives_in(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let network = match &self.network {
            NetworkAttachment::Container(name) => Some(("network", name.as_str())),
            _ => None,
        };
        let SharedNamespaces { pid, ipc, uts } = &self.namespaces;
        let others = [("processes", pid), ("ipc", ipc), ("host name", uts)];
        let others = others.into_iter().filter_map(|(what, mode)| match mode {
            Some(NamespaceMode::Container(name)) => Some((what, name.as_str())),
            _ => None,
        });
        let volumes = self.volumes_from.iter();
        let volumes = volumes.map(|one| (VOLUMES, one.container.as_str()));
        network.into_iter().chain(others).chain(volumes)
    }

    /// As [`Self::lives_in`], without what outlives the other container: its volumes.
    pub fn dies_with(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.lives_in().filter(|(what, _)| *what != VOLUMES)
    }

    /// As [`Self::lives_in`], to name others.
    pub fn lives_in_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let network = match &mut self.network {
            NetworkAttachment::Container(name) => Some(name),
            _ => None,
        };
        let SharedNamespaces { pid, ipc, uts } = &mut self.namespaces;
        let others = [pid, ipc, uts].into_iter().filter_map(|mode| match mode {
            Some(NamespaceMode::Container(name)) => Some(name),
            _ => None,
        });
        let volumes = self.volumes_from.iter_mut();
        let volumes = volumes.map(|one| &mut one.container);
        network.into_iter().chain(others).chain(volumes)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkAttachment {
    /// The first is the one given at creation; the others are connected before the start.
    Networks(Vec<Endpoint>),
    Host,
    None,
    /// The default network of the engine.
    Bridge,
    /// The namespace of the container of this name.
    Container(String),
}

#[derive(Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// The network's name at the engine.
    pub network: String,
    pub aliases: Vec<String>,
    pub ipv4_address: Option<String>,
    pub ipv6_address: Option<String>,
    pub link_local_ips: Vec<String>,
    pub mac_address: Option<String>,
    pub interface_name: Option<String>,
    pub gateway_priority: Option<i64>,
    pub driver_options: BTreeMap<String, String>,
    /// What the process has as `external_links`, for this network.
    pub links: Vec<ExternalLink>,
}

/// Definitions are hashes of this text: what came later shows only where it is used.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Endpoint");
        shown
            .field("network", &self.network)
            .field("aliases", &self.aliases)
            .field("ipv4_address", &self.ipv4_address)
            .field("ipv6_address", &self.ipv6_address)
            .field("mac_address", &self.mac_address)
            .field("driver_options", &self.driver_options);
        if !self.link_local_ips.is_empty() {
            shown.field("link_local_ips", &self.link_local_ips);
        }
        if let Some(name) = &self.interface_name {
            shown.field("interface_name", name);
        }
        if let Some(priority) = &self.gateway_priority {
            shown.field("gateway_priority", priority);
        }
        shown.finish()
    }
}

/// The mounts of the container of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountsOf {
    pub container: String,
    pub read_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountSpec {
    pub source: MountSpecSource,
    pub target: String,
    pub read_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSpecSource {
    Bind {
        path: PathBuf,
        create: bool,
        propagation: Option<String>,
        selinux: Option<String>,
    },
    HostPath {
        path: PathBuf,
        kind: HostPathKind,
        propagation: Option<String>,
    },
    /// The volume's name at the engine.
    Volume {
        name: String,
        no_copy: bool,
        subpath: Option<String>,
    },
    /// A new volume without a name, removed with the container.
    Anonymous,
    Tmpfs {
        size: Option<i64>,
        mode: Option<u32>,
    },
}

/// An image to build from a folder or from files shipped in the binary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageBuild {
    pub tags: Vec<String>,
    pub context: BuildContext,
    /// Path in the context, or an absolute path on the host outside it.
    pub dockerfile: PathBuf,
    pub dockerfile_inline: Option<String>,
    pub args: BTreeMap<String, Option<Secret>>,
    pub target: Option<String>,
    pub labels: Labels,
    pub no_cache: bool,
    pub pull: bool,
    pub network: Option<String>,
    pub extra_hosts: Vec<(String, String)>,
    pub shm_size: Option<i64>,
    pub ulimits: BTreeMap<String, Ulimit>,
    pub cache_from: Vec<String>,
    /// Id → content; never part of the image.
    pub secrets: BTreeMap<String, FileContent>,
    /// Id → path of an agent's socket.
    pub ssh: BTreeMap<String, PathBuf>,
    /// Name in the Dockerfile → where its files come from.
    pub contexts: BTreeMap<String, ContextSource>,
    pub platform: Option<String>,
    /// Absolute paths on the host that are never sent, whatever `.dockerignore` says.
    pub leave_out: Vec<PathBuf>,
}

/// An additional context of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextSource {
    Files(Context),
    Image(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildContext {
    /// A folder of the host; `.dockerignore` in it is honoured.
    Folder(PathBuf),
    /// Path in the context → content; `true` marks an executable file.
    Files(BTreeMap<String, (Vec<u8>, bool)>),
    /// Fetched for each build.
    Repository(Repository),
}

impl From<Context> for BuildContext {
    fn from(context: Context) -> Self {
        match context {
            Context::Folder(folder) => Self::Folder(folder),
            Context::Repository(repository) => Self::Repository(repository),
        }
    }
}

impl Default for BuildContext {
    fn default() -> Self {
        Self::Files(BTreeMap::new())
    }
}
