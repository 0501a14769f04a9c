//! Why a command could not do its work: what the user reads, and the exit code scripts read.

use std::error::Error;
use std::fmt;

use crate::diagnostic::Diagnostic;

/// The class of a failure; scripts see it as exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Failed,
    Usage,
    Configuration,
    Init,
    Deploy,
    Unreachable,
    LockBusy,
    Confirmation,
    Migration,
    /// Not a fault: `--exit-code` asked to be told of differences.
    Differences,
}

impl Kind {
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Init => 4,
            Self::Deploy => 5,
            Self::Unreachable => 6,
            Self::LockBusy => 7,
            Self::Confirmation => 8,
            Self::Migration => 9,
            Self::Differences => 10,
        }
    }
}

/// A failed command. Never holds a secret: whoever makes one masks its texts.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    /// Sentence case, without the final full stop.
    pub message: String,
    /// Faults in files, shown with their snippets.
    pub diagnostics: Vec<Diagnostic>,
    /// Further lines, for instance the last ones of a container's log, under a heading each.
    pub excerpts: Vec<Excerpt>,
    /// The next thing to type.
    pub hints: Vec<String>,
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// Lines somebody else wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub heading: String,
    pub lines: Vec<String>,
}

impl Failure {
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            diagnostics: Vec::new(),
            excerpts: Vec::new(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// Faults in the configuration or in the files it names.
    #[must_use]
    pub fn configuration(diagnostics: Vec<Diagnostic>) -> Self {
        let errors = diagnostics.iter().filter(|one| one.is_error()).count();
        let message = match errors {
            1 => "1 fault in the configuration".to_owned(),
            _ => format!("{errors} faults in the configuration"),
        };
        Self {
            diagnostics,
            ..Self::new(Kind::Configuration, message)
        }
    }

    /// The same failure with another message.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message, ..self }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn excerpt(mut self, heading: impl Into<String>, lines: Vec<String>) -> Self {
        if !lines.is_empty() {
            let heading = heading.into();
            self.excerpts.push(Excerpt { heading, lines });
        }
        self
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
