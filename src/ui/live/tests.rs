use super::*;
use crate::event::{InitResult, Seconds};

const WIDE: Size = Size {
    rows: 24,
    columns: 100,
};

/// The list after these events, without colours; what turns and counts is the same in every run.
fn after(events: &[Event], size: Size) -> Vec<String> {
    let mut live = Live::new();
    for event in events {
        live.hear(event);
    }
    let lines = live.lines(live.began, size);
    let plain = lines
        .iter()
        .map(|line| anstream::adapter::strip_str(line).to_string());
    plain.collect()
}

fn began(kind: &'static str, name: &str, work: &'static str) -> Event {
    Event::StepBegan {
        subject: Subject::new(kind, name),
        work,
    }
}

fn progress(line: &str) -> Event {
    Event::ImageProgress {
        image: "web".to_owned(),
        line: line.to_owned(),
    }
}

#[test]
fn a_step_is_listed_from_its_beginning_to_its_end() {
    let mut events = vec![
        began("Container", "db", "starting"),
        began("Container", "web", "creating"),
    ];
    assert_eq!(
        after(&events, WIDE),
        [
            " ⠋ Container db starting 0.0 s",
            " ⠋ Container web creating 0.0 s"
        ]
    );
    events.push(Event::StepEnded {
        subject: Subject::new("Container", "db"),
        done: "started",
        cause: String::new(),
        took: Duration::ZERO,
    });
    assert_eq!(after(&events, WIDE), [" ⠋ Container web creating 0.0 s"]);
    events.push(Event::StepOver {
        subject: Subject::new("Container", "web"),
    });
    assert_eq!(after(&events, WIDE), [""; 0]);
}

#[test]
fn an_entry_of_the_init_phase_leaves_with_its_result() {
    let result = InitResult {
        name: "seed".to_owned(),
        ok: false,
        exit_code: Some(3),
        seconds: Seconds(Duration::ZERO),
        detail: String::new(),
    };
    let events = [began("Init", "seed", "running"), Event::InitEnded(result)];
    assert_eq!(
        after(&events[..1], WIDE),
        [" ⠋ Init      seed running 0.0 s"]
    );
    assert_eq!(after(&events, WIDE), [""; 0]);
}

#[test]
fn a_build_tells_its_instruction_and_a_pull_its_bytes() {
    let mut events = vec![
        began("Image", "web", "building"),
        progress("Step 2/6 : RUN npm ci"),
        progress(" ---> Running in 1234"),
    ];
    assert_eq!(
        after(&events, WIDE),
        [" ⠋ Image     web building 0.0 s  step 2/6: RUN npm ci"]
    );
    events.push(Event::ImageBytes {
        image: "web".to_owned(),
        done: 3 * 1024 * 1024,
        total: 12 * 1024 * 1024,
    });
    assert_eq!(
        after(&events, WIDE),
        [" ⠋ Image     web building 0.0 s  3.0 MiB/12.0 MiB"]
    );
}

#[test]
fn every_builder_is_understood() {
    let found = [
        "STEP 2/6: RUN x",
        "[1/2] STEP 2/6: RUN x",
        "Step 1/1 : FROM a:b",
    ]
    .map(builder_step);
    let expected = [
        "step 2/6: RUN x",
        "stage 1/2 step 2/6: RUN x",
        "step 1/1: FROM a:b",
    ];
    assert_eq!(found, expected.map(|line| Some(line.to_owned())));
    for other in ["Step by step: x", "Stepping", "[INFO] x", "step 1/2: x", ""] {
        assert_eq!(builder_step(other), None, "{other}");
    }
}

#[test]
fn a_run_of_migrations_has_one_line() {
    let titles = |titles: &[&str]| titles.iter().map(|title| (*title).to_owned()).collect();
    let file = |migration: &str| {
        Event::Migration(MigrationEvent::Began {
            migration: migration.to_owned(),
            rollback: false,
        })
    };
    let mut events = vec![
        Event::Migration(MigrationEvent::Planned {
            migrations: titles(&["1_a", "2_b"]),
        }),
        Event::Migration(MigrationEvent::Sent {
            migrations: titles(&["1_a", "2_b"]),
        }),
    ];
    assert_eq!(
        after(&events, WIDE),
        [" ⠋ Migration 2 files applying 0.0 s  1 of 2"]
    );
    events.push(file("1_a"));
    events.push(Event::Migration(MigrationEvent::Ended {
        migration: "1_a".to_owned(),
        rollback: false,
        seconds: Seconds(Duration::ZERO),
    }));
    assert_eq!(after(&events, WIDE), [""; 0]);
    events.push(file("2_b"));
    assert_eq!(
        after(&events, WIDE),
        [" ⠋ Migration 2_b applying 0.0 s  2 of 2"]
    );
    events.push(Event::Migration(MigrationEvent::Progress {
        migration: "2_b".to_owned(),
        done: 1,
        total: 3,
    }));
    assert_eq!(
        after(&events, WIDE),
        [" ⠋ Migration 2_b applying 0.0 s  statement 1/3"]
    );
}

#[test]
fn a_list_that_does_not_fit_is_cut_on_both_sides() {
    let names = ["one", "two", "three", "four", "five"];
    let events = names.map(|name| began("Container", name, "starting"));
    let small = Size {
        rows: 5,
        columns: 22,
    };
    assert_eq!(
        after(&events, small),
        [
            " ⠋ Container one sta…",
            " ⠋ Container two sta…",
            "   … and 3 more"
        ]
    );
    let tiny = Size {
        rows: 1,
        columns: 1,
    };
    assert_eq!(after(&events, tiny).len(), 1);
}
