//! `db reset`: fresh databases, and the templates they are copied from.

use poststack::postgres::databases;

use super::support::{Fresh, ask, execute};
use crate::cluster::cluster;

const FILES: [(&str, &str); 3] = [
    ("migrations/001_a.sql", "CREATE TABLE a (id int)"),
    ("migrations/001_a.rollback.sql", "DROP TABLE a"),
    (
        "migrations/R_v.sql",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM a",
    ),
];

/// The same files in a text of their own, so that no other test has their template.
async fn unique(seed: &str) -> Fresh {
    let fresh = Fresh::new(&FILES).await;
    let name = &fresh.address.database;
    let text = format!("CREATE TABLE b (id int); -- {seed} of {name}");
    fresh.folder.write("migrations/002_b.sql", &text);
    fresh
}

async fn all_databases() -> Vec<databases::DatabaseInfo> {
    let admin = cluster().login(&cluster().address("postgres")).await;
    databases::list(&admin).await.unwrap()
}

/// Templates made for the database of a test.
async fn templates(of: &Fresh) -> Vec<String> {
    let label = format!("; for {}", of.address.database);
    let all = all_databases().await.into_iter();
    all.filter(|one| one.name.starts_with("poststack_template_"))
        .filter(|one| {
            one.comment
                .as_deref()
                .is_some_and(|said| said.ends_with(&label))
        })
        .map(|one| one.name)
        .collect()
}

#[tokio::test]
async fn a_reset_gives_what_the_migrations_make_and_their_ledger() {
    let fresh = unique("reset").await;
    let before = "CREATE TABLE by_hand (id int)";
    execute(&fresh.address, before).await;
    let first = fresh
        .db(&["reset", "--yes", "--format", "json"])
        .ok()
        .result();
    assert_eq!(first["reset"]["built"], true);
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('by_hand')").await,
        ""
    );
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('v')").await, "v");
    let ledger =
        "SELECT string_agg(version, ',' ORDER BY version) FROM poststack.schema_migrations";
    assert_eq!(ask(&fresh.address, ledger).await, "001,002");
    let second = fresh
        .db(&["reset", "--yes", "--format", "json"])
        .ok()
        .result();
    assert_eq!(second["reset"]["built"], false);
    assert_eq!(ask(&fresh.address, ledger).await, "001,002");
}

#[tokio::test]
async fn a_reset_shows_what_is_lost_and_needs_a_confirmation() {
    let fresh = unique("loss").await;
    let sql = "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 3)";
    execute(&fresh.address, sql).await;
    let ran = fresh.db(&["reset"]).exits(8);
    assert!(
        ran.stderr.contains("lose table public.orders (3 rows)"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ask(&fresh.address, "SELECT count(*) FROM orders").await,
        "3"
    );
}

#[tokio::test]
async fn sessions_in_the_way_are_named_and_ended_only_by_force() {
    let fresh = unique("force").await;
    let other = cluster()
        .login(&fresh.address.clone().with_application_name("web"))
        .await;
    let ran = fresh.db(&["reset", "--yes"]).exits(1);
    assert!(ran.stderr.contains("`web` of `super`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert!(!other.is_closed());
    fresh.db(&["reset", "--yes", "--force"]).ok();
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('b')").await, "b");
    assert!(other.client().batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_old_database_as_it_was() {
    let fresh = unique("failing").await;
    let sql = "CREATE TABLE kept (id int); COMMENT ON TABLE kept IS 'x'";
    execute(&fresh.address, sql).await;
    fresh
        .folder
        .write("migrations/003_bad.sql", "SELECT nothing_of_this_name");
    let ran = fresh.db(&["reset", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("migrations/003_bad.sql:1:8"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ask(&fresh.address, "SELECT to_regclass('kept')").await,
        "kept"
    );
    assert!(templates(&fresh).await.is_empty());
}

#[tokio::test]
async fn settings_privileges_and_the_comment_of_the_database_outlast_a_reset() {
    let fresh = unique("settings").await;
    let name = &fresh.address.database;
    let admin = cluster().login(&cluster().address("postgres")).await;
    for sql in [
        format!("ALTER DATABASE {name} SET work_mem = '7MB'"),
        format!("COMMENT ON DATABASE {name} IS 'the shop''s own'"),
        format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"),
    ] {
        admin.client().batch_execute(&sql).await.unwrap();
    }
    fresh.db(&["reset", "--yes"]).ok();
    assert_eq!(
        ask(&fresh.address, "SELECT current_setting('work_mem')").await,
        "7MB"
    );
    let all = all_databases().await;
    let info = all.iter().find(|one| one.name == *name).unwrap();
    assert_eq!(info.comment.as_deref(), Some("the shop's own"));
    let access =
        format!("SELECT datacl::text LIKE '{{super=%}}' FROM pg_database WHERE datname = '{name}'");
    assert_eq!(ask(&fresh.address, &access).await, "true");
}

#[tokio::test]
async fn of_the_templates_of_a_database_the_newest_three_stay() {
    let fresh = unique("pruned").await;
    for version in 10..15 {
        let path = format!("migrations/{version}_x.sql");
        fresh
            .folder
            .write(&path, &format!("CREATE TABLE x{version} (id int)"));
        fresh.db(&["reset", "--yes"]).ok();
    }
    assert_eq!(templates(&fresh).await.len(), 3);
    let newest = fresh
        .db(&["reset", "--yes", "--format", "json"])
        .ok()
        .result();
    assert_eq!(newest["reset"]["built"], false);
}

#[tokio::test]
async fn files_with_variables_are_applied_anew_and_leave_no_template() {
    let fresh = unique("variables").await;
    for (name, header) in [
        ("one", "-- poststack: substitute"),
        ("two", "--poststack:substitute"),
        ("three", "/* a note */ --- poststack: substitute"),
    ] {
        let text = format!("{header}\nCREATE TABLE ${{TABLE_NAME}} (id int)");
        fresh.folder.write("migrations/003_v.sql", &text);
        let url = fresh.url();
        let arguments = ["db", "reset", "--yes", "--database-url", &url];
        fresh.folder.run_with(("TABLE_NAME", name), &arguments).ok();
        let table = format!("SELECT to_regclass('{name}')");
        assert_eq!(ask(&fresh.address, &table).await, name);
    }
    assert!(templates(&fresh).await.is_empty());
}

#[tokio::test]
async fn several_resets_at_once_build_one_template() {
    let fresh = unique("together").await;
    let others: Vec<Fresh> = [Fresh::new(&[]).await, Fresh::new(&[]).await].into();
    let mut running = Vec::new();
    for other in std::iter::once(&fresh).chain(&others) {
        let url = other.url();
        let arguments = [
            "db",
            "reset",
            "--yes",
            "--database-url",
            &url,
            "--format",
            "json",
        ];
        let mut command = fresh.folder.command(&arguments);
        running.push(
            command
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap(),
        );
    }
    let mut built = 0;
    for child in running {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        built += usize::from(text.contains("\"built\":true"));
    }
    assert_eq!(built, 1);
}

#[tokio::test]
async fn seeds_run_after_a_reset_and_a_missing_file_stops_it_before() {
    let fresh = unique("seeds").await;
    let ran = fresh.db(&["reset", "--yes", "--seed"]).exits(2);
    assert!(
        ran.stderr.contains("There is no file of seeds"),
        "{}",
        ran.stderr
    );
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('a')").await, "");
    fresh
        .folder
        .write("seeds.sql", "INSERT INTO a VALUES (1), (2)");
    fresh.db(&["reset", "--yes", "--seed"]).ok();
    assert_eq!(ask(&fresh.address, "SELECT count(*) FROM a").await, "2");
}

#[tokio::test]
async fn nothing_of_a_reset_is_left_on_the_server() {
    let fresh = unique("clean").await;
    fresh.db(&["reset", "--yes"]).ok();
    let name = &fresh.address.database;
    let own = format!(
        "SELECT count(*) FROM pg_stat_activity AS a WHERE datname ~ 'poststack_scratch' \
         AND query LIKE '%{name}%'"
    );
    assert_eq!(ask(&fresh.address, &own).await, "0");
    let swapped = all_databases().await;
    assert!(
        swapped
            .iter()
            .all(|one| !one.name.starts_with("poststack_swap_"))
    );
}

#[tokio::test]
async fn files_that_act_outside_the_database_are_not_applied_beside_it() {
    let fresh = unique("outside").await;
    fresh.folder.write(
        "migrations/003_role.sql",
        "SELECT 1;\nCREATE ROLE fresh_outside;",
    );
    for command in [&["reset", "--yes"][..], &["diff", "--pending"]] {
        let ran = fresh.db(command).exits(9);
        assert!(
            ran.stderr.contains("migrations/003_role.sql:2:1"),
            "{}",
            ran.stderr
        );
    }
    let role = "SELECT count(*) FROM pg_roles WHERE rolname = 'fresh_outside'";
    assert_eq!(ask(&fresh.address, role).await, "0");
}

#[tokio::test]
async fn what_a_block_changed_on_the_server_is_told_and_nothing_is_replaced() {
    let fresh = unique("unseen").await;
    let sql = "DO $$ BEGIN EXECUTE 'CREATE ROLE fresh_unseen'; END $$";
    fresh.folder.write("migrations/003_role.sql", sql);
    execute(&fresh.address, "CREATE TABLE kept (id int)").await;
    let ran = fresh.db(&["reset", "--yes"]).exits(9);
    assert!(
        ran.stderr.contains("role `fresh_unseen` is new"),
        "{}",
        ran.stderr
    );
    let kept = ask(&fresh.address, "SELECT to_regclass('kept')").await;
    assert_eq!(kept, "kept");
}

#[tokio::test]
async fn the_copy_belongs_to_whoever_resets_and_has_the_settings_of_the_user() {
    let fresh = unique("users").await;
    let name = &fresh.address.database;
    let mut addresses = Vec::new();
    for user in ["reset_one", "reset_two"] {
        let sql =
            format!("CREATE ROLE {user} LOGIN CREATEDB PASSWORD 'x'; GRANT reset_owners TO {user}");
        let sql = match user {
            "reset_one" => format!("CREATE ROLE reset_owners CREATEDB; {sql}"),
            _ => sql,
        };
        execute(&fresh.address, &sql).await;
        let mut address = fresh.address.clone();
        address.user = user.to_owned();
        address.password = poststack::secret::Secret::new("x");
        addresses.push(address);
    }
    let owner = format!("ALTER DATABASE {name} OWNER TO reset_owners");
    execute(&cluster().address("postgres"), &owner).await;
    let reset = |address: &poststack::postgres::Address| {
        let url = poststack::postgres::url(address).expose().to_owned();
        let ran = fresh.folder.run(&[
            "db",
            "reset",
            "--yes",
            "--format",
            "json",
            "--database-url",
            &url,
        ]);
        ran.ok().result()["reset"]["built"].as_bool().unwrap()
    };
    let whose = "SELECT tableowner FROM pg_tables WHERE tablename = 'a'";
    assert!(reset(&addresses[0]));
    assert_eq!(ask(&fresh.address, whose).await, "reset_one");
    assert!(reset(&addresses[1]));
    assert_eq!(ask(&fresh.address, whose).await, "reset_two");
    assert!(!reset(&addresses[1]));
    let path = "ALTER ROLE reset_two SET default_toast_compression = 'pglz'";
    execute(&cluster().address("postgres"), path).await;
    assert!(reset(&addresses[1]));
}

#[tokio::test]
async fn tablespace_and_connection_limit_outlast_a_reset_and_a_branch() {
    let fresh = unique("tablespace").await;
    let name = &fresh.address.database;
    let admin = cluster().login(&cluster().address("postgres")).await;
    for sql in [
        "SET allow_in_place_tablespaces = on".to_owned(),
        "CREATE TABLESPACE reset_space LOCATION ''".to_owned(),
        format!("ALTER DATABASE {name} SET TABLESPACE reset_space"),
        format!("ALTER DATABASE {name} CONNECTION LIMIT 7"),
    ] {
        admin.client().batch_execute(&sql).await.unwrap();
    }
    fresh.db(&["reset", "--yes"]).ok();
    fresh.db(&["branch", "full"]).ok();
    fresh.db(&["branch", "clean", "--fresh"]).ok();
    for database in [
        name.clone(),
        format!("{name}_full"),
        format!("{name}_clean"),
    ] {
        let sql = format!(
            "SELECT spcname || datconnlimit FROM pg_database AS d
               JOIN pg_tablespace AS t ON t.oid = dattablespace WHERE datname = '{database}'"
        );
        assert_eq!(
            ask(&fresh.address, &sql).await,
            "reset_space7",
            "{database}"
        );
    }
}

#[tokio::test]
async fn a_database_with_a_subscription_is_not_replaced() {
    let fresh = unique("subscription").await;
    let name = &fresh.address.database;
    let sql = format!(
        "CREATE SUBSCRIPTION of_{name} CONNECTION 'host=127.0.0.1' PUBLICATION p \
         WITH (connect = false)"
    );
    execute(&fresh.address, &sql).await;
    let refused = fresh.db(&["reset", "--yes"]).exits(1);
    assert!(
        refused
            .stderr
            .contains(&format!("subscription `of_{name}`")),
        "{}",
        refused.stderr
    );
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('a')").await, "");
    for sql in [
        format!("ALTER SUBSCRIPTION of_{name} SET (slot_name = NONE)"),
        format!("DROP SUBSCRIPTION of_{name}"),
    ] {
        execute(&fresh.address, &sql).await;
    }
    fresh.db(&["reset", "--yes"]).ok();
}

#[tokio::test]
async fn who_may_not_make_databases_is_told_what_one_is_needed_for() {
    let fresh = unique("weak").await;
    execute(&fresh.address, "CREATE ROLE reset_weak LOGIN PASSWORD 'x'").await;
    let mut address = fresh.address.clone();
    address.user = "reset_weak".to_owned();
    address.password = poststack::secret::Secret::new("x");
    let url = poststack::postgres::url(&address).expose().to_owned();
    for known in [false, true] {
        if known {
            fresh.db(&["reset", "--yes"]).ok();
        }
        let arguments = ["db", "reset", "--yes", "--database-url", &url];
        let refused = fresh.folder.run(&arguments).exits(1);
        let said = format!(
            "User `reset_weak` may not make a database beside `{}`",
            address.database
        );
        assert!(refused.stderr.contains(&said), "{}", refused.stderr);
        assert!(!refused.stderr.contains("poststack_"), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_run_that_is_at_its_template_for_long_does_not_keep_others_from_a_reset() {
    let fresh = unique("patience").await;
    let other = cluster().login(&cluster().address("postgres")).await;
    let lock = "SELECT pg_advisory_lock(x'74656d706c617465'::int8)";
    other.client().batch_execute(lock).await.unwrap();
    fresh.db(&["reset", "--yes", "--lock-wait", "200ms"]).ok();
    drop(other);
    assert_eq!(ask(&fresh.address, "SELECT to_regclass('a')").await, "a");
    assert!(templates(&fresh).await.is_empty());
}

#[tokio::test]
async fn seeds_that_fail_leave_the_old_database_as_it_was() {
    let fresh = unique("bad seeds").await;
    execute(&fresh.address, "CREATE TABLE precious (id int)").await;
    let reset = ["reset", "--yes", "--seed"];
    fresh
        .folder
        .write("seeds.sql", "INSERT INTO a VALUES ('x')");
    let ran = fresh.db(&reset).exits(1);
    assert!(
        ran.stderr.contains("the database is as it was"),
        "{}",
        ran.stderr
    );
    fresh.folder.write("seeds.sql", "VACUUM");
    fresh.db(&reset).exits(1);
    let there = "SELECT to_regclass('precious')";
    assert_eq!(ask(&fresh.address, there).await, "precious");
}

#[tokio::test]
async fn nothing_is_kept_on_the_server_of_a_protected_environment() {
    let fresh = unique("protected").await;
    let address = &fresh.address;
    let config = format!(
        "project: {{ name: kept }}\nenvironments:\n  live:\n    protected: true\n    postgres:\n      \
         host: 127.0.0.1\n      port: {}\n      database: {}\n      user: {}\n      \
         password: \"{}\"\n",
        address.port,
        address.database,
        address.user,
        address.password.expose()
    );
    fresh.folder.write(".poststack.yml", &config);
    fresh.folder.run(&["db", "diff", "--pending"]).ok();
    let all = all_databases().await.into_iter();
    let kept = all.filter(|one| {
        let said = one.comment.as_deref();
        said.is_some_and(|said| said.ends_with("; for kept/live"))
    });
    assert_eq!(kept.count(), 0);
}
