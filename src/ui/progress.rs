//! Events of a long command as lines of text.

use std::time::Duration;

use super::style::{DIM, GOOD, STRONG, WARN, paint};
use crate::event::{Event, InitResult, MigrationEvent, Subject};

/// What earlier events left to remember.
#[derive(Debug, Default)]
pub struct Progress {
    in_init: bool,
    /// Whether steps are shown while they are under way, so that only their ends are worth a line.
    pub live: bool,
}

impl Progress {
    /// The lines that `event` is worth; `verbose` adds those of image builds.
    pub fn lines(&mut self, event: &Event, verbose: bool) -> Vec<String> {
        match event {
            Event::Began {
                verb,
                project,
                environment,
                engine,
            } => {
                let what = paint(STRONG, &format!("{project}/{environment}"));
                vec![format!("poststack {verb}: {what} on {engine}")]
            }
            Event::StepBegan { subject, work } => match *work {
                "building" | "pulling" if !self.live => {
                    vec![format!(" … {} {work}", name(subject))]
                }
                _ => Vec::new(),
            },
            Event::StepEnded {
                subject,
                done,
                cause,
                took,
            } => vec![ended(subject, done, cause, *took)],
            Event::ImageProgress { image, line } if verbose => {
                vec![paint(DIM, &format!("   {image}: {}", line.trim_end()))]
            }
            Event::ImageProgress { .. }
            | Event::ImageBytes { .. }
            | Event::StepOver { .. }
            | Event::InitMigration(_) => Vec::new(),
            Event::InitBegan { .. } => {
                self.in_init = true;
                Vec::new()
            }
            Event::InitEnded(result) => self.init_lines(result),
            Event::Migration(event) => migration(event, verbose),
            Event::Note(text) => vec![format!(" {} {text}", paint(WARN, "•"))],
            Event::Warning(text) => vec![format!("{}: {text}", paint(WARN, "warning"))],
        }
    }

    fn init_lines(&mut self, result: &InitResult) -> Vec<String> {
        let mut lines = Vec::new();
        if std::mem::take(&mut self.in_init) {
            lines.push("Init phase:".to_owned());
        }
        lines.push(init_line(result));
        lines
    }
}

fn migration(event: &MigrationEvent, verbose: bool) -> Vec<String> {
    let note = |text: String| vec![format!(" {} {text}", paint(WARN, "•"))];
    match event {
        MigrationEvent::Waiting { holder } => note(match holder {
            Some(holder) => format!("waiting for another run: {holder}"),
            None => "waiting for another run".to_owned(),
        }),
        MigrationEvent::TookOver { migrations } => note(format!(
            "took over the ledger `public.schema_migrations`: {migrations} applied"
        )),
        MigrationEvent::Planned { .. }
        | MigrationEvent::Sent { .. }
        | MigrationEvent::Began { .. } => Vec::new(),
        MigrationEvent::Resumed { migration, done } => note(format!(
            "{migration} goes on where it stopped: {done} statements are done"
        )),
        MigrationEvent::Progress {
            migration,
            done,
            total,
        } if verbose => vec![paint(DIM, &format!("   {migration}: {done}/{total}"))],
        MigrationEvent::Progress { .. } => Vec::new(),
        MigrationEvent::Rebuilding { migration, index } => note(format!(
            "{migration}: the index {index} of an earlier try is invalid and built again"
        )),
        MigrationEvent::Retrying {
            migration,
            attempt,
            attempts,
            pause,
            reason,
            blockers,
        } => {
            let mut lines = note(format!(
                "{migration}: {reason}; try {attempt} of {attempts}, the next in {}",
                seconds(pause.0)
            ));
            let blockers = blockers.iter();
            lines.extend(blockers.map(|session| format!("   in the way: {session}")));
            lines
        }
        MigrationEvent::Notice {
            migration,
            severity,
            message,
        } => note(format!("{migration}: {severity}: {message}")),
        MigrationEvent::Ended {
            migration,
            rollback,
            seconds: took,
        } => {
            let done = if *rollback { "rolled back" } else { "applied" };
            let time = paint(DIM, &short(took.0));
            vec![format!(" {} {migration} {done} {time}", paint(GOOD, "✔"))]
        }
    }
}

/// `Container shop-dev-web`, in columns.
pub fn name(subject: &Subject) -> String {
    format!("{:<9} {}", subject.kind, subject.name)
        .trim_end()
        .to_owned()
}

fn ended(subject: &Subject, done: &str, cause: &str, took: Duration) -> String {
    let sign = paint(GOOD, "✔");
    let cause = if cause.is_empty() {
        String::new()
    } else {
        format!(" ({cause})")
    };
    let time = paint(DIM, &seconds(took));
    format!(" {sign} {} {done}{cause} {time}", name(subject))
}

fn init_line(result: &InitResult) -> String {
    let sign = if result.ok { "✅" } else { "❌" };
    let code = match result.exit_code {
        Some(code) => format!("exit code {code}, "),
        None if result.detail.is_empty() => String::new(),
        None => format!("{}, ", result.detail),
    };
    format!(
        "  {sign} {}: {code}{}",
        result.name,
        seconds(result.seconds.0)
    )
}

/// `1.4 ms` below a second, else as [`seconds`].
pub fn short(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{:.1} ms", duration.as_secs_f64() * 1000.0),
        _ => seconds(duration),
    }
}

/// `0.42 s`, `1 min 5 s`
pub fn seconds(duration: Duration) -> String {
    let all = duration.as_secs();
    if all >= 60 {
        return format!("{} min {} s", all / 60, all % 60);
    }
    format!("{:.2} s", duration.as_secs_f64())
}
