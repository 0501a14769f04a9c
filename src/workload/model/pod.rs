//! How a container of a pod lives, beyond what a Compose file can say of a service.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::secret::{Secret, SecretBytes};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodMember {
    /// `None`: by the health test that the engine knows, or running where it knows none.
    pub readiness: Option<Readiness>,
    pub ending: Ending,
    /// The pod whose shared network and namespaces it holds, where it does nothing else.
    pub infra_of: Option<String>,
    /// What the definition was made of, such as `ConfigMap settings`, with its content: a change
    /// of it is told by this name.
    pub sources: BTreeMap<String, Secret>,
}

/// Whether a container may end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// It runs until it is stopped.
    #[default]
    Never,
    /// Once it has ended with 0, it is not run again.
    Allowed,
    /// It must end, with 0.
    Awaited,
}

/// When a container is ready. Without probes it is so as soon as it has been started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readiness {
    pub probes: Vec<Probe>,
    /// How long the readiness probes may fail, from the start of the container, or from the moment its
    /// startup probes have succeeded; a probe that is lost ends the wait before.
    pub patience: Duration,
}

/// <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub kind: ProbeKind,
    /// The service in whose container the test runs; of a planned one, the name of the container.
    /// `None` is the container itself.
    pub runs_in: Option<String>,
    pub command: Vec<String>,
    /// Failures before do not count.
    pub initial_delay: Duration,
    pub period: Duration,
    pub timeout: Duration,
    pub success_threshold: u32,
    pub failure_threshold: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeKind {
    /// The others wait for it.
    Startup,
    /// May fail for as long as the patience lasts.
    Readiness,
    Liveness,
}

impl ProbeKind {
    /// The key in a Pod file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Readiness => "readinessProbe",
            Self::Liveness => "livenessProbe",
        }
    }
}

/// What a volume holds from the start; its other content, if any, is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VolumeContent {
    pub files: Vec<VolumeFile>,
    /// Mode of the volume's own folder.
    pub mode: u32,
    /// Group of the folder and of every file; the owner is root.
    pub group: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeFile {
    /// Relative to the volume.
    pub path: String,
    pub content: SecretBytes,
    pub mode: u32,
}

/// What a path on the host must be.
/// <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPathKind {
    /// Not checked; the engine makes a missing folder.
    Any,
    Directory,
    DirectoryOrCreate,
    File,
    FileOrCreate,
    Socket,
    CharDevice,
    BlockDevice,
}
