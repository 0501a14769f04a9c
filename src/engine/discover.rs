//! Which engines to try, in which order, and why: from flags, environment and Docker contexts.
//!
//! Reads the Docker configuration, connects to nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::EngineKind;
use super::wire::Address;

/// Everything discovery looks at.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `--host`: `unix:///…`, `tcp://…` or a path.
    pub host_flag: Option<String>,
    /// The only kind of engine that is wanted, with what wants it.
    pub wanted: Option<(EngineKind, String)>,
    /// The process environment, or the part named in [`VARIABLES`].
    pub environment: BTreeMap<String, String>,
    /// The user's id, for the runtime folder when `XDG_RUNTIME_DIR` is not set.
    pub uid: u32,
}

/// The environment variables that matter here.
pub const VARIABLES: [&str; 8] = [
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "XDG_RUNTIME_DIR",
    "HOME",
    "PATH",
];

impl Request {
    /// A request with `--host`, the kind of engine that is wanted and what wants it, and the
    /// environment of this process.
    #[must_use]
    pub fn of_process(host_flag: Option<String>, wanted: Option<(EngineKind, String)>) -> Self {
        let environment = VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect();
        Self {
            host_flag,
            wanted,
            environment,
            uid: rustix::process::getuid().as_raw(),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// `$XDG_RUNTIME_DIR`, or where systemd puts it.
    fn runtime_folder(&self) -> PathBuf {
        match self.variable("XDG_RUNTIME_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(format!("/run/user/{}", self.uid)),
        }
    }

    /// Where `program` stands in `PATH`.
    pub(super) fn program(&self, program: &str) -> Option<PathBuf> {
        self.variable("PATH")?
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(|folder| Path::new(folder).join(program))
            .find(|path| path.is_file())
    }
}

/// One place to look for an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The address, or why it cannot be used.
    pub address: Result<Address, Unusable>,
    /// Why it is tried: `DOCKER_HOST`, `default Docker socket`, …
    pub reason: String,
    /// Named by a flag or the environment: when it does not answer, nothing else is tried.
    pub explicit: bool,
    /// The `podman` program that is to serve this socket first.
    pub service: Option<PathBuf>,
}

/// An address that poststack does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unusable {
    /// As it was written.
    pub written: String,
    pub why: String,
    /// What to do instead.
    pub hint: String,
}

/// The candidates in order; a single explicit one when a flag or the environment names it.
#[must_use]
pub fn candidates(request: &Request) -> Vec<Candidate> {
    let wanted = request.wanted.as_ref().map(|(kind, _)| *kind);
    let docker = wanted != Some(EngineKind::Podman);
    let podman = wanted != Some(EngineKind::Docker);
    let mut list: Vec<Candidate> = named(request, docker, podman).into_iter().collect();
    if list.iter().any(|candidate| candidate.explicit) {
        return list;
    }
    if docker {
        list.extend(docker_sockets(request));
    }
    if podman {
        list.extend(podman_sockets(request));
        list.extend(podman_service(request));
    }
    list
}

/// What a flag, the environment or the current Docker context names.
fn named(request: &Request, docker: bool, podman: bool) -> Option<Candidate> {
    if let Some(host) = &request.host_flag {
        return Some(explicit("--host", address(host)));
    }
    if let Some(host) = request.variable("DOCKER_HOST").filter(|_| docker) {
        let address = match request.variable("DOCKER_TLS_VERIFY") {
            Some(_) if host.starts_with("tcp:") => Err(tls(host)),
            _ => address(host),
        };
        return Some(explicit("DOCKER_HOST", address));
    }
    if let Some(host) = request.variable("CONTAINER_HOST").filter(|_| podman) {
        return Some(explicit("CONTAINER_HOST", address(host)));
    }
    if !docker {
        return None;
    }
    if let Some(name) = request.variable("DOCKER_CONTEXT") {
        let reason = format!("Docker context `{name}` of DOCKER_CONTEXT");
        return (name != "default").then(|| explicit(reason, context_address(request, name)));
    }
    let name = current_context(request).filter(|name| name != "default")?;
    Some(Candidate {
        explicit: false,
        ..explicit(
            format!("current Docker context `{name}`"),
            context_address(request, &name),
        )
    })
}

fn explicit(reason: impl Into<String>, address: Result<Address, Unusable>) -> Candidate {
    Candidate {
        address,
        reason: reason.into(),
        explicit: true,
        service: None,
    }
}

fn socket(path: impl Into<PathBuf>, reason: &str) -> Candidate {
    Candidate {
        address: Ok(Address::Unix(path.into())),
        reason: reason.to_owned(),
        explicit: false,
        service: None,
    }
}

fn docker_sockets(request: &Request) -> Vec<Candidate> {
    let mut list = vec![
        socket("/var/run/docker.sock", "default Docker socket"),
        socket(
            request.runtime_folder().join("docker.sock"),
            "rootless Docker socket",
        ),
    ];
    if let Some(home) = request.variable("HOME") {
        for folder in [".docker/run", ".docker/desktop"] {
            let path = Path::new(home).join(folder).join("docker.sock");
            list.push(socket(path, "Docker Desktop socket"));
        }
    }
    list
}

const SYSTEM_PODMAN: &str = "/run/podman/podman.sock";

fn podman_sockets(request: &Request) -> Vec<Candidate> {
    vec![
        socket(user_podman(request), "Podman socket of the user"),
        socket(SYSTEM_PODMAN, "system Podman socket"),
    ]
}

fn user_podman(request: &Request) -> PathBuf {
    request.runtime_folder().join("podman/podman.sock")
}

/// The last resort: serve the socket with the `podman` program itself.
fn podman_service(request: &Request) -> Option<Candidate> {
    let program = request.program("podman")?;
    let path = match request.uid {
        0 => PathBuf::from(SYSTEM_PODMAN),
        _ => user_podman(request),
    };
    Some(Candidate {
        service: Some(program),
        ..socket(path, "`podman system service`, started by poststack")
    })
}

/// Reads an address as Docker and Podman write them.
pub(super) fn address(written: &str) -> Result<Address, Unusable> {
    let unusable = |why: &str, hint: String| Unusable {
        written: written.to_owned(),
        why: why.to_owned(),
        hint,
    };
    match written.split_once("://") {
        None if written.starts_with('/') => Ok(Address::Unix(written.into())),
        Some(("unix", path)) if path.starts_with('/') => Ok(Address::Unix(path.into())),
        Some(("tcp" | "http", rest)) => {
            let authority = rest.trim_end_matches('/');
            match authority.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                    Ok(Address::Tcp(authority.to_owned()))
                }
                _ => Err(unusable(
                    "no `host:port` in the address",
                    "--host tcp://127.0.0.1:2375".to_owned(),
                )),
            }
        }
        Some(("ssh", rest)) => {
            let target = rest.split('/').next().unwrap_or(rest);
            Err(unusable(
                "ssh:// is not supported yet",
                format!(
                    "ssh -N -L /tmp/engine.sock:/var/run/docker.sock {target}, then --host unix:///tmp/engine.sock"
                ),
            ))
        }
        Some(("https", _)) => Err(tls(written)),
        _ => Err(unusable(
            "not an address of an engine",
            "--host unix:///var/run/docker.sock".to_owned(),
        )),
    }
}

fn tls(written: &str) -> Unusable {
    Unusable {
        written: written.to_owned(),
        why: "TLS is not supported yet".to_owned(),
        hint: "ssh -N -L /tmp/engine.sock:/var/run/docker.sock HOST, then --host unix:///tmp/engine.sock"
            .to_owned(),
    }
}

fn docker_folder(request: &Request) -> Option<PathBuf> {
    match request.variable("DOCKER_CONFIG") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(Path::new(request.variable("HOME")?).join(".docker")),
    }
}

#[derive(Deserialize)]
struct DockerConfig {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

/// An unreadable configuration names no context, as with Docker.
fn current_context(request: &Request) -> Option<String> {
    let text = fs_err::read(docker_folder(request)?.join("config.json")).ok()?;
    let config: DockerConfig = serde_json::from_slice(&text).ok()?;
    config.current_context.filter(|name| !name.is_empty())
}

#[derive(Deserialize)]
struct ContextFile {
    #[serde(rename = "Endpoints")]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
}

/// `contexts/meta/<sha256 of the name>/meta.json`, as Docker stores a context.
fn context_address(request: &Request, name: &str) -> Result<Address, Unusable> {
    let unusable = |why: String| Unusable {
        written: name.to_owned(),
        why,
        hint: "docker context ls".to_owned(),
    };
    let folder = docker_folder(request)
        .ok_or_else(|| unusable("neither DOCKER_CONFIG nor HOME is set".to_owned()))?;
    let digest: String = Sha256::digest(name.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = folder.join("contexts/meta").join(digest).join("meta.json");
    let text = fs_err::read(&path).map_err(|_| {
        unusable(format!(
            "no Docker context `{name}` in `{}`",
            folder.display()
        ))
    })?;
    let file: ContextFile =
        serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
    match file.endpoints.get("docker").and_then(|e| e.host.as_deref()) {
        Some(host) => address(host),
        None => Err(unusable(format!(
            "Docker context `{name}` has no Docker endpoint"
        ))),
    }
}

#[cfg(test)]
mod tests;
