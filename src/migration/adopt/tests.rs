use std::path::Path;

use super::history::{Applied, History, Row, What, interpret};
use super::{Adoption, adoption};
use crate::migration::{Folder, Tool, Version, files};

fn folder(names: &[&str]) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), "SELECT 1").unwrap();
    }
    let (loaded, faults) = files::load(folder.path(), Path::new("migrations"));
    assert_eq!(faults, []);
    loaded
}

fn row(version: Option<&str>, name: Option<&str>, said: &str) -> Row {
    Row {
        version: version.map(str::to_owned),
        said: said.to_owned(),
        applied: Applied {
            name: name.map(str::to_owned),
            ..Applied::default()
        },
    }
}

fn history(tool: Tool, rows: Vec<Row>) -> History {
    interpret(tool, "public.ledger".to_owned(), rows)
}

fn titles(adoption: &Adoption<'_>) -> Vec<String> {
    let adopted = adoption.adopted.iter();
    adopted.map(|one| one.migration.title()).collect()
}

fn messages(adoption: &Adoption<'_>) -> Vec<String> {
    let faults = adoption.faults.iter().chain(&adoption.warnings);
    faults.map(|fault| fault.message.clone()).collect()
}

#[test]
fn versions_match_however_their_zeros_are_written() {
    let folder = folder(&["001_a.sql", "2_b.sql", "003_c.sql"]);
    let rows = vec![
        row(Some("1"), None, "applied"),
        row(Some("02"), None, "applied"),
    ];
    let history = history(Tool::Dbmate, rows);
    let adoption = adoption(&folder, &history);
    assert_eq!(titles(&adoption), ["001_a", "2_b"]);
    assert_eq!(messages(&adoption), [""; 0]);
    let pending: Vec<_> = adoption.pending.iter().map(|m| m.title()).collect();
    assert_eq!(pending, ["003_c"]);
}

#[test]
fn every_fault_is_listed() {
    let folder = folder(&["1_a.sql", "2_b.sql", "4_d.sql"]);
    let rows = vec![
        row(Some("1"), Some("another"), "applied"),
        row(Some("3"), Some("c"), "applied"),
        row(Some("4"), Some("d"), "failed"),
        row(Some("1.5"), Some("x"), "applied"),
    ];
    let history = history(Tool::Sqlx, rows);
    assert_eq!(
        messages(&adoption(&folder, &history)),
        [
            "version `4` (d) failed in `public.ledger` of sqlx",
            "sqlx applied version `1` (another), but `1_a` has another name",
            "sqlx applied version `3` (c), and no file here is it",
            "sqlx applied version `1.5` (x), and no file here is it",
        ]
    );
}

#[test]
fn an_empty_ledger_is_a_fault() {
    let folder = folder(&["1_a.sql"]);
    let history = history(Tool::Goose, Vec::new());
    assert_eq!(
        messages(&adoption(&folder, &history)),
        ["`public.ledger` of goose holds no applied migration"]
    );
}

#[test]
fn golang_migrate_tells_the_newest_version_only() {
    let folder = folder(&["1_a.sql", "2_b.sql", "3_c.sql"]);
    let clean = history(Tool::GolangMigrate, vec![row(Some("2"), None, "up to")]);
    assert_eq!(titles(&adoption(&folder, &clean)), ["1_a", "2_b"]);
    let dirty = history(Tool::GolangMigrate, vec![row(Some("2"), None, "dirty")]);
    assert_eq!(
        messages(&adoption(&folder, &dirty)),
        ["version `2` is marked as dirty in `public.ledger` of golang-migrate"]
    );
    let unknown = history(Tool::GolangMigrate, vec![row(Some("9"), None, "up to")]);
    assert_eq!(
        messages(&adoption(&folder, &unknown)),
        ["golang-migrate applied version `9`, and no file here is it"]
    );
}

#[test]
fn flyway_baselines_undoes_and_repeats() {
    let folder = folder(&["1_a.sql", "2_b.sql", "3_c_d.sql", "4_e.sql", "R_views.sql"]);
    let rows = vec![
        row(None, Some("<< Flyway Schema Creation >>"), "SCHEMA"),
        row(Some("2"), Some("<< Flyway Baseline >>"), "BASELINE"),
        row(Some("3"), Some("c d"), "SQL"),
        row(Some("4"), Some("e"), "SQL"),
        row(Some("4"), Some("e"), "UNDO_SQL"),
        row(None, Some("views"), "SQL"),
        row(None, Some("views"), "SQL"),
        row(None, Some("gone"), "SQL"),
    ];
    let history = history(Tool::Flyway, rows);
    let adoption = adoption(&folder, &history);
    assert_eq!(titles(&adoption), ["1_a", "2_b", "3_c_d"]);
    assert_eq!(adoption.repeatables.len(), 1);
    assert_eq!(adoption.pending.len(), 1);
    assert_eq!(
        messages(&adoption),
        ["flyway applied repeatable `gone`, and there is no file `R_gone.sql`"]
    );
}

#[test]
fn what_is_no_number_is_found_by_its_name() {
    let folder = folder(&["1_a.sql", "2_add_x.sql", "3_b.sql", "4_b.sql"]);
    let rows = vec![
        row(Some("1.2"), Some("add x"), "SQL"),
        row(Some("1.3"), Some("b"), "SQL"),
    ];
    let history = history(Tool::Flyway, rows);
    let adoption = adoption(&folder, &history);
    assert_eq!(titles(&adoption), ["2_add_x"]);
    assert_eq!(
        messages(&adoption),
        [
            "flyway applied version `1.3` (b), and several files have this name",
            "`1_a` was not applied by flyway, but comes before `2_add_x`, which was",
        ]
    );
}

#[test]
fn a_file_that_sqlx_would_call_changed_is_told() {
    let folder = folder(&["1_a.sql"]);
    let version = Version::parse("1").unwrap();
    let applied = |sha384: &str| Applied {
        what: What::Version(version.clone()),
        sha384: Some(sha384.to_owned()),
        ..Applied::default()
    };
    // `printf 'SELECT 1' | sha384sum`
    let same = "a87be5ea59a50f1537b8361d62582b67f0f8665b89a1afa8f5f5ccc3ec84e9b8c62649fb92c16783942166f392ecc20e";
    for (sha384, warnings) in [(same, 0), ("00", 1)] {
        let history = History {
            tool: Tool::Sqlx,
            table: "public.ledger".to_owned(),
            applied: vec![applied(sha384)],
            unfinished: Vec::new(),
        };
        assert_eq!(adoption(&folder, &history).warnings.len(), warnings);
    }
}
