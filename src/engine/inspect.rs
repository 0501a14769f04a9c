//! One container in full, read tolerantly.

#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use self::wire::WireContainer;
use super::fingerprint::fingerprint;
use super::wire::Call;
use super::{Engine, EngineError};
use crate::plan::observed::{Health, ObservedContainer, State};
use crate::plan::seen::Fingerprint;
use crate::plan::spec::{Labels, MountSpec, MountSpecSource};
use crate::secret::Secret;

/// A container as the engine describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Full id.
    pub id: String,
    pub name: String,
    /// As the engine words it; Podman writes short names out.
    pub image: String,
    pub image_id: String,
    pub labels: Labels,
    pub state: State,
    /// 0 while it runs and before it did.
    pub exit_code: i64,
    /// `None` when it never started.
    pub started_at: Option<Timestamp>,
    /// `None` when it never finished.
    pub finished_at: Option<Timestamp>,
    pub health: Health,
    /// Output of the newest health test that the engine ran.
    pub health_output: Option<String>,
    /// Number of its first process where the engine runs; 0 while it does not run.
    pub process: u32,
    /// Consecutive failures of the health test, as the engine counts them.
    pub failing_streak: u32,
    /// Its own health test, or the image's.
    pub health_test: Option<InspectedHealthTest>,
    /// Network name → IPv4 address, empty while it does not run.
    pub addresses: BTreeMap<String, String>,
    /// (host address, host port, container port, protocol)
    pub ports: Vec<(String, u16, u16, String)>,
    pub mounts: Vec<InspectedMount>,
    pub environment: BTreeMap<String, Secret>,
    /// Why it did not start, in the engine's words; empty when nothing went wrong.
    pub error: String,
    pub out_of_memory: bool,
    /// Whether it has a terminal, so that its log is one raw stream.
    pub tty: bool,
    pub restart_count: u32,
    /// Whether Podman has yet to look after its end: to start it again, or to tidy up.
    pub is_untidy: bool,
    pub restart_policy: InspectedRestart,
    /// The first program that runs in it, as a path or a name.
    pub program: String,
    /// What asks it to stop; empty is `SIGTERM`.
    pub stop_signal: String,
    pub stop_timeout: Duration,
    /// Whether the engine runs an init process in it.
    pub init: bool,
    /// Whether its processes live beside those of the host or of another container.
    pub shares_processes: bool,
    /// Whether it has a network of its own, not that of the host or of another container.
    pub has_own_network: bool,
}

/// When the engine starts a container again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedRestart {
    /// `no` or empty, `always`, `unless-stopped`, `on-failure`.
    pub name: String,
    /// For `on-failure`; 0 is without limit.
    pub maximum_retry_count: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedMount {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// Name of the volume.
    pub name: Option<String>,
    /// Path on the host.
    pub source: String,
    pub target: String,
    pub writable: bool,
}

/// A health test as the engine keeps it; durations in nanoseconds, 0 for the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InspectedHealthTest {
    /// `CMD`, `CMD-SHELL` or `NONE`, then the words.
    #[serde(deserialize_with = "null_is_default")]
    pub test: Vec<String>,
    pub interval: i64,
    pub timeout: i64,
    pub start_period: i64,
    pub retries: i64,
}

impl Inspected {
    /// Whether the engine will start the container again after an end with `exit_code`.
    #[must_use]
    pub fn restarts_after(&self, exit_code: i64) -> bool {
        let policy = &self.restart_policy;
        match policy.name.as_str() {
            "always" | "unless-stopped" => true,
            "on-failure" => {
                let limit = policy.maximum_retry_count;
                exit_code != 0 && (limit == 0 || self.restart_count < limit)
            }
            _ => false,
        }
    }

    /// Whether it has ended at Podman, which starts it again in a moment; Docker has a state for that.
    #[must_use]
    pub fn is_between_runs(&self) -> bool {
        self.is_untidy && self.restarts_after(self.exit_code)
    }
}

impl Engine {
    /// The container of this name or id; `None` when there is none.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn inspect(&self, name_or_id: &str) -> Result<Option<Inspected>, EngineError> {
        let found: Option<WireContainer> = self.wire.find(inspection(name_or_id)).await?;
        Ok(found.map(Inspected::from))
    }

    /// The container of this name or id, which is there.
    ///
    /// # Errors
    /// When the engine does not answer, or there is none.
    pub async fn must_inspect(&self, name_or_id: &str) -> Result<Inspected, EngineError> {
        let found = self.inspect(name_or_id).await?;
        found.ok_or_else(|| gone(name_or_id))
    }

    /// A container with its fingerprint, in one look.
    ///
    /// # Errors
    /// When the engine does not answer, or there is none.
    pub async fn describe(&self, name: &str) -> Result<(Inspected, Fingerprint), EngineError> {
        let found: Option<Value> = self.wire.find(inspection(name)).await?;
        let found = found.ok_or_else(|| gone(name))?;
        let inspected = WireContainer::deserialize(&found);
        let inspected = inspected.map_err(|source| EngineError::Answer {
            action: inspecting(name),
            source,
        })?;
        let inspected = Inspected {
            // It may be in the middle of getting this one.
            name: name.to_owned(),
            ..inspected.into()
        };
        Ok((inspected, fingerprint(&found)))
    }

    /// The container, ours or foreign, that holds exactly this name.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn find_by_name(&self, name: &str) -> Result<Option<Inspected>, EngineError> {
        let found = self.inspect(name).await?;
        Ok(found.filter(|container| container.name == name))
    }

    /// The volumes without a name of a container, as mounts of another one; none without a
    /// container.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn anonymous_volumes(&self, container: &str) -> Result<Vec<MountSpec>, EngineError> {
        let found = self.inspect(container).await?;
        let mounts = found.into_iter().flat_map(|found| found.mounts);
        Ok(mounts.filter_map(InspectedMount::anonymous).collect())
    }
}

pub(super) fn inspection(name_or_id: &str) -> Call {
    let path = format!("/containers/{name_or_id}/json");
    Call::get(&path, inspecting(name_or_id))
}

fn inspecting(name_or_id: &str) -> String {
    format!("inspect container `{name_or_id}`")
}

fn gone(name_or_id: &str) -> EngineError {
    EngineError::NotFound {
        action: inspecting(name_or_id),
        message: "no such container".to_owned(),
    }
}

/// Both engines write `null` for empty lists and maps now and then.
pub(super) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl InspectedMount {
    /// Engines name an anonymous volume by 64 hexadecimal digits.
    fn anonymous(self) -> Option<MountSpec> {
        let name = self.name.filter(|_| self.kind == "volume")?;
        let generated = name.len() == 64 && name.chars().all(|c| c.is_ascii_hexdigit());
        generated.then_some(MountSpec {
            source: MountSpecSource::Volume {
                name,
                no_copy: true,
                subpath: None,
            },
            target: self.target,
            read_only: !self.writable,
        })
    }
}

impl Inspected {
    /// The part of it that a plan needs.
    #[must_use]
    pub fn observed(&self) -> ObservedContainer {
        ObservedContainer {
            id: self.id.clone(),
            name: self.name.clone(),
            image: self.image.clone(),
            image_id: self.image_id.clone(),
            labels: self.labels.clone(),
            state: match self.state {
                State::Exited(_) => State::Exited(Some(self.exit_code)),
                state => state,
            },
            status: String::new(),
            health: self.health,
            created: 0,
            ports: self.ports.clone(),
            networks: self.addresses.keys().cloned().collect(),
            network_ids: Vec::new(),
            edited: Vec::new(),
        }
    }
}
