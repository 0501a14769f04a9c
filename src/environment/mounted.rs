//! The state of files mounted into init containers: when they change, the init phase is due again.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::plan::definition::sha256;
use crate::workload::Workload;
use crate::workload::model::MountSource;

/// Most files looked at below one mount; a larger tree counts by its first ones.
const MAX_FILES: usize = 10_000;

/// Folders that change with every start or every commit and hold nothing that an init container is
/// for.
const PASSED_OVER: [&str; 2] = [".poststack", ".git"];

/// Host path → a text that changes with names, sizes and modification times below it. Only what
/// lies in the project `root`: sockets and system files of the host are nobody's migrations, and
/// neither is what lies in `without`.
pub(super) fn states<'a>(
    (root, without): (&Path, &[PathBuf]),
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
                Some((path.clone(), state(path, without)))
            }
            _ => None,
        })
        .collect()
}

fn state(root: &Path, without: &[PathBuf]) -> String {
    // What lies near counts first, however many files there are further down.
    let mut pending = VecDeque::from([root.to_path_buf()]);
    let mut lines = Vec::new();
    while let Some(path) = pending.pop_front() {
        if lines.len() >= MAX_FILES {
            break;
        }
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if without.contains(&path) {
            continue;
        }
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            let counts = |name: &OsStr| PASSED_OVER.iter().all(|passed| name != *passed);
            let entries = entries.filter(|entry| counts(&entry.file_name()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_poststack_and_git_write_makes_nothing_due_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        for folder in [".git", ".poststack", "sql"] {
            std::fs::create_dir(root.join(folder)).unwrap();
        }
        write("sql/a.sql", "select 1;");
        let before = state(root, &[]);
        write(".git/index", "x");
        write(".poststack/seen.json", "x");
        assert_eq!(state(root, &[]), before);
        write("sql/b.sql", "select 2;");
        assert_ne!(state(root, &[]), before);
    }
}
