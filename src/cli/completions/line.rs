//! The line that is being typed, as far as it says which project and which environment are meant.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory};

use crate::cli::Cli;

/// Which word of the line is completed, by most of the shells.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// A line with a word in it that is not complete.
#[derive(Debug)]
pub(super) struct Line {
    /// The words without the one that is completed, and what is read out of them.
    pub said: Said,
    /// Whether nothing of the word is typed yet.
    pub is_empty: bool,
}

/// What the other words of the line say.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub config_file: Option<PathBuf>,
    pub migrations: Option<PathBuf>,
    /// `--env`, or the environment as a word after the command.
    pub environment: Option<String>,
    /// The words of a command that takes services, before which an environment may stand, or the
    /// words of another command.
    pub names: Vec<String>,
}

impl Line {
    /// Reads the arguments that a script gives: after `--`, the words of the line.
    pub fn of(arguments: &[OsString]) -> Self {
        let words = arguments.iter().skip_while(|word| *word != "--").skip(1);
        let mut words: Vec<OsString> = words.cloned().collect();
        let index = std::env::var(INDEX).ok().and_then(|text| text.parse().ok());
        let index: usize = index.unwrap_or(words.len().saturating_sub(1));
        let current = (index < words.len()).then(|| words.remove(index));
        Self {
            said: Said::of(&words),
            is_empty: current.is_none_or(|word| word.is_empty()),
        }
    }
}

impl Said {
    /// Reads as much as can be read of words that are not a whole command yet.
    fn of(words: &[OsString]) -> Self {
        let command = Cli::command().ignore_errors(true);
        let mut said = Self::default();
        let Ok(matches) = command.try_get_matches_from(words) else {
            return said;
        };
        let mut level = Some(&matches);
        while let Some(matches) = level {
            said.take(matches);
            level = matches.subcommand().map(|(_, below)| below);
        }
        said
    }

    /// Takes what stands at one level of commands; what is said below wins.
    fn take(&mut self, matches: &ArgMatches) {
        if let Some(path) = one(matches, "config_file") {
            self.config_file = Some(path);
        }
        if let Some(path) = one(matches, "migrations") {
            self.migrations = Some(path);
        }
        for id in ["env", "environment"] {
            if let Some(name) = one(matches, id) {
                self.environment = Some(name);
            }
        }
        for id in ["names", "command"] {
            if let Ok(Some(names)) = matches.try_get_many::<String>(id) {
                self.names.extend(names.cloned());
            }
        }
    }
}

/// The value of the argument `id`, if this command has one of that name and kind.
fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
    matches.try_get_one::<T>(id).ok().flatten().cloned()
}
