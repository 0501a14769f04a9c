//! Where the image of a service comes from.

use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::plan::identity::{self, Identity};
use crate::plan::spec::{ContextSource, ImageBuild};
use crate::secret::Secret;
use crate::workload::model::{Build, NamedContext, PullPolicy, Service, Workload};

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
    /// The database's, of files of the project: built again when they have changed, as the label
    /// [`identity::CONTEXT_HASH`] tells.
    Own(Box<ImageBuild>),
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

pub(super) fn image_source(
    service: &Service,
    workload: &Workload,
    identity: &Identity,
) -> ImageSource {
    let reference = image_reference(service, identity);
    match &service.build {
        None => pulled(&reference, service.pull_policy, service.platform.clone()),
        Some(build) => {
            let contexts = contexts(build, workload, identity);
            let build = image_build(build, (reference, contexts), service, identity);
            ImageSource::Build(Box::new(build), service.pull_policy)
        }
    }
}

/// The additional contexts, services among them as their images.
fn contexts(
    build: &Build,
    workload: &Workload,
    identity: &Identity,
) -> BTreeMap<String, ContextSource> {
    let source = |context: &NamedContext| match context {
        NamedContext::Files(context) => ContextSource::Files(context.clone()),
        NamedContext::Image(image) => ContextSource::Image(image.clone()),
        NamedContext::Service(other) => {
            let mut services = workload.services.iter();
            let service = services.find(|service| service.name == *other);
            let own = || format!("{}-{other}", identity.prefix());
            let image = service.map(|service| image_reference(service, identity));
            ContextSource::Image(image.unwrap_or_else(own))
        }
    };
    let contexts = build.contexts.iter();
    contexts
        .map(|(name, context)| (name.clone(), source(context)))
        .collect()
}

fn image_build(
    build: &Build,
    (reference, contexts): (String, BTreeMap<String, ContextSource>),
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
        context: build.context.clone().into(),
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
        ulimits: build.ulimits.clone(),
        cache_from: build.cache_from.clone(),
        secrets: build.secrets.clone(),
        ssh: build.ssh.clone(),
        contexts,
        platform: service.platform.clone(),
        leave_out: Vec::new(),
    }
}
