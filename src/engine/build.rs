//! Building images with the engine's own builder (the classic `/build` call, no BuildKit).
//!
//! The context goes as a stream and never lies in memory as a whole. Build arguments may be
//! secrets: they travel in the call and are written nowhere.

mod context;
mod dockerfile;
mod ignore;

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::error::strip_colours;
use super::image::pull_error;
use super::wire::{Call, JsonLines};
use super::{Engine, EngineError, EngineKind};
use crate::plan::spec::ImageBuild;
use dockerfile::Dockerfile;
pub use ignore::Ignore;

/// How often a build is tried again after a failure that passes.
const CACHE_RETRIES: u32 = 3;

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
    aux: Option<Aux>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Aux {
    #[serde(rename = "ID")]
    id: String,
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
        let mut again = CACHE_RETRIES;
        loop {
            match self.build_once(build, log).await {
                Err(BuildError::Step(fault)) if again > 0 && fault.is_passing() => again -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn build_once(
        &self,
        build: &ImageBuild,
        log: &mut dyn FnMut(&str),
    ) -> Result<String, BuildError> {
        let image = build.tags.first().cloned().unwrap_or_default();
        let unreadable = |source| BuildError::Context {
            image: image.clone(),
            source,
        };
        let dockerfile = Dockerfile::read(build).map_err(unreadable)?;
        let (chunks, packing) = context::stream(build, &dockerfile);
        let action = format!("build image `{image}`");
        let call = self
            .build_call(build, &dockerfile, &action)?
            .stream("application/x-tar", chunks);
        let mut watch = Watch::new(image.clone(), &dockerfile, log);
        let result = match self.wire.call(call).await {
            Ok(answer) => watch.follow(JsonLines::new(answer), &action).await,
            Err(error) => Err(watch.refused(error)),
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

    fn build_call(
        &self,
        build: &ImageBuild,
        dockerfile: &Dockerfile,
        action: &str,
    ) -> Result<Call, EngineError> {
        let json = |value: &serde_json::Value| value.to_string();
        let mut call = Call::post("/build", action)
            .query("rm", "true")
            .query("forcerm", "true")
            .query("dockerfile", &dockerfile.path_in_context)
            .query("labels", &json(&self.build_labels(build)));
        for tag in &build.tags {
            call = call.query("t", tag);
        }
        let arguments: BTreeMap<&str, &str> = build
            .args
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.expose())))
            .collect();
        if !arguments.is_empty() {
            call = call.query("buildargs", &json(&serde_json::json!(arguments)));
        }
        for (flag, name) in [(build.no_cache, "nocache"), (build.pull, "pull")] {
            if flag {
                call = call.query(name, "true");
            }
        }
        let optional = [
            ("target", build.target.clone()),
            ("networkmode", build.network.clone()),
            ("platform", build.platform.clone()),
            ("shmsize", build.shm_size.map(|bytes| bytes.to_string())),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                call = call.query(name, &value);
            }
        }
        Ok(self.with_extra_hosts(call, &build.extra_hosts))
    }

    /// Podman makes one layer per label and walks a map in any order, which misses its own cache
    /// and makes another image of the same files; it takes a list as well. Docker takes the map.
    fn build_labels(&self, build: &ImageBuild) -> serde_json::Value {
        match self.kind {
            EngineKind::Docker => serde_json::json!(build.labels),
            EngineKind::Podman => build
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        }
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
            EngineKind::Podman => call.query("extrahosts", &serde_json::json!(hosts).to_string()),
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
        }
    }

    /// Reads to the end; the id where the builder tells it.
    async fn follow(
        &mut self,
        mut lines: JsonLines,
        action: &str,
    ) -> Result<Option<String>, BuildError> {
        let mut id = None;
        while let Some(output) = lines.next::<Output>().await {
            let output = output?;
            if let Some(error) = output.error {
                return Err(self.failed(&error, action));
            }
            if let Some(aux) = output.aux.filter(|aux| !aux.id.is_empty()) {
                id = Some(aux.id);
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

    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        (self.log)(line);
        if let Some(step) = dockerfile::step(line) {
            let nth = self.seen.entry(dockerfile::normal(step)).or_default();
            self.step_line = self.dockerfile.line_of(step, *nth);
            *nth += 1;
            self.step = step.to_owned();
            self.last_lines.clear();
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
