//! Reading, fingerprints and differences.

use poststack::schema::{Difference, Kind, ObjectId, Property, compare, fingerprint, read};

use super::{RICH, made_by, run, schema_of};

/// What `change` does to a database made by `start`, in words.
async fn differences(start: &str, change: &str) -> Vec<Difference> {
    let connection = made_by(start).await;
    let before = read(&connection).await.unwrap();
    run(&connection, change).await;
    let after = read(&connection).await.unwrap();
    let differences = compare(&before, &after);
    assert_eq!(
        differences.is_empty(),
        fingerprint(&before) == fingerprint(&after)
    );
    differences
}

async fn sentences(start: &str, change: &str) -> Vec<String> {
    let differences = differences(start, change).await;
    differences.iter().map(Difference::to_string).collect()
}

#[tokio::test]
async fn an_empty_database_has_a_schema_and_an_extension() {
    let schema = schema_of("").await;
    let ids: Vec<String> = schema.objects.keys().map(ObjectId::to_string).collect();
    assert_eq!(ids, ["public", "plpgsql"]);
    assert_eq!(schema.server_major, 15);
}

#[tokio::test]
async fn everything_of_the_rich_schema_is_read() {
    let schema = schema_of(RICH).await;
    let missing: Vec<&Kind> = Kind::ALL
        .iter()
        .filter(|kind| !schema.objects.keys().any(|id| id.kind == **kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // Of extensions and of our own schema, nothing is.
    assert!(
        !schema
            .objects
            .keys()
            .any(|id| id.name.starts_with("similarity("))
    );
    assert!(schema.not_covered.is_empty(), "{:?}", schema.not_covered);
}

#[tokio::test]
async fn what_is_not_read_is_named() {
    let sql = "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple); CREATE SCHEMA poststack;
               CREATE TABLE poststack.system_info ()";
    let schema = schema_of(sql).await;
    let not_covered: Vec<&str> = schema.not_covered.iter().map(String::as_str).collect();
    assert_eq!(not_covered, ["text search configuration plain"]);
    assert_eq!(schema.objects.len(), 2);
}

#[tokio::test]
async fn the_order_of_creation_and_the_settings_of_the_session_do_not_matter() {
    let one = "CREATE TABLE t (at timestamptz DEFAULT '2020-01-01 00:00:00+00', i interval DEFAULT '1 day 2 hours');
               CREATE TABLE gone (); CREATE INDEX a ON t (at); CREATE INDEX b ON t (i);
               ALTER TABLE t ADD x int; ALTER TABLE t DROP x; ALTER TABLE t ADD y int";
    let other = "CREATE TABLE t (at timestamptz DEFAULT '2020-01-01 01:00:00+01', i interval DEFAULT '26 hours'::interval - '1 day' , y int);
                 CREATE INDEX b ON t (i); CREATE INDEX a ON t (at); ALTER TABLE t ALTER i SET DEFAULT '1 day 2 hours'";
    let first = made_by(one).await;
    run(&first, "DROP TABLE gone").await;
    let second = made_by(other).await;
    let session = "SET search_path = public; SET timezone = 'Asia/Tokyo'; SET datestyle = 'German';
                   SET intervalstyle = 'sql_standard'; SET quote_all_identifiers = on";
    run(&second, session).await;
    let (first, second_read) = (read(&first).await.unwrap(), read(&second).await.unwrap());
    assert_eq!(compare(&first, &second_read), []);
    assert_eq!(fingerprint(&first), fingerprint(&second_read));
    let path = second
        .client()
        .query_one("SHOW timezone", &[])
        .await
        .unwrap();
    assert_eq!(
        path.get::<_, &str>(0),
        "Asia/Tokyo",
        "the session keeps its settings"
    );
}

#[tokio::test]
async fn reading_changes_nothing_and_leaves_no_transaction_open() {
    let connection = made_by(RICH).await;
    let first = read(&connection).await.unwrap();
    let second = read(&connection).await.unwrap();
    assert_eq!(first, second);
    run(&connection, "CREATE TABLE still_usable ()").await;
}

#[tokio::test]
async fn a_reading_that_fails_leaves_the_session_usable() {
    let connection = made_by("CREATE ROLE schema_blind").await;
    run(
        &connection,
        "REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC; SET ROLE schema_blind",
    )
    .await;
    let error = read(&connection).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read the catalogue: permission denied for table pg_policy"
    );
    run(&connection, "RESET ROLE; DROP ROLE schema_blind").await;
}

#[tokio::test]
async fn what_a_rollback_leaves_is_said_once_per_object() {
    let start = "CREATE TABLE orders (id int PRIMARY KEY, note text DEFAULT 'x', a int); CREATE TABLE gone (id serial, b int)";
    let change = "CREATE INDEX orders_note_idx ON orders (note); ALTER TABLE orders ALTER note TYPE varchar(9);
                  DROP TABLE gone; ALTER TABLE orders ALTER a SET NOT NULL;
                  CREATE TABLE fresh (id serial PRIMARY KEY, c text); COMMENT ON TABLE orders IS 'x'";
    let differences = differences(start, change).await;
    let texts: Vec<String> = differences.iter().map(Difference::after_rollback).collect();
    insta::assert_debug_snapshot!(texts, @r#"
    [
        "table `public.fresh` is left behind",
        "table `public.gone` is missing",
        "table `public.orders` is not as before: comment `x` was set",
        "column `public.orders.a` is not as before: not null was set",
        "column `public.orders.note` is not as before: type `text` → `character varying(9)`",
        "index `public.orders_note_idx` is left behind",
    ]
    "#);
}

#[tokio::test]
async fn only_the_order_of_columns_is_a_minor_difference() {
    let start = "CREATE TABLE t (a int, b int, c int)";
    let moved = differences(start, "ALTER TABLE t DROP b; ALTER TABLE t ADD b int").await;
    let texts: Vec<String> = moved.iter().map(Difference::after_rollback).collect();
    assert_eq!(
        texts,
        [
            "table `public.t` is not as before: its columns stand in the order a, c, b, before a, b, c"
        ]
    );
    assert!(moved.iter().all(Difference::is_minor));
    let dropped = differences(start, "ALTER TABLE t DROP b").await;
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    assert_eq!(dropped[0].object.kind, Kind::Column);
    assert!(!dropped[0].is_minor());
}

#[tokio::test]
async fn what_partitions_and_children_inherit_is_said_of_the_parent_alone() {
    let start = "CREATE TABLE p (id int, at date) PARTITION BY RANGE (at);
                 CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
                 CREATE TABLE p2 PARTITION OF p DEFAULT; CREATE TABLE q (a int); CREATE TABLE r (b int) INHERITS (q)";
    let change = "ALTER TABLE p ADD note text DEFAULT 'x', ADD CONSTRAINT c CHECK (id > 0), ADD PRIMARY KEY (id, at);
                  CREATE INDEX i ON p (at); ALTER TABLE q ALTER a TYPE bigint";
    insta::assert_debug_snapshot!(sentences(start, change).await, @r#"
    [
        "column `public.p.at` was changed: not null was set",
        "column `public.p.id` was changed: not null was set",
        "column `public.p.note` was added",
        "column `public.q.a` was changed: type `integer` → `bigint`",
        "constraint `public.p.c` was added",
        "constraint `public.p.p_pkey` was added",
        "index `public.i` was added",
    ]
    "#);
}

#[tokio::test]
async fn an_index_that_a_failed_build_left_is_another() {
    let start = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)";
    let connection = made_by(start).await;
    let build = "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)";
    connection.client().batch_execute(build).await.unwrap_err();
    let schema = read(&connection).await.unwrap();
    let index = ObjectId::of_table(Kind::Index, "public", "t", "i");
    assert!(schema.get(&index).unwrap().is(Property::Invalid));
}

/// As servers since 15.20 and its like write them, which earlier ones can be made to have.
#[tokio::test]
async fn what_the_server_notes_among_the_options_of_a_column_is_none() {
    let note = |table: &str, options: &str| {
        format!(
            "UPDATE pg_attribute SET attoptions = '{options}'
              WHERE attrelid = '{table}'::regclass AND attname = 'a'"
        )
    };
    let start = "CREATE TABLE t (a int); CREATE TABLE u (a int); ALTER TABLE u ALTER a SET (n_distinct = 5)";
    assert!(
        sentences(start, &note("t", "{pg_attver=33624328}"))
            .await
            .is_empty()
    );
    for options in ["{pg_attver=1,n_distinct=5}", "{n_distinct=5,pg_attver=1}"] {
        assert!(sentences(start, &note("u", options)).await.is_empty());
    }
    let changed = sentences(start, &note("u", "{pg_attver=1,n_distinct=6}")).await;
    assert_eq!(
        changed,
        ["column `public.u.a` was changed: options `n_distinct=5` → `n_distinct=6`"]
    );
}

#[tokio::test]
async fn owners_and_privileges_can_be_left_out() {
    let start = "CREATE TABLE t (a int)";
    let change = "ALTER TABLE t OWNER TO schema_owner; GRANT SELECT ON t TO schema_reader;
                  ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO schema_reader";
    let connection = made_by(start).await;
    let before = read(&connection).await.unwrap();
    run(&connection, change).await;
    let after = read(&connection).await.unwrap();
    let texts: Vec<String> = compare(&before, &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_debug_snapshot!(texts, @r#"
    [
        "table `public.t` was changed: owner `super` → `schema_owner`; privileges `GRANT SELECT TO schema_reader` was set",
        "default privileges `super ON TABLES` was added",
    ]
    "#);
    let (before, after) = (before.without_owners(), after.without_owners());
    assert_eq!(compare(&before, &after).len(), 2);
    let (before, after) = (before.without_privileges(), after.without_privileges());
    assert_eq!(compare(&before, &after), []);
    assert_eq!(fingerprint(&before), fingerprint(&after));
}

#[tokio::test]
async fn a_difference_is_json() {
    let differences = differences(
        "CREATE TABLE t (a int)",
        "ALTER TABLE t ALTER a SET DEFAULT 1",
    )
    .await;
    assert_eq!(
        serde_json::to_string(&differences).unwrap(),
        r#"[{"object":{"kind":"column","schema":"public","table":"t","name":"a"},"change":{"changed":[{"property":"default","before":null,"after":"1"}]}}]"#
    );
}
