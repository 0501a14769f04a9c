//! Splitting SQL, reading folders, and what is pending: everything that needs no server.

use std::path::Path;

use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::text::SourceFile;

fn statements(text: &str) -> Vec<&str> {
    let split = sql::split(text).unwrap();
    let spans = split.iter().map(|statement| statement.span);
    spans
        .map(|span| text.get(span.start..span.end).unwrap())
        .collect()
}

fn script(text: &str) -> Result<Script, Vec<Diagnostic>> {
    Script::parse(&SourceFile::new("001_a.sql", text))
}

fn messages(diagnostics: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| match &d.place {
        Some(place) => format!("{place} {}", d.message),
        None => d.message.clone(),
    };
    diagnostics.iter().map(line).collect()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn load(folder: &tempfile::TempDir) -> (Vec<Migration>, Vec<Diagnostic>) {
    files::load(folder.path(), Path::new("migrations"))
}

fn titles<'a>(migrations: impl IntoIterator<Item = &'a Migration>) -> Vec<String> {
    migrations.into_iter().map(Migration::title).collect()
}

fn ledger(migrations: &[Migration]) -> Vec<LedgerEntry> {
    let entry = |migration: &Migration| LedgerEntry {
        version: migration.version.clone(),
        name: migration.name.clone(),
        checksum: migration.checksum.clone(),
        applied_at: "2026-01-01 00:00:00+00".to_owned(),
    };
    migrations.iter().map(entry).collect()
}

#[test]
fn semicolons_in_quotes_and_comments_end_nothing() {
    let text = r#"
        SELECT ';', ''';', E'\';', U&';', ";"";" -- ; '
        /* ; /* nested ' */ ; */ , $$;'$$, $tag$ $$; $tag$, a$1;
        ; ;; -- nothing here
        SELECT 2"#;
    let found = statements(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[1], "SELECT 2");
    assert!(found[0].ends_with("a$1"), "{}", found[0]);
}

#[test]
fn semicolons_in_rules_and_sql_bodies_end_nothing() {
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)";
    let body = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql\n\
                BEGIN ATOMIC SELECT 1; SELECT CASE a WHEN 1 THEN 2 END; END";
    assert_eq!(
        statements(&format!("{rule};{body};SELECT 1")),
        [rule, body, "SELECT 1"]
    );
}

#[test]
fn a_backslash_escapes_only_in_an_escape_string() {
    assert_eq!(
        statements(r"SELECT 'a\'; SELECT e'\';'"),
        [r"SELECT 'a\'", r"SELECT e'\';'"]
    );
    assert_eq!(statements(r"SELECT type'\'; SELECT 2").len(), 2);
}

#[test]
fn an_open_quote_or_comment_is_found_where_it_begins() {
    for (text, message) in [
        (
            "SELECT 1;\n 'open",
            "001_a.sql:2:2 The string is never closed",
        ),
        ("\"open", "001_a.sql:1:1 The quoted name is never closed"),
        (
            "SELECT $a$ $b$",
            "001_a.sql:1:8 The dollar-quoted text is never closed",
        ),
        (
            "/* /* */ SELECT 1;",
            "001_a.sql:1:1 The comment is never closed",
        ),
        ("SELECT e'\\'", "001_a.sql:1:9 The string is never closed"),
    ] {
        assert_eq!(messages(&script(text).unwrap_err()), [message]);
    }
}

#[test]
fn a_file_without_a_statement_is_an_error() {
    for text in ["", " \n", "-- only a comment", "/* x */;;"] {
        let faults = script(text).unwrap_err();
        assert_eq!(
            messages(&faults),
            ["001_a.sql:1:1 The file holds no SQL statement"]
        );
    }
}

#[test]
fn a_transaction_around_the_whole_file_is_taken_over() {
    let script = script("BEGIN /* ü */ WORK;\nSELECT 1;\nCOMMIT;").unwrap();
    assert_eq!(
        script.transaction_body(),
        format!("{};\nSELECT 1;\n      ;", " ".repeat(18))
    );
    assert_eq!(script.transaction_statements().len(), 1);
}

#[test]
fn transaction_control_in_the_middle_is_an_error_at_its_place() {
    let faults = script("SELECT 1;\nCOMMIT;\nSELECT 2;\nROLLBACK").unwrap_err();
    assert_eq!(
        messages(&faults),
        [
            "001_a.sql:2:1 The file begins or ends a transaction in its middle",
            "001_a.sql:4:1 The file begins or ends a transaction in its middle"
        ]
    );
    assert!(script("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT").is_err());
    assert!(script("SAVEPOINT a; ROLLBACK TO a; RELEASE a").is_ok());
    assert!(script("-- poststack: no-transaction\nBEGIN; SELECT 1; COMMIT; VACUUM").is_ok());
}

#[test]
fn the_header_for_no_transaction_is_read_from_the_top_only() {
    let no = script("\n-- a\n--poststack:  no-transaction \nSELECT 1").unwrap();
    assert!(!no.in_transaction);
    let yes = script("SELECT 1;\n-- poststack: no-transaction\n").unwrap();
    assert!(yes.in_transaction);
}

#[test]
fn a_misspelt_header_is_an_error_with_a_suggestion() {
    let faults = script("-- poststack: no-transactoin\nSELECT 1").unwrap_err();
    assert_eq!(
        messages(&faults),
        ["001_a.sql:1:1 `no-transactoin` is not something poststack can be told"]
    );
    assert_eq!(
        faults[0].help.as_deref(),
        Some("did you mean `-- poststack: no-transaction`?")
    );
}

#[test]
fn rows_for_copy_are_refused() {
    let faults = script("COPY public.t (a, b) FROM stdin;\n1\t2\n\\.\n").unwrap_err();
    let first = "001_a.sql:1:1 `COPY … FROM STDIN` cannot be used in a migration";
    assert_eq!(messages(&faults)[0], first);
    assert!(script("COPY t TO '/tmp/x'").is_ok());
}

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
    let (migrations, diagnostics) = load(&folder);
    assert_eq!(diagnostics, []);
    assert_eq!(titles(&migrations), ["001_a", "9_b", "10_c"]);
    assert!(migrations[0].rollback.is_some());
    assert!(migrations[1].rollback.is_none());
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
        ("004_d.rollback.sql", "SELECT '"),
        ("005_e.up.sql", "SELECT 1"),
        ("seed.SQL", "SELECT 1"),
    ]);
    std::fs::write(folder.path().join("006_bytes.sql"), b"SELECT 1;\n\xff").unwrap();
    std::fs::create_dir(folder.path().join("007_folder.sql")).unwrap();
    let (migrations, diagnostics) = load(&folder);
    assert_eq!(titles(&migrations), ["001_a"]);
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
            "migrations/004_d.rollback.sql:1:8 The string is never closed".to_owned(),
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
    let (migrations, diagnostics) = files::load(
        Path::new("/nonexistent/migrations"),
        Path::new("migrations"),
    );
    assert!(migrations.is_empty());
    let start = "Failed to read the migrations in `migrations`: No such file";
    assert!(diagnostics[0].message.starts_with(start), "{diagnostics:?}");
    assert!(diagnostics[0].is_error());
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_change_the_checksum() {
    let unix = folder(&[("1_a.sql", "SELECT 1;\nSELECT 2;\n")]);
    let windows = folder(&[("1_a.sql", "\u{feff}SELECT 1;\r\nSELECT 2;\r\n")]);
    let other = folder(&[("1_a.sql", "SELECT 1;\nSELECT  2;\n")]);
    let checksum = |folder| load(folder).0[0].checksum.clone();
    assert_eq!(checksum(&unix), checksum(&windows));
    assert_ne!(checksum(&unix), checksum(&other));
    // `printf 'SELECT 1;\nSELECT 2;\n' | sha256sum`
    assert_eq!(
        checksum(&unix),
        "82efb67f3010c6eb7ead02e4f6d9550633dbc1407f99aa487468e7b2567aebbc"
    );
}

#[test]
fn what_the_ledger_does_not_have_is_pending() {
    let folder = folder(&[("1_a.sql", "SELECT 1"), ("2_b.sql", "SELECT 2")]);
    let (migrations, _) = load(&folder);
    assert_eq!(titles(pending(&migrations, &[]).unwrap()), ["1_a", "2_b"]);
    assert_eq!(
        titles(pending(&migrations, &ledger(&migrations[..1])).unwrap()),
        ["2_b"]
    );
    assert!(
        pending(&migrations, &ledger(&migrations))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn another_spelling_of_a_version_or_another_name_is_the_same_migration() {
    let before = folder(&[("1_a.sql", "SELECT 1")]);
    let after = folder(&[("001_better_name.sql", "SELECT 1")]);
    let entries = ledger(&load(&before).0);
    assert!(pending(&load(&after).0, &entries).unwrap().is_empty());
}

#[test]
fn edited_missing_and_late_files_are_reported_together() {
    let before = folder(&[
        ("1_a.sql", "SELECT 1"),
        ("2_b.sql", "SELECT 2"),
        ("4_d.sql", "SELECT 4"),
    ]);
    let after = folder(&[
        ("1_a.sql", "SELECT 11"),
        ("3_c.sql", "SELECT 3"),
        ("4_d.sql", "SELECT 4"),
        ("5_e.sql", "SELECT 5"),
    ]);
    let entries = ledger(&load(&before).0);
    let (migrations, _) = load(&after);
    assert_eq!(
        messages(&pending(&migrations, &entries).unwrap_err()),
        [
            "Migration `2_b` was applied, but its file is gone",
            "migrations/1_a.sql:1:1 Migration `1_a` was changed after it was applied",
            "migrations/3_c.sql:1:1 Migration `3_c` comes before `4_d`, which is applied already",
        ]
    );
}

#[test]
fn the_schema_of_poststack_itself_is_a_good_migration() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let (migrations, diagnostics) = files::load(&own, Path::new("migrations"));
    assert_eq!(diagnostics, []);
    assert!(
        migrations
            .iter()
            .all(|migration| migration.rollback.is_some())
    );
    assert_eq!(titles(&migrations), ["001_poststack_schema"]);
}

proptest::proptest! {
    #[test]
    fn statements_lie_in_the_text_in_order(text in r"[a-zE'$;/*\\ (){}\n-]{0,60}|.{0,40}") {
        let mut end = 0;
        for statement in sql::split(&text).unwrap_or_default() {
            proptest::prop_assert!(statement.span.start >= end);
            end = statement.span.end;
            proptest::prop_assert!(text.get(statement.span.start..end).is_some());
        }
    }
}
