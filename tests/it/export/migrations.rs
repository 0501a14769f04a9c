//! The exported migrations beside the ledger of a real database.

use std::process::Command;

use poststack::migration::{self, Settings, no_variables};
use poststack::postgres::{Address, url};

use crate::cluster::{ask, cluster};
use crate::migration::{folder, run};
use crate::project::{Ran, ran};

/// Gives the folder to `psql` as one script.
fn apply(address: &Address, files: &[(&str, &str)]) -> Ran {
    let script = migration::standalone(&folder(files), &Settings::default(), &no_variables);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script.unwrap().sql).unwrap();
    let mut command = Command::new("psql");
    command
        .args(["--no-psqlrc", "--quiet", "--file"])
        .arg(file.path());
    ran(command.arg(url(address).expose()))
}

const FIRST: (&str, &str) = (
    "1_first.sql",
    "CREATE TABLE t (x text);\nINSERT INTO t VALUES (E'a\\\\b $$ :x');\n",
);
const SECOND: (&str, &str) = (
    "002_second.sql",
    "BEGIN;\nINSERT INTO t VALUES ('two');\nCOMMIT;\n",
);

#[tokio::test]
async fn the_script_and_poststack_take_turns() {
    let address = cluster().database().await;
    run(&address, &folder(&[FIRST])).await.unwrap();
    let applied = apply(&address, &[("001_first.sql", FIRST.1), SECOND]).ok();
    assert_eq!(applied.stdout, "Applying 002_second\n");
    assert_eq!(apply(&address, &[FIRST, SECOND]).ok().stdout, "");
    let third = ("3_third.sql", "INSERT INTO t VALUES ('three')");
    let all = folder(&[FIRST, SECOND, third]);
    let done = run(&address, &all);
    assert_eq!(done.await.unwrap().titles, ["3_third"]);
    let rows = ask(&address, "(SELECT string_agg(x, ',' ORDER BY x) FROM t)").await;
    assert_eq!(rows, "a\\b $$ :x,three,two");
}

#[tokio::test]
async fn a_repeatable_file_runs_again_only_when_it_has_changed() {
    let address = cluster().database().await;
    let view = |text| [FIRST, ("R_view.sql", text)];
    let one = "CREATE OR REPLACE VIEW v AS SELECT 1 AS a";
    let two = "CREATE OR REPLACE VIEW v AS SELECT 2 AS a";
    assert_eq!(
        apply(&address, &view(one)).ok().stdout,
        "Applying 1_first\nApplying R_view\n"
    );
    assert_eq!(apply(&address, &view(one)).ok().stdout, "");
    assert_eq!(apply(&address, &view(two)).ok().stdout, "Applying R_view\n");
    assert_eq!(ask(&address, "(SELECT a FROM v)").await, "2");
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_ends_the_script() {
    let address = cluster().database().await;
    let bad = (
        "002_bad.sql",
        "INSERT INTO t VALUES ('kept?');\nSELECT 1 / 0;\n",
    );
    let third = ("003_third.sql", "INSERT INTO t VALUES ('three');\n");
    let failed = apply(&address, &[FIRST, bad, third]).exits(3);
    assert!(
        failed.stderr.contains("division by zero"),
        "{}",
        failed.stderr
    );
    assert_eq!(ask(&address, "(SELECT count(*)::text FROM t)").await, "1");
    let ledger = "(SELECT string_agg(version, ',') FROM poststack.schema_migrations)";
    assert_eq!(ask(&address, ledger).await, "1");
}
