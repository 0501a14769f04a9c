//! Where the image of a service comes from.

use crate::diagnostic::Place;
use crate::plan::identity::{self, Identity};
use crate::plan::spec::{BuildContext, ImageBuild};
use crate::secret::Secret;
use crate::workload::model::{Build, PullPolicy, Service};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredImage {
    pub source: ImageSource,
    /// Where the reference is written.
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `poststack/…`: shipped in the binary.
    BuiltIn,
    Build(Box<ImageBuild>, PullPolicy),
    Pull(PullPolicy, Option<String>),
}

pub(super) fn image_reference(service: &Service, identity: &Identity) -> String {
    let built = || format!("{}-{}", identity.prefix(), service.name);
    service.image.clone().unwrap_or_else(built)
}

/// The prefix of images whose build contexts are in the binary.
pub const BUILT_IN_PREFIX: &str = "poststack/";

/// The image of containers that only hold the namespaces of a pod: the smallest shipped one, from
/// which the database's is made as well.
pub const INFRA_IMAGE: &str = "poststack/base-debian:core";

/// Where an image without a build section comes from.
pub(in crate::plan) fn pulled(
    reference: &str,
    policy: PullPolicy,
    platform: Option<String>,
) -> ImageSource {
    if reference.starts_with(BUILT_IN_PREFIX) {
        ImageSource::BuiltIn
    } else {
        ImageSource::Pull(policy, platform)
    }
}

pub(super) fn image_source(service: &Service, identity: &Identity) -> ImageSource {
    let reference = image_reference(service, identity);
    match &service.build {
        None => pulled(&reference, service.pull_policy, service.platform.clone()),
        Some(build) => {
            let build = image_build(build, reference, service, identity);
            ImageSource::Build(Box::new(build), service.pull_policy)
        }
    }
}

fn image_build(
    build: &Build,
    reference: String,
    service: &Service,
    identity: &Identity,
) -> ImageBuild {
    let mut labels = build.labels.clone();
    labels.extend([
        (identity::PROJECT.to_owned(), identity.project.to_string()),
        (identity::COMPOSE_PROJECT.to_owned(), identity.prefix()),
        (identity::COMPOSE_SERVICE.to_owned(), service.name.clone()),
    ]);
    let mut tags = vec![reference];
    tags.extend(build.tags.iter().cloned());
    ImageBuild {
        tags,
        context: BuildContext::Folder(build.context.clone()),
        dockerfile: build.dockerfile.clone(),
        dockerfile_inline: build.dockerfile_inline.clone(),
        args: build
            .args
            .iter()
            .map(|(name, value)| (name.clone(), value.as_deref().map(Secret::from)))
            .collect(),
        target: build.target.clone(),
        labels,
        no_cache: build.no_cache,
        pull: build.pull,
        network: build.network.clone(),
        extra_hosts: build.extra_hosts.clone(),
        shm_size: build.shm_size,
        platform: service.platform.clone(),
    }
}
