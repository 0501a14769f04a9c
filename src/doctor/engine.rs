//! The engine: whether it answers, who else may use it, and what it is made of.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use super::Check;
use crate::engine::{Address, ConnectError, Engine, EngineInfo, EngineKind};
use crate::shell;

const GROUP: &str = "engine";

/// The oldest API of Docker that everything is tried with, that of Docker 20.10.
const OLDEST_API: (u32, u32) = (1, 41);

/// The oldest Podman whose own interface is used.
const OLDEST_PODMAN: u32 = 4;

pub(super) async fn checks(engine: &Engine) -> Vec<Check> {
    let mut checks = vec![connection(engine), socket(&engine.endpoint.address)];
    checks.push(api(engine.kind, &engine.version, engine.api));
    match engine.info().await {
        Ok(info) => {
            checks.push(storage(&info));
            checks.push(cgroups(&info));
            checks.extend(warnings(&info));
        }
        Err(error) => {
            let detail = format!("failed to {error}");
            checks.push(Check::ok(GROUP, "information", detail).error("poststack version"));
        }
    }
    checks
}

/// No engine was found.
pub(super) fn unreachable(error: &ConnectError) -> Check {
    Check::ok(GROUP, "connection", format!("failed to {error}")).error(&error.hint)
}

fn connection(engine: &Engine) -> Check {
    let endpoint = &engine.endpoint;
    let detail = format!("{engine} at {} ({})", endpoint.address, endpoint.reason);
    Check::ok(GROUP, "connection", detail)
}

/// Who may talk to an engine is root of its machine.
fn socket(address: &Address) -> Check {
    match address {
        Address::Unix(path) => {
            let found = std::fs::metadata(path).ok();
            let mode = found.filter(|found| found.file_type().is_socket());
            unix_socket(path, mode.map(|found| found.permissions().mode() & 0o777))
        }
        Address::Tcp(authority) => tcp_socket(authority),
    }
}

pub(super) fn unix_socket(path: &Path, mode: Option<u32>) -> Check {
    let shown = path.display();
    match mode {
        Some(mode) if mode & 0o002 != 0 => {
            let detail = format!(
                "every user of this machine may use {shown} (mode {mode:04o}), and becomes root with it"
            );
            let word = shell::word(&path.to_string_lossy());
            Check::ok(GROUP, "socket", detail).error(format!("sudo chmod 0660 {word}"))
        }
        Some(mode) => Check::ok(GROUP, "socket", format!("{shown}, mode {mode:04o}")),
        None => Check::ok(GROUP, "socket", shown.to_string()),
    }
}

pub(super) fn tcp_socket(authority: &str) -> Check {
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    let is_here = matches!(host, "localhost" | "::1" | "[::1]") || host.starts_with("127.");
    let check = Check::ok(GROUP, "socket", format!("tcp://{authority}"));
    if is_here {
        return check;
    }
    let detail =
        format!("tcp://{authority} is not encrypted: whoever reaches it is root of that machine");
    Check { detail, ..check }.warning(format!(
        "ssh -N -L /tmp/engine.sock:/var/run/docker.sock {host}, then --host unix:///tmp/engine.sock"
    ))
}

pub(super) fn api(kind: EngineKind, version: &str, api: (u32, u32)) -> Check {
    let detail = match kind {
        EngineKind::Docker => format!("{}.{} of Docker {version}", api.0, api.1),
        EngineKind::Podman => format!("that of Podman {version}"),
    };
    let check = Check::ok(GROUP, "API version", detail);
    let major = version
        .split('.')
        .next()
        .and_then(|text| text.parse::<u32>().ok());
    match kind {
        EngineKind::Docker if api < OLDEST_API => Check {
            detail: format!("{}; poststack needs 1.41, Docker 20.10", check.detail),
            ..check
        }
        .error("sudo apt-get install --only-upgrade docker.io"),
        EngineKind::Podman if major.is_some_and(|major| major < OLDEST_PODMAN) => Check {
            detail: format!("{}; poststack needs Podman 4", check.detail),
            ..check
        }
        .error("sudo apt-get install --only-upgrade podman"),
        _ => check,
    }
}

pub(super) fn storage(info: &EngineInfo) -> Check {
    let EngineInfo {
        storage_driver: driver,
        storage_folder: folder,
        ..
    } = info;
    let check = Check::ok(GROUP, "storage", format!("{driver} in {folder}"));
    match driver.as_str() {
        "vfs" => Check {
            detail: format!("{driver} in {folder} copies every layer of every image: slow, and much of the disk"),
            ..check
        }
        .warning("sudo apt-get install fuse-overlayfs, then choose `overlay` as its storage driver"),
        "aufs" | "devicemapper" => Check {
            detail: format!("{driver} in {folder} is no longer kept up by anybody"),
            ..check
        }
        .warning("choose overlay2: https://docs.docker.com/engine/storage/drivers/select-storage-driver/"),
        _ => check,
    }
}

pub(super) fn cgroups(info: &EngineInfo) -> Check {
    let EngineInfo {
        cgroup_version: version,
        cgroup_driver: driver,
        ..
    } = info;
    let check = Check::ok(GROUP, "cgroups", format!("version {version}, {driver}"));
    match (version.as_str(), driver.as_str()) {
        (_, "none") => Check {
            detail: "none: limits of memory and processors have no effect".to_owned(),
            ..check
        }
        .warning("loginctl enable-linger $USER, then log in again"),
        ("1", _) => Check {
            detail: format!("version 1, {driver}: some limits have no effect"),
            ..check
        }
        .warning(
            "add systemd.unified_cgroup_hierarchy=1 to the kernel command line, then: sudo reboot",
        ),
        ("", _) => Check {
            detail: format!("{driver}; the engine does not tell the version"),
            ..check
        },
        _ => check,
    }
}

/// What the engine itself complains of.
pub(super) fn warnings(info: &EngineInfo) -> Option<Check> {
    let said: Vec<String> = { info.warnings.iter() }
        .map(|line| line.trim_start_matches("WARNING: ").to_owned())
        .collect();
    (!said.is_empty())
        .then(|| Check::ok(GROUP, "its own warnings", said.join("; ")).warning("docker info"))
}
