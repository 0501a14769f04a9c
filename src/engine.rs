//! The container engine, Docker or Podman, behind one set of calls.
//!
//! The only importer of bollard and hyper. Every method is one thing done at the engine; what to
//! do and in which order is decided elsewhere. Both engines behave alike here: where one differs
//! from the other (state names, duplicate networks, health that nobody runs, short image names),
//! the difference ends in this module.
//!
//! - [`Engine::connect`] finds an engine ([`discover`]); [`Engine::observe`] lists what belongs to
//!   an environment; [`Engine::inspect`], [`Engine::find_by_name`] and [`Engine::port_holder`]
//!   look at single objects.
//! - [`Engine::create_network`], [`Engine::create_volume`], [`Engine::create_container`],
//!   [`Engine::connect_network`], [`Engine::upload_files`], [`Engine::start`], [`Engine::stop`],
//!   [`Engine::kill`], [`Engine::rename`], [`Engine::remove`] and [`Engine::wait_exit`] change it.
//! - [`Engine::landing`], [`Engine::copy_into`] and [`Engine::delete_in`] keep the files of a
//!   container that runs like those of the host.
//! - [`Engine::command_lines`] and [`Engine::lying_at`] look into a container without its programs.
//! - [`Engine::exec`], [`Engine::attach`], [`Engine::logs`], [`Engine::last_lines`] and [`Engine::wait_healthy`] talk
//!   to what runs.
//! - [`Engine::renew_neighbours`] helps containers that run when another one comes.
//! - [`Engine::starts`] and [`Engine::changes`] tell what is started or changed by whomever.
//! - [`Engine::image`], [`Engine::images`], [`Engine::image_id`], [`Engine::pull`], [`Engine::build`], [`Engine::tag`] and
//!   [`Engine::remove_image`] look after images.
//!
//! Calls that carry passwords use the own client in `wire`, since bollard writes bodies to its
//! debug log; bollard serves the framed streams of logs and exec.

mod archive;
mod attach;
mod build;
mod connect;
mod copy;
mod create;
pub mod discover;
mod ending;
mod error;
mod events;
mod exec;
mod facts;
mod fill;
mod fingerprint;
mod health;
mod image;
mod inspect;
mod lifecycle;
mod logs;
mod look;
mod neighbours;
mod network;
mod observe;
mod probe;
mod pull;
mod quiet;
mod volume;
mod wire;

pub use attach::{AttachOptions, Attached, Handle, TerminalSize, Written};
pub use build::{BuildError, BuildFault, Ignore};
pub use connect::{Attempt, ConnectError, EngineVersion, Fault};
pub use copy::{HostFile, Landing};
pub use create::Created;
pub use error::EngineError;
pub use exec::{ExecOptions, ExecOutput};
pub use facts::EngineInfo;
pub use health::{Caution, HealthOutcome};
pub use image::{FoundImage, ListedImage};
pub use inspect::{Inspected, InspectedHealthTest, InspectedMount, InspectedRestart};
pub use logs::{LogLine, LogOptions, LogStream};
pub use look::Lying;
pub use observe::Names;
pub use pull::Pulled;
pub use wire::Address;

use std::sync::Arc;

use tokio::sync::Mutex;
use wire::Wire;

/// A connection to one engine. Cheap to clone; all clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    pub kind: EngineKind,
    /// `20.10.24`, `4.3.1`: as the engine's ping tells it.
    pub version: String,
    pub endpoint: Endpoint,
    /// The newest version of Docker's API that it speaks, as its ping tells it.
    pub api: (u32, u32),
    wire: Wire,
    docker: bollard::Docker,
    /// Held by who creates a container on Podman, which gets in its own way creating several at once.
    creating: Arc<Mutex<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    Docker,
    Podman,
}

impl EngineKind {
    /// Its command-line program, for what is to be typed.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

impl std::fmt::Display for EngineKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        })
    }
}

/// `Docker 20.10.24`
impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.version)
    }
}

/// The engine in use and why it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub address: Address,
    /// `DOCKER_HOST`, `default Docker socket`, …
    pub reason: String,
}

impl Engine {
    /// Whether this is a Podman older than `major.minor`.
    fn is_podman_before(&self, major: u32, minor: u32) -> bool {
        self.kind == EngineKind::Podman && numbers(&self.version) < (major, minor)
    }

    /// Whether this is a Docker whose API is older than `major.minor`.
    fn is_docker_before(&self, major: u32, minor: u32) -> bool {
        self.kind == EngineKind::Docker && self.api < (major, minor)
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    )
}
