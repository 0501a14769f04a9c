//! Events, outcomes and faults → text or JSON. The only module that prints.
//!
//! stdout carries data; progress, warnings and errors go to stderr. With `--format json` stdout
//! carries one document, or one object per line for a long command, each with `"v": 1`.

mod answers;
mod ask;
pub mod authoring;
pub mod db;
pub mod deploy;
mod diagnostics;
mod failure;
mod interruption;
mod json;
mod progress;
mod style;
mod table;
mod terminal;
pub mod view;

use std::cell::{Cell, RefCell};
use std::io::Write;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::Failure;
use crate::event::Event;

pub use answers::Answers;
pub use table::Table;
pub use terminal::Terminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    #[default]
    Human,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Where everything that a user sees goes through.
pub struct Ui {
    format: Format,
    quiet: bool,
    /// Show every line of image builds.
    verbose: bool,
    progress: RefCell<progress::Progress>,
    /// What to say when a signal comes.
    interruption: RefCell<interruption::Interruption>,
    /// Whether stdout has its one document already.
    answered: Cell<bool>,
    /// Whether stdout is a stream of data, such as a log, which a signal may end.
    streams: Cell<bool>,
}

impl Ui {
    #[must_use]
    pub fn new(format: Format, color: Color, quiet: bool, verbose: bool) -> Self {
        let choice = match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self {
            format,
            quiet,
            verbose,
            progress: RefCell::new(progress::Progress::default()),
            interruption: RefCell::new(interruption::Interruption::default()),
            answered: Cell::new(false),
            streams: Cell::new(false),
        }
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Shows what happened during a long command.
    pub fn event(&self, event: &Event) {
        if !self.interruption.borrow_mut().hear(event) {
            return;
        }
        match self.format {
            Format::Json => self.line(&json::event(event)),
            Format::Human if self.quiet && !matches!(event, Event::Warning(_)) => {}
            Format::Human => {
                let mut progress = self.progress.borrow_mut();
                for line in progress.lines(event, self.verbose) {
                    say(&line);
                }
            }
        }
    }

    /// Shows warnings, notes and errors about files.
    pub fn diagnostics(&self, found: &[Diagnostic]) {
        if self.quiet && !found.iter().any(Diagnostic::is_error) {
            return;
        }
        for diagnostic in found {
            say(&diagnostics::render(diagnostic));
        }
    }

    /// Shows warnings; notes, which change nothing, only when asked for more.
    pub fn warnings(&self, found: &[Diagnostic]) {
        let worth = |one: &&Diagnostic| self.verbose || one.severity != Severity::Note;
        let found: Vec<Diagnostic> = found.iter().filter(worth).cloned().collect();
        self.diagnostics(&found);
    }

    /// Shows why a command failed; with JSON also as a last object on stdout.
    pub fn failure(&self, failure: &Failure) {
        if self.format == Format::Json && !self.answered.get() {
            self.line(&json::failure(failure));
        }
        say(&failure::render(failure));
    }

    /// Something worth knowing beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(&format!("{}: {text}", style::paint(style::WARN, "note")));
        }
    }

    /// Says that a signal ended the command, and of a run of migrations how far it came; with JSON
    /// also as a last object on stdout. `exit_code` is that of the command.
    pub fn interrupted(&self, exit_code: u8) {
        let interruption = self.interruption.borrow();
        if self.format == Format::Json && !self.answered.get() && !self.streams.get() {
            self.line(&interruption.json(exit_code));
        }
        say(&interruption.render());
    }

    /// The result of a query: `human` as text, or `data` as one JSON document.
    pub fn result(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.document(&json::versioned(data)),
            Format::Human => print_data(&human()),
        }
    }

    /// The result of a check: with JSON one document that holds the faults too, so that a failure
    /// adds nothing to stdout.
    pub fn checked(
        &self,
        data: &impl Serialize,
        diagnostics: &[Diagnostic],
        human: impl FnOnce() -> String,
    ) {
        match self.format {
            Format::Json => {
                self.document(&json::checked(data, diagnostics));
                self.answered.set(true);
            }
            Format::Human => print_data(&human()),
        }
    }

    /// The end of a long command: a line of JSON, or `human` on stderr.
    pub fn end(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.line(&json::result(data)),
            Format::Human if self.quiet => {}
            Format::Human => match human().as_str() {
                "" => {}
                text => say(text),
            },
        }
    }

    /// One line of data of a stream, such as a log.
    pub fn stream(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        self.streams.set(true);
        match self.format {
            Format::Json => self.line(&json::versioned(data)),
            Format::Human => print(&human()),
        }
    }

    fn line(&self, value: &serde_json::Value) {
        print(&value.to_string());
    }

    fn document(&self, value: &serde_json::Value) {
        let text = serde_json::to_string_pretty(value);
        print(&text.unwrap_or_else(|_| value.to_string()));
    }
}

/// A reader that went away, as in `poststack … | head`, is no fault.
fn print(text: &str) {
    let _ = writeln!(anstream::stdout(), "{}", text.trim_end_matches('\n'));
}

/// Nothing is no line.
fn print_data(text: &str) {
    if !text.is_empty() {
        print(text);
    }
}

/// A line is one system call: a run of a thousand migrations tells as many.
fn say(text: &str) {
    let choice = anstream::stderr().current_choice();
    let mut line = anstream::AutoStream::new(Vec::new(), choice);
    let _ = writeln!(line, "{}", text.trim_end_matches('\n'));
    let _ = std::io::stderr().write_all(&line.into_inner());
}
