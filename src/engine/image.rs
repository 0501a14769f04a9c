//! Images: finding, pulling, tagging and removing them.

use std::collections::BTreeMap;

use bollard::models::HealthConfig;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::error::clean;
use super::inspect::null_is_default;
use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::Labels;
use crate::workload::model::{ExposedPort, Protocol};

/// How often an image is looked up again after a failure that passes.
const LOOK_RETRIES: u32 = 3;

/// What of an image's configuration matters when a container is made of it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ImageConfig {
    #[serde(deserialize_with = "null_is_empty")]
    pub env: Vec<String>,
    /// Empty for root.
    pub user: String,
    pub labels: Option<Labels>,
    /// The paths of its volumes.
    pub volumes: Option<BTreeMap<String, IgnoredAny>>,
    /// `80/tcp`
    pub exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
}

fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireImage {
    id: String,
    #[serde(default)]
    config: Option<ImageConfig>,
}

/// An image as Podman's own interface describes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PodmanImage {
    #[serde(default)]
    healthcheck: Option<HealthConfig>,
}

/// An image that is at the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundImage {
    /// With `sha256:` before it.
    pub id: String,
    pub labels: Labels,
    /// What it says that its program listens on, by rising number.
    pub exposed: Vec<ExposedPort>,
}

impl From<WireImage> for FoundImage {
    fn from(image: WireImage) -> Self {
        let config = image.config.unwrap_or_default();
        let exposed = config.exposed_ports.into_iter().flatten();
        let mut exposed: Vec<ExposedPort> =
            exposed.filter_map(|(port, _)| self::port(&port)).collect();
        exposed.sort_by_key(|one| (one.port, one.protocol));
        Self {
            id: full_id(image.id),
            labels: config.labels.unwrap_or_default(),
            exposed,
        }
    }
}

fn full_id(id: String) -> String {
    match id.starts_with("sha256:") {
        true => id,
        false => format!("sha256:{id}"),
    }
}

/// `80`, `80/tcp` or `53/udp`.
fn port(text: &str) -> Option<ExposedPort> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => Protocol::Sctp,
    };
    let port = number.parse().ok()?;
    Some(ExposedPort { port, protocol })
}

/// An image in the list of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListedImage {
    /// With `sha256:` before it.
    pub id: String,
    /// Its names with their tags; an image that lost its name to a newer one has none.
    #[serde(rename = "RepoTags", deserialize_with = "null_is_empty")]
    pub names: Vec<String>,
    /// Bytes.
    pub size: u64,
    /// Unix seconds.
    pub created: i64,
    #[serde(deserialize_with = "null_is_default")]
    pub labels: Labels,
}

impl Engine {
    /// The image of this name at the engine, `None` when it is not there.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image(&self, reference: &str) -> Result<Option<FoundImage>, EngineError> {
        let found = self.find_image(reference).await?;
        Ok(found.map(FoundImage::from))
    }

    /// The images that carry all of `labels`; an image has those of its base, too.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn images(
        &self,
        labels: &[(String, String)],
    ) -> Result<Vec<ListedImage>, EngineError> {
        let mut again = LOOK_RETRIES;
        let mut images: Vec<ListedImage> = loop {
            let call = Call::get("/images/json", "list the images");
            match self.wire.fetch(call).await {
                Ok(images) => break images,
                Err(error) if again > 0 && is_passing(&error) => again -= 1,
                Err(error) => return Err(error),
            }
        };
        // Of several labels in a filter, Podman finds nothing.
        let has = |image: &ListedImage| {
            labels
                .iter()
                .all(|(key, value)| image.labels.get(key) == Some(value))
        };
        images.retain(has);
        for image in &mut images {
            image.id = full_id(std::mem::take(&mut image.id));
            image.names.retain(|name| name != "<none>:<none>");
        }
        Ok(images)
    }

    /// The id of an image that is at the engine, `None` when it is not.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>, EngineError> {
        Ok(self.image(reference).await?.map(|image| image.id))
    }

    /// The paths at which the image declares volumes; none without such an image.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image_volumes(&self, reference: &str) -> Result<Vec<String>, EngineError> {
        let config = self.image_config(reference).await?;
        let volumes = config.and_then(|config| config.volumes);
        Ok(volumes.unwrap_or_default().into_keys().collect())
    }

    pub(super) async fn image_config(
        &self,
        reference: &str,
    ) -> Result<Option<ImageConfig>, EngineError> {
        let image = self.find_image(reference).await?;
        Ok(image.and_then(|image| image.config))
    }

    /// The health check of an image at Podman, whose Docker-compatible answer leaves it out.
    pub(super) async fn podman_healthcheck(
        &self,
        reference: &str,
    ) -> Result<Option<HealthConfig>, EngineError> {
        for name in spellings(self.kind, reference) {
            let call = Call::get(
                &format!("/v4.0.0/libpod/images/{name}/json"),
                format!("look up image `{reference}`"),
            );
            match self.wire.find::<PodmanImage>(call).await {
                Ok(Some(image)) => return Ok(image.healthcheck),
                Ok(None) | Err(EngineError::ImageMissing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn find_image(&self, reference: &str) -> Result<Option<WireImage>, EngineError> {
        for name in spellings(self.kind, reference) {
            let mut again = LOOK_RETRIES;
            loop {
                let call = Call::get(
                    &format!("/images/{name}/json"),
                    format!("look up image `{reference}`"),
                );
                match self.wire.find(call).await {
                    Ok(Some(image)) => return Ok(Some(image)),
                    Ok(None) | Err(EngineError::ImageMissing { .. }) => break,
                    Err(error) if again > 0 && is_passing(&error) => again -= 1,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    /// Gives the image a further name, `repository:tag`.
    ///
    /// # Errors
    /// When there is no such image.
    pub async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        let (repository, tag) = name_and_tag(reference);
        let call = Call::post(
            &format!("/images/{image}/tag"),
            format!("tag image `{image}` as `{reference}`"),
        )
        .query("repo", repository)
        .query("tag", tag.unwrap_or("latest"));
        self.wire.run(call).await
    }

    /// Removes the image's name, and the image when it was the last one; a missing one is fine.
    ///
    /// # Errors
    /// When a container uses it and `force` is not given.
    pub async fn remove_image(&self, reference: &str, force: bool) -> Result<(), EngineError> {
        let call = Call::delete(
            &format!("/images/{reference}"),
            format!("remove image `{reference}`"),
        )
        .query("force", if force { "true" } else { "false" });
        match self.wire.run(call).await {
            Err(EngineError::NotFound { .. } | EngineError::ImageMissing { .. }) => Ok(()),
            other => other,
        }
    }
}

/// Podman looks through every image, and fails when one of them is removed meanwhile.
fn is_passing(error: &EngineError) -> bool {
    error.to_string().contains("image not known")
}

/// The names under which the engine may keep `reference`; Podman writes short names out.
fn spellings(kind: EngineKind, reference: &str) -> Vec<String> {
    let mut names = vec![reference.to_owned()];
    let is_short = match reference.split_once('/') {
        None => !reference.starts_with("sha256:"),
        Some((first, _)) => !first.contains(['.', ':']) && first != "localhost",
    };
    if kind == EngineKind::Podman && is_short {
        names.push(format!("localhost/{reference}"));
        names.push(match reference.contains('/') {
            true => format!("docker.io/{reference}"),
            false => format!("docker.io/library/{reference}"),
        });
    }
    names
}

/// Splits `registry:5000/x/y:tag`; without tag and digest it is `latest`, since Docker would
/// otherwise pull every tag.
pub(super) fn name_and_tag(reference: &str) -> (&str, Option<&str>) {
    if reference.contains('@') {
        return (reference, None);
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (reference, Some("latest")),
    }
}

/// Tells an image that does not exist from a registry that was not reached.
pub(super) fn pull_error(action: &str, image: &str, message: &str) -> EngineError {
    let (action, image) = (action.to_owned(), image.to_owned());
    let message = clean(message);
    let lower = message.to_lowercase();
    let any = |needles: &[&str]| needles.iter().any(|needle| lower.contains(needle));
    if any(&[
        "no such host",
        "dial tcp",
        "timeout",
        "connection refused",
        "deadline exceeded",
        "tls:",
        "x509",
        "server misbehaving",
        "network is unreachable",
    ]) {
        return EngineError::RegistryUnreachable {
            action,
            image,
            message,
        };
    }
    if any(&[
        "manifest unknown",
        "not found",
        "access denied",
        "access to the resource is denied",
        "does not exist",
        "no such image",
        "unauthorized",
    ]) {
        return EngineError::ImageMissing { action, image };
    }
    EngineError::Refused {
        action,
        status: 500,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_keeps_short_names_under_longer_ones() {
        assert_eq!(spellings(EngineKind::Docker, "x:1"), ["x:1"]);
        assert_eq!(
            spellings(EngineKind::Podman, "x:1"),
            ["x:1", "localhost/x:1", "docker.io/library/x:1"]
        );
        assert_eq!(
            spellings(EngineKind::Podman, "me/x"),
            ["me/x", "localhost/me/x", "docker.io/me/x"]
        );
        for full in ["localhost/x", "ghcr.io/a/b:1", "h:5000/x", "sha256:aa"] {
            assert_eq!(spellings(EngineKind::Podman, full), [full]);
        }
    }

    #[test]
    fn a_reference_splits_at_its_tag_alone() {
        assert_eq!(name_and_tag("x"), ("x", Some("latest")));
        assert_eq!(name_and_tag("h:5000/x"), ("h:5000/x", Some("latest")));
        assert_eq!(name_and_tag("h:5000/x:1"), ("h:5000/x", Some("1")));
        assert_eq!(name_and_tag("x@sha256:aa"), ("x@sha256:aa", None));
    }

    #[test]
    fn a_missing_image_is_told_from_an_unreachable_registry() {
        let dns = "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host";
        assert!(matches!(
            pull_error("pull image `x`", "x", dns),
            EngineError::RegistryUnreachable { .. }
        ));
        for missing in [
            "pull access denied for nope, repository does not exist or may require 'docker login'",
            "manifest for debian:nope not found: manifest unknown: manifest unknown",
            "initializing source docker://nope:1: reading manifest 1 in docker.io/library/nope: requested access to the resource is denied",
        ] {
            let error = pull_error("pull image `x`", "x", missing);
            assert!(
                matches!(error, EngineError::ImageMissing { .. }),
                "{missing}"
            );
        }
    }
}
