//! Mounts: bind mounts as `Binds`, so that both engines make a missing folder; the rest as `Mounts`.

use std::io;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, Mount, MountTmpfsOptions, MountType, MountVolumeOptions,
};

use super::super::{Address, Engine, EngineError};
use crate::plan::spec::{ContainerSpec, MountSpec, MountSpecSource};
use crate::workload::model::FileContent;

impl Engine {
    /// Adds mounts, and files that come from the host, to `body`.
    pub(super) fn add_mounts(
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
                source => mounts.push(volume_or_tmpfs(mount, source, action)?),
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

/// `/host:/container:ro,rslave,z`
fn bind(mount: &MountSpec, path: &Path) -> String {
    let (propagation, selinux) = match &mount.source {
        MountSpecSource::Bind {
            propagation,
            selinux,
            ..
        } => (propagation.as_deref(), selinux.as_deref()),
        _ => (None, None),
    };
    let access = if mount.read_only { "ro" } else { "rw" };
    let options: Vec<&str> = [Some(access), propagation, selinux]
        .into_iter()
        .flatten()
        .collect();
    format!("{}:{}:{}", path.display(), mount.target, options.join(","))
}

fn volume_or_tmpfs(
    mount: &MountSpec,
    source: &MountSpecSource,
    action: &str,
) -> Result<Mount, EngineError> {
    let mut made = Mount {
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    };
    match source {
        MountSpecSource::Bind { .. } | MountSpecSource::Anonymous => {}
        MountSpecSource::Volume {
            subpath: Some(_),
            name,
            ..
        } => {
            return Err(EngineError::Unsupported {
                action: action.to_owned(),
                message: format!("`subpath` of volume `{name}` is not supported"),
                hint: "mount the whole volume".to_owned(),
            });
        }
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
    Ok(made)
}
