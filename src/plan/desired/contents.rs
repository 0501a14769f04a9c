//! What a container is made of beyond its definition: files of the project, as texts that change with
//! them. A container is made anew when one of them does.

use std::collections::BTreeMap;

use super::Inputs;
use crate::config::model::PostgresImage;
use crate::plan::identity::{CONTEXT_HASH, Role};
use crate::plan::spec::{ContainerSpec, MountSpec, MountSpecSource};

/// Name, as a cause tells it, → state.
pub(super) fn contents(
    inputs: &Inputs<'_>,
    spec: &ContainerSpec,
    role: Role,
) -> BTreeMap<String, String> {
    match role {
        Role::Init => mounted(inputs, spec),
        Role::Database => own_image(inputs).into_iter().collect(),
        Role::Service | Role::Hook => BTreeMap::new(),
    }
}

/// The files mounted into an init container.
fn mounted(inputs: &Inputs<'_>, spec: &ContainerSpec) -> BTreeMap<String, String> {
    let of_mount = |mount: &MountSpec| match &mount.source {
        MountSpecSource::Bind { path, .. } | MountSpecSource::HostPath { path, .. } => {
            let state = inputs.mounted.get(path)?;
            Some((format!("contents of {}", mount.target), state.clone()))
        }
        _ => None,
    };
    spec.mounts.iter().filter_map(of_mount).collect()
}

/// The files of an image of the database that is the project's own.
fn own_image(inputs: &Inputs<'_>) -> Option<(String, String)> {
    let own = inputs.database_image?;
    let PostgresImage::Version(_) = inputs.environment.postgres.image else {
        return None;
    };
    let hash = own.build.labels.get(CONTEXT_HASH)?;
    Some((own.folder.clone(), hash.clone()))
}
