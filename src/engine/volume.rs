//! Volumes: making, finding and removing them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bollard::models::VolumeCreateRequest;
use serde::Deserialize;

use super::network::{absent_is_fine, some_map};
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::observed::ObservedVolume;
use crate::plan::spec::{Labels, VolumeSpec};

impl Engine {
    /// Makes the volume and fills it; one of this name that exists already is left as it is, but for
    /// what fills it. A new one that cannot be filled is removed again.
    ///
    /// # Errors
    /// When the engine refuses, for instance for an unknown driver.
    pub async fn create_volume(&self, spec: &VolumeSpec) -> Result<(), EngineError> {
        let action = format!("create volume `{}`", spec.name);
        let mut body = VolumeCreateRequest {
            name: Some(spec.name.clone()),
            driver: spec.driver.clone(),
            driver_opts: some_map(&spec.driver_options),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        if let Some(filling) = &spec.filling {
            self.own(&filling.content, &mut body);
        }
        if self.kind == EngineKind::Podman {
            size_in_blocks(&mut body);
        }
        let is_new = spec.filling.is_some() && self.volume(&spec.name).await?.is_none();
        let call = Call::post("/volumes/create", action).json(&body)?;
        match self.wire.run(call).await {
            Err(error) if error.is_conflict() => {}
            other => other?,
        }
        let Some(filling) = &spec.filling else {
            return Ok(());
        };
        let filled = self.fill_volume(spec, filling).await;
        if filled.is_err() && is_new {
            // The next start would take it for filled. The first failure is the one to tell.
            self.remove_volume(&spec.name).await.ok();
        }
        filled
    }

    /// How the engine keeps the volume; `None` without such a volume.
    pub(super) async fn kept_volume(&self, name: &str) -> Result<Option<Kept>, EngineError> {
        let call = Call::get(
            &format!("/volumes/{name}"),
            format!("look up volume `{name}`"),
        );
        self.wire.find(call).await
    }

    /// The volume of this name, `None` when there is none.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn volume(&self, name: &str) -> Result<Option<ObservedVolume>, EngineError> {
        let call = Call::get(
            &format!("/volumes/{name}"),
            format!("look up volume `{name}`"),
        );
        let found: Option<WireVolume> = self.wire.find(call).await?;
        Ok(found.map(Into::into))
    }

    /// As [`Engine::remove_volume`]; one that a container still uses is left.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn remove_unused_volume(&self, name: &str) -> Result<(), EngineError> {
        match self.remove_volume(name).await {
            Err(EngineError::Refused { message, .. })
                if message.contains("in use") || message.contains("being used") =>
            {
                Ok(())
            }
            Err(error) if error.is_conflict() => Ok(()),
            other => other,
        }
    }

    /// Removes the volume and its data; a missing one is fine.
    ///
    /// # Errors
    /// When a container still uses it.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let call = Call::delete(
            &format!("/volumes/{name}"),
            format!("remove volume `{name}`"),
        );
        absent_is_fine(self.wire.run(call).await)
    }
}

/// The size of a memory page on most machines; where pages are larger, so is the volume.
const PAGE: u64 = 4096;

/// Podman takes the `size` of any volume for a disk quota: of a tmpfs it is told in pages.
fn size_in_blocks(body: &mut VolumeCreateRequest) {
    let Some(options) = &mut body.driver_opts else {
        return;
    };
    if options.get("type").is_none_or(|kind| kind != "tmpfs") {
        return;
    }
    if let Some(list) = options.get_mut("o") {
        let option = |one: &str| match one.strip_prefix("size=").map(str::parse::<u64>) {
            Some(Ok(bytes)) => format!("nr_blocks={}", bytes.div_ceil(PAGE).max(1)),
            _ => one.to_owned(),
        };
        *list = list.split(',').map(option).collect::<Vec<_>>().join(",");
    }
}

/// How an engine keeps a volume.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Kept {
    /// A folder of the engine's machine.
    pub mountpoint: PathBuf,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
}

impl Kept {
    /// Whether something is mounted at its folder, and only while a container uses the volume.
    pub fn has_device(&self) -> bool {
        let options = self.options.as_ref();
        options.is_some_and(|options| options.contains_key("device"))
    }
}

/// A volume as both engines list and inspect it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireVolume {
    name: String,
    #[serde(default)]
    labels: Option<Labels>,
}

impl From<WireVolume> for ObservedVolume {
    fn from(volume: WireVolume) -> Self {
        Self {
            name: volume.name,
            labels: volume.labels.unwrap_or_default(),
        }
    }
}
