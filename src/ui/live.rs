//! The steps that are under way, on a terminal: a line each, with a spinner and the time it takes,
//! below everything that was said. A step that ended leaves the list; its line is said as elsewhere.
//!
//! Nothing is drawn by an event: what takes less than a frame is never seen. A frame costs one write.

use std::io::Write;
use std::time::{Duration, Instant};

use super::painter::{Painter, Size, cut};
use super::style::{STRONG, paint};
use super::{for_stderr, view};
use crate::event::{Event, MigrationEvent, Subject};

/// How often the list is drawn.
pub const FRAME: Duration = Duration::from_millis(100);

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The list.
#[derive(Debug)]
pub struct Live {
    steps: Vec<Step>,
    migrations: Migrations,
    painter: Painter,
    began: Instant,
    /// Whether somebody else has the terminal.
    is_paused: bool,
}

/// One line.
#[derive(Debug)]
struct Step {
    subject: Subject,
    work: String,
    /// How far it came.
    detail: String,
    began: Instant,
}

/// Of a run of migrations.
#[derive(Debug, Default)]
struct Migrations {
    planned: usize,
    done: usize,
}

/// Kind of the step that stands for a run of migrations.
const MIGRATION: &str = "Migration";

impl Live {
    pub fn new() -> Self {
        Self {
            steps: Vec::new(),
            migrations: Migrations::default(),
            painter: Painter::default(),
            began: Instant::now(),
            is_paused: false,
        }
    }

    /// Takes in what happened.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::StepBegan { subject, work } => self.begin(subject.clone(), work),
            Event::StepEnded { subject, .. } | Event::StepOver { subject } => self.end(subject),
            Event::ImageProgress { image, line } => {
                if let Some(step) = builder_step(line) {
                    self.detail("Image", image, step);
                }
            }
            Event::ImageBytes { image, done, total } => {
                let detail = format!("{}/{}", view::bytes(*done), view::bytes(*total));
                self.detail("Image", image, detail);
            }
            Event::InitEnded(result) => self.end(&Subject::new("Init", &result.name)),
            Event::Migration(event) => self.migration(event),
            Event::Began { .. }
            | Event::InitBegan { .. }
            | Event::InitMigration(_)
            | Event::Note(_)
            | Event::Warning(_) => {}
        }
    }

    fn begin(&mut self, subject: Subject, work: &str) {
        self.steps.push(Step {
            subject,
            work: work.to_owned(),
            detail: String::new(),
            began: Instant::now(),
        });
    }

    fn end(&mut self, subject: &Subject) {
        let found = self.steps.iter().position(|step| step.subject == *subject);
        if let Some(index) = found {
            self.steps.remove(index);
        }
    }

    fn detail(&mut self, kind: &str, name: &str, detail: String) {
        let mut steps = self.steps.iter_mut();
        let found = steps.find(|step| step.subject.kind == kind && step.subject.name == name);
        if let Some(step) = found {
            step.detail = detail;
        }
    }

    /// A run of migrations has one line.
    fn migration(&mut self, event: &MigrationEvent) {
        match event {
            MigrationEvent::Planned { migrations } => {
                self.migrations = Migrations {
                    planned: migrations.len(),
                    done: 0,
                };
            }
            MigrationEvent::Sent { migrations } => match migrations.as_slice() {
                [one] => self.migrate(one, "applying"),
                several => self.migrate(&format!("{} files", several.len()), "applying"),
            },
            MigrationEvent::Began {
                migration,
                rollback,
            } => {
                let work = if *rollback {
                    "rolling back"
                } else {
                    "applying"
                };
                self.migrate(migration, work);
            }
            MigrationEvent::Progress {
                migration,
                done,
                total,
            } => self.detail(MIGRATION, migration, format!("statement {done}/{total}")),
            MigrationEvent::Ended { .. } => {
                self.migrations.done += 1;
                self.steps.retain(|step| step.subject.kind != MIGRATION);
            }
            _ => {}
        }
    }

    fn migrate(&mut self, name: &str, work: &str) {
        self.steps.retain(|step| step.subject.kind != MIGRATION);
        self.begin(Subject::new(MIGRATION, name), work);
        let Migrations { planned, done } = self.migrations;
        if planned > 1 {
            self.detail(MIGRATION, name, format!("{} of {planned}", done + 1));
        }
    }

    /// The list as it is now.
    fn lines(&self, now: Instant, size: Size) -> Vec<String> {
        // A row for the cursor, and one for what was said last.
        let room = size.rows.saturating_sub(2).max(1);
        let (shown, more) = match self.steps.len() {
            count if count <= room => (count, 0),
            count => (room - 1, count - (room - 1)),
        };
        let since = now.duration_since(self.began).as_millis();
        let frame = since / FRAME.as_millis() % SPINNER.len() as u128;
        let spinner = usize::try_from(frame)
            .ok()
            .and_then(|frame| SPINNER.get(frame));
        let spinner = paint(STRONG, spinner.copied().unwrap_or("·"));
        let steps = self.steps.iter().take(shown);
        let steps = steps.map(|step| {
            let text = cut(&step.text(now), size.columns.saturating_sub(3));
            format!(" {spinner} {text}")
        });
        let more = (more > 0).then(|| cut(&format!("   … and {more} more"), size.columns));
        steps.chain(more).collect()
    }

    /// Says `text` above the list.
    pub fn say(&mut self, text: &str) {
        let text = format!("{}\n", for_stderr(text.trim_end_matches('\n')));
        let bytes = match self.painter.is_drawn() {
            true => self.bytes(&text),
            false => text,
        };
        write(&bytes);
    }

    /// Draws the list anew; nothing when no step is under way.
    pub fn draw(&mut self) {
        if self.is_paused {
            return;
        }
        if self.painter.is_drawn() || !self.steps.is_empty() {
            let bytes = self.bytes("");
            write(&bytes);
        }
    }

    fn bytes(&mut self, above: &str) -> String {
        let size = Size::of(std::io::stderr());
        let lines = self.lines(Instant::now(), size);
        let lines: Vec<String> = lines.iter().map(|line| for_stderr(line)).collect();
        self.painter.paint(above, &lines, size)
    }

    /// Takes the list off the screen until it is drawn again.
    pub fn hide(&mut self) {
        let bytes = self.painter.erase(Size::of(std::io::stderr()));
        if !bytes.is_empty() {
            write(&bytes);
        }
    }

    /// Leaves the terminal to somebody who is asked, or takes it back.
    pub fn pause(&mut self, is_paused: bool) {
        self.hide();
        self.is_paused = is_paused;
    }
}

impl Step {
    /// `Container shop-dev-web starting 0.4 s`, then how far it came.
    fn text(&self, now: Instant) -> String {
        let name = super::progress::name(&self.subject);
        let took = now.duration_since(self.began);
        let took = match took.as_secs() {
            0..60 => format!("{:.1} s", took.as_secs_f64()),
            all => format!("{} min {} s", all / 60, all % 60),
        };
        let text = format!("{name} {} {took}  {}", self.work, self.detail);
        text.trim_end().to_owned()
    }
}

/// A line that tells which of how many instructions of a Dockerfile begins, as every builder tells it:
/// `Step 2/6 : RUN x`, `STEP 2/6: RUN x`, `[1/2] STEP 2/6: RUN x`.
fn builder_step(line: &str) -> Option<String> {
    let (stage, rest) = match line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((stage, rest)) => (format!("stage {stage} "), rest),
        None => (String::new(), line),
    };
    let rest = rest
        .strip_prefix("Step ")
        .or_else(|| rest.strip_prefix("STEP "))?;
    let (counter, instruction) = rest.split_once(':')?;
    let counter = counter.trim();
    let is_counter = |c: char| c.is_ascii_digit() || c == '/';
    counter
        .chars()
        .all(is_counter)
        .then(|| format!("{stage}step {counter}: {}", instruction.trim()))
}

fn write(bytes: &str) {
    // A terminal that is gone shows nothing.
    let _ = std::io::stderr().write_all(bytes.as_bytes());
}

#[cfg(test)]
mod tests;
