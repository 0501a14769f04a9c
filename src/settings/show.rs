//! Every setting with its origin, for showing.

use std::path::Path;

use serde::Serialize;

use super::{Origin, Settings};
use crate::config::settings::Setting;
use crate::secret::masked;
use crate::variables::value::masked_url;
use crate::workload::model::Restart;

/// A setting as it is in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    pub name: &'static str,
    /// Folders below the project's as relative paths, passwords as `***`.
    pub value: Option<String>,
    /// As messages show it: `--log-dir`, `$POSTSTACK_LOG_DIR`, `.env:3:1`, `default`.
    pub origin: String,
}

impl Settings {
    /// Every setting with its value and origin, in the order of [`Setting::ALL`].
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let each = Setting::ALL.iter();
        each.map(|setting| self.shown_one(*setting)).collect()
    }

    fn shown_one(&self, setting: Setting) -> Shown {
        let folder = |path: &Path| {
            let path = path.strip_prefix(&self.root).unwrap_or(path);
            path.display().to_string()
        };
        let url = || {
            let url = self.database_url.value.as_ref()?;
            let shown = masked_url(url.expose());
            // A password may stand among the parameters as well.
            Some(masked(shown.as_deref().unwrap_or(url.expose())))
        };
        let (value, origin): (Option<String>, &Origin) = match setting {
            Setting::DatabaseUrl => (url(), &self.database_url.origin),
            Setting::LogLevel => {
                let level = self.log_level.value.as_str();
                (Some(level.to_owned()), &self.log_level.origin)
            }
            Setting::LogDir => (Some(folder(&self.log_dir.value)), &self.log_dir.origin),
            Setting::ContainerRuntime => {
                let runtime = self.container_runtime.value.as_str();
                (Some(runtime.to_owned()), &self.container_runtime.origin)
            }
            Setting::PostgresContainerName => {
                let name = &self.postgres_container_name;
                (Some(name.value.clone()), &name.origin)
            }
            Setting::PostgresHostPort => {
                let port = &self.postgres_host_port;
                (Some(port.value.to_string()), &port.origin)
            }
            Setting::MigrationsPath => {
                let path = &self.migrations_path;
                (Some(folder(&path.value)), &path.origin)
            }
            Setting::ProjectContainersPath => {
                let path = &self.project_containers_path;
                (Some(folder(&path.value)), &path.origin)
            }
            Setting::ProjectContainerPrefix => {
                let prefix = &self.project_container_prefix;
                (Some(prefix.value.clone()), &prefix.origin)
            }
            Setting::ProjectContainerNetwork => {
                let network = &self.project_container_network;
                (Some(network.value.clone()), &network.origin)
            }
            Setting::ProjectContainerRestartPolicy => {
                let policy = &self.project_container_restart_policy;
                (Some(restart(&policy.value)), &policy.origin)
            }
        };
        Shown {
            name: setting.name(),
            value,
            origin: origin.to_string(),
        }
    }
}

fn restart(policy: &Restart) -> String {
    match policy {
        Restart::No => "no".to_owned(),
        Restart::Always => "always".to_owned(),
        Restart::UnlessStopped => "unless-stopped".to_owned(),
        Restart::OnFailure { max_retries: None } => "on-failure".to_owned(),
        Restart::OnFailure {
            max_retries: Some(times),
        } => format!("on-failure:{times}"),
    }
}
