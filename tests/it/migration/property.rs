//! What holds for any migrations.

use poststack::migration::{Folder, Request, Target};
use poststack::postgres::Address;
use proptest::prelude::*;

use super::{LEDGER, folder, roll_back, run};
use crate::cluster::{ask, cluster, few_cases};

/// Columns, indexes and rows of everything in `public`.
const CATALOGUE: &str = "SELECT concat_ws(E'\\n',
    (SELECT string_agg(concat_ws(' ', table_name, ordinal_position, column_name, data_type, column_default), ', '
                       ORDER BY table_name, ordinal_position)
       FROM information_schema.columns WHERE table_schema = 'public'),
    (SELECT string_agg(indexdef, ', ' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'),
    (SELECT string_agg(relname || obj_description(oid), ', ' ORDER BY relname) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace))";

const CHECKSUMS: &str = "SELECT string_agg(version || checksum || coalesce(down_checksum, ''), ', ' ORDER BY version::numeric) FROM poststack.schema_migrations";

/// What one migration does to its own table or an earlier one, and the way back.
fn migration(number: usize, kind: usize, earlier: usize) -> (String, String) {
    let table = format!("t{}", earlier % number.max(1));
    match (number, kind) {
        (0, _) | (_, 0) => (
            format!("CREATE TABLE t{number} (a int);"),
            format!("DROP TABLE t{number};"),
        ),
        (_, 1) => (
            format!("CREATE TABLE t{number} (a int);\nCREATE INDEX i{number} ON t{number} (a);"),
            format!("DROP TABLE t{number};"),
        ),
        (_, 2) => (
            format!(
                "CREATE TABLE t{number} (a int);\nCREATE INDEX CONCURRENTLY i{number} ON t{number} (a);"
            ),
            format!("DROP INDEX CONCURRENTLY i{number};\nDROP TABLE t{number};"),
        ),
        (_, 3) => (
            format!(
                "CREATE TABLE t{number} (a int);\nALTER TABLE {table} ADD c{number} text DEFAULT 'x;y';"
            ),
            format!("ALTER TABLE {table} DROP c{number};\nDROP TABLE t{number};"),
        ),
        _ => (
            format!(
                "BEGIN;\nCREATE TABLE t{number} (a int);\nCOMMENT ON TABLE t{number} IS $$;$$;\nCOMMIT;"
            ),
            format!("SET search_path = nowhere;\nDROP TABLE public.t{number}"),
        ),
    }
}

fn files() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((0_usize..5, 0_usize..8), 1..8).prop_map(|kinds| {
        let named = kinds
            .into_iter()
            .enumerate()
            .flat_map(|(number, (kind, earlier))| {
                let (up, down) = migration(number, kind, earlier);
                let title = format!("{}_m", number * 5 + 6);
                [
                    (format!("{title}.sql"), up),
                    (format!("{title}.rollback.sql"), down),
                ]
            });
        named.collect()
    })
}

fn load(files: &[(String, String)], migrations: usize) -> Folder {
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    folder(&files[..2 * migrations])
}

async fn state(address: &Address) -> [String; 3] {
    [
        ask(address, LEDGER).await,
        ask(address, CHECKSUMS).await,
        ask(address, CATALOGUE).await,
    ]
}

async fn check(files: Vec<(String, String)>, prefix: usize) {
    let count = files.len() / 2;
    let prefix = prefix % (count + 1);
    let all = load(&files, count);
    let at_once = cluster().database().await;
    run(&at_once, &all).await.unwrap();
    let in_parts = cluster().database().await;
    run(&in_parts, &load(&files, prefix)).await.unwrap();
    run(&in_parts, &all).await.unwrap();
    assert_eq!(state(&at_once).await, state(&in_parts).await);
    let request = Request {
        target: &Target::Steps(count - prefix),
        ..Request::default()
    };
    roll_back(&at_once, &all, &request).await.unwrap();
    let only_prefix = cluster().database().await;
    run(&only_prefix, &load(&files, prefix)).await.unwrap();
    if prefix > 0 {
        assert_eq!(state(&at_once).await, state(&only_prefix).await);
    }
    roll_back(&at_once, &all, &Request::default())
        .await
        .unwrap();
    assert_eq!(ask(&at_once, CATALOGUE).await, "");
    run(&at_once, &all).await.unwrap();
    assert_eq!(state(&at_once).await[2], state(&in_parts).await[2]);
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn any_prefix_then_the_rest_equals_all_at_once_and_the_way_back_ends_at_the_prefix(
        files in files(),
        prefix in 0_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(files, prefix));
    }
}
