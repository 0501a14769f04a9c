//! The machine: room on its disks and in its memory.

use std::path::{Path, PathBuf};

use super::{Check, program};
use crate::engine::{Address, Engine};
use crate::environment::project::Location;

const GROUP: &str = "machine";

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// With less than this on a disk nothing is built or started any more, and with less than the second
/// soon, in bytes.
const DISK: (u64, u64) = (512 * MIB, 5 * GIB);

/// The same for memory.
const MEMORY: (u64, u64) = (128 * MIB, 512 * MIB);

pub(super) async fn checks(location: &Location<'_>, engine: Option<&Engine>) -> Vec<Check> {
    let mut checks = Vec::new();
    let program = program(engine);
    let is_here = engine.is_none_or(|one| matches!(one.endpoint.address, Address::Unix(_)));
    if let Some(engine) = engine.filter(|_| is_here)
        && let Ok(info) = engine.info().await
    {
        let folder = PathBuf::from(&info.storage_folder);
        checks.extend(room(&folder).map(|free| disk("disk of the engine", &folder, free, program)));
    }
    let project = location.working_directory;
    checks.extend(room(project).map(|free| disk("disk of this folder", project, free, program)));
    if is_here {
        let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        checks.extend(available(&told).map(memory));
    }
    checks
}

/// Free bytes for an ordinary user, where the folder can be seen.
fn room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

pub(super) fn disk(name: &str, folder: &Path, free: u64, program: &str) -> Check {
    let detail = format!("{} free at {}", amount(free), folder.display());
    let check = Check::ok(GROUP, name, detail);
    // Images that nothing refers to; no container and no volume is touched by that.
    let fix = format!("{program} image prune");
    match free {
        free if free < DISK.0 => check.error(fix),
        free if free < DISK.1 => check.warning(fix),
        _ => check,
    }
}

/// The bytes that programs can still get, as the kernel estimates them.
/// <https://docs.kernel.org/filesystems/proc.html#meminfo>
pub(super) fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

pub(super) fn memory(free: u64) -> Check {
    let check = Check::ok(GROUP, "memory", format!("{} available", amount(free)));
    let fix = "stop what is not needed: poststack env stop NAME";
    match free {
        free if free < MEMORY.0 => check.error(fix),
        free if free < MEMORY.1 => check.warning(fix),
        _ => check,
    }
}

fn amount(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 10 * GIB => format!("{} GiB", bytes / GIB),
        bytes => format!("{} MiB", bytes / MIB),
    }
}
