//! What runs and what lies in a container, without asking a program of its image: that may have
//! neither a shell nor `cat`.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use bytes::BytesMut;
use serde::Deserialize;
use tar::EntryType;

use super::inspect::null_is_default;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};

/// What lies at a path of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lying {
    /// A file with its content, as far as it is read.
    File(Vec<u8>),
    Folder,
    /// A device, a socket, a pipe.
    Other,
}

/// How much of a file is read, in bytes.
pub const MOST_READ: usize = 4 * 1024 * 1024;

/// Links that are followed at most; the kernel follows as many.
const MOST_LINKS: usize = 40;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Top {
    #[serde(default, deserialize_with = "null_is_default")]
    processes: Vec<Vec<String>>,
}

/// One entry of an archive, or the place that a link names.
enum Entry {
    Lying(Lying),
    Link(PathBuf),
}

impl Engine {
    /// The command lines of the programs that run in the container.
    ///
    /// # Errors
    /// When the container does not run.
    pub async fn command_lines(&self, container: &str) -> Result<Vec<String>, EngineError> {
        let action = format!("list the programs of container `{container}`");
        let call = match self.kind {
            EngineKind::Docker => Call::get(&format!("/containers/{container}/top"), action)
                .query("ps_args", "-eo pid,args"),
            // Through its Docker-compatible call, Podman runs the `ps` of the container.
            EngineKind::Podman => {
                let path = format!("/v4.0.0/libpod/containers/{container}/top");
                Call::get(&path, action).query("ps_args", "pid,args")
            }
        };
        let top: Top = self.wire.fetch(call).await?;
        let lines = top.processes.into_iter().filter_map(|mut row| row.pop());
        Ok(lines.map(|line| line.trim().to_owned()).collect())
    }

    /// What lies at an absolute path of the container, running or not; links are followed.
    ///
    /// # Errors
    /// When there is no such container, or the engine does not answer.
    pub async fn lying_at(
        &self,
        container: &str,
        path: &str,
    ) -> Result<Option<Lying>, EngineError> {
        let mut path = PathBuf::from(path);
        for _ in 0..=MOST_LINKS {
            match self.entry(container, &path).await? {
                None => return Ok(None),
                Some(Entry::Lying(lying)) => return Ok(Some(lying)),
                Some(Entry::Link(target)) => path = resolved(&path, &target),
            }
        }
        Ok(None)
    }

    /// The first entry of the archive that the engine makes of the path.
    async fn entry(&self, container: &str, path: &Path) -> Result<Option<Entry>, EngineError> {
        let action = format!("read `{}` in container `{container}`", path.display());
        let call = Call::get(&format!("/containers/{container}/archive"), action.as_str());
        let call = call.query("path", &path.to_string_lossy());
        let mut answer = match self.wire.call(call).await {
            Ok(answer) => answer,
            // The container itself may be what is missing.
            Err(error) if error.is_not_found() => {
                return self.must_inspect(container).await.map(|_| None);
            }
            Err(error) => return Err(error),
        };
        let mut bytes = BytesMut::new();
        while bytes.len() < MOST_READ {
            match answer.chunk().await {
                None => break,
                Some(chunk) => bytes.extend_from_slice(&chunk?),
            }
        }
        first(&bytes).map_err(|source| EngineError::File { action, source })
    }
}

/// Reads the first entry; the rest of the archive may be cut off.
fn first(bytes: &[u8]) -> std::io::Result<Option<Entry>> {
    let mut archive = tar::Archive::new(bytes);
    let Some(entry) = archive.entries()?.next() else {
        return Ok(None);
    };
    let entry = entry?;
    Ok(Some(match entry.header().entry_type() {
        EntryType::Directory => Entry::Lying(Lying::Folder),
        EntryType::Symlink => match entry.link_name()? {
            Some(target) => Entry::Link(target.into_owned()),
            None => Entry::Lying(Lying::Other),
        },
        EntryType::Regular | EntryType::Continuous | EntryType::Link => {
            let mut content = Vec::new();
            // What is cut off is not read.
            let limit = u64::try_from(MOST_READ).unwrap_or(u64::MAX);
            let _ = entry.take(limit).read_to_end(&mut content);
            Entry::Lying(Lying::File(content))
        }
        _ => Entry::Lying(Lying::Other),
    }))
}

/// The place that the link at `path` names, without `.` and `..`.
fn resolved(path: &Path, target: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    let mut found = PathBuf::from("/");
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => {
                found.pop();
            }
            Component::Normal(name) => found.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_resolved_from_its_own_folder() {
        let of = |path: &str, target: &str| resolved(Path::new(path), Path::new(target));
        assert_eq!(of("/etc/mtab", "../proc/mounts"), Path::new("/proc/mounts"));
        assert_eq!(of("/a/b", "./c"), Path::new("/a/c"));
        assert_eq!(of("/a/b", "/x/../y"), Path::new("/y"));
        assert_eq!(of("/a", "../../../z"), Path::new("/z"));
    }

    #[test]
    fn the_first_entry_of_a_cut_archive_is_read() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_entry_type(EntryType::Regular);
        archive
            .append_data(&mut header, "motd", &b"hello"[..])
            .unwrap();
        let mut bytes = archive.into_inner().unwrap();
        bytes.truncate(512 + 5);
        let entry = first(&bytes).unwrap();
        assert!(matches!(entry, Some(Entry::Lying(Lying::File(text))) if text == b"hello"));
        assert!(first(&[]).unwrap().is_none());
    }
}
