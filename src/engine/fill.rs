//! Filling a volume with files, through a container that is made for it and never started.
//!
//! The files keep their modes and owners, a mount of the volume may then be read-only, and nobody's
//! root file system is touched.

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, VolumeCreateRequest,
};
use bytes::Bytes;
use serde::Deserialize;

use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{Filling, VolumeSpec};
use crate::workload::model::VolumeContent;

/// Where the container has the volume.
const FOLDER: &str = "volume";

/// Mode of folders within a volume.
const FOLDER_MODE: u32 = 0o755;

impl Engine {
    /// Writes `filling` into the volume of `spec`; what is there already is replaced.
    ///
    /// # Errors
    /// When the image is not there, or the engine refuses.
    pub(super) async fn fill_volume(
        &self,
        spec: &VolumeSpec,
        filling: &Filling,
    ) -> Result<(), EngineError> {
        let action = format!("fill volume `{}`", spec.name);
        // Docker changes no folder that an archive is unpacked into; Podman looks into no volume
        // below it.
        let (root, into) = match self.kind {
            EngineKind::Docker => (FOLDER, "/".to_owned()),
            EngineKind::Podman => (".", format!("/{FOLDER}")),
        };
        let archive = archive(&filling.content, root).map_err(|source| EngineError::File {
            action: action.clone(),
            source,
        })?;
        let container = self.filler(spec, &filling.image, &action).await?;
        let path = format!("/containers/{container}/archive");
        let call = Call::put(&path, action.as_str()).query("path", &into);
        let call = call.bytes("application/x-tar", archive);
        let filled = self.wire.run(call).await;
        let removed = self.remove(&container, true, false).await;
        filled.and(removed)
    }

    async fn filler(
        &self,
        spec: &VolumeSpec,
        image: &str,
        action: &str,
    ) -> Result<String, EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Created {
            id: String,
        }
        let mount = Mount {
            target: Some(format!("/{FOLDER}")),
            source: Some(spec.name.clone()),
            typ: Some(MountType::VOLUME),
            volume_options: Some(MountVolumeOptions {
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            labels: Some(spec.labels.clone().into_iter().collect()),
            host_config: Some(HostConfig {
                mounts: Some(vec![mount]),
                network_mode: Some("none".to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let call = Call::post("/containers/create", action).json(&body)?;
        let created: Created = self.wire.fetch(call).await?;
        Ok(created.id)
    }

    /// Podman gives the folder of a volume to the user of the first container that mounts it, unless
    /// it was told an owner.
    pub(super) fn own(&self, content: &VolumeContent, request: &mut VolumeCreateRequest) {
        if self.kind == EngineKind::Podman {
            let owner = format!("uid=0,gid={}", content.group);
            let options = request.driver_opts.get_or_insert_default();
            options.insert("o".to_owned(), owner);
        }
    }
}

/// A tar of the content below the folder `root`.
fn archive(content: &VolumeContent, root: &str) -> std::io::Result<Bytes> {
    let mut archive = tar::Builder::new(Vec::new());
    let header = |mode: u32, size: usize, kind: tar::EntryType| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(content.group.into());
        header.set_mtime(0);
        header
    };
    let folder = |mode: u32| header(mode, 0, tar::EntryType::Directory);
    archive.append_data(
        &mut folder(content.mode),
        format!("{root}/"),
        std::io::empty(),
    )?;
    let mut folders = std::collections::BTreeSet::new();
    for file in &content.files {
        let parents = file
            .path
            .match_indices('/')
            .map(|(at, _)| file.path.split_at(at).0);
        for parent in parents {
            if folders.insert(parent.to_owned()) {
                let path = format!("{root}/{parent}/");
                archive.append_data(&mut folder(FOLDER_MODE), path, std::io::empty())?;
            }
        }
        let bytes = file.content.expose();
        let mut header = header(file.mode, bytes.len(), tar::EntryType::Regular);
        archive.append_data(&mut header, format!("{root}/{}", file.path), bytes)?;
    }
    Ok(archive.into_inner()?.into())
}
