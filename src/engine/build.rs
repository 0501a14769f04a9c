//! Building images with the engine's own builder: Docker's classic one, or BuildKit in the same
//! engine where the Dockerfile asks for what the classic one does not know, or Podman's.
//!
//! The context goes as a stream and never lies in memory as a whole. Build arguments and secrets
//! travel in calls and are written nowhere.

mod call;
mod checkout;
mod context;
mod dockerfile;
mod ignore;
mod protobuf;
mod session;
mod stages;
mod trace;
mod watch;

use super::wire::Call;
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{BuildContext, ContextSource, ImageBuild};
use crate::workload::model::Repository;
use checkout::Checkout;
use dockerfile::Dockerfile;
pub use ignore::Ignore;
use stages::Stages;
use watch::Watch;

/// How often a build is tried again after a failure that passes.
const CACHE_RETRIES: u32 = 3;

/// The version of the builder, in the engine's count.
const BUILDKIT: &str = "2";

/// An image could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An instruction of the Dockerfile failed.
    #[error("build image `{}`: {}", .0.image, .0.message)]
    Step(Box<BuildFault>),
    /// The context or the Dockerfile could not be read.
    #[error("read the build context of image `{image}`: {source}")]
    Context {
        image: String,
        source: std::io::Error,
    },
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Where and how a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFault {
    /// The first tag.
    pub image: String,
    /// Path of the Dockerfile, or `dockerfile_inline`.
    pub dockerfile: String,
    /// Line of the instruction in the Dockerfile, counted from 1.
    pub line: Option<usize>,
    /// The instruction as the engine shows it.
    pub step: String,
    /// `exit code 9`, or the builder's words.
    pub message: String,
    /// What the failing instruction printed last.
    pub last_lines: Vec<String>,
}

impl BuildFault {
    /// Whether an image that was to be reused was removed meanwhile: Podman looks through all of them
    /// for a layer, Docker's classic builder keeps the id of what it found.
    fn is_passing(&self) -> bool {
        let says = |words: &str| self.message.contains(words);
        says("checking if cached image exists") && says("layer not known")
            || says("failed to get digest sha256:")
            || says("No such image: sha256:")
    }
}

impl Engine {
    /// Builds an image and gives its id; `log` gets the builder's output line by line.
    ///
    /// # Errors
    /// A [`BuildError`] naming the line of the Dockerfile, or what of the context is unreadable.
    pub async fn build(
        &self,
        build: &ImageBuild,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
        let stages = self.stages(build, log).await?;
        self.build_with(build, &stages, log).await
    }

    /// With the files of a repository, fetched.
    async fn build_fetched(
        &self,
        (build, repository): (&ImageBuild, &Repository),
        stages: &Stages,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
        log(&format!("fetching {}", repository.shown()));
        let image = build.tags.first().cloned().unwrap_or_default();
        let unreadable = |source| BuildError::Context {
            image: image.clone(),
            source,
        };
        let checkout = Checkout::of(repository).await.map_err(unreadable)?;
        checkout.check(&build.dockerfile).map_err(unreadable)?;
        let build = ImageBuild {
            context: BuildContext::Folder(checkout.folder.clone()),
            ..build.clone()
        };
        let built = Box::pin(self.build_with(&build, stages, log)).await;
        built.map_err(|error| match error {
            BuildError::Step(mut fault) => {
                fault.dockerfile = checkout.show(&fault.dockerfile);
                BuildError::Step(fault)
            }
            BuildError::Context { image, source } => BuildError::Context {
                image,
                source: std::io::Error::new(source.kind(), checkout.show(&source.to_string())),
            },
            other @ BuildError::Engine(_) => other,
        })
    }

    async fn build_with(
        &self,
        build: &ImageBuild,
        stages: &Stages,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
        if let BuildContext::Repository(repository) = &build.context {
            return self.build_fetched((build, repository), stages, log).await;
        }
        let mut again = CACHE_RETRIES;
        loop {
            match self.build_once(build, stages, log).await {
                Err(BuildError::Step(fault)) if again > 0 && fault.is_passing() => again -= 1,
                outcome => return outcome,
            }
        }
    }

    /// The additional contexts as images: one is made of each folder.
    async fn stages(
        &self,
        build: &ImageBuild,
        log: &mut dyn FnMut(&str),
    ) -> Result<Stages, BuildError> {
        let image = build.tags.first().map(String::as_str).unwrap_or_default();
        let mut stages = Stages::new();
        for (name, source) in &build.contexts {
            let image = match source {
                ContextSource::Image(image) => image.clone(),
                ContextSource::Files(context) => {
                    let tag = stages::folder_image(image, name);
                    let made = ImageBuild {
                        tags: vec![tag.clone()],
                        context: context.clone().into(),
                        dockerfile_inline: Some(stages::FOLDER.to_owned()),
                        labels: build.labels.clone(),
                        platform: build.platform.clone(),
                        ..ImageBuild::default()
                    };
                    self.build_with(&made, &Stages::new(), log).await?;
                    tag
                }
            };
            stages.insert(name.clone(), image);
        }
        Ok(stages)
    }

    async fn build_once(
        &self,
        build: &ImageBuild,
        stages: &Stages,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
        let image = build.tags.first().cloned().unwrap_or_default();
        let unreadable = |source| BuildError::Context {
            image: image.clone(),
            source,
        };
        let podman = self.kind == EngineKind::Podman;
        // Podman gives its labels to the last stage alone, whichever is asked for.
        let last = build.target.as_deref().filter(|_| podman);
        let dockerfile = Dockerfile::read(build, stages, last).map_err(unreadable)?;
        let (chunks, packing) = context::stream(build, &dockerfile, podman);
        let action = format!("build image `{image}`");
        let call = self
            .build_call(build, &dockerfile, &action)?
            .stream("application/x-tar", chunks);
        let mut watch = Watch::new(image.clone(), &dockerfile, log);
        let asks_back = !build.secrets.is_empty() || !build.ssh.is_empty();
        let result = match (podman, asks_back) {
            (false, true) => {
                self.build_in_session(call, build, &mut watch, &action)
                    .await
            }
            (false, false) if dockerfile.needs_buildkit() => {
                let call = call.query("version", BUILDKIT);
                self.send(call, &mut watch, &action).await
            }
            _ => self.send(call, &mut watch, &action).await,
        };
        match result {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Ok(self.image_id(&image).await?.unwrap_or_default()),
            // An unreadable file of the context breaks the call off; the file is what to tell.
            Err(error) => match packing.await {
                Ok(Err(source)) if source.kind() != std::io::ErrorKind::BrokenPipe => {
                    Err(unreadable(source))
                }
                _ => Err(error),
            },
        }
    }

    async fn send(
        &self,
        call: Call,
        watch: &mut Watch<'_>,
        action: &str,
    ) -> Result<Option<String>, BuildError> {
        match self.wire.call(call).await {
            Ok(answer) => watch.follow(answer, action).await,
            Err(error) => Err(watch.refused(error)),
        }
    }

    /// Builds with BuildKit while it is answered what it asks for.
    async fn build_in_session(
        &self,
        call: Call,
        build: &ImageBuild,
        watch: &mut Watch<'_>,
        action: &str,
    ) -> Result<Option<String>, BuildError> {
        let session = self.open_session(action).await?;
        let call = call
            .query("version", BUILDKIT)
            .query("session", &session.id);
        let mut serving = std::pin::pin!(session.serve(build));
        let mut sending = std::pin::pin!(self.send(call, watch, action));
        tokio::select! {
            outcome = &mut sending => outcome,
            // Hung up first, the engine still tells how the build ended.
            () = &mut serving => sending.await,
        }
    }
}
