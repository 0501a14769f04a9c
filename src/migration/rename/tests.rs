use std::collections::BTreeMap;

use super::{Renaming, renaming};
use crate::migration::Tool;

fn of(tool: Tool, files: &[(&str, &str)]) -> Renaming {
    let files: BTreeMap<String, String> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    renaming(tool, &files)
}

/// `from → to: text`, and `from: reason`.
fn told(renaming: &Renaming) -> Vec<String> {
    let conversions = renaming.conversions.iter().flat_map(|conversion| {
        let from = &conversion.from;
        let to = conversion.to.iter();
        to.map(move |file| format!("{from} → {}: {:?}", file.name, file.text))
    });
    let left_out = renaming.left_out.iter();
    let left_out = left_out.map(|(file, reason)| format!("{file}: {reason}"));
    conversions.chain(left_out).collect()
}

#[test]
fn files_of_flyway_lose_their_letter() {
    let renaming = of(
        Tool::Flyway,
        &[
            ("V1__create users.sql", "SELECT 1"),
            ("V002__b.sql", "SELECT 2"),
            ("U002__undo_b.sql", "SELECT -2"),
            ("R__views.sql", "SELECT 3"),
            ("V3_1__c.sql", "SELECT 4"),
            ("V5__d.sql", "SELECT '${schema}'"),
            ("B6__base.sql", "SELECT 6"),
            ("beforeMigrate.sql", "SELECT 7"),
        ],
    );
    assert_eq!(
        told(&renaming),
        [
            "U002__undo_b.sql → 002_b.rollback.sql: \"SELECT -2\"",
            "V002__b.sql → 002_b.sql: \"SELECT 2\"",
            "V1__create users.sql → 1_create_users.sql: \"SELECT 1\"",
            "B6__base.sql: a baseline is not applied beside other files",
            "V3_1__c.sql: `3.1` is not a whole number: give it a version of its own",
            "V5__d.sql: it holds `${`: a placeholder of the tool may mean something else here",
        ]
    );
}

#[test]
fn directions_become_our_endings() {
    let files = [
        ("1_a.down.sql", "SELECT -1"),
        ("1_a.up.sql", "SELECT 1"),
        ("2_b.sql", "SELECT 2"),
        ("3_c.up.sql", "-- no-transaction\nSELECT 3"),
        ("4_d.sql", "-- no-transaction\nSELECT 4"),
        ("notes.md", "no migration"),
    ];
    assert_eq!(
        told(&of(Tool::GolangMigrate, &files)),
        [
            "1_a.down.sql → 1_a.rollback.sql: \"SELECT -1\"",
            "1_a.up.sql → 1_a.sql: \"SELECT 1\"",
            "3_c.up.sql → 3_c.sql: \"-- no-transaction\\nSELECT 3\"",
        ]
    );
    assert_eq!(
        told(&of(Tool::Sqlx, &files)),
        [
            "1_a.down.sql → 1_a.rollback.sql: \"SELECT -1\"",
            "1_a.up.sql → 1_a.sql: \"SELECT 1\"",
            "3_c.up.sql → 3_c.sql: \"-- poststack: no-transaction\\nSELECT 3\"",
            "4_d.sql → 4_d.sql: \"-- poststack: no-transaction\\nSELECT 4\"",
        ]
    );
}

#[test]
fn a_file_of_dbmate_becomes_two() {
    let renaming = of(
        Tool::Dbmate,
        &[
            (
                "20240101_a.sql",
                "-- why\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT -1;\n",
            ),
            (
                "20240102_b.sql",
                "--migrate:up transaction:false\nSELECT 2;\n-- migrate:down\n\n",
            ),
            (
                "20240103_c.sql",
                "-- migrate:up\n-- migrate:down\n-- migrate:up\n",
            ),
            ("20240104_d.sql", "SELECT 4"),
        ],
    );
    assert_eq!(
        told(&renaming),
        [
            "20240101_a.sql → 20240101_a.sql: \"-- why\\nSELECT 1;\\n\"",
            "20240101_a.sql → 20240101_a.rollback.sql: \"SELECT -1;\\n\"",
            "20240102_b.sql → 20240102_b.sql: \"-- poststack: no-transaction\\nSELECT 2;\\n\"",
            "20240103_c.sql: it has several `migrate:up` or `migrate:down` parts",
        ]
    );
}

#[test]
fn a_file_of_goose_becomes_two() {
    let function = "-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN END $$;\n\
                    -- +goose StatementEnd\n-- +goose Down\nSELECT -1;\n";
    let renaming = of(
        Tool::Goose,
        &[
            ("00001_a.sql", function),
            (
                "00002_b.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 2;\n",
            ),
            (
                "00003_c.sql",
                "-- +goose Up\n-- +goose ENVSUB ON\nSELECT 3;\n",
            ),
            ("00004_d.go", "package migrations"),
        ],
    );
    assert_eq!(
        told(&renaming),
        [
            "00001_a.sql → 00001_a.sql: \"DO $$ BEGIN END $$;\\n\"",
            "00001_a.sql → 00001_a.rollback.sql: \"SELECT -1;\\n\"",
            "00002_b.sql → 00002_b.sql: \"-- poststack: no-transaction\\nSELECT 2;\\n\"",
            "00003_c.sql: `+goose ENVSUB ON` has no counterpart",
            "00004_d.go: it is written in Go",
        ]
    );
}

#[test]
fn what_would_fall_on_another_file_is_left_out() {
    let renaming = of(
        Tool::GolangMigrate,
        &[
            ("1_a.sql", "SELECT 0"),
            ("1_a.up.sql", "SELECT 1"),
            ("2_b c.up.sql", "SELECT 2"),
            ("2_b_c.up.sql", "SELECT 3"),
        ],
    );
    assert_eq!(
        told(&renaming),
        [
            "1_a.up.sql: there is a file `1_a.sql` already",
            "2_b c.up.sql: another file would become `2_b_c.sql` too",
            "2_b_c.up.sql: another file would become `2_b_c.sql` too",
        ]
    );
}
