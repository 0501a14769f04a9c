//! The progress that BuildKit tells, as a client of it would show it.
//!
//! Only what a log needs is read from a
//! [`StatusResponse`](https://github.com/moby/buildkit/blob/master/api/services/control/control.proto).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::protobuf::{Value, fields};

/// What happened, in the order it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An instruction begins, as `RUN x`, and which of how many it is, as `2/3`.
    Step { counter: String, step: String },
    /// Something was printed, with the instruction that printed it.
    Output { step: String, text: String },
    /// An instruction failed.
    Failed(String),
}

/// What was told about so far.
#[derive(Default)]
pub struct Trace {
    /// Digest → instruction.
    steps: BTreeMap<String, String>,
    begun: BTreeSet<String>,
}

impl Trace {
    /// Reads one piece of progress, which is base64 in the answer.
    pub fn read(&mut self, encoded: &str) -> Vec<Told> {
        let message = STANDARD.decode(encoded).unwrap_or_default();
        let mut told = Vec::new();
        for (field, value) in fields(&message) {
            match field {
                1 => told.extend(self.vertex(value)),
                3 => told.extend(self.log(value)),
                _ => {}
            }
        }
        told
    }

    fn vertex(&mut self, vertex: Value<'_>) -> Option<Told> {
        let (mut digest, mut name, mut began, mut error) = Default::default();
        for (field, value) in fields(vertex.bytes()) {
            match field {
                1 => digest = value.text(),
                3 => name = value.text(),
                5 => began = true,
                7 => error = value.text(),
                _ => {}
            }
        }
        let error: String = error;
        let (counter, step) = instruction(&name)?;
        let (counter, step) = (counter.to_owned(), step.to_owned());
        self.steps.insert(digest.clone(), step.clone());
        if !error.is_empty() {
            return Some(Told::Failed(step));
        }
        (began && self.begun.insert(digest)).then_some(Told::Step { counter, step })
    }

    fn log(&self, log: Value<'_>) -> Option<Told> {
        let (mut digest, mut text) = (String::new(), String::new());
        for (field, value) in fields(log.bytes()) {
            match field {
                1 => digest = value.text(),
                4 => text = value.text(),
                _ => {}
            }
        }
        let step = self.steps.get(&digest)?.clone();
        Some(Told::Output { step, text })
    }
}

/// `2/3` and `RUN x` of `[2/3] RUN x` and `[stage-1 2/3] RUN x`; what is internal has no such numbers.
fn instruction(name: &str) -> Option<(&str, &str)> {
    let (inside, instruction) = name.strip_prefix('[')?.split_once("] ")?;
    let counter = inside.split_whitespace().next_back()?;
    let (number, of) = counter.split_once('/')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(number) && digits(of)).then_some((counter, instruction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_of_a_step_has_a_number() {
        assert_eq!(instruction("[2/3] RUN x"), Some(("2/3", "RUN x")));
        assert_eq!(
            instruction("[stage-1 2/3] RUN x [y] z"),
            Some(("2/3", "RUN x [y] z"))
        );
        assert_eq!(instruction("[internal] load build context"), None);
        assert_eq!(instruction("exporting to image"), None);
    }

    #[test]
    fn steps_output_and_failures_are_told_once() {
        // Recorded: `RUN echo two; echo err >&2` of a stage, begun, printing, ended.
        let begun = "CskBCkdzaGEyNTY6ODZiNzhmODJjMWVkNTAwNDUxNTg4ZWUxNTRlNzY2MmU3OTkzNjAzYmZhOThlOGI5MDY0YmM4MzhmYzNjYzg0ZBJHc2hhMjU2OjgyZjlkNTYxZDcxZDlmZDNjNmRhYTZiN2ZiZmNkODkzZDA0OTRiYzUwNjNmY2Q4ZWZkYWVlOWE1NTcyYTFmMDEaKFtzdGFnZS0wIDMvM10gUlVOIGVjaG8gdHdvOyBlY2hvIGVyciA+JjIqCwjZ+YHYBhDb67Vi";
        let printed = "Gl8KR3NoYTI1Njo4NmI3OGY4MmMxZWQ1MDA0NTE1ODhlZTE1NGU3NjYyZTc5OTM2MDNiZmE5OGU4YjkwNjRiYzgzOGZjM2NjODRkEgwI2fmB2AYQ2dzYqgIYASIEdHdvCg==";
        let step = "RUN echo two; echo err >&2".to_owned();
        let mut trace = Trace::default();
        let told = Told::Step {
            counter: "3/3".to_owned(),
            step: step.clone(),
        };
        assert_eq!(trace.read(begun), [told]);
        assert_eq!(trace.read(begun), [], "it begins once");
        let text = "two\n".to_owned();
        assert_eq!(trace.read(printed), [Told::Output { step, text }]);
        assert_eq!(trace.read("no base64!"), []);
    }
}
