//! Volumes: making, finding and removing them.

use bollard::models::VolumeCreateRequest;
use serde::Deserialize;

use super::network::{absent_is_fine, some_map};
use super::wire::Call;
use super::{Engine, EngineError};
use crate::plan::observed::ObservedVolume;
use crate::plan::spec::{Labels, VolumeSpec};

impl Engine {
    /// Makes the volume; one of this name that exists already is left as it is.
    ///
    /// # Errors
    /// When the engine refuses, for instance for an unknown driver.
    pub async fn create_volume(&self, spec: &VolumeSpec) -> Result<(), EngineError> {
        let action = format!("create volume `{}`", spec.name);
        let body = VolumeCreateRequest {
            name: Some(spec.name.clone()),
            driver: spec.driver.clone(),
            driver_opts: some_map(&spec.driver_options),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        let call = Call::post("/volumes/create", action).json(&body)?;
        match self.wire.run(call).await {
            Err(error) if error.is_conflict() => Ok(()),
            other => other,
        }
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
