//! `describe` and `stats`: what people look at.

use poststack::schema::{TableDescription, describe, stats};

use super::{made_by, run};
use crate::cluster::cluster;

const SHOP: &str = "CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(9) NOT NULL DEFAULT 'x',
        twice text GENERATED ALWAYS AS (code || code) STORED);
    ALTER TABLE shop.orders ADD CONSTRAINT short CHECK (length(code) < 9) NOT VALID;
    COMMENT ON TABLE shop.orders IS 'all of them'; COMMENT ON COLUMN shop.orders.code IS 'unique';
    CREATE INDEX orders_code ON shop.orders (code);
    CREATE VIEW shop.codes AS SELECT code FROM shop.orders;
    CREATE TABLE public.parts (id int, big text) PARTITION BY RANGE (id);
    CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (9);
    CREATE SCHEMA poststack; CREATE TABLE poststack.hidden ();";

async fn tables(filter: Option<&str>) -> Vec<TableDescription> {
    let connection = made_by(SHOP).await;
    run(
        &connection,
        "INSERT INTO shop.orders (code) SELECT 'c' || n FROM generate_series(1, 200) n; ANALYZE",
    )
    .await;
    run(
        &connection,
        "INSERT INTO parts SELECT 1, string_agg(md5(n::text), '') FROM generate_series(1, 1000) n",
    )
    .await;
    describe(&connection, filter).await.unwrap().tables
}

fn names(tables: &[TableDescription]) -> Vec<String> {
    let name = |table: &TableDescription| format!("{} {}.{}", table.kind, table.schema, table.name);
    tables.iter().map(name).collect()
}

#[tokio::test]
async fn tables_are_described_with_parts_and_sizes() {
    let tables = tables(None).await;
    assert_eq!(
        names(&tables),
        [
            "partitioned table public.parts",
            "partition public.parts_1",
            "view shop.codes",
            "table shop.orders"
        ]
    );
    let orders = &tables[3];
    assert_eq!(
        (orders.estimated_rows, orders.comment.as_deref()),
        (Some(200), Some("all of them"))
    );
    assert!(
        orders.table_bytes >= 8192 && orders.index_bytes == 32768,
        "{orders:?}"
    );
    assert_eq!(
        orders.total_bytes,
        orders.table_bytes + orders.index_bytes + orders.toast_bytes
    );
    let json = serde_json::to_value(orders).unwrap();
    insta::assert_snapshot!(json["columns"], @r#"[{"comment":null,"default":null,"generated":false,"identity":"always","name":"id","not_null":true,"type":"bigint"},{"comment":"unique","default":"'x'::character varying","generated":false,"identity":null,"name":"code","not_null":true,"type":"character varying(9)"},{"comment":null,"default":"((code)::text || (code)::text)","generated":true,"identity":null,"name":"twice","not_null":false,"type":"text"}]"#);
    insta::assert_snapshot!(json["constraints"], @r#"[{"definition":"PRIMARY KEY (id)","kind":"primary key","name":"orders_pkey","validated":true},{"definition":"CHECK ((length((code)::text) < 9)) NOT VALID","kind":"check","name":"short","validated":false}]"#);
    let indexes: Vec<&str> = orders
        .indexes
        .iter()
        .map(|index| index.name.as_str())
        .collect();
    assert_eq!(indexes, ["orders_pkey", "orders_code"]);
    assert!(orders.indexes[0].primary && orders.indexes[0].bytes == 16384);
}

#[tokio::test]
async fn a_partitioned_table_is_as_large_as_its_partitions() {
    let tables = tables(Some("public")).await;
    let [whole, part] = tables.as_slice() else {
        panic!("{tables:?}");
    };
    assert!(part.toast_bytes > 20_000, "{part:?}");
    assert_eq!(whole.total_bytes, part.total_bytes);
    assert_eq!(
        part.estimated_rows, None,
        "rows came after the only `ANALYZE`"
    );
}

#[tokio::test]
async fn a_filter_is_a_schema_a_table_or_both() {
    assert_eq!(
        names(&tables(Some("shop")).await),
        ["view shop.codes", "table shop.orders"]
    );
    assert_eq!(names(&tables(Some("orders")).await), ["table shop.orders"]);
    assert_eq!(
        names(&tables(Some("shop.\"codes\"")).await),
        ["view shop.codes"]
    );
    assert_eq!(
        names(&tables(Some("public.orders")).await),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn stats_count_what_the_database_has_and_who_is_in_it() {
    let connection = made_by("").await;
    run(&connection, "CREATE TABLE small (a int); CREATE TABLE large (a int, b text); CREATE INDEX unused ON large (b)").await;
    run(&connection, "INSERT INTO large SELECT n, md5(n::text) FROM generate_series(1, 5000) n; DELETE FROM large WHERE a <= 1000").await;
    let database = connection
        .client()
        .query_one("SELECT current_database()::text", &[])
        .await
        .unwrap();
    let other = cluster().login(&cluster().address(database.get(0))).await;
    run(
        &other,
        "SELECT pg_stat_force_next_flush(); BEGIN; SELECT 'a secret'",
    )
    .await;
    run(&connection, "SELECT pg_stat_force_next_flush()").await;
    let stats = stats(&connection).await.unwrap();
    assert!(stats.server_version.starts_with("15."));
    assert_eq!(stats.database, database.get::<_, String>(0));
    assert!(stats.database_bytes > 1_000_000 && stats.uptime_seconds > 0.0);
    assert_eq!(
        stats.connections_by_state.get("idle in transaction"),
        Some(&1),
        "{stats:?}"
    );
    let longest = stats.longest_transaction.as_ref().unwrap();
    assert_eq!(
        (longest.user.as_deref(), longest.state.as_str()),
        (Some("super"), "idle in transaction")
    );
    assert!(!serde_json::to_string(&stats).unwrap().contains("a secret"));
    assert_eq!(stats.largest_tables[0].table, "large");
    let dead: Vec<(&str, u64)> = stats
        .most_dead_rows
        .iter()
        .map(|table| (table.table.as_str(), table.dead_rows))
        .collect();
    assert_eq!(dead, [("large", 1000)]);
    assert_eq!(stats.unused_indexes[0].index, "unused");
    assert!(stats.invalid_indexes.is_empty());
    assert!(
        stats.transactions_committed > 0 && (0.0..=1.0).contains(&stats.cache_hit_ratio.unwrap())
    );
}
