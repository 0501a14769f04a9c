//! Events → lines of logs, each in the file it belongs to.

use super::{Inner, MIGRATIONS, file_of_image};
use crate::config::settings::LogLevel::{Error, Info, Warning};
use crate::event::{Event, InitResult, MigrationEvent, Subject};

pub(super) fn write(logs: &mut Inner, event: &Event) {
    match event {
        Event::Began {
            project,
            environment,
            engine,
            ..
        } => {
            logs.about = Some(format!("{project}/{environment}"));
            logs.main(Info, &format!("began on {engine}"));
        }
        Event::StepBegan { subject, work } => step_began(logs, subject, work),
        Event::StepEnded {
            subject,
            done,
            cause,
            took,
        } => {
            let seconds = took.as_secs_f64();
            let cause = match cause.as_str() {
                "" => String::new(),
                cause => format!(" ({cause})"),
            };
            if subject.kind == "Image" {
                let file = file_of_image(&subject.name, &logs.project);
                logs.line(&file, &format!("{done} after {seconds:.2} s"));
            }
            logs.main(
                Info,
                &format!("{} {done}{cause} {seconds:.2} s", name(subject)),
            );
        }
        Event::ImageProgress { image, line } => {
            let file = file_of_image(image, &logs.project);
            logs.line(&file, line);
        }
        Event::InitBegan { entries } => logs.main(Info, &format!("init phase of {entries}")),
        Event::InitEnded(result) => init_ended(logs, result),
        Event::Migration(event) | Event::InitMigration(event) => migration(logs, event),
        Event::Note(text) => logs.main(Info, text),
        Event::Warning(text) => logs.main(Warning, text),
        Event::StepOver { .. } | Event::ImageBytes { .. } => {}
    }
}

fn step_began(logs: &mut Inner, subject: &Subject, work: &str) {
    if subject.kind == "Image" {
        let file = file_of_image(&subject.name, &logs.project);
        logs.line(&file, &format!("{} {work}, {}", subject.name, logs.command));
        logs.main(Info, &format!("{} {work}", name(subject)));
    }
}

fn name(subject: &Subject) -> String {
    let name = format!("{} {}", subject.kind.to_lowercase(), subject.name);
    name.trim_end().to_owned()
}

fn init_ended(logs: &mut Inner, result: &InitResult) {
    let level = if result.ok { Info } else { Error };
    let code = match result.exit_code {
        Some(code) => format!(", exit code {code}"),
        None => String::new(),
    };
    let detail = match result.detail.as_str() {
        "" => String::new(),
        detail => format!(", {detail}"),
    };
    let seconds = result.seconds.0.as_secs_f64();
    let text = format!("init {}{code}{detail} {seconds:.2} s", result.name);
    logs.main(level, &text);
}

fn migration(logs: &mut Inner, event: &MigrationEvent) {
    let text = match event {
        MigrationEvent::Waiting { holder } => {
            let holder = holder.as_deref().unwrap_or("another run");
            format!("waiting for {holder}")
        }
        MigrationEvent::TookOver { migrations } => {
            format!("took over a ledger with {migrations} applied")
        }
        MigrationEvent::Planned { .. } | MigrationEvent::Sent { .. } => return,
        MigrationEvent::Began {
            migration,
            rollback,
        } => match rollback {
            true => format!("{migration} is being rolled back"),
            false => format!("{migration} is being applied"),
        },
        MigrationEvent::Resumed { migration, done } => {
            format!("{migration} goes on after {done} statements")
        }
        MigrationEvent::Progress {
            migration,
            done,
            total,
        } => format!("{migration} {done}/{total}"),
        MigrationEvent::Rebuilding { migration, index } => {
            format!("{migration} builds the invalid index {index} again")
        }
        MigrationEvent::Retrying {
            migration,
            attempt,
            attempts,
            reason,
            blockers,
            ..
        } => {
            let blockers = blockers.join(", ");
            format!("{migration} try {attempt} of {attempts}: {reason}; in the way: {blockers}")
        }
        MigrationEvent::Notice {
            migration,
            severity,
            message,
        } => format!("{migration} {severity}: {message}"),
        MigrationEvent::Ended {
            migration,
            rollback,
            seconds,
        } => {
            let done = if *rollback { "rolled back" } else { "applied" };
            format!("{migration} {done} {:.3} s", seconds.0.as_secs_f64())
        }
    };
    logs.database(MIGRATIONS, &text);
    if let MigrationEvent::Ended { .. } | MigrationEvent::Retrying { .. } = event {
        logs.main(Info, &text);
    }
}
