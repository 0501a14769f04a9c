//! What poststack did, as files of the project: `poststack.log` (every long command, and the debug
//! log at `log_level`), `containers/<image>.log` (each build in full), `database/migrations.log` and
//! `database/sql.log`, in the folder that the setting `log_dir` names.
//!
//! A folder without `.poststack.yml` gets none, and a command that only looks writes nothing. Files
//! are made by the first line, 0600 in folders of 0700, and put aside when they have grown (see
//! [`file`]). A log that cannot be written stops nothing: the fault is told once. Lines are those a
//! user sees, so they hold no secret; passwords of keys and URLs are masked once more.

pub mod file;
mod lines;
pub mod list;
mod sql;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;

use self::file::LogFile;
use crate::config::settings::LogLevel;
use crate::event::Event;
use crate::secret::masked_log;
use crate::settings::Settings;

/// The log of every command.
pub const MAIN: &str = "poststack.log";
/// The folder with a file per image.
pub const CONTAINERS: &str = "containers";
/// The folder of what was done to databases.
pub const DATABASE: &str = "database";
const MIGRATIONS: &str = "database/migrations.log";
const SQL: &str = "database/sql.log";

/// The logs of one command. Copies write to the same files.
#[derive(Debug, Clone, Default)]
pub struct Logs(Option<Arc<Mutex<Inner>>>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    level: LogLevel,
    /// Its images are called without it.
    project: String,
    /// As `env start`.
    command: String,
    /// The environment or the database that the command works on.
    about: Option<String>,
    began: Instant,
    /// Whether the log of every command tells of this one.
    is_told: bool,
    files: BTreeMap<PathBuf, LogFile>,
    fault: Fault,
}

/// Whether a log could not be written, and whether somebody was told.
#[derive(Debug, Default)]
enum Fault {
    #[default]
    None,
    New(String),
    Told,
}

impl Logs {
    /// The logs of `command`; none where `settings` are not those of a project. Touches nothing.
    #[must_use]
    pub fn of(settings: &Settings, command: &str) -> Self {
        let inner = settings.file.as_ref().map(|_| Inner {
            folder: settings.log_dir.value.clone(),
            level: settings.log_level.value,
            project: settings.project.to_string(),
            command: command.to_owned(),
            about: None,
            began: Instant::now(),
            is_told: false,
            files: BTreeMap::new(),
            fault: Fault::None,
        });
        Self(inner.map(|inner| Arc::new(Mutex::new(inner))))
    }

    /// Whether there are any.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn inner(&self) -> Option<MutexGuard<'_, Inner>> {
        let inner = self.0.as_ref()?.lock();
        Some(inner.unwrap_or_else(PoisonError::into_inner))
    }

    /// What the command works on, once that is known.
    pub fn about(&self, name: &str) {
        if let Some(mut inner) = self.inner() {
            inner.about = Some(name.to_owned());
        }
    }

    /// Writes what happened.
    pub fn event(&self, event: &Event) {
        if let Some(mut inner) = self.inner() {
            lines::write(&mut inner, event);
        }
    }

    /// Writes that SQL of the user is run, with its values left out.
    pub fn sql(&self, text: &str) {
        if let Some(mut inner) = self.inner() {
            inner.database(SQL, &sql::without_values(text));
        }
    }

    /// Writes why the command failed.
    pub fn failure(&self, text: &str) {
        if let Some(mut inner) = self.inner() {
            for line in text.lines() {
                inner.main(LogLevel::Error, line);
            }
        }
    }

    /// Writes that the command ended, where the log tells of it.
    pub fn ended(&self, exit_code: u8) {
        let Some(mut inner) = self.inner() else {
            return;
        };
        if inner.is_told {
            let seconds = inner.began.elapsed().as_secs_f64();
            let text = format!("ended with exit code {exit_code} after {seconds:.2} s");
            inner.main(LogLevel::Info, &text);
        }
    }

    /// Why a log could not be written, for the first one who asks.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let mut inner = self.inner()?;
        match std::mem::replace(&mut inner.fault, Fault::Told) {
            Fault::New(text) => Some(text),
            Fault::None => {
                inner.fault = Fault::None;
                None
            }
            Fault::Told => None,
        }
    }
}

impl Inner {
    /// A line of the log of every command, as far as the level wants it.
    fn main(&mut self, level: LogLevel, text: &str) {
        if level > self.level {
            return;
        }
        self.is_told = true;
        let word = level.as_str().to_uppercase();
        let about = self.about.as_ref().map(|name| format!(" [{name}]"));
        let about = about.unwrap_or_default();
        let line = format!("{word:>7} {}{about}: {text}", self.command);
        self.line(Path::new(MAIN), &line);
    }

    /// A line of a log of databases.
    fn database(&mut self, file: &str, text: &str) {
        self.is_told = true;
        let name = self.about.clone().unwrap_or_default();
        let line = format!("{} [{name}]: {text}", self.command);
        self.line(Path::new(file), &line);
    }

    /// A line with the time and the process before it.
    fn line(&mut self, file: &Path, text: &str) {
        let time = Timestamp::now();
        let process = std::process::id();
        let text = masked_log(text.trim_end());
        self.write(file, &format!("{time:.3} {process} {text}\n"));
    }

    /// Writes whole lines; a fault ends all writing.
    fn write(&mut self, file: &Path, text: &str) {
        if !matches!(self.fault, Fault::None) {
            return;
        }
        if let Err(error) = self.try_write(file, text) {
            let path = self.folder.join(file);
            self.fault = Fault::New(format!(
                "no log is written to `{}`: {error}",
                path.display()
            ));
        }
    }

    fn try_write(&mut self, file: &Path, text: &str) -> io::Result<()> {
        match self.files.get_mut(file) {
            Some(open) => open.write(text),
            None => {
                let mut open = LogFile::open(&self.folder, file)?;
                let written = open.write(text);
                self.files.insert(file.to_path_buf(), open);
                written
            }
        }
    }
}

/// The file of the log of an image, below the folder of logs: the project's images and the shipped
/// ones are called by their short names.
#[must_use]
pub fn file_of_image(reference: &str, project: &str) -> PathBuf {
    let short = { reference.strip_prefix(&format!("{project}/")) }
        .or_else(|| reference.strip_prefix("poststack/"))
        .unwrap_or(reference);
    let short = short.strip_suffix(":latest").unwrap_or(short);
    let plain = short.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => c,
        _ => '-',
    });
    let name: String = plain.collect();
    Path::new(CONTAINERS).join(format!("{}.log", name.trim_start_matches('.')))
}

/// Lines of the debug log.
impl io::Write for &Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(mut inner) = self.inner() {
            let text = masked_log(&String::from_utf8_lossy(bytes));
            inner.write(Path::new(MAIN), &text);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
