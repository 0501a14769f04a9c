//! Files that act outside their database: they are not tried, and what they hide is taken back.

use poststack::migration::Request;
use poststack::rehearsal::{FindingKind, Options, RehearsalError, gate, rehearse};

use super::{database, folder, kinds, report};
use crate::cluster::ask;

const A: (&str, &str) = ("001_a.sql", "CREATE TABLE a (id int)");
const BACK: (&str, &str) = ("001_a.rollback.sql", "DROP TABLE a");

#[tokio::test]
async fn a_file_about_roles_is_not_tried_nor_what_comes_after_it() {
    let address = database("CREATE ROLE outside_dropped").await;
    let role = (
        "002_role.sql",
        "CREATE ROLE outside_made; DROP ROLE outside_dropped",
    );
    let rehearsed = report(&address, &[A, BACK, role, ("003_c.sql", "SELECT 1")]).await;
    assert_eq!(kinds(&rehearsed.files[1]), [FindingKind::ActsOutside]);
    assert_eq!(rehearsed.files[1].up, None);
    assert_eq!(rehearsed.not_run, ["003_c"]);
    assert!(!rehearsed.has_errors());
    let finding = rehearsed.findings().next().unwrap();
    assert_eq!(
        finding.message,
        "`002_role` cannot be tried: it acts outside its database"
    );
    assert!(
        finding
            .help
            .as_deref()
            .unwrap()
            .ends_with("--target-version 002")
    );
    let roles = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname LIKE 'outside\\_%'
                    AND rolname IN ('outside_made', 'outside_dropped')";
    assert_eq!(ask(&address, roles).await, "outside_dropped");
}

#[tokio::test]
async fn a_block_that_acts_outside_is_taken_back() {
    let address = database("").await;
    let sql = "DO $$ BEGIN EXECUTE 'CREATE ROLE outside_hidden'; END $$";
    let rehearsed = report(&address, &[("001_hidden.sql", sql)]).await;
    assert_eq!(kinds(&rehearsed.files[0]), [FindingKind::ActsOutside]);
    let role = "SELECT count(*) FROM pg_roles WHERE rolname = 'outside_hidden'";
    assert_eq!(ask(&address, role).await, "0");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_told() {
    let address = database("").await;
    let sql =
        "-- poststack: no-transaction\nDO $$ BEGIN EXECUTE 'CREATE ROLE outside_kept'; END $$";
    let (_directory, folder) = folder(&[("001_kept.sql", sql)]);
    let options = Options::of(Request::default());
    let error = rehearse(&address, &folder, &options, |_| {}).await;
    let error = error.unwrap_err();
    let RehearsalError::ServerChanged { changes } = &error else {
        panic!("{error}");
    };
    let told = "role `outside_kept` is new".to_owned();
    assert!(changes.contains(&told), "{error}");
}

#[tokio::test]
async fn a_rollback_that_acts_outside_is_not_tried_and_the_walk_goes_on() {
    let address = database("").await;
    let back = ("001_a.rollback.sql", "DROP TABLE a; DROP ROLE outside_none");
    let rehearsed = report(
        &address,
        &[A, back, ("002_b.sql", "ALTER TABLE a ADD b int")],
    )
    .await;
    assert_eq!(kinds(&rehearsed.files[0]), [FindingKind::ActsOutside]);
    assert!(rehearsed.files[1].up.is_some());
}

#[tokio::test]
async fn a_required_rehearsal_lets_such_a_file_pass_as_the_last_one_only() {
    let address = database("").await;
    let role = ("002_role.sql", "ALTER ROLE super SET work_mem = '4MB'");
    let options = Options::of(Request::default());
    let (_directory, last) = folder(&[A, BACK, role]);
    gate(&address, &last, &options, |_| {}).await.unwrap();
    let (_directory, between) = folder(&[A, BACK, role, ("003_c.sql", "SELECT 1")]);
    let refused = gate(&address, &between, &options, |_| {}).await;
    let Err(RehearsalError::Findings(report)) = refused else {
        panic!("{refused:?}");
    };
    assert!(report.has_errors());
}
