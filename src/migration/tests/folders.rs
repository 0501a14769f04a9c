//! Reading folders.

use std::path::Path;

use super::super::{Folder, Version, files};
use super::{folder, load, messages, titles};
use crate::diagnostic::Severity;

#[test]
fn versions_order_as_numbers_of_any_length() {
    let version = |text: &str| Version::parse(text).unwrap();
    assert!(version("9") < version("010"));
    assert!(version("20260101120000000000000000000000000001") > version("20260101"));
    assert_eq!(version("001"), version("1"));
    assert_eq!(version("0"), version("000"));
    assert_eq!(Version::parse(""), None);
    assert_eq!(Version::parse("1a"), None);
}

#[test]
fn a_folder_is_read_in_numeric_order_with_its_rollbacks() {
    let folder = folder(&[
        ("10_c.sql", "SELECT 3"),
        ("9_b.sql", "SELECT 2"),
        ("001_a.sql", "SELECT 1"),
        ("001_a.rollback.sql", "SELECT -1"),
        ("README.md", "no"),
        (".hidden.sql", "no"),
    ]);
    let (loaded, diagnostics) = load(&folder);
    assert_eq!(diagnostics, []);
    assert_eq!(titles(&loaded.migrations), ["001_a", "9_b", "10_c"]);
    assert!(loaded.migrations[0].rollback.is_some());
    assert!(loaded.migrations[1].rollback.is_none());
}

#[test]
fn every_fault_of_a_folder_is_found_in_one_run() {
    let folder = folder(&[
        ("001_a.sql", "SELECT 1"),
        ("1_b.sql", "SELECT 1"),
        ("002_empty.sql", ""),
        ("002_other.rollback.sql", "SELECT 1"),
        ("003_gone.rollback.sql", "SELECT 1"),
        ("004_d.sql", "SELECT 1"),
        ("004_d.rollback.sql", "-- nothing"),
        ("005_e.up.sql", "SELECT 1"),
        ("seed.SQL", "SELECT 1"),
    ]);
    std::fs::write(folder.path().join("006_bytes.sql"), b"SELECT 1;\n\xff").unwrap();
    std::fs::create_dir(folder.path().join("007_folder.sql")).unwrap();
    let (loaded, diagnostics) = load(&folder);
    assert_eq!(titles(&loaded.migrations), ["001_a"]);
    let unused = "The file is not used: its name is not that of a migration";
    assert_eq!(
        messages(&diagnostics),
        [
            format!("migrations/005_e.up.sql:1:1 {unused}"),
            "migrations/1_b.sql:1:1 Version `1` is used twice".to_owned(),
            format!("migrations/seed.SQL:1:1 {unused}"),
            "migrations/002_other.rollback.sql:1:1 The rollback file has no migration".to_owned(),
            "migrations/003_gone.rollback.sql:1:1 The rollback file has no migration".to_owned(),
            "migrations/002_empty.sql:1:1 The file holds no SQL statement".to_owned(),
            "migrations/004_d.rollback.sql:1:1 The file holds no SQL statement".to_owned(),
            "`migrations/006_bytes.sql` is not UTF-8: invalid byte at line 2".to_owned(),
            "`migrations/007_folder.sql` is a directory, not a file".to_owned(),
        ]
    );
    let warnings = diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Warning);
    assert_eq!(warnings.count(), 2);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let (loaded, diagnostics) = files::load(
        Path::new("/nonexistent/migrations"),
        Path::new("migrations"),
    );
    assert_eq!(loaded, Folder::default());
    let start = "Failed to read the migrations in `migrations`: No such file";
    assert!(diagnostics[0].message.starts_with(start), "{diagnostics:?}");
    assert!(diagnostics[0].is_error());
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_change_the_checksum() {
    let unix = folder(&[("1_a.sql", "SELECT 1;\nSELECT 2;\n")]);
    let windows = folder(&[("1_a.sql", "\u{feff}SELECT 1;\r\nSELECT 2;\r\n")]);
    let other = folder(&[("1_a.sql", "SELECT 1;\nSELECT  2;\n")]);
    let checksum = |folder| load(folder).0.migrations[0].checksum.clone();
    assert_eq!(checksum(&unix), checksum(&windows));
    assert_ne!(checksum(&unix), checksum(&other));
    // `printf 'SELECT 1;\nSELECT 2;\n' | sha256sum`
    assert_eq!(
        checksum(&unix),
        "82efb67f3010c6eb7ead02e4f6d9550633dbc1407f99aa487468e7b2567aebbc"
    );
}

#[test]
fn the_schema_of_poststack_itself_is_a_good_migration() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let (loaded, diagnostics) = files::load(&own, Path::new("migrations"));
    assert_eq!(diagnostics, []);
    assert!(
        loaded
            .migrations
            .iter()
            .all(|migration| migration.rollback.is_some())
    );
    assert_eq!(
        titles(&loaded.migrations),
        ["001_ledger", "002_progress", "003_services"]
    );
}

#[test]
fn repeatable_migrations_are_read_in_the_order_of_their_names() {
    let folder = folder(&[
        ("R_views.sql", "SELECT 1"),
        ("R__functions.sql", "SELECT 2"),
        ("1_a.sql", "SELECT 3"),
    ]);
    let (loaded, diagnostics) = load(&folder);
    assert_eq!(diagnostics, []);
    let names: Vec<_> = loaded.repeatables.iter().map(|r| r.title()).collect();
    assert_eq!(names, ["R_functions", "R_views"]);
}

#[test]
fn repeatable_migrations_have_one_name_each_and_no_way_back() {
    let folder = folder(&[
        ("R_a.sql", "SELECT 1"),
        ("R__a.sql", "SELECT 1"),
        ("R_b.rollback.sql", "SELECT 1"),
    ]);
    let (loaded, diagnostics) = load(&folder);
    assert_eq!(loaded.repeatables.len(), 1);
    assert_eq!(
        messages(&diagnostics),
        [
            "migrations/R_a.sql:1:1 Two repeatable migrations have the same name",
            "migrations/R_b.rollback.sql:1:1 The file is not used: its name is not that of a migration",
        ]
    );
}

#[test]
fn faults_inside_statements_are_found_when_they_are_asked_for() {
    let folder = folder(&[
        ("1_a.sql", "SELECT '"),
        ("2_b.sql", "SELECT 1"),
        ("2_b.rollback.sql", "COMMIT"),
        ("R_c.sql", "-- poststack: nothing\nSELECT 1"),
    ]);
    let (loaded, diagnostics) = load(&folder);
    assert_eq!(diagnostics, []);
    assert_eq!(loaded.faults().len(), 3);
}

#[test]
fn a_large_file_is_read_and_one_too_large_tells_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "INSERT INTO t VALUES (1);\n".repeat(200_000);
    std::fs::write(folder.path().join("1_a.sql"), &rows).unwrap();
    let (read, faults) = files::load(folder.path(), Path::new("migrations"));
    assert_eq!((read.migrations.len(), faults.len()), (1, 0));
    let file = std::fs::File::create(folder.path().join("2_b.sql")).unwrap();
    file.set_len(files::MAX_BYTES + 1).unwrap();
    let (read, faults) = files::load(folder.path(), Path::new("migrations"));
    assert_eq!((read.migrations.len(), faults.len()), (1, 1));
    let help = faults[0].help.as_deref().unwrap();
    assert!(
        help.starts_with("split it into several migrations"),
        "{help}"
    );
}
