//! Mounts: bind mounts as `Binds`, so that both engines make a missing folder; the rest as `Mounts`.
//!
//! A part of a volume is a bind mount of its path at the engine, since engines below API 1.45 know no
//! other way. A link that leads out of the volume is refused where it can be seen from here.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, Mount, MountTmpfsOptions, MountType, MountVolumeOptions,
};

use super::super::{Address, Engine, EngineError, EngineKind};
use crate::plan::spec::{ContainerSpec, MountSpec, MountSpecSource};
use crate::workload::model::{FileContent, HostPathKind};

impl Engine {
    /// Adds mounts, and files that come from the host, to `body`.
    pub(super) async fn add_mounts(
        &self,
        spec: &ContainerSpec,
        body: &mut ContainerCreateBody,
        action: &str,
    ) -> Result<(), EngineError> {
        let (mut binds, mut mounts) = (Vec::new(), Vec::new());
        for mount in &spec.mounts {
            match &mount.source {
                MountSpecSource::Bind { path, create, .. } => {
                    if !create {
                        self.must_exist(path, action)?;
                    }
                    binds.push(bind(mount, path));
                }
                MountSpecSource::HostPath { path, kind, .. } => {
                    self.must_be(path, *kind, action)?;
                    binds.push(bind(mount, path));
                }
                MountSpecSource::Volume {
                    name,
                    subpath: Some(part),
                    ..
                } => {
                    let path = self.part_of_volume(name, part, action).await?;
                    binds.push(bind(mount, &path));
                }
                // Podman overlooks the option in `Mounts`.
                MountSpecSource::Volume {
                    name,
                    no_copy: true,
                    ..
                } if self.kind == EngineKind::Podman => {
                    let access = if mount.read_only { "ro" } else { "rw" };
                    binds.push(format!("{name}:{}:{access},nocopy", mount.target));
                }
                source => mounts.push(volume_or_tmpfs(mount, source)),
            }
        }
        for file in &spec.files {
            if let FileContent::Path(path) = &file.content {
                self.must_exist(path, action)?;
                binds.push(format!("{}:{}:ro", path.display(), file.target));
            }
        }
        let host = body.host_config.get_or_insert_default();
        host.binds = Some(binds);
        host.mounts = Some(mounts);
        Ok(())
    }

    /// Where the engine keeps a part of the volume.
    async fn part_of_volume(
        &self,
        name: &str,
        part: &str,
        action: &str,
    ) -> Result<PathBuf, EngineError> {
        let kept = self.kept_volume(name).await?;
        let kept = kept.ok_or_else(|| EngineError::NotFound {
            action: action.to_owned(),
            message: format!("no such volume: {name}"),
        })?;
        if kept.has_device() {
            return Err(EngineError::Unsupported {
                action: action.to_owned(),
                message: format!(
                    "volume `{name}` has a device of its own, so no part of it can be mounted"
                ),
                hint: "mount the whole volume".to_owned(),
            });
        }
        inside(&kept.mountpoint, Path::new(part)).map_err(|source| EngineError::File {
            action: format!("{action}: mount `{part}` of volume `{name}`"),
            source,
        })
    }

    /// Checks what a path on the host is, and makes it where its kind says so.
    fn must_be(&self, path: &Path, kind: HostPathKind, action: &str) -> Result<(), EngineError> {
        if matches!(self.endpoint.address, Address::Tcp(_)) {
            return Ok(());
        }
        host_path(path, kind).map_err(|source| EngineError::File {
            action: format!("{action}: mount `{}`", path.display()),
            source,
        })
    }

    /// Podman would make a missing path silently. Paths of a remote engine cannot be seen.
    fn must_exist(&self, path: &Path, action: &str) -> Result<(), EngineError> {
        if matches!(self.endpoint.address, Address::Tcp(_)) || path.exists() {
            return Ok(());
        }
        Err(EngineError::File {
            action: format!("{action}: mount `{}`", path.display()),
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    }
}

/// `folder/part`, unless it leads out of the folder. What cannot be seen from here, since the engine
/// runs elsewhere or only root may look, is left to those who write into the volume.
fn inside(folder: &Path, part: &Path) -> io::Result<PathBuf> {
    let leads_out = || Err(io::Error::other("it leads out of the volume"));
    let plain = |one: Component<'_>| matches!(one, Component::Normal(_) | Component::CurDir);
    if !part.components().all(plain) {
        return leads_out();
    }
    let path = folder.join(part);
    let Ok(root) = folder.canonicalize() else {
        return Ok(path);
    };
    // The engine makes what is missing at the end.
    let mut there = path.ancestors();
    let deepest = there.find(|one| one.symlink_metadata().is_ok());
    match deepest.unwrap_or(folder).canonicalize() {
        Ok(found) if !found.starts_with(&root) => leads_out(),
        // A link to nothing would be followed once there is something.
        Err(error) if error.kind() == io::ErrorKind::NotFound => leads_out(),
        _ => Ok(path),
    }
}

fn host_path(path: &Path, kind: HostPathKind) -> io::Result<()> {
    match kind {
        HostPathKind::DirectoryOrCreate => std::fs::create_dir_all(path)?,
        HostPathKind::FileOrCreate if !path.exists() => drop(std::fs::File::create(path)?),
        _ => {}
    }
    let (is_right, wanted) = match (kind, std::fs::metadata(path).map(|found| found.file_type())) {
        (HostPathKind::Any, _) => return Ok(()),
        (_, Err(error)) => return Err(error),
        (HostPathKind::Directory | HostPathKind::DirectoryOrCreate, Ok(found)) => {
            (found.is_dir(), "directory")
        }
        (HostPathKind::File | HostPathKind::FileOrCreate, Ok(found)) => (found.is_file(), "file"),
        (HostPathKind::Socket, Ok(found)) => (found.is_socket(), "socket"),
        (HostPathKind::CharDevice, Ok(found)) => (found.is_char_device(), "character device"),
        (HostPathKind::BlockDevice, Ok(found)) => (found.is_block_device(), "block device"),
    };
    match is_right {
        true => Ok(()),
        false => Err(io::Error::other(format!("it is no {wanted}"))),
    }
}

/// `/host:/container:ro,rslave,z`
fn bind(mount: &MountSpec, path: &Path) -> String {
    let (propagation, selinux) = match &mount.source {
        MountSpecSource::Bind {
            propagation,
            selinux,
            ..
        } => (propagation.as_deref(), selinux.as_deref()),
        MountSpecSource::HostPath { propagation, .. } => (propagation.as_deref(), None),
        _ => (None, None),
    };
    let access = if mount.read_only { "ro" } else { "rw" };
    let options: Vec<&str> = [Some(access), propagation, selinux]
        .into_iter()
        .flatten()
        .collect();
    format!("{}:{}:{}", path.display(), mount.target, options.join(","))
}

fn volume_or_tmpfs(mount: &MountSpec, source: &MountSpecSource) -> Mount {
    let mut made = Mount {
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    };
    match source {
        MountSpecSource::Bind { .. }
        | MountSpecSource::HostPath { .. }
        | MountSpecSource::Anonymous => {}
        MountSpecSource::Volume { name, no_copy, .. } => {
            made.source = Some(name.clone());
            made.volume_options = no_copy.then(|| MountVolumeOptions {
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            });
        }
        MountSpecSource::Tmpfs { size, mode } => {
            made.typ = Some(MountType::TMPFS);
            made.tmpfs_options = Some(MountTmpfsOptions {
                size_bytes: *size,
                mode: mode.map(i64::from),
                options: None,
            });
        }
    }
    made
}

#[cfg(test)]
mod tests;
