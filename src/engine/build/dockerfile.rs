//! The Dockerfile of a build: where it is, and on which line each of its instructions stands.
//!
//! Reads no more of the format than that (<https://docs.docker.com/reference/dockerfile/>).

use std::collections::VecDeque;
use std::io;
use std::path::{Component, Path};

use super::super::error::clean;
use super::ignore::Ignore;
use super::stages::{self, Stages};
use crate::plan::spec::{BuildContext, ImageBuild};

/// The name in the context of a Dockerfile that comes from elsewhere.
pub const FOREIGN: &str = ".poststack.dockerfile";

pub struct Dockerfile {
    pub text: String,
    /// As messages show it.
    pub shown: String,
    /// Where the builder finds it.
    pub path_in_context: String,
    /// Whether it has to be added to the context.
    pub is_foreign: bool,
    instructions: Vec<(String, usize)>,
}

impl Dockerfile {
    /// The Dockerfile of `build`, with `stages` before its own, and without those behind `last`.
    pub fn read(build: &ImageBuild, stages: &Stages, last: Option<&str>) -> io::Result<Self> {
        let mut dockerfile = Self::find(build)?;
        if let Some(last) = last {
            dockerfile.end_at(last);
        }
        if !stages.is_empty() {
            let mut instructions = dockerfile.instructions.iter();
            let first = instructions.find(|(text, _)| text.starts_with("FROM "));
            let line = first.map_or(1, |(_, line)| *line);
            dockerfile.become_foreign(stages::insert(&dockerfile.text, line, stages));
        }
        Ok(dockerfile)
    }

    fn end_at(&mut self, last: &str) {
        let mut stages = self.instructions.iter().filter_map(|(text, line)| {
            let words: Vec<&str> = text.strip_prefix("FROM ")?.split(' ').collect();
            let name = match words.as_slice() {
                [.., by, name] if by.eq_ignore_ascii_case("as") => *name,
                _ => "",
            };
            Some((name, *line))
        });
        let number = last.parse::<usize>().ok();
        let mut counted = stages.by_ref().enumerate();
        let found =
            counted.any(|(at, (name, _))| name.eq_ignore_ascii_case(last) || number == Some(at));
        let Some((_, next)) = stages.next().filter(|_| found) else {
            return;
        };
        let kept: Vec<&str> = self.text.lines().take(next - 1).collect();
        self.become_foreign(kept.join("\n") + "\n");
        self.instructions.retain(|(_, line)| *line < next);
    }

    /// Takes another text than the context has.
    fn become_foreign(&mut self, text: String) {
        self.text = text;
        self.is_foreign = true;
        FOREIGN.clone_into(&mut self.path_in_context);
    }

    fn find(build: &ImageBuild) -> io::Result<Self> {
        if let Some(text) = &build.dockerfile_inline {
            return Ok(Self::new(text, "dockerfile_inline", None));
        }
        let inside = match &build.context {
            BuildContext::Files(files) => {
                let name = build.dockerfile.to_string_lossy().into_owned();
                let (bytes, _) = files.get(&name).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::NotFound, format!("no file `{name}`"))
                })?;
                return Ok(Self::new(
                    &String::from_utf8_lossy(bytes),
                    &name,
                    Some(name.clone()),
                ));
            }
            BuildContext::Folder(folder) => inside(folder, &build.dockerfile),
            BuildContext::Repository(_) => None,
        };
        let BuildContext::Folder(folder) = &build.context else {
            return Err(io::ErrorKind::NotFound.into());
        };
        // A Dockerfile that `.dockerignore` leaves out is still the Dockerfile.
        let ignore = Ignore::of(folder)?;
        let inside = inside.filter(|path| !ignore.leaves_out(path));
        let path = folder.join(&build.dockerfile);
        let text = String::from_utf8_lossy(&fs_err::read(&path)?).into_owned();
        Ok(Self::new(&text, &path.to_string_lossy(), inside))
    }

    fn new(text: &str, shown: &str, inside: Option<String>) -> Self {
        Self {
            text: text.to_owned(),
            shown: shown.to_owned(),
            is_foreign: inside.is_none(),
            path_in_context: inside.unwrap_or_else(|| FOREIGN.to_owned()),
            instructions: instructions(text),
        }
    }

    /// Whether the classic builder of Docker knows too little for it.
    pub fn needs_buildkit(&self) -> bool {
        const FLAGS: [&str; 8] = [
            "--mount=",
            "--network=",
            "--security=",
            "--link",
            "--chmod=",
            "--parents",
            "--exclude=",
            "--checksum=",
        ];
        // Variables that the builder itself sets.
        const PLATFORM: [&str; 8] = [
            "TARGETPLATFORM",
            "TARGETOS",
            "TARGETARCH",
            "TARGETVARIANT",
            "BUILDPLATFORM",
            "BUILDOS",
            "BUILDARCH",
            "BUILDVARIANT",
        ];
        let flagged = |text: &str| {
            let words = text.split(' ').skip(1);
            let mut flags = words.take_while(|word| word.starts_with("--"));
            flags.any(|flag| FLAGS.iter().any(|known| flag.starts_with(known)))
        };
        self.instructions
            .iter()
            .any(|(text, _)| flagged(text) || !here_documents(text).is_empty())
            || PLATFORM.iter().any(|name| self.text.contains(name))
    }

    /// Whether `ENV` takes a value from an argument that no `RUN` of its stage has used before.
    pub fn sets_variables_by_arguments(&self) -> bool {
        let uses = |text: &str, name: &str| {
            text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"))
        };
        let mut unused: Vec<&str> = Vec::new();
        for (text, _) in &self.instructions {
            match text.split_once(' ') {
                Some(("FROM", _)) => unused.clear(),
                Some(("ARG", written)) => {
                    let names = written.split(' ');
                    unused.extend(names.filter_map(|name| name.split('=').next()));
                }
                Some(("RUN", text)) => unused.retain(|name| !uses(text, name)),
                Some(("ENV", text)) if unused.iter().any(|name| uses(text, name)) => return true,
                _ => {}
            }
        }
        false
    }

    /// The line of the `nth` (from 0) instruction that reads like `step`.
    pub fn line_of(&self, step: &str, nth: usize) -> Option<usize> {
        let wanted = normal(step);
        self.instructions
            .iter()
            .filter(|(text, _)| *text == wanted)
            .nth(nth)
            .map(|(_, line)| *line)
    }
}

/// The path of `dockerfile` within the context, `None` when it lies elsewhere.
fn inside(folder: &Path, dockerfile: &Path) -> Option<String> {
    let relative = match dockerfile.is_absolute() {
        true => dockerfile.strip_prefix(folder).ok()?,
        false => dockerfile,
    };
    let plain = relative
        .components()
        .filter(|component| !matches!(component, Component::CurDir))
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
    Some(plain.collect::<Option<Vec<_>>>()?.join("/"))
}

/// Each instruction in normal form with the line it starts on.
fn instructions(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut start = 0;
    let mut documents: VecDeque<String> = VecDeque::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(end) = documents.front() {
            if line.trim_start_matches('\t') == end {
                documents.pop_front();
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if current.is_empty() {
            start = index + 1;
        }
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                current.push_str(part);
                current.push(' ');
            }
            None => {
                current.push_str(trimmed);
                let instruction = normal(&current);
                documents.extend(here_documents(&instruction));
                found.push((instruction, start));
                current.clear();
            }
        }
    }
    if !current.is_empty() {
        found.push((normal(&current), start));
    }
    found
}

/// The words that end the here-documents which follow an instruction in normal form.
fn here_documents(instruction: &str) -> Vec<String> {
    let takes = ["RUN ", "COPY ", "ADD "];
    if !takes.iter().any(|one| instruction.starts_with(one)) {
        return Vec::new();
    }
    let ends = instruction.split(' ').filter_map(|word| {
        let (descriptor, rest) = word.split_once("<<")?;
        let rest = Some(rest).filter(|_| descriptor.chars().all(|c| c.is_ascii_digit()))?;
        let rest = rest.trim_start_matches(['-', '"', '\'']);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end: String = rest.chars().take_while(|c| is_word(*c)).collect();
        let named = end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        named.then_some(end)
    });
    ends.collect()
}

/// White space does not tell instructions apart, nor does the case of the first word.
pub fn normal(instruction: &str) -> String {
    let mut words = instruction.split_whitespace();
    let first = words.next().unwrap_or_default().to_uppercase();
    std::iter::once(first.as_str())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The instruction in `Step 2/6 : RUN x`, `STEP 2/6: RUN x` and `[1/2] STEP 2/6: RUN x`.
pub fn step(line: &str) -> Option<&str> {
    let line = match line.strip_prefix('[') {
        Some(rest) => rest.split_once("] ")?.1,
        None => line,
    };
    let rest = line
        .strip_prefix("Step ")
        .or_else(|| line.strip_prefix("STEP "))?;
    let (counter, instruction) = rest.split_once(':')?;
    let (number, of) = counter.trim().split_once('/')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits(number) && digits(of)).then(|| instruction.trim())
}

/// What went wrong, without the instruction that both builders repeat.
pub fn failure(error: &str) -> String {
    let message = clean(error);
    for mark in ["returned a non-zero code: ", "exit status ", "exit code: "] {
        if let Some((_, code)) = message.rsplit_once(mark)
            && code.trim().parse::<i64>().is_ok()
        {
            return format!("exit code {}", code.trim());
        }
    }
    match message.strip_prefix("building at STEP \"") {
        Some(rest) => rest
            .split_once("\": ")
            .map_or(message.clone(), |(_, cause)| cause.to_owned()),
        None => message,
    }
}

/// The number in `dockerfile parse error line 2: …`.
pub fn line_in(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once("line ")?;
    rest.split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests;
