//! Looking at `.poststack/` without touching it: who holds a lock, who may read the files.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::State;
use super::lock::{Holder, holder_in};
use crate::names::EnvironmentName;

/// How the lock of an environment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockState {
    Free,
    /// By whom, where that is known.
    Held(Option<Holder>),
    /// The last holder did not come to its end.
    Interrupted(Option<Holder>),
}

/// A file or folder of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    pub path: PathBuf,
    pub is_folder: bool,
    /// Permission bits.
    pub mode: u32,
    /// User id.
    pub owner: u32,
}

impl State {
    /// The lock of `environment`, seen from outside.
    #[must_use]
    pub fn lock_state(&self, environment: &EnvironmentName) -> LockState {
        let path = self
            .folder()
            .join("locks")
            .join(format!("{environment}.lock"));
        let Ok(found) = std::fs::metadata(&path) else {
            return LockState::Free;
        };
        let holder = || holder_in(&std::fs::read_to_string(&path).unwrap_or_default());
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        if is_locked(&locks, found.ino()) {
            LockState::Held(holder())
        } else if found.len() > 0 {
            LockState::Interrupted(holder())
        } else {
            LockState::Free
        }
    }

    /// The folder and everything in it, by path; nothing when it is not there.
    #[must_use]
    pub fn files(&self) -> Vec<StateFile> {
        let mut found = Vec::new();
        collect(self.folder(), &mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }
}

/// Whether the kernel's list of locks has one of the file `inode`, as `1: FLOCK ADVISORY WRITE 812
/// 08:01:5243 0 EOF`.
/// <https://man7.org/linux/man-pages/man5/proc_locks.5.html>
fn is_locked(locks: &str, inode: u64) -> bool {
    let inode = inode.to_string();
    locks.lines().any(|line| {
        let mut words = line.split_whitespace();
        let is_file_lock = words.any(|word| word == "FLOCK");
        let file = words.find(|word| word.matches(':').count() == 2);
        is_file_lock && file.and_then(|file| file.rsplit(':').next()) == Some(&*inode)
    })
}

fn collect(path: &Path, found: &mut Vec<StateFile>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return;
    };
    if metadata.is_symlink() {
        return;
    }
    found.push(StateFile {
        path: path.to_path_buf(),
        is_folder: metadata.is_dir(),
        mode: metadata.permissions().mode() & 0o7777,
        owner: metadata.uid(),
    });
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.for_each(|entry| collect(&entry.path(), found));
}

#[cfg(test)]
mod tests {
    use super::is_locked;

    #[test]
    fn a_lock_is_found_by_the_inode_of_its_file() {
        let locks = "1: POSIX  ADVISORY  READ 5 08:01:11 128 128\n\
                     2: FLOCK  ADVISORY  WRITE 812 00:2e:5243 0 EOF\n";
        assert!(is_locked(locks, 5243));
        assert!(!is_locked(locks, 11));
        assert!(!is_locked(locks, 52));
        assert!(!is_locked("", 1));
    }
}
