//! `db repair`: each way out of a ledger that does not say what is true.

use poststack::migration::repair::changing_rows;

use super::support::{Fresh, migrate};
use crate::cluster::ask;

const A: (&str, &str) = ("migrations/1_a.sql", "CREATE TABLE a (id int);\n");
const B: (&str, &str) = ("migrations/2_b.sql", "CREATE TABLE b (id int);\n");

async fn applied(fresh: &Fresh) -> String {
    let sql = "SELECT string_agg(version || '_' || name, ' ' ORDER BY version::numeric) \
               FROM poststack.schema_migrations";
    ask(&fresh.address, sql).await
}

async fn unfinished(fresh: &Fresh) -> String {
    let sql = "SELECT string_agg(file || ' ' || statements_done, ' ') \
               FROM poststack.unfinished_migrations";
    ask(&fresh.address, sql).await
}

#[tokio::test]
async fn a_changed_text_is_shown_as_a_difference_and_accepted() {
    let fresh = Fresh::new(&[A, B]).await;
    migrate(&fresh).await.unwrap();
    fresh
        .folder
        .write(A.0, "-- why\nCREATE TABLE a (id int);\n");
    migrate(&fresh).await.unwrap_err();
    let ran = fresh.db(&["repair", "checksum", "001"]).exits(8);
    assert!(ran.stderr.contains("+-- why"), "{}", ran.stderr);
    migrate(&fresh).await.unwrap_err();
    let ran = fresh.db(&["repair", "checksum", "1", "--dry-run"]).ok();
    insta::assert_snapshot!(ran.stdout, @r"
    To accept the new text of `1_a`:
      take the text of the file as what was applied, and run nothing
      leave the later ones, which may rest on the text as it was
      --- as it was applied
      +++ as the file is now
      @@ -1 +1,2 @@
      +-- why
       CREATE TABLE a (id int);
    ");
    migrate(&fresh).await.unwrap_err();
    let json = fresh
        .db(&["repair", "checksum", "1", "--yes", "--format", "json"])
        .ok()
        .json();
    assert_eq!(json["migration"], "1_a");
    migrate(&fresh).await.unwrap();
    let text = "SELECT up_sql FROM poststack.schema_migrations WHERE version = '1'";
    assert!(ask(&fresh.address, text).await.starts_with("-- why"));
}

#[tokio::test]
async fn a_text_that_is_as_it_was_is_nothing_to_repair() {
    let fresh = Fresh::new(&[A, B]).await;
    let ran = fresh.db(&["repair", "checksum", "1", "--yes"]).exits(9);
    assert!(ran.stderr.contains("there is no ledger"), "{}", ran.stderr);
    migrate(&fresh).await.unwrap();
    let ran = fresh.db(&["repair", "checksum", "1", "--yes"]).exits(9);
    assert!(
        ran.stderr
            .contains("There is nothing to repair: `1_a` is as it was applied at"),
        "{}",
        ran.stderr
    );
    let ran = fresh.db(&["repair", "checksum", "7", "--yes"]).exits(9);
    insta::assert_snapshot!(ran.stderr, @r"
    error: Version `7` is not applied, and no file has it
    hint: poststack db migration-status
    ");
}

#[tokio::test]
async fn what_was_applied_by_hand_is_recorded_and_not_run() {
    let fresh = Fresh::new(&[A]).await;
    migrate(&fresh).await.unwrap();
    fresh.folder.write(B.0, B.1);
    fresh
        .folder
        .write("migrations/R_v.sql", "CREATE VIEW v AS SELECT 1");
    fresh.db(&["repair", "mark-applied", "2"]).exits(8);
    assert_eq!(applied(&fresh).await, "1_a");
    let ran = fresh.db(&["repair", "mark-applied", "2", "--yes"]).ok();
    assert!(
        ran.stdout.starts_with("Marked `2_b` as applied in "),
        "{}",
        ran.stdout
    );
    fresh.db(&["repair", "mark-applied", "R_v", "--yes"]).ok();
    assert_eq!(applied(&fresh).await, "1_a 2_b");
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('b')").await, "");
    let ran = fresh.db(&["repair", "mark-applied", "2", "--yes"]).exits(9);
    insta::assert_snapshot!(ran.stderr, @"error: `2_b` is applied already");
    fresh.db(&["repair", "mark-applied", "3", "--yes"]).exits(9);
    fresh
        .db(&["repair", "mark-applied", "R_w", "--yes"])
        .exits(9);
    fresh.db(&["repair", "mark-applied", "b", "--yes"]).exits(2);
}

#[tokio::test]
async fn what_was_undone_by_hand_is_forgotten_with_and_without_its_file() {
    let fresh = Fresh::new(&[A, B]).await;
    migrate(&fresh).await.unwrap();
    let ran = fresh.db(&["repair", "mark-reverted", "1"]).exits(8);
    assert!(
        ran.stderr.contains("leave 1 later ones applied"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(fresh.folder.path().join(B.0)).unwrap();
    fresh.db(&["repair", "mark-reverted", "2", "--yes"]).ok();
    assert_eq!(applied(&fresh).await, "1_a");
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('b')").await, "b");
    fresh
        .db(&["repair", "mark-reverted", "2", "--yes"])
        .exits(9);
}

#[tokio::test]
async fn a_version_may_be_written_otherwise_than_in_the_ledger() {
    let undo = "-- poststack: no-transaction\nDROP TABLE d;\nDROP TABLE nothing;\n";
    let fresh = Fresh::new(&[
        ("migrations/002_c.sql", "CREATE TABLE c (id int);\n"),
        ("migrations/002_c.rollback.sql", "DROP TABLE c;\n"),
        ("migrations/003_d.sql", "CREATE TABLE d (id int);\n"),
        ("migrations/003_d.rollback.sql", undo),
    ])
    .await;
    migrate(&fresh).await.unwrap();
    super::support::rollback(&fresh).await.unwrap_err();
    fresh
        .db(&["repair", "dirty", "3", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(applied(&fresh).await, "002_c");
    assert_eq!(unfinished(&fresh).await, "");
    fresh.db(&["repair", "mark-reverted", "2", "--yes"]).ok();
    assert_eq!(applied(&fresh).await, "");
}

#[tokio::test]
async fn statements_that_change_no_row_are_not_kept() {
    let fresh = Fresh::new(&[A]).await;
    migrate(&fresh).await.unwrap();
    let connection = crate::cluster::cluster().login(&fresh.address).await;
    let nothing = "CREATE TABLE beside (id int); \
                   DELETE FROM poststack.schema_migrations WHERE version = '01'";
    let changed = changing_rows(&connection, nothing).await.unwrap();
    let is_there = ask(&fresh.address, "SELECT to_regclass('beside') IS NULL").await;
    assert_eq!((changed, is_there.as_str()), (0, "true"));
    let one = "DELETE FROM poststack.schema_migrations WHERE version = '1'";
    assert_eq!(changing_rows(&connection, one).await.unwrap(), 1);
    assert_eq!(applied(&fresh).await, "");
}

#[tokio::test]
async fn a_repair_waits_for_a_run_and_gives_up_in_the_end() {
    let fresh = Fresh::new(&[A]).await;
    migrate(&fresh).await.unwrap();
    let other = crate::cluster::cluster().login(&fresh.address).await;
    let lock = "SELECT pg_advisory_lock(8101821198653219171)";
    other.client().batch_execute(lock).await.unwrap();
    let ran = fresh
        .db(&[
            "repair",
            "mark-reverted",
            "1",
            "--yes",
            "--lock-wait",
            "300ms",
        ])
        .exits(7);
    assert!(ran.stderr.contains("held by"), "{}", ran.stderr);
    assert_eq!(applied(&fresh).await, "1_a");
}

/// Two statements that work, one that does not, one behind it.
const HALF: &str = "-- poststack: no-transaction
CREATE TABLE one (id int);
CREATE TABLE two (id int);
CREATE TABLE two (id int);
CREATE TABLE three (id int);
";

async fn half_run(rollback: bool) -> Fresh {
    let undo = "-- poststack: no-transaction\nDROP TABLE one;\nDROP TABLE nothing;\nSELECT 1;\n";
    let fresh = Fresh::new(&[("migrations/4_d.sql", HALF)]).await;
    if rollback {
        fresh
            .folder
            .write("migrations/4_d.sql", "CREATE TABLE one (id int);");
        fresh.folder.write("migrations/4_d.rollback.sql", undo);
        migrate(&fresh).await.unwrap();
        super::support::rollback(&fresh).await.unwrap_err();
        assert_eq!(unfinished(&fresh).await, "4_d.rollback.sql 1");
    } else {
        migrate(&fresh).await.unwrap_err();
        assert_eq!(unfinished(&fresh).await, "4_d.sql 2");
    }
    fresh
}

#[tokio::test]
async fn the_state_of_a_half_run_file_is_explained_statement_by_statement() {
    let fresh = half_run(false).await;
    let ran = fresh.db(&["repair", "dirty", "4"]).exits(2);
    let told: Vec<_> = ran.stderr.lines().skip(1).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    The server said:
      │ relation "two" already exists
    Its statements:
      │   1. line 2: CREATE TABLE one (id int) (done)
      │   2. line 3: CREATE TABLE two (id int) (done)
      │   3. line 4: CREATE TABLE two (id int) (failed)
      │   4. line 5: CREATE TABLE three (id int) (not run)
    hint: to go on with a statement: poststack db repair dirty 4 --resume-from 3
    hint: when all of it is there: poststack db repair dirty 4 --mark-applied
    hint: when nothing of it is there: poststack db repair dirty 4 --mark-reverted
    "#);
    for way in ["mark-applied", "mark-reverted", "checksum"] {
        let ran = fresh.db(&["repair", way, "4", "--yes"]).exits(9);
        assert!(ran.stderr.contains("repair dirty 4"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_half_run_file_goes_on_with_the_statement_that_is_named() {
    let fresh = half_run(false).await;
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "4"])
        .exits(8);
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "4", "--yes"])
        .ok();
    assert_eq!(unfinished(&fresh).await, "4_d.sql 3");
    assert_eq!(migrate(&fresh).await.unwrap(), ["4_d"]);
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('three')").await,
        "three"
    );
    assert_eq!(unfinished(&fresh).await, "");
    let ran = fresh.db(&["repair", "dirty", "4"]).exits(9);
    assert!(
        ran.stderr.contains("`4` is applied as a whole"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_half_run_file_that_was_edited_goes_on_in_its_new_text() {
    let fresh = half_run(false).await;
    let text = "-- poststack: no-transaction\nCREATE TABLE four (id int);\nSELECT 1;";
    fresh.folder.write("migrations/4_d.sql", text);
    migrate(&fresh).await.unwrap_err();
    for number in ["0", "3"] {
        let ran = fresh.db(&["repair", "dirty", "4", "--resume-from", number, "--yes"]);
        let ran = ran.exits(2);
        assert!(
            ran.stderr.contains("the file has 1 to 2 of them"),
            "{}",
            ran.stderr
        );
    }
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "1", "--yes"])
        .ok();
    assert_eq!(migrate(&fresh).await.unwrap(), ["4_d"]);
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('four')").await,
        "four"
    );
}

#[tokio::test]
async fn a_half_run_file_that_is_a_transaction_by_now_starts_anew_or_not_at_all() {
    let fresh = half_run(false).await;
    fresh
        .folder
        .write("migrations/4_d.sql", "CREATE TABLE x (id int);\nSELECT 1;");
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "2", "--yes"])
        .exits(9);
    fresh
        .db(&["repair", "dirty", "4", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(migrate(&fresh).await.unwrap(), ["4_d"]);
    assert_eq!(unfinished(&fresh).await, "");
}

#[tokio::test]
async fn a_half_run_file_is_settled_as_done_or_as_undone() {
    let fresh = half_run(false).await;
    fresh
        .db(&["repair", "dirty", "4", "--mark-applied", "--yes"])
        .ok();
    assert_eq!(
        (applied(&fresh).await, unfinished(&fresh).await),
        ("4_d".to_owned(), String::new())
    );
    assert_eq!(migrate(&fresh).await.unwrap(), [""; 0]);
    let fresh = half_run(false).await;
    fresh
        .db(&["repair", "dirty", "4", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(
        (applied(&fresh).await, unfinished(&fresh).await),
        (String::new(), String::new())
    );
    fresh
        .db(&["repair", "dirty", "4", "--mark-applied", "--mark-reverted"])
        .exits(2);
}

#[tokio::test]
async fn a_half_run_file_that_is_gone_can_still_be_settled() {
    let fresh = half_run(false).await;
    std::fs::remove_file(fresh.folder.path().join("migrations/4_d.sql")).unwrap();
    let ran = fresh.db(&["repair", "dirty", "4"]).exits(2);
    assert!(ran.stderr.contains("the file is gone"), "{}", ran.stderr);
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "1", "--yes"])
        .exits(9);
    fresh
        .db(&["repair", "dirty", "4", "--mark-applied", "--yes"])
        .exits(9);
    fresh
        .db(&["repair", "dirty", "4", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(unfinished(&fresh).await, "");
}

#[tokio::test]
async fn a_half_run_file_that_cannot_be_read_any_more_can_still_be_settled() {
    let fresh = half_run(false).await;
    fresh.folder.write("migrations/4_d.sql", "SELECT 'open");
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "1", "--yes"])
        .exits(9);
    fresh
        .db(&["repair", "dirty", "4", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(unfinished(&fresh).await, "");
}

#[tokio::test]
async fn a_half_run_rollback_counts_as_applied_or_as_reverted() {
    let fresh = half_run(true).await;
    let ran = fresh.db(&["repair", "dirty", "4"]).exits(2);
    assert!(
        ran.stderr.contains("when it is still applied as a whole"),
        "{}",
        ran.stderr
    );
    fresh
        .db(&["repair", "dirty", "4", "--mark-applied", "--yes"])
        .ok();
    assert_eq!(
        (applied(&fresh).await, unfinished(&fresh).await),
        ("4_d".to_owned(), String::new())
    );
    let fresh = half_run(true).await;
    fresh
        .db(&["repair", "dirty", "4", "--mark-reverted", "--yes"])
        .ok();
    assert_eq!(
        (applied(&fresh).await, unfinished(&fresh).await),
        (String::new(), String::new())
    );
    let fresh = half_run(true).await;
    fresh
        .db(&["repair", "dirty", "4", "--resume-from", "3", "--yes"])
        .ok();
    super::support::rollback(&fresh).await.unwrap();
    assert_eq!(
        (applied(&fresh).await, unfinished(&fresh).await),
        (String::new(), String::new())
    );
}
