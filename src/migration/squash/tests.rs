use std::path::Path;

use super::{Squashed, Standing, header, standing};
use crate::migration::ledger::LedgerEntry;
use crate::migration::{Folder, Migration, Script, State, Version, assess, files};
use crate::text::SourceFile;

fn migration(version: &str, text: &str) -> Migration {
    Migration {
        version: Version::parse(version).unwrap(),
        name: "x".to_owned(),
        up: SourceFile::new(Path::new("x.sql"), text),
        rollback: None,
        checksum: files::checksum(text),
    }
}

fn entry(migration: &Migration) -> LedgerEntry {
    LedgerEntry {
        version: migration.version.clone(),
        name: migration.name.clone(),
        checksum: migration.checksum.clone(),
        applied_at: String::new(),
        execution_time: std::time::Duration::ZERO,
        applied_by: String::new(),
        tool_version: String::new(),
        rollback_checksum: None,
    }
}

fn squash(originals: &[Migration]) -> Migration {
    let last = originals.last().unwrap();
    migration(
        last.version.as_str(),
        &format!("{}SELECT 'all'", header(originals)),
    )
}

fn folder(migrations: &[Migration]) -> Folder {
    Folder {
        migrations: migrations.to_vec(),
        ..Folder::default()
    }
}

fn originals() -> Vec<Migration> {
    vec![
        migration("001", "SELECT 1"),
        migration("002", "SELECT 2"),
        migration("003", "SELECT 3"),
    ]
}

#[test]
fn the_header_says_for_what_a_file_stands_and_the_file_can_be_run() {
    let squashed = squash(&originals());
    let Squashed {
        first,
        last,
        chains,
    } = squashed.squashed().unwrap();
    assert_eq!(
        (first.as_str(), last.as_str(), chains.len()),
        ("001", "003", 1)
    );
    Script::parse(&squashed.up).unwrap();
    assert_eq!(migration("1", "SELECT 1").squashed(), None);
    let broken = migration("1", "-- poststack: squashed 001 x\nSELECT 1");
    assert_eq!(broken.squashed(), None);
    Script::parse(&broken.up).unwrap_err();
}

#[test]
fn a_ledger_with_the_originals_has_the_squashed_file() {
    let originals = originals();
    let folder = folder(&[squash(&originals), migration("004", "SELECT 4")]);
    let ledger = crate::migration::Ledger {
        entries: originals.iter().map(entry).collect(),
        ..Default::default()
    };
    let assessment = assess(&folder, Some(&ledger), false);
    assert_eq!(assessment.faults, []);
    let states: Vec<_> = assessment
        .entries
        .iter()
        .map(|e| (e.version.as_str(), e.state))
        .collect();
    assert_eq!(states, [("003", State::Applied), ("004", State::Pending)]);
}

#[test]
fn a_ledger_with_a_part_or_with_other_texts_has_one_fault() {
    let originals = originals();
    let folder = folder(&[squash(&originals)]);
    let other = migration("002", "SELECT 'other'");
    for entries in [
        originals[..2].iter().map(entry).collect(),
        vec![entry(&originals[0]), entry(&other), entry(&originals[2])],
    ] {
        let ledger = crate::migration::Ledger {
            entries,
            ..Default::default()
        };
        let assessment = assess(&folder, Some(&ledger), false);
        let faults: Vec<_> = assessment
            .faults
            .iter()
            .map(|f| f.message.as_str())
            .collect();
        assert_eq!(
            faults,
            ["`003_x` stands for files of which this database has only a part, or other texts"]
        );
    }
}

#[test]
fn a_squashed_file_can_be_squashed_again_from_either_history() {
    let first = originals();
    let squashed = squash(&first);
    let four = migration("004", "SELECT 4");
    let again = squash(&[squashed.clone(), four.clone()]);
    assert_eq!(again.squashed().unwrap().first.as_str(), "001");
    let folder = folder(&[again]);
    let long: Vec<_> = first.iter().chain([&four]).map(entry).collect();
    let short: Vec<_> = [&squashed, &four].into_iter().map(entry).collect();
    for entries in [long, short] {
        let covered = standing(&folder, &entries);
        assert!(matches!(covered, Some(Standing::Covered(_))), "{covered:?}");
    }
    assert_eq!(standing(&folder, &[]), None);
}

#[test]
fn the_header_counts_however_its_comment_is_written() {
    let line = header(&originals());
    let said = line.trim_start_matches('-').trim();
    for text in [
        format!("--{said}\nSELECT 1"),
        format!("-- a note\n\n  --- {said}\nSELECT 1"),
        format!("/* a note */ {line}SELECT 1"),
    ] {
        let file = migration("003", &text);
        assert!(file.squashed().is_some(), "{text}");
        Script::parse(&file.up).unwrap();
    }
    let late = migration("003", &format!("SELECT 1;\n{line}"));
    assert_eq!(late.squashed(), None);
    Script::parse(&late.up).unwrap_err();
}
