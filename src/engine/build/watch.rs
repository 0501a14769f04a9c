//! Follows a build: which step is being run, and what was printed last.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::dockerfile::{self, Dockerfile};
use super::trace::{Told, Trace};
use super::{BuildError, BuildFault};
use crate::engine::EngineError;
use crate::engine::error::strip_colours;
use crate::engine::image::pull_error;
use crate::engine::wire::{Answer, JsonLines};

/// How many lines before a failure are kept for its message.
const LAST_LINES: usize = 20;

/// One line of the builder's answer.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Output {
    stream: String,
    error: Option<String>,
    /// An object with an `ID`, or BuildKit's progress as text.
    aux: serde_json::Value,
}

/// Follows one build.
pub(super) struct Watch<'a> {
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
    pub(super) fn new(
        image: String,
        dockerfile: &'a Dockerfile,
        log: &'a mut dyn FnMut(&str),
    ) -> Self {
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
    pub(super) async fn follow(
        &mut self,
        answer: Answer,
        action: &str,
    ) -> Result<Option<String>, BuildError> {
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
            Told::Step { counter, step } => {
                // As the other builders tell it.
                (self.log)(&format!("Step {counter} : {step}"));
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
    pub(super) fn refused(&self, error: EngineError) -> BuildError {
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
