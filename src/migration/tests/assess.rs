//! What files and ledger say together.

use super::super::*;
use super::{folder, ledger, load, messages, titles};

fn states(folder: &Folder, ledger: &Ledger) -> Vec<(String, State)> {
    let entries = assess(folder, Some(ledger), false).entries;
    let state = |entry: &Assessed<'_>| (format!("{}_{}", entry.version, entry.name), entry.state);
    entries.iter().map(state).collect()
}

/// Titles of what a run would run, or its faults.
fn planned(folder: &Folder, ledger: &Ledger, target: &Target) -> Result<Vec<String>, Vec<String>> {
    let request = Request {
        target,
        ..Request::default()
    };
    match plan_migrate(folder, Some(ledger), &request) {
        Ok(steps) => Ok(steps.iter().map(Step::title).collect()),
        Err(MigrationError::Conflict(faults)) => Err(messages(&faults)),
        Err(other) => panic!("{other:?}"),
    }
}

fn rolled_back(
    folder: &Folder,
    ledger: &Ledger,
    target: &Target,
) -> Result<Vec<String>, Vec<String>> {
    let request = Request {
        target,
        ..Request::default()
    };
    match plan_rollback(folder, Some(ledger), &request) {
        Ok(steps) => Ok(steps.iter().map(Step::title).collect()),
        Err(MigrationError::Conflict(faults)) => Err(messages(&faults)),
        Err(other) => panic!("{other:?}"),
    }
}

fn to(version: &str) -> Target {
    Target::To(Version::parse(version).unwrap())
}

#[test]
fn what_the_ledger_does_not_have_is_pending() {
    let folder = folder(&[("1_a.sql", "SELECT 1"), ("2_b.sql", "SELECT 2")]);
    let (files, _) = load(&folder);
    let none = Ledger::default();
    assert_eq!(
        planned(&files, &none, &Target::All).unwrap(),
        ["1_a", "2_b"]
    );
    let first = ledger(&files, &["1_a"]);
    assert_eq!(planned(&files, &first, &Target::All).unwrap(), ["2_b"]);
    let both = ledger(&files, &["1_a", "2_b"]);
    assert_eq!(planned(&files, &both, &Target::All).unwrap(), [""; 0]);
}

#[test]
fn another_spelling_of_a_version_or_another_name_is_the_same_migration() {
    let before = folder(&[("1_a.sql", "SELECT 1")]);
    let after = folder(&[("001_better_name.sql", "SELECT 1")]);
    let ledger = ledger(&load(&before).0, &["1_a"]);
    let (files, _) = load(&after);
    assert_eq!(
        states(&files, &ledger),
        [("001_better_name".to_owned(), State::Applied)]
    );
}

/// One file of each kind of trouble, and one of none.
fn troubled() -> (Folder, Ledger) {
    let before = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("2_b.sql", "SELECT 2"),
        ("4_d.sql", "SELECT 4"),
    ]);
    let after = folder(&[
        ("1_a.sql", "SELECT 11"),
        ("3_c.sql", "SELECT 3"),
        ("4_d.sql", "SELECT 4"),
        ("5_e.sql", "VACUUM; VACUUM"),
        ("6_f.sql", "SELECT 6"),
    ]);
    let mut ledger = ledger(&load(&before).0, &["1_a", "2_b", "4_d"]);
    ledger.unfinished.push(unfinished("5", "e", "VACUUM t", 1));
    let (files, _) = load(&after);
    (files, ledger)
}

#[test]
fn every_kind_of_trouble_has_its_state() {
    let (files, ledger) = troubled();
    let found: Vec<_> = states(&files, &ledger)
        .into_iter()
        .map(|(_, state)| state)
        .collect();
    let expected = [
        State::Edited,
        State::Missing,
        State::OutOfOrder,
        State::Applied,
        State::Dirty,
        State::Pending,
    ];
    assert_eq!(found, expected);
}

#[test]
fn edited_missing_late_and_dirty_files_are_reported_together() {
    let (files, ledger) = troubled();
    let assessment = assess(&files, Some(&ledger), false);
    let sum = |text| files::checksum(text).get(..12).unwrap().to_owned();
    let faults = messages(&assessment.faults);
    assert_eq!(
        faults,
        [
            "migrations/1_a.sql:1:1 Migration `1_a` was changed after it was applied".to_owned(),
            format!(
                "Migration `2_b` was applied at 2026-01-01 00:00:00+00, but its file is gone \
                 (checksum {})",
                sum("SELECT 2")
            ),
            "migrations/3_c.sql:1:1 Migration `3_c` comes before `4_d`, which is applied already"
                .to_owned(),
            "migrations/5_e.sql:1:1 `5_e.sql` stopped after 1 of 2 statements, and what was run \
             of it has been changed since"
                .to_owned(),
        ]
    );
    let label = assessment.faults[0].label.clone().unwrap();
    let both = format!(
        "checksum {} now, {} when",
        sum("SELECT 11"),
        sum("SELECT 1")
    );
    assert!(label.starts_with(&both), "{label}");
    let commands = [
        "`poststack db repair checksum 1`",
        "`poststack db repair mark-reverted 2`",
        "`--allow-out-of-order`",
        "`poststack db repair dirty 5`",
    ];
    for (fault, command) in assessment.faults.iter().zip(commands) {
        let help = fault.help.clone().unwrap();
        assert!(help.contains(command), "{help}");
    }
    assert_eq!(planned(&files, &ledger, &Target::All), Err(faults));
}

fn unfinished(version: &str, name: &str, done: &str, count: usize) -> Unfinished {
    Unfinished {
        version: Version::parse(version),
        name: name.to_owned(),
        direction: Direction::Up,
        checksum: files::checksum("then"),
        done_checksum: files::checksum(done),
        done: count,
        total: 2,
        in_flight: false,
        started_at: "2026-01-01 00:00:00+00".to_owned(),
        error: None,
    }
}

#[test]
fn a_file_that_stopped_goes_on_when_only_the_rest_of_it_was_changed() {
    let folder = folder(&[("1_a.sql", "VACUUM a;\nVACUUM c;")]);
    let (files, _) = load(&folder);
    let mut ledger = Ledger::default();
    ledger.unfinished.push(unfinished("1", "a", "VACUUM a", 1));
    assert_eq!(states(&files, &ledger), [("1_a".to_owned(), State::Dirty)]);
    assert_eq!(planned(&files, &ledger, &Target::All).unwrap(), ["1_a"]);
}

#[test]
fn a_statement_whose_end_nobody_heard_goes_on_by_itself_only_if_it_may_be_done_twice() {
    for (sql, may_repeat) in [
        ("CALL p()", false),
        ("DO $$BEGIN COMMIT; END$$", false),
        ("EXECUTE q", false),
        ("VACUUM c", true),
        ("ANALYZE c", true),
        ("REINDEX TABLE c", true),
        ("CREATE INDEX CONCURRENTLY i ON c (a)", true),
        ("DROP INDEX CONCURRENTLY i", true),
    ] {
        let text = format!("VACUUM a;\n{sql};\nVACUUM b");
        let (files, _) = load(&folder(&[("1_a.sql", &text)]));
        let mut ledger = Ledger::default();
        let mut row = unfinished("1", "a", "VACUUM a", 1);
        ledger.unfinished.push(row.clone());
        assert!(planned(&files, &ledger, &Target::All).is_ok(), "{sql}");
        row.in_flight = true;
        ledger.unfinished = vec![row];
        let outcome = planned(&files, &ledger, &Target::All);
        if may_repeat {
            assert_eq!(outcome, Ok(vec!["1_a".to_owned()]), "{sql}");
            continue;
        }
        let message = format!(
            "migrations/1_a.sql:2:1 `1_a.sql` stopped after 1 of 2 statements; statement 2 was \
             sent, and nobody heard how it ended: `{sql}`"
        );
        assert_eq!(outcome, Err(vec![message]));
        let help = "see whether it was done; if nothing of it was: `poststack db repair dirty 1 \
                    --resume-from 2`; if all of it was: `poststack db repair dirty 1 --resume-from 3`";
        let faults = assess(&files, Some(&ledger), false).faults;
        assert_eq!(faults[0].help.as_deref(), Some(help));
    }
}

#[test]
fn a_repeatable_file_or_a_rollback_does_not_send_such_a_statement_again_either() {
    let (files, _) = load(&folder(&[
        ("1_a.sql", "SELECT 1"),
        ("1_a.rollback.sql", "-- poststack: no-transaction\nCALL p()"),
        ("R_b.sql", "-- poststack: no-transaction\nCALL p()"),
    ]));
    let mut ledger = ledger(&files, &["1_a"]);
    let row = Unfinished {
        in_flight: true,
        ..unfinished("1", "a", "", 0)
    };
    let back = Unfinished {
        direction: Direction::Rollback,
        ..row.clone()
    };
    let repeatable = Unfinished {
        version: None,
        name: "b".to_owned(),
        ..row
    };
    ledger.unfinished = vec![back];
    let faults = rolled_back(&files, &ledger, &Target::Steps(1)).unwrap_err();
    assert!(faults[0].contains("statement 1 was sent"), "{faults:?}");
    ledger.unfinished = vec![repeatable];
    let faults = planned(&files, &ledger, &Target::All).unwrap_err();
    assert!(faults[0].contains("statement 1 was sent"), "{faults:?}");
    let help = assess(&files, Some(&ledger), false).faults[0].help.clone();
    assert!(
        help.unwrap()
            .ends_with("`poststack db repair dirty R_b --mark-applied`")
    );
}

#[test]
fn a_file_that_stopped_and_is_gone_is_a_fault() {
    let mut ledger = Ledger::default();
    ledger.unfinished.push(unfinished("1", "a", "VACUUM a", 1));
    let faults = planned(&Folder::default(), &ledger, &Target::All).unwrap_err();
    assert!(
        faults[0].starts_with("`1_a.sql` stopped after 1 of 2 statements, and its file is gone"),
        "{faults:?}"
    );
}

#[test]
fn a_late_file_is_pending_where_the_order_does_not_matter() {
    let folder = folder(&[("1_a.sql", "SELECT 1"), ("2_b.sql", "SELECT 2")]);
    let (files, _) = load(&folder);
    let ledger = ledger(&files, &["2_b"]);
    assert!(planned(&files, &ledger, &Target::All).is_err());
    let request = Request {
        allow_out_of_order: true,
        ..Request::default()
    };
    let steps = plan_migrate(&files, Some(&ledger), &request).unwrap();
    assert_eq!(steps[0].title(), "1_a");
}

#[test]
fn a_target_says_how_far_a_run_goes() {
    let folder = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("02_b.sql", "SELECT 2"),
        ("10_c.sql", "SELECT 3"),
        ("R_d.sql", "SELECT 4"),
    ]);
    let (files, _) = load(&folder);
    let none = Ledger::default();
    let planned = |target: Target| planned(&files, &none, &target).unwrap();
    assert_eq!(planned(to("2")), ["1_a", "02_b"]);
    assert_eq!(planned(Target::Steps(1)), ["1_a"]);
    assert_eq!(planned(Target::Steps(9)), ["1_a", "02_b", "10_c", "R_d"]);
    assert_eq!(planned(Target::All), ["1_a", "02_b", "10_c", "R_d"]);
}

#[test]
fn an_unknown_target_is_an_error() {
    let folder = folder(&[("1_a.sql", "SELECT 1"), ("1_a.rollback.sql", "SELECT 1")]);
    let (files, _) = load(&folder);
    let ledger = ledger(&files, &["1_a"]);
    let unknown = ["No migration has the version `7`"];
    assert_eq!(planned(&files, &ledger, &to("7")).unwrap_err(), unknown);
    let unknown = ["Version `7` is not applied"];
    assert_eq!(rolled_back(&files, &ledger, &to("7")).unwrap_err(), unknown);
}

#[test]
fn what_a_file_requires_comes_before_it() {
    let folder = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("2_b.sql", "-- poststack: requires 001\nSELECT 2"),
        ("3_c.sql", "-- poststack: requires 4\nSELECT 3"),
        ("4_d.sql", "SELECT 4"),
        ("R_e.sql", "-- poststack: requires 4 9\nSELECT 5"),
    ]);
    let (files, _) = load(&folder);
    assert_eq!(
        planned(&files, &Ledger::default(), &Target::All).unwrap_err(),
        [
            "migrations/3_c.sql:1:1 Migration `3_c` requires `4`, which is not applied before it",
            "migrations/R_e.sql:1:1 Migration `R_e` requires `9`, which is not applied before it",
        ]
    );
}

#[test]
fn an_unfinished_draft_is_not_run_in_either_direction() {
    let folder = folder(&[
        ("1_a.sql", "SELECT 1"),
        (
            "1_a.rollback.sql",
            "-- poststack: todo bring the rows back\nSELECT 1",
        ),
        ("2_b.sql", "-- poststack: todo\nSELECT 1"),
    ]);
    let (files, _) = load(&folder);
    let ledger = ledger(&files, &["1_a"]);
    let fault =
        |file: &str| format!("migrations/{file}:1:1 The file is not finished: it holds a `todo`");
    assert_eq!(
        planned(&files, &ledger, &Target::All).unwrap_err(),
        [fault("2_b.sql")]
    );
    assert_eq!(
        rolled_back(&files, &ledger, &Target::All).unwrap_err(),
        [fault("1_a.rollback.sql")]
    );
}

#[test]
fn repeatable_migrations_run_when_they_are_new_or_changed() {
    let folder = folder(&[
        ("R_a.sql", "SELECT 1"),
        ("R_b.sql", "SELECT 2"),
        ("R_c.sql", "SELECT 3"),
    ]);
    let (files, _) = load(&folder);
    let entry = |name: &str, text: &str| RepeatableEntry {
        name: name.to_owned(),
        checksum: files::checksum(text),
        applied_at: String::new(),
        execution_time: std::time::Duration::ZERO,
        applied_by: String::new(),
        tool_version: String::new(),
    };
    let ledger = Ledger {
        repeatables: vec![
            entry("a", "SELECT 1"),
            entry("b", "SELECT"),
            entry("gone", "SELECT"),
        ],
        ..Ledger::default()
    };
    assert_eq!(
        planned(&files, &ledger, &Target::All).unwrap(),
        ["R_b", "R_c"]
    );
}

#[test]
fn the_ledger_of_another_tool_stops_a_run_that_would_apply_something() {
    let folder = folder(&[("1_a.sql", "SELECT 1")]);
    let (files, _) = load(&folder);
    let ledger = Ledger {
        foreign: vec![ForeignLedger {
            tool: Tool::Flyway,
            table: "public.flyway_schema_history".to_owned(),
        }],
        ..Ledger::default()
    };
    let assessment = assess(&files, Some(&ledger), false);
    let help = "take its ledger over with `poststack db adopt --from flyway`";
    assert_eq!(assessment.faults[0].help.as_deref(), Some(help));
    assert_eq!(assess(&Folder::default(), Some(&ledger), false).faults, []);
}

#[test]
fn a_rollback_goes_from_the_newest_as_far_as_its_target() {
    let folder = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("1_a.rollback.sql", "SELECT 1"),
        ("2_b.sql", "SELECT 2"),
        ("2_b.rollback.sql", "SELECT 2"),
        ("10_c.sql", "SELECT 3"),
        ("10_c.rollback.sql", "SELECT 3"),
    ]);
    let (files, _) = load(&folder);
    let ledger = ledger(&files, &["1_a", "2_b", "10_c"]);
    let rolled_back = |target: Target| rolled_back(&files, &ledger, &target).unwrap();
    assert_eq!(rolled_back(Target::Steps(2)), ["10_c", "2_b"]);
    assert_eq!(rolled_back(to("1")), ["10_c", "2_b"]);
    assert_eq!(rolled_back(to("10")), [""; 0]);
    assert_eq!(rolled_back(Target::All), ["10_c", "2_b", "1_a"]);
}

#[test]
fn a_rollback_needs_every_file_of_its_way() {
    let folder = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("1_a.rollback.sql", "SELECT 1"),
        ("2_b.sql", "SELECT 2"),
        ("3_c.sql", "SELECT 3"),
        ("3_c.rollback.sql", "SELECT '"),
    ]);
    let (mut files, _) = load(&folder);
    let ledger = ledger(&files, &["1_a", "2_b", "3_c"]);
    files.migrations.remove(0);
    let faults = rolled_back(&files, &ledger, &Target::All).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(
        faults[0],
        "migrations/3_c.rollback.sql:1:8 The string is never closed"
    );
    assert_eq!(
        faults[1],
        "migrations/2_b.sql:1:1 Migration `2_b` has no rollback file"
    );
    assert!(
        faults[2].starts_with("Migration `1_a` was applied"),
        "{faults:?}"
    );
}

#[test]
fn an_edited_migration_is_rolled_back_only_by_the_text_recorded_with_it() {
    let before = folder(&[("1_a.sql", "SELECT 1"), ("1_a.rollback.sql", "SELECT 2")]);
    let ledger = ledger(&load(&before).0, &["1_a"]);
    let up_edited = folder(&[("1_a.sql", "SELECT 11"), ("1_a.rollback.sql", "SELECT 2")]);
    let (files, _) = load(&up_edited);
    assert_eq!(rolled_back(&files, &ledger, &Target::All).unwrap(), ["1_a"]);
    let both_edited = folder(&[("1_a.sql", "SELECT 11"), ("1_a.rollback.sql", "SELECT 22")]);
    let (files, _) = load(&both_edited);
    let faults = rolled_back(&files, &ledger, &Target::All).unwrap_err();
    assert!(
        faults[0].contains("was changed after it was applied"),
        "{faults:?}"
    );
    let down_edited = folder(&[("1_a.sql", "SELECT 1"), ("1_a.rollback.sql", "SELECT 22")]);
    let (files, _) = load(&down_edited);
    assert_eq!(rolled_back(&files, &ledger, &Target::All).unwrap(), ["1_a"]);
    assert_eq!(titles(&files.migrations), ["1_a"]);
}
