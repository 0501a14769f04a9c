//! Images: finding, pulling, tagging and removing them.

use std::collections::BTreeMap;

use bollard::models::HealthConfig;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::error::clean;
use super::wire::{Call, JsonLines};
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::Labels;

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
}

impl From<WireImage> for FoundImage {
    fn from(image: WireImage) -> Self {
        let labels = image.config.and_then(|config| config.labels);
        Self {
            id: match image.id.starts_with("sha256:") {
                true => image.id,
                false => format!("sha256:{}", image.id),
            },
            labels: labels.unwrap_or_default(),
        }
    }
}

/// One line of a pull.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Progress {
    id: String,
    status: String,
    progress: String,
    error: Option<String>,
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

    /// Fetches an image from its registry; `progress` gets the engine's lines.
    ///
    /// # Errors
    /// [`EngineError::ImageMissing`] when the registry has no such image (or asks for a login),
    /// [`EngineError::RegistryUnreachable`] when it could not be asked.
    pub async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), EngineError> {
        let action = format!("pull image `{reference}`");
        let (name, tag) = name_and_tag(reference);
        let mut call = Call::post("/images/create", action.as_str()).query("fromImage", name);
        if let Some(tag) = tag {
            call = call.query("tag", tag);
        }
        if let Some(platform) = platform {
            call = call.query("platform", platform);
        }
        let answer = match self.wire.call(call).await {
            Ok(answer) => answer,
            Err(EngineError::Gone {
                action,
                address,
                source,
            }) => {
                return Err(EngineError::Gone {
                    action,
                    address,
                    source,
                });
            }
            Err(error) => {
                let text = error.to_string();
                let message = text.strip_prefix(&format!("{action}: ")).unwrap_or(&text);
                return Err(pull_error(&action, reference, message));
            }
        };
        let mut lines = JsonLines::new(answer);
        while let Some(line) = lines.next::<Progress>().await {
            let line = line?;
            if let Some(error) = line.error {
                return Err(pull_error(&action, reference, &error));
            }
            let words = [line.id, line.status, line.progress];
            let words: Vec<&str> = words
                .iter()
                .map(|w| w.trim())
                .filter(|w| !w.is_empty())
                .collect();
            if !words.is_empty() {
                progress(&words.join(" "));
            }
        }
        Ok(())
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

/// Podman looks through every image for the name, and fails when one of them is removed meanwhile.
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
fn name_and_tag(reference: &str) -> (&str, Option<&str>) {
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
