//! What is said when a signal ends a command: how far a run of migrations came. Knows only what was
//! told of; what the server was at work on may have been done just then.

use serde_json::Value;

use super::{failure, json};
use crate::environment::{Failure, Kind};
use crate::event::{Event, MigrationEvent};

/// A run of migrations, as far as was told of it.
#[derive(Debug, Default)]
pub struct Interruption {
    /// With what was done, in this order: `001_users applied`.
    done: Vec<String>,
    /// What the server is at work on.
    in_hand: Vec<String>,
    /// What is not done, with what is in hand.
    left: Vec<String>,
}

impl Interruption {
    /// Remembers what `event` tells; whether it is for anybody else.
    pub fn hear(&mut self, event: &Event) -> bool {
        let Event::Migration(event) = event else {
            return true;
        };
        match event {
            MigrationEvent::Planned { migrations } => self.left.clone_from(migrations),
            MigrationEvent::Sent { migrations } => self.in_hand.clone_from(migrations),
            // After a message in which one failed the rest goes one by one.
            MigrationEvent::Began { migration, .. } => self.in_hand = vec![migration.clone()],
            MigrationEvent::Ended {
                migration,
                rollback,
                ..
            } => {
                let done = if *rollback { "rolled back" } else { "applied" };
                self.done.push(format!("{migration} {done}"));
                self.in_hand.retain(|one| one != migration);
                self.left.retain(|one| one != migration);
            }
            _ => {}
        }
        let is_own = matches!(
            event,
            MigrationEvent::Planned { .. } | MigrationEvent::Sent { .. }
        );
        !is_own
    }

    fn failure(&self) -> Failure {
        let not_run = self.left.iter().filter(|one| !self.in_hand.contains(one));
        let failure = Failure::new(Kind::Failed, "Interrupted")
            .excerpt("Done before it:", self.done.clone())
            .excerpt(
                "In hand, and taken back unless it was done just then:",
                self.in_hand.clone(),
            )
            .excerpt("Not run:", not_run.cloned().collect());
        match failure.excerpts.is_empty() {
            true => failure,
            false => failure.hint("see what is applied: poststack db status"),
        }
    }

    /// For people.
    pub fn render(&self) -> String {
        match self.failure() {
            nothing if nothing.excerpts.is_empty() => "interrupted".to_owned(),
            failure => failure::render(&failure),
        }
    }

    /// The last line of JSON.
    pub fn json(&self, exit_code: u8) -> Value {
        json::error(&self.failure(), exit_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Seconds;

    fn told(events: impl IntoIterator<Item = MigrationEvent>) -> Interruption {
        let mut interruption = Interruption::default();
        for event in events {
            interruption.hear(&Event::Migration(event));
        }
        interruption
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn ended(migration: &str, rollback: bool) -> MigrationEvent {
        MigrationEvent::Ended {
            migration: migration.to_owned(),
            rollback,
            seconds: Seconds(std::time::Duration::ZERO),
        }
    }

    #[test]
    fn what_was_done_sent_and_left_is_told_apart() {
        let planned = names(&["1_a", "2_b", "3_c", "4_d"]);
        let sent = names(&["2_b", "3_c"]);
        let interruption = told([
            MigrationEvent::Planned {
                migrations: planned,
            },
            ended("1_a", false),
            MigrationEvent::Sent { migrations: sent },
        ]);
        insta::assert_snapshot!(anstream::adapter::strip_str(&interruption.render()), @r"
        error: Interrupted
        Done before it:
          │ 1_a applied
        In hand, and taken back unless it was done just then:
          │ 2_b
          │ 3_c
        Not run:
          │ 4_d
        hint: see what is applied: poststack db status
        ");
    }

    #[test]
    fn a_redo_tells_what_it_took_back() {
        let interruption = told([
            MigrationEvent::Planned {
                migrations: names(&["1_a"]),
            },
            ended("1_a", true),
        ]);
        let json = interruption.json(143);
        assert_eq!(json["exit_code"], 143);
        assert_eq!(json["excerpts"][0]["lines"][0], "1_a rolled back");
    }

    #[test]
    fn a_command_without_migrations_is_interrupted_and_no_more() {
        assert_eq!(Interruption::default().render(), "interrupted");
    }
}
