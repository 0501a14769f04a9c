//! Events, outcomes and faults → text or JSON. The only module that prints.
//!
//! stdout carries data; progress, warnings and errors go to stderr. With `--format json` stdout
//! carries one document, or one object per line for a long command, each with `"v": 1`.

mod answers;
mod ask;
pub mod authoring;
pub mod containers;
pub mod db;
pub mod deploy;
mod diagnostics;
pub mod doctor;
pub mod edits;
mod failure;
mod interruption;
mod json;
mod live;
mod painter;
mod progress;
pub mod scaffold;
mod style;
mod table;
mod terminal;
pub mod view;
mod watched;

use std::cell::{Cell, OnceCell, RefCell};
use std::convert::Infallible;
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::{Failure, Kind};
use crate::event::Event;
use crate::logs::Logs;

pub use answers::Answers;
pub use table::Table;
pub use terminal::Terminal;
pub use watched::Watched;

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
    /// The steps under way, where there is a terminal to show them on.
    live: OnceCell<RefCell<live::Live>>,
    /// What to say when a signal comes.
    interruption: RefCell<interruption::Interruption>,
    /// Whether stdout has its one document already.
    answered: Cell<bool>,
    /// Where what is shown is written down as well.
    logs: OnceCell<Logs>,
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
            progress: RefCell::default(),
            live: OnceCell::new(),
            interruption: RefCell::default(),
            answered: Cell::new(false),
            streams: Cell::new(false),
            logs: OnceCell::new(),
        }
    }

    /// Writes events and failures from now on to `logs`, too.
    pub fn keep(&self, logs: Logs) {
        // Once for a command.
        let _ = self.logs.set(logs);
    }

    /// Writes to the logs, where there are any. That they cannot be written is told once.
    pub fn log(&self, write: impl FnOnce(&Logs)) {
        let Some(logs) = self.logs.get() else {
            return;
        };
        write(logs);
        if let Some(fault) = logs.fault() {
            self.diagnostics(&[Diagnostic::warning(fault)]);
        }
    }

    /// From now on lists the steps under way, if standard error is a terminal that can and nobody
    /// asked for less, or for more.
    pub fn list_live_steps(&self) {
        let wanted = self.format == Format::Human && !self.quiet && !self.verbose;
        if wanted && can_redraw(&std::io::stderr()) {
            self.progress.borrow_mut().live = true;
            // Once for a command.
            let _ = self.live.set(RefCell::new(live::Live::new()));
        }
    }

    /// Draws the steps under way, again and again; never ends.
    pub async fn animate(&self) -> Infallible {
        let Some(live) = self.live.get() else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(live::FRAME).await;
            live.borrow_mut().draw();
        }
    }

    /// Takes the steps under way off the screen, for what is not theirs.
    fn clear(&self) {
        if let Some(live) = self.live.get() {
            live.borrow_mut().hide();
        }
    }

    /// Leaves the terminal to somebody who is asked.
    fn pause(&self, is_paused: bool) {
        if let Some(live) = self.live.get() {
            live.borrow_mut().pause(is_paused);
        }
    }

    /// A line on standard error.
    fn say(&self, text: &str) {
        match self.live.get() {
            Some(live) => live.borrow_mut().say(text),
            None => say(text),
        }
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Shows what happened during a long command.
    pub fn event(&self, event: &Event) {
        self.log(|logs| logs.event(event));
        if matches!(event, Event::InitMigration(_)) {
            return;
        }
        if let Some(live) = self.live.get() {
            live.borrow_mut().hear(event);
        }
        if !self.interruption.borrow_mut().hear(event) {
            return;
        }
        match self.format {
            Format::Json => self.line(&json::event(event)),
            Format::Human if self.quiet && !matches!(event, Event::Warning(_)) => {}
            Format::Human => {
                let lines = self.progress.borrow_mut().lines(event, self.verbose);
                for line in lines {
                    self.say(&line);
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
            self.say(&diagnostics::render(diagnostic));
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
        self.clear();
        say(&failure::render(failure));
        // What somebody typed wrong, or did not confirm, is nothing that was done.
        let is_nothing = [Kind::Usage, Kind::Confirmation, Kind::Differences];
        if !is_nothing.contains(&failure.kind) {
            self.log(|logs| logs.failure(&failure::plain(failure)));
        }
    }

    /// Something worth knowing beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("{}: {text}", style::paint(style::WARN, "note")));
        }
    }

    /// Says that a signal ended the command, and of a run of migrations how far it came; with JSON
    /// also as a last object on stdout. `exit_code` is that of the command.
    pub fn interrupted(&self, exit_code: u8) {
        let interruption = self.interruption.borrow();
        if self.format == Format::Json && !self.answered.get() && !self.streams.get() {
            self.line(&interruption.json(exit_code));
        }
        self.clear();
        say(&interruption.render());
    }

    /// The result of a query: `human` as text, or `data` as one JSON document.
    pub fn result(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.document(&json::versioned(data)),
            Format::Human => {
                self.clear();
                print_data(&human());
            }
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
            Format::Human => {
                self.clear();
                print_data(&human());
            }
        }
    }

    /// The end of a long command: a line of JSON, or `human` on stderr.
    pub fn end(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        match self.format {
            Format::Json => self.line(&json::result(data)),
            Format::Human if self.quiet => {}
            Format::Human => match human().as_str() {
                "" => {}
                text => {
                    self.clear();
                    say(text);
                }
            },
        }
    }

    /// Data that is a document of its own, whatever the format of output is.
    pub fn data(&self, text: &str) {
        print_data(text);
    }

    /// One line of data of a stream, such as a log.
    pub fn stream(&self, data: &impl Serialize, human: impl FnOnce() -> String) {
        self.streams.set(true);
        match self.format {
            Format::Json => self.line(&json::versioned(data)),
            Format::Human => {
                self.clear();
                print(&human());
            }
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
    let line = format!("{}\n", for_stderr(text.trim_end_matches('\n')));
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// `text` with its colours if standard error takes them.
fn for_stderr(text: &str) -> String {
    let choice = anstream::stderr().current_choice();
    let mut stream = anstream::AutoStream::new(Vec::new(), choice);
    let _ = write!(stream, "{text}");
    String::from_utf8_lossy(&stream.into_inner()).into_owned()
}

/// Whether lines of `stream` can be drawn again at the same place, for somebody who looks at them.
fn can_redraw(stream: &impl IsTerminal) -> bool {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let is_ci = !matches!(variable("CI").as_str(), "" | "0" | "false");
    stream.is_terminal() && !is_ci && !matches!(variable("TERM").as_str(), "" | "dumb")
}
