//! What a container finds in its file system besides its image.

use std::path::PathBuf;

use super::HostPathKind;
use crate::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub source: MountSource,
    /// Absolute path in the container.
    pub target: String,
    pub read_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    Bind {
        /// Absolute path on the host.
        path: PathBuf,
        /// Short syntax makes a missing folder; long syntax does so unless told otherwise.
        create: bool,
        propagation: Option<String>,
        /// `z` or `Z`.
        selinux: Option<String>,
    },
    /// A path on the host that must be of a kind.
    HostPath {
        /// Absolute path on the host.
        path: PathBuf,
        kind: HostPathKind,
        propagation: Option<String>,
    },
    /// Key in [`super::Workload::volumes`].
    Volume {
        key: String,
        no_copy: bool,
        /// A file or folder in it; a missing folder is made.
        subpath: Option<String>,
    },
    Anonymous,
    Tmpfs {
        size: Option<i64>,
        mode: Option<u32>,
    },
}

/// A secret or config as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMount {
    /// Absolute path in the container.
    pub target: String,
    pub content: FileContent,
    /// Applied to inline content only, as in Compose; file sources are bind mounts.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    /// Absolute path on the host, mounted read-only.
    Path(PathBuf),
    Inline(Secret),
}
