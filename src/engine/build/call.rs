//! The parameters of a build call, in the words of each engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::wire::Call;
use super::super::{Engine, EngineError, EngineKind};
use super::context::SECRET;
use super::dockerfile::Dockerfile;
use crate::plan::spec::ImageBuild;
use crate::workload::model::Ulimit;

impl Engine {
    /// The call without its body.
    pub(super) fn build_call(
        &self,
        build: &ImageBuild,
        dockerfile: &Dockerfile,
        action: &str,
    ) -> Result<Call, EngineError> {
        let mut call = Call::post("/build", action)
            .query("rm", "true")
            .query("forcerm", "true")
            .query("dockerfile", &dockerfile.path_in_context)
            .query("labels", &self.build_labels(build).to_string());
        for tag in &build.tags {
            call = call.query("t", tag);
        }
        let arguments: BTreeMap<&str, &str> = build
            .args
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.expose())))
            .collect();
        if !arguments.is_empty() {
            call = call.query("buildargs", &json!(arguments).to_string());
        }
        let no_cache = build.no_cache || self.cache_misleads(dockerfile);
        for (flag, name) in [(no_cache, "nocache"), (build.pull, "pull")] {
            if flag {
                call = call.query(name, "true");
            }
        }
        let optional = [
            ("target", build.target.clone()),
            ("networkmode", build.network.clone()),
            ("platform", build.platform.clone()),
            ("shmsize", build.shm_size.map(|bytes| bytes.to_string())),
            ("ulimits", self.build_ulimits(&build.ulimits)),
            ("cachefrom", self.cache_sources(build)),
            ("secrets", self.secret_files(build, action)?),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                call = call.query(name, &value);
            }
        }
        Ok(self.with_extra_hosts(call, &build.extra_hosts))
    }

    /// Podman's cache compares an `ENV` as it is written, and gives it the value that an argument had
    /// in another build (<https://github.com/containers/buildah/issues/5501>). A `RUN` that uses the
    /// argument before is compared with its value, as are those of poststack's own images.
    fn cache_misleads(&self, dockerfile: &Dockerfile) -> bool {
        self.kind == EngineKind::Podman && dockerfile.sets_variables_by_arguments()
    }

    /// Podman makes one layer per label and walks a map in any order, which misses its own cache
    /// and makes another image of the same files; it takes a list as well. Docker takes the map.
    fn build_labels(&self, build: &ImageBuild) -> Value {
        match self.kind {
            EngineKind::Docker => json!(build.labels),
            EngineKind::Podman => build
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        }
    }

    /// Docker takes objects, Podman what its command line takes.
    fn build_ulimits(&self, ulimits: &BTreeMap<String, Ulimit>) -> Option<String> {
        let each = ulimits.iter();
        let all: Vec<Value> = match self.kind {
            EngineKind::Docker => each
                .map(|(name, one)| json!({"Name": name, "Soft": one.soft, "Hard": one.hard}))
                .collect(),
            EngineKind::Podman => each
                .map(|(name, one)| json!(format!("{name}={}:{}", one.soft, one.hard)))
                .collect(),
        };
        (!all.is_empty()).then(|| json!(all).to_string())
    }

    /// Podman looks for layers in whole repositories instead, and asks their registries at once:
    /// its own cache has to do there.
    fn cache_sources(&self, build: &ImageBuild) -> Option<String> {
        let docker = self.kind == EngineKind::Docker && !build.cache_from.is_empty();
        docker.then(|| json!(build.cache_from).to_string())
    }

    /// Podman finds secrets in the context, from which it takes them away; Docker asks for them in
    /// a session.
    fn secret_files(
        &self,
        build: &ImageBuild,
        action: &str,
    ) -> Result<Option<String>, EngineError> {
        if self.kind == EngineKind::Docker {
            return Ok(None);
        }
        if !build.ssh.is_empty() {
            return Err(EngineError::Unsupported {
                action: action.to_owned(),
                message: "Podman takes no SSH agent over its API".to_owned(),
                hint: "pass a deploy key under `secrets` of the build instead".to_owned(),
            });
        }
        let ids = build.secrets.keys().enumerate();
        let secrets: Vec<String> = ids
            .map(|(number, id)| format!("id={id},src={SECRET}{number}"))
            .collect();
        Ok((!secrets.is_empty()).then(|| json!(secrets).to_string()))
    }

    /// Docker takes one field per host, Podman a JSON list.
    fn with_extra_hosts(&self, mut call: Call, hosts: &[(String, String)]) -> Call {
        let hosts: Vec<String> = hosts.iter().map(|(h, a)| format!("{h}:{a}")).collect();
        if hosts.is_empty() {
            return call;
        }
        match self.kind {
            EngineKind::Docker => {
                for host in &hosts {
                    call = call.query("extrahosts", host);
                }
                call
            }
            EngineKind::Podman => call.query("extrahosts", &json!(hosts).to_string()),
        }
    }
}
