//! How the image of a service is built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{FileContent, Ulimit};
use crate::diagnostic::Place;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub context: Context,
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

/// Where the files of a build come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// Absolute path of a folder.
    Folder(PathBuf),
    Repository(Repository),
}

impl Context {
    /// The folder, where it is on this host already.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Repository(_) => None,
        }
    }
}

/// A Git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// As `git fetch` takes it.
    pub url: String,
    /// Branch, tag or commit; `None` for the newest commit of its main branch.
    pub reference: Option<String>,
    /// The path in it of the context; empty for all of it.
    pub folder: String,
}

impl Repository {
    /// The URL without a name and a password in it, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return self.url.clone();
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        format!("{scheme}://{host}/{path}")
    }
}

/// An additional context of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedContext {
    Files(Context),
    Image(String),
    /// The image of another service of the same file.
    Service(String),
}
