//! Connecting: the first candidate that answers a ping wins; what did not answer is told.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use serde::Deserialize;

use super::discover::{Candidate, Request, Unusable, candidates};
use super::wire::{Address, Call, Wire};
use super::{Endpoint, Engine, EngineError, EngineKind};

/// Longest wait for a ping; a socket-activated engine starts in the meantime.
const PING: Duration = Duration::from_secs(10);

/// Longest wait for a Podman service that poststack started.
const SERVICE_START: Duration = Duration::from_secs(10);

/// bollard ends each request after this many seconds, long ones such as following a log too; a
/// year is as good as never. Limits are set where they are meant.
const BOLLARD_TIMEOUT: u64 = 365 * 24 * 3600;

/// No engine was found, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct ConnectError {
    /// Every address tried, in order.
    pub tried: Vec<Attempt>,
    /// What to type next.
    pub hint: String,
}

/// One address that was tried in vain.
#[derive(Debug)]
pub struct Attempt {
    /// As a message shows it.
    pub address: String,
    /// Why it was tried.
    pub reason: String,
    /// Whether a flag or the environment names it.
    pub explicit: bool,
    pub fault: Fault,
}

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("no such file")]
    Missing,
    #[error("permission denied")]
    Denied,
    #[error("connection refused")]
    Refused,
    #[error("no answer")]
    Silent,
    #[error("something answers that is neither Docker nor Podman")]
    NotAnEngine,
    #[error("this is {found}, but {origin} asks for {wanted}")]
    OtherEngine {
        found: EngineKind,
        wanted: EngineKind,
        origin: String,
    },
    #[error(transparent)]
    Unusable(Unusable),
    #[error("{0}")]
    Service(String),
    #[error("{0}")]
    Io(io::Error),
}

impl ConnectError {
    fn text(&self) -> String {
        let mut text = match self.tried.as_slice() {
            [single] => format!("connect to a container engine at {}", line(single)),
            _ => "find a container engine; tried:".to_owned(),
        };
        if self.tried.len() > 1 {
            for attempt in &self.tried {
                text.push_str("\n  ");
                text.push_str(&line(attempt));
            }
        }
        text
    }
}

fn line(attempt: &Attempt) -> String {
    let Attempt {
        address,
        reason,
        fault,
        ..
    } = attempt;
    format!("{address} ({reason}): {fault}")
}

impl Engine {
    /// Connects to the first engine of `request` that answers.
    ///
    /// # Errors
    /// A [`ConnectError`] listing every address tried. One named by a flag or the environment is
    /// the only one tried.
    pub async fn connect(request: &Request) -> Result<Self, ConnectError> {
        let mut tried = Vec::new();
        for candidate in candidates(request) {
            match attempt(&candidate, request).await {
                Ok(engine) => return Ok(engine),
                Err(fault) => tried.push(Attempt {
                    explicit: candidate.explicit,
                    address: match &candidate.address {
                        Ok(address) => address.to_string(),
                        Err(unusable) => unusable.written.clone(),
                    },
                    reason: candidate.reason,
                    fault,
                }),
            }
        }
        let hint = hint(&tried, request);
        Err(ConnectError { tried, hint })
    }

    /// What the engine says of itself; slow on Podman, for the `version` command only.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn version(&self) -> Result<EngineVersion, EngineError> {
        self.wire
            .fetch(Call::get("/version", "ask the engine for its version"))
            .await
    }
}

/// The engine's own account of its version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineVersion {
    pub version: String,
    pub api_version: String,
    pub os: String,
    pub arch: String,
    pub kernel_version: String,
}

async fn attempt(candidate: &Candidate, request: &Request) -> Result<Engine, Fault> {
    let address = candidate.address.clone().map_err(Fault::Unusable)?;
    if let (Some(program), Address::Unix(path)) = (&candidate.service, &address) {
        serve(program, path, request).await?;
    }
    let engine = open(address, candidate.reason.clone()).await?;
    match &request.wanted {
        Some((wanted, origin)) if *wanted != engine.kind => Err(Fault::OtherEngine {
            found: engine.kind,
            wanted: *wanted,
            origin: origin.clone(),
        }),
        _ => Ok(engine),
    }
}

async fn open(address: Address, reason: String) -> Result<Engine, Fault> {
    let wire = Wire {
        address: address.clone(),
    };
    let ping = Call::get("/_ping", "ping the engine").limit(PING);
    let answer = wire.call(ping).await.map_err(fault)?;
    let (kind, version) = identify(&answer.headers).ok_or(Fault::NotAnEngine)?;
    let api = answer.headers.get("api-version");
    let api = api.and_then(|version| version.to_str().ok());
    let docker = match &address {
        Address::Unix(path) => bollard::Docker::connect_with_unix(
            &path.to_string_lossy(),
            BOLLARD_TIMEOUT,
            bollard::API_DEFAULT_VERSION,
        ),
        Address::Tcp(authority) => bollard::Docker::connect_with_http(
            &format!("tcp://{authority}"),
            BOLLARD_TIMEOUT,
            bollard::API_DEFAULT_VERSION,
        ),
    };
    Ok(Engine {
        kind,
        version,
        endpoint: Endpoint { address, reason },
        api: super::numbers(api.unwrap_or_default()),
        wire,
        docker: docker.map_err(|error| Fault::Io(io::Error::other(error)))?,
        creating: Arc::default(),
    })
}

/// Kind and version from the headers of a ping.
fn identify(headers: &HeaderMap) -> Option<(EngineKind, String)> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(version) = text("libpod-api-version") {
        return Some((EngineKind::Podman, version.to_owned()));
    }
    text("api-version")?;
    let version = text("server")
        .and_then(|server| server.split_once('/'))
        .and_then(|(_, rest)| rest.split([' ', '+']).next())
        .unwrap_or_default();
    Some((EngineKind::Docker, version.to_owned()))
}

fn fault(error: EngineError) -> Fault {
    match error {
        EngineError::Gone { source, .. } => match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Fault::Missing,
            io::ErrorKind::PermissionDenied => Fault::Denied,
            io::ErrorKind::ConnectionRefused => Fault::Refused,
            io::ErrorKind::TimedOut => Fault::Silent,
            io::ErrorKind::Other => Fault::NotAnEngine,
            _ => Fault::Io(source),
        },
        EngineError::TimedOut { .. } => Fault::Silent,
        _ => Fault::NotAnEngine,
    }
}

/// Starts `podman system service` in a session of its own and waits until it answers.
async fn serve(program: &Path, socket: &Path, request: &Request) -> Result<(), Fault> {
    let service = |error: io::Error| {
        Fault::Service(format!("failed to start `podman system service`: {error}"))
    };
    let folder = socket.parent().unwrap_or(Path::new("/"));
    fs_err::create_dir_all(folder).map_err(service)?;
    let log_path = folder.join("poststack-podman-service.log");
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log_path)
        .map_err(service)?;
    let mut child = in_own_session(program, request)
        .args(["system", "service", "--time=0"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(service)?)
        .stderr(log)
        .spawn()
        .map_err(service)?;
    let wire = Wire {
        address: Address::Unix(socket.to_path_buf()),
    };
    let deadline = tokio::time::Instant::now() + SERVICE_START;
    let mut pause = Duration::from_millis(5);
    loop {
        let ping = Call::get("/_ping", "ping the Podman service").limit(SERVICE_START);
        if wire.run(ping).await.is_ok() {
            return Ok(());
        }
        let ended = child.try_wait().map_err(service)?;
        if ended.is_some() || tokio::time::Instant::now() > deadline {
            return Err(Fault::Service(format!(
                "`podman system service` does not answer; see `{}`",
                log_path.display()
            )));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// `setsid` keeps the service alive when the terminal closes; where it is missing, a process group
/// of its own still keeps Ctrl-C away.
fn in_own_session(program: &Path, request: &Request) -> Command {
    match request.program("setsid") {
        Some(setsid) => {
            let mut command = Command::new(setsid);
            command.arg(program);
            command
        }
        None => {
            let mut command = Command::new(program);
            command.process_group(0);
            command
        }
    }
}

/// The command that most likely helps.
fn hint(tried: &[Attempt], request: &Request) -> String {
    for attempt in tried {
        match &attempt.fault {
            Fault::Unusable(unusable) => return unusable.hint.clone(),
            // The system's Podman socket is root's; a user has their own.
            Fault::Denied if !attempt.address.contains("podman") => {
                return "sudo usermod -aG docker $USER, then log in again".to_owned();
            }
            _ if attempt.explicit => return correct(&attempt.reason),
            _ => {}
        }
    }
    if request.program("dockerd").is_some() {
        "sudo systemctl start docker".to_owned()
    } else if request.program("podman").is_some() && request.uid != 0 {
        "systemctl --user start podman.socket".to_owned()
    } else if request.program("podman").is_some() {
        "systemctl start podman.socket".to_owned()
    } else {
        "sudo apt-get install docker.io".to_owned()
    }
}

/// What to do about an address that a flag or the environment names.
fn correct(named_by: &str) -> String {
    match named_by {
        "--host" => "correct the address, or leave out --host".to_owned(),
        "DOCKER_HOST" | "CONTAINER_HOST" => format!("unset {named_by}, or correct it"),
        _ => "unset DOCKER_CONTEXT, or correct it; docker context ls".to_owned(),
    }
}

#[cfg(test)]
mod tests;
