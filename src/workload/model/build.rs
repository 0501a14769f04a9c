//! How the image of a service is built.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{FileContent, Ulimit};
use crate::diagnostic::Place;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Absolute path of the context folder.
    pub context: PathBuf,
    /// Absolute, or relative to the context; `Dockerfile` by default.
    pub dockerfile: PathBuf,
    pub dockerfile_inline: Option<String>,
    /// `None` takes the value of the process environment, resolved before it gets here.
    pub args: BTreeMap<String, Option<String>>,
    pub target: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub tags: Vec<String>,
    pub no_cache: bool,
    pub pull: bool,
    pub network: Option<String>,
    pub extra_hosts: Vec<(String, String)>,
    /// Bytes.
    pub shm_size: Option<i64>,
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Images whose layers may be reused.
    pub cache_from: Vec<String>,
    /// Id → content, for `RUN --mount=type=secret`.
    pub secrets: BTreeMap<String, FileContent>,
    /// Id → path of the agent's socket, for `RUN --mount=type=ssh`.
    pub ssh: BTreeMap<String, PathBuf>,
    /// Name → what the Dockerfile finds under it in `FROM` and `--from`.
    pub contexts: BTreeMap<String, NamedContext>,
    /// Where `build:` stands in the file.
    pub place: Place,
}

/// An additional context of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedContext {
    /// Absolute path of a folder.
    Folder(PathBuf),
    Image(String),
    /// The image of another service of the same file.
    Service(String),
}
