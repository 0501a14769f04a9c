//! Building images with the engine's own builder: Docker's classic one, or BuildKit in the same
//! engine where the Dockerfile asks for what the classic one does not know, or Podman's.
//!
//! The context goes as a stream and never lies in memory as a whole. Build arguments and secrets
//! travel in calls and are written nowhere.

mod call;
mod context;
mod dockerfile;
mod ignore;
mod protobuf;
mod session;
mod stages;
mod trace;

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::error::strip_colours;
use super::image::pull_error;
use super::wire::{Answer, Call, JsonLines};
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::{BuildContext, ContextSource, ImageBuild};
use dockerfile::Dockerfile;
pub use ignore::Ignore;
use stages::Stages;
use trace::{Told, Trace};

/// How often a build is tried again after a failure that passes.
const CACHE_RETRIES: u32 = 3;

/// The version of the builder, in the engine's count.
const BUILDKIT: &str = "2";

/// How many lines before a failure are kept for its message.
const LAST_LINES: usize = 20;

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
    /// Podman looks through every image for a layer to reuse, and fails when one of them is removed
    /// while it looks.
    fn is_passing(&self) -> bool {
        self.message.contains("checking if cached image exists")
            && self.message.contains("layer not known")
    }
}

/// One line of the builder's answer.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Output {
    stream: String,
    error: Option<String>,
    /// An object with an `ID`, or BuildKit's progress as text.
    aux: serde_json::Value,
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

    async fn build_with(
        &self,
        build: &ImageBuild,
        stages: &Stages,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
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
                ContextSource::Folder(folder) => {
                    let tag = stages::folder_image(image, name);
                    let made = ImageBuild {
                        tags: vec![tag.clone()],
                        context: BuildContext::Folder(folder.clone()),
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

/// Follows a build: which step is being run, and what was printed last.
struct Watch<'a> {
    image: String,
    dockerfile: &'a Dockerfile,
    log: &'a mut dyn FnMut(&str),
    line: String,
    step: String,
    step_line: Option<usize>,
    seen: BTreeMap<String, usize>,
    last_lines: VecDeque<String>,
    trace: Trace,
    /// Of BuildKit: instruction → what it printed last.
    printed: BTreeMap<String, VecDeque<String>>,
}

impl<'a> Watch<'a> {
    fn new(image: String, dockerfile: &'a Dockerfile, log: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            image,
            dockerfile,
            log,
            line: String::new(),
            step: String::new(),
            step_line: None,
            seen: BTreeMap::new(),
            last_lines: VecDeque::new(),
            trace: Trace::default(),
            printed: BTreeMap::new(),
        }
    }

    /// Reads to the end; the id where the builder tells it.
    async fn follow(&mut self, answer: Answer, action: &str) -> Result<Option<String>, BuildError> {
        let mut lines = JsonLines::new(answer);
        let mut id = None;
        while let Some(output) = lines.next::<Output>().await {
            let output = output?;
            if let Some(error) = output.error {
                return Err(self.failed(&error, action));
            }
            if let Some(made) = output.aux.get("ID").and_then(serde_json::Value::as_str) {
                id = Some(made.to_owned());
            }
            if let Some(progress) = output.aux.as_str() {
                for told in self.trace.read(progress) {
                    self.take(told);
                }
            }
            self.add(&output.stream);
        }
        Ok(id)
    }

    /// Takes a piece of output, of which a line may need several.
    fn add(&mut self, piece: &str) {
        self.line.push_str(piece);
        while let Some((line, rest)) = self.line.split_once('\n') {
            let (line, rest) = (strip_colours(line), rest.to_owned());
            self.line = rest;
            self.take_line(line.trim_end());
        }
    }

    /// What BuildKit tells: steps run beside each other, so output names its own.
    fn take(&mut self, told: Told) {
        match told {
            Told::Step(step) => {
                (self.log)(&step);
                self.begin(&step);
            }
            Told::Output { step, text } => {
                for line in text.lines() {
                    let line = strip_colours(line);
                    (self.log)(&line);
                    let lines = self.printed.entry(step.clone()).or_default();
                    lines.push_back(line.clone());
                    if lines.len() > LAST_LINES {
                        lines.pop_front();
                    }
                }
            }
            Told::Failed(step) => {
                self.last_lines = self.printed.remove(&step).unwrap_or_default();
                self.step_line = self.dockerfile.line_of(&step, 0);
                self.step = step;
            }
        }
    }

    fn begin(&mut self, step: &str) {
        let nth = self.seen.entry(dockerfile::normal(step)).or_default();
        self.step_line = self.dockerfile.line_of(step, *nth);
        *nth += 1;
        self.step = step.to_owned();
        self.last_lines.clear();
    }

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        (self.log)(line);
        if let Some(step) = dockerfile::step(line) {
            self.begin(step);
        } else if !line.starts_with(" ---> ") && !line.starts_with("Removing intermediate") {
            self.last_lines.push_back(line.to_owned());
            if self.last_lines.len() > LAST_LINES {
                self.last_lines.pop_front();
            }
        }
    }

    fn failed(&mut self, error: &str, action: &str) -> BuildError {
        self.add("\n");
        let base = self
            .step
            .strip_prefix("FROM ")
            .and_then(|rest| rest.split_whitespace().find(|word| !word.starts_with("--")));
        let message = match base {
            Some(base) => match pull_error(action, base, error) {
                EngineError::ImageMissing { image, .. } => {
                    format!("the base image `{image}` does not exist")
                }
                EngineError::RegistryUnreachable { image, message, .. } => {
                    format!(
                        "the base image `{image}` is not here, and its registry cannot be reached: {message}"
                    )
                }
                _ => dockerfile::failure(error),
            },
            None => dockerfile::failure(error),
        };
        self.fault(message, self.step_line)
    }

    /// The call itself was refused: a Dockerfile that does not parse, for instance.
    fn refused(&self, error: EngineError) -> BuildError {
        match error {
            EngineError::Refused { message, .. } => {
                let line = dockerfile::line_in(&message);
                self.fault(message, line)
            }
            other => BuildError::Engine(other),
        }
    }

    fn fault(&self, message: String, line: Option<usize>) -> BuildError {
        BuildError::Step(Box::new(BuildFault {
            image: self.image.clone(),
            dockerfile: self.dockerfile.shown.clone(),
            line,
            step: self.step.clone(),
            message,
            last_lines: self.last_lines.iter().cloned().collect(),
        }))
    }
}
