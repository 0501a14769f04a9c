//! What an engine tells of itself, of an image's defaults, and of a file in a container. Slow calls
//! among them: nothing here is for the way of a start.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;

use super::image::ImageConfig;
use super::inspect::null_is_default;
use super::wire::Call;
use super::{Engine, EngineError};

/// The engine's own account of its machine, as far as both engines tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineInfo {
    /// `overlay2`, `overlay`, `vfs`, …
    #[serde(rename = "Driver")]
    pub storage_driver: String,
    /// Where images, volumes and containers lie on its machine.
    #[serde(rename = "DockerRootDir")]
    pub storage_folder: String,
    /// Of its machine, in bytes.
    #[serde(rename = "MemTotal")]
    pub memory: u64,
    #[serde(rename = "NCPU")]
    pub processors: u32,
    /// `1` or `2`; empty where it does not tell.
    pub cgroup_version: String,
    /// `systemd`, `cgroupfs` or `none`.
    pub cgroup_driver: String,
    pub operating_system: String,
    /// What it says about itself that does not work.
    #[serde(deserialize_with = "null_is_default")]
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireImage {
    #[serde(default)]
    config: Option<ImageConfig>,
}

impl Engine {
    /// What the engine says of its machine.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn info(&self) -> Result<EngineInfo, EngineError> {
        let call = Call::get("/info", "ask the engine for its machine");
        self.wire.fetch(call).await
    }

    /// The variables that an image sets by itself; `None` when it is not at the engine.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image_environment(
        &self,
        reference: &str,
    ) -> Result<Option<BTreeMap<String, String>>, EngineError> {
        let action = format!("look up image `{reference}`");
        let call = Call::get(&format!("/images/{reference}/json"), action);
        let found = match self.wire.find::<WireImage>(call).await {
            Err(EngineError::ImageMissing { .. }) => None,
            other => other?,
        };
        let variables = found.map(|image| image.config.unwrap_or_default().env);
        Ok(variables.map(|variables| {
            let pairs = variables.iter().filter_map(|text| text.split_once('='));
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        }))
    }

    /// The beginning of a file in a container, which need not run; `None` when there is none. What
    /// is mounted there is seen, too.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn read_file(
        &self,
        container: &str,
        path: &str,
        most: u64,
    ) -> Result<Option<Vec<u8>>, EngineError> {
        let action = format!("read `{path}` in container `{container}`");
        let call = Call::get(&format!("/containers/{container}/archive"), action.as_str());
        let answer = match self.wire.call(call.query("path", path)).await {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        let bytes = answer.bytes().await?;
        first_file(&bytes, most).map_err(|source| EngineError::File { action, source })
    }
}

/// The content of the first file of an archive.
fn first_file(archive: &[u8], most: u64) -> std::io::Result<Option<Vec<u8>>> {
    for entry in tar::Archive::new(archive).entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut content = Vec::new();
            entry.take(most).read_to_end(&mut content)?;
            return Ok(Some(content));
        }
    }
    Ok(None)
}
