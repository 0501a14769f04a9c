//! What a rehearsal finds in files.

use poststack::rehearsal::{Count, FindingKind, Way};

use super::{database, kinds, messages, report};

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 10) AS n";

#[tokio::test]
async fn a_rollback_that_forgets_something_is_found_where_a_whole_cycle_hides_it() {
    let report = report(
        &database("").await,
        &[
            (
                "001_a.sql",
                "CREATE TABLE a (id int); CREATE TYPE mood AS ENUM ('sad')",
            ),
            ("001_a.rollback.sql", "DROP TABLE a"),
            ("002_b.sql", "CREATE TABLE b (id int, mood mood)"),
            ("002_b.rollback.sql", "DROP TABLE b; DROP TYPE mood"),
        ],
    )
    .await;
    // All up, all down leaves nothing behind; each by itself is wrong.
    assert_eq!(report.way, Way::Clone);
    assert_eq!(
        kinds(&report.files[0]),
        [FindingKind::NotReversible, FindingKind::SecondUpFails]
    );
    assert_eq!(
        report.files[0].differences,
        ["enum type `public.mood` is left behind"]
    );
    assert_eq!(report.not_run, ["002_b"]);
    assert!(report.has_errors());
}

#[tokio::test]
async fn every_difference_after_up_and_down_is_named() {
    let report = report(
        &database("CREATE TABLE t (id int NOT NULL, old text)").await,
        &[
            (
                "001_x.sql",
                "CREATE INDEX t_id ON t (id); ALTER TABLE t ALTER id DROP NOT NULL; \
                 ALTER TABLE t DROP old",
            ),
            ("001_x.rollback.sql", "ALTER TABLE t ADD old text"),
        ],
    )
    .await;
    let file = &report.files[0];
    assert_eq!(
        file.differences,
        [
            "column `public.t.id` is not as before: not null was taken away",
            "index `public.t_id` is left behind",
        ]
    );
    assert!(kinds(file).contains(&FindingKind::NotReversible));
}

#[tokio::test]
async fn files_that_undo_themselves_give_no_finding() {
    let report = report(
        &database(ORDERS).await,
        &[
            ("001_total.sql", "ALTER TABLE orders ADD total numeric"),
            ("001_total.rollback.sql", "ALTER TABLE orders DROP total"),
            ("002_lines.sql", "CREATE TABLE lines (id int PRIMARY KEY)"),
            ("002_lines.rollback.sql", "DROP TABLE lines"),
            (
                "R_view.sql",
                "CREATE OR REPLACE VIEW totals AS SELECT total FROM orders",
            ),
        ],
    )
    .await;
    assert_eq!(messages(&report), [""; 0]);
    let titles: Vec<&str> = report
        .files
        .iter()
        .map(|file| file.title.as_str())
        .collect();
    assert_eq!(titles, ["001_total", "002_lines", "R_view"]);
    assert!(report.files[0].up_again.is_some() && report.files[2].down.is_none());
    assert_eq!(report.files[0].rows, []);
}

#[tokio::test]
async fn locks_are_named_with_their_table_their_line_and_what_they_block() {
    let report = report(
        &database(ORDERS).await,
        &[(
            "001_x.sql",
            "UPDATE orders SET note = 'x' WHERE id = 1;\nCREATE INDEX ON orders (note);\n\
             ALTER TABLE orders ADD total numeric;\nCREATE TABLE other (id int)",
        )],
    )
    .await;
    let locks = &report.files[0].up.as_ref().unwrap().locks;
    let told: Vec<_> = locks
        .iter()
        .map(|lock| {
            (
                lock.table.as_str(),
                lock.mode.name(),
                lock.blocks,
                lock.line,
            )
        })
        .collect();
    assert_eq!(
        told,
        [(
            "public.orders",
            "ACCESS EXCLUSIVE",
            "blocks reads and writes",
            3
        )]
    );
}

#[tokio::test]
async fn a_table_written_anew_is_named_and_one_that_only_changes_its_catalogue_is_not() {
    let report = report(
        &database(ORDERS).await,
        &[
            ("001_wider.sql", "ALTER TABLE orders ALTER id TYPE numeric"),
            ("002_added.sql", "ALTER TABLE orders ADD total numeric"),
            ("003_index.sql", "REINDEX INDEX orders_pkey"),
        ],
    )
    .await;
    let rewritten = |index: usize| -> Vec<(&str, bool)> {
        let up = report.files[index].up.as_ref().unwrap();
        up.rewritten
            .iter()
            .map(|one| (one.relation.as_str(), one.index))
            .collect()
    };
    assert_eq!(rewritten(0), [("public.orders", false)]);
    assert_eq!(rewritten(1), []);
    assert_eq!(rewritten(2), [("public.orders_pkey", true)]);
}

#[tokio::test]
async fn rows_that_are_lost_are_counted() {
    let report = report(
        &database(ORDERS).await,
        &[
            ("001_some.sql", "DELETE FROM orders WHERE id > 7"),
            ("001_some.rollback.sql", "SELECT 1"),
            ("002_all.sql", "DROP TABLE orders"),
            (
                "002_all.rollback.sql",
                "CREATE TABLE orders (id bigint PRIMARY KEY, note text)",
            ),
        ],
    )
    .await;
    assert_eq!(
        messages(&report),
        [
            "Applying it removes 3 of 10 rows of `public.orders`, and after its rollback 3 are missing",
            "Applying it removes 7 of 7 rows of `public.orders`, and after its rollback 7 are missing",
        ]
    );
    let rows = &report.files[1].rows[0];
    let counted = |rows| Count { rows, exact: true };
    assert_eq!((rows.before, rows.after_up), (counted(7), None));
    assert_eq!(rows.after_down, Some(counted(0)));
    assert!(!report.has_errors());
}

#[tokio::test]
async fn rows_with_other_contents_after_a_rollback_are_found() {
    let report = report(
        &database(ORDERS).await,
        &[
            ("001_x.sql", "ALTER TABLE orders DROP note"),
            ("001_x.rollback.sql", "ALTER TABLE orders ADD note text"),
        ],
    )
    .await;
    assert_eq!(
        messages(&report),
        ["After its rollback the rows of `public.orders` are not what they were"]
    );
}

#[tokio::test]
async fn a_column_that_comes_back_elsewhere_is_a_note_and_its_rows_are_compared_by_name() {
    let report = report(
        &database("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (NULL, 2)").await,
        &[
            ("001_x.sql", "ALTER TABLE t DROP a"),
            ("001_x.rollback.sql", "ALTER TABLE t ADD a int"),
        ],
    )
    .await;
    assert_eq!(kinds(&report.files[0]), [FindingKind::ColumnOrder]);
    assert!(!report.has_errors());
}

#[tokio::test]
async fn a_failing_statement_is_shown_at_its_place_and_the_rest_is_not_run() {
    let report = report(
        &database(ORDERS).await,
        &[
            (
                "001_x.sql",
                "SELECT 1;\nSELECT 2;\n  INSERT INTO nowhere VALUES (1)",
            ),
            ("002_y.sql", "SELECT 1"),
        ],
    )
    .await;
    let finding = &report.files[0].findings[0];
    assert_eq!(finding.kind, FindingKind::Fails);
    assert_eq!(finding.place.as_deref(), Some("migrations/001_x.sql:3:15"));
    assert_eq!(
        finding.message,
        "Relation \"nowhere\" does not exist (SQLSTATE 42P01)"
    );
    assert_eq!(report.not_run, ["002_y"]);
}

#[tokio::test]
async fn data_decides_whether_a_file_can_be_applied() {
    let report = report(
        &database(ORDERS).await,
        &[("001_x.sql", "ALTER TABLE orders ADD total numeric NOT NULL")],
    )
    .await;
    assert_eq!(kinds(&report.files[0]), [FindingKind::Fails]);
}

#[tokio::test]
async fn a_rollback_that_fails_is_an_error_and_one_that_is_missing_a_warning() {
    let report = report(
        &database("").await,
        &[
            ("001_x.sql", "CREATE TABLE x (id int)"),
            ("001_x.rollback.sql", "DROP TABLE y"),
            ("002_y.sql", "CREATE TABLE y (id int)"),
            ("003_z.sql", "CREATE TABLE z (id int)"),
            ("003_z.rollback.sql", "-- poststack: todo drop it\nSELECT 1"),
        ],
    )
    .await;
    let severities: Vec<_> = report
        .findings()
        .map(|finding| (finding.kind, finding.severity))
        .collect();
    assert_eq!(
        severities,
        [
            (FindingKind::RollbackFails, "error"),
            (FindingKind::NoRollback, "warning"),
            (FindingKind::RollbackFails, "error"),
        ]
    );
}

#[tokio::test]
async fn deferred_constraints_and_concurrent_indexes_are_tried_too() {
    let report = report(
        &database(ORDERS).await,
        &[
            (
                "001_x.sql",
                "CREATE INDEX CONCURRENTLY o ON orders (note); SELECT 1",
            ),
            ("001_x.rollback.sql", "DROP INDEX CONCURRENTLY o"),
            (
                "002_y.sql",
                "CREATE TABLE lines (o bigint REFERENCES orders DEFERRABLE INITIALLY DEFERRED);\n\
                 INSERT INTO lines VALUES (99)",
            ),
        ],
    )
    .await;
    assert!(!report.files[0].transaction);
    assert_eq!(kinds(&report.files[0]), []);
    assert_eq!(kinds(&report.files[1]), [FindingKind::Fails]);
}

#[tokio::test]
async fn settings_and_roles_of_one_file_do_not_reach_the_next() {
    let report = report(
        &database("CREATE SCHEMA app").await,
        &[
            (
                "001_x.sql",
                "SET search_path = app; CREATE TABLE x (id int)",
            ),
            ("001_x.rollback.sql", "DROP TABLE app.x"),
            ("002_y.sql", "CREATE TABLE y (id int)"),
            ("002_y.rollback.sql", "DROP TABLE public.y"),
        ],
    )
    .await;
    assert_eq!(messages(&report), [""; 0]);
}
