//! The state of files mounted into init containers: when they change, the init phase is due again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::plan::definition::sha256;
use crate::workload::Workload;
use crate::workload::model::MountSource;

/// Most files looked at below one mount; a larger tree counts by its first ones.
const MAX_FILES: usize = 10_000;

/// Host path → a text that changes with names, sizes and modification times below it. Only what
/// lies in the project `root`: sockets and system files of the host are nobody's migrations.
pub(super) fn states<'a>(
    root: &Path,
    workloads: impl Iterator<Item = &'a Workload>,
) -> BTreeMap<PathBuf, String> {
    let mounts = workloads
        .flat_map(|workload| &workload.services)
        .flat_map(|service| &service.mounts);
    mounts
        .filter_map(|mount| match &mount.source {
            MountSource::Bind { path, .. } | MountSource::HostPath { path, .. }
                if path.starts_with(root) =>
            {
                Some((path.clone(), state(path)))
            }
            _ => None,
        })
        .collect()
}

fn state(root: &Path) -> String {
    let mut pending = vec![root.to_path_buf()];
    let mut lines = Vec::new();
    while let Some(path) = pending.pop() {
        if lines.len() >= MAX_FILES {
            break;
        }
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            pending.extend(entries.map(|entry| entry.path()));
            continue;
        }
        if !metadata.is_file() && !metadata.is_symlink() {
            continue;
        }
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |time| time.as_nanos());
        lines.push(format!("{} {} {modified}", path.display(), metadata.len()));
    }
    lines.sort();
    sha256(&lines.join("\n"))
}
