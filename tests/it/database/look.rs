//! What only looks: status, info, lint, queries; and seeds and schemas.

use poststack::postgres::Address;
use poststack::secret::Secret;

use super::support::{Folder, Fresh, THREE, execute};
use crate::cluster::ask;

#[tokio::test]
async fn the_status_tells_how_each_migration_stands() {
    let fresh = Fresh::new(THREE).await;
    let status = fresh.db(&["status", "--format", "json"]).ok().json();
    assert_eq!(
        (&status["ledger"], &status["counts"]),
        (&serde_json::Value::Null, &serde_json::json!({"pending": 3}))
    );
    fresh.db(&["migrate", "--steps", "2"]).ok();
    fresh
        .folder
        .write("migrations/001_users.sql", "CREATE TABLE changed ()");
    fresh.folder.write(
        "migrations/R_view.sql",
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS one",
    );
    let ran = fresh.db(&["migration-status", "--format", "json"]).ok();
    let status = ran.json();
    assert_eq!(
        status["counts"],
        serde_json::json!({"applied": 1, "edited": 1, "pending": 1})
    );
    assert_eq!(
        (&status["v"], &status["ledger"]),
        (&1.into(), &"poststack".into())
    );
    let states: Vec<_> = status["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["edited", "applied", "pending"]);
    assert_eq!(
        (
            &status["repeatables"][0]["name"],
            &status["repeatables"][0]["state"]
        ),
        (&"view".into(), &"pending".into())
    );
    assert_eq!(status["migrations"][0]["applied_by"], "super");
    let ran = fresh.db(&["status"]).ok();
    assert!(
        ran.stdout
            .contains(": 1 applied, 1 edited, 1 pending (files in migrations)\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("1 fault would stop a run: poststack db verify"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn the_ledger_of_another_tool_is_told() {
    let fresh = Fresh::new(THREE).await;
    fresh
        .db(&[
            "query",
            "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)",
        ])
        .ok();
    let status = fresh.db(&["status", "--format", "json"]).ok().json();
    assert_eq!(
        status["other_ledgers"],
        serde_json::json!(["dbmate (public.schema_migrations)"])
    );
    fresh.db(&["migrate"]).exits(9);
}

#[tokio::test]
async fn everything_known_of_one_migration_is_told() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate", "--steps", "1"]).ok();
    let info = fresh
        .db(&["migration-info", "1", "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        (&info["version"], &info["state"]),
        (&"001".into(), &"applied".into())
    );
    assert_eq!(info["file"]["checksum"], info["applied"]["checksum"]);
    assert_eq!(info["rollback"]["sql"], THREE[1].1);
    let pending = fresh.db(&["migration-info", "003"]).ok().stdout;
    assert!(pending.starts_with("003_total: pending\n"), "{pending}");
    assert!(pending.contains("1 statement, requires 2"), "{pending}");
    let unknown = fresh.db(&["migration-info", "77"]).exits(1);
    assert!(
        unknown.stderr.contains("There is no version `77`"),
        "{}",
        unknown.stderr
    );
    fresh.db(&["migration-info", "one"]).exits(2);
}

#[tokio::test]
async fn lint_looks_at_what_is_pending_or_at_everything() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate"]).ok();
    fresh.folder.write(
        "migrations/004_index.sql",
        "CREATE INDEX users_id ON users (id)",
    );
    fresh
        .folder
        .write("migrations/004_index.rollback.sql", "DROP INDEX users_id");
    let ran = fresh.db(&["lint"]).exits(1);
    assert!(
        ran.stdout.starts_with("1 file looked at: "),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("migrations/004_index.sql:1:"),
        "{}",
        ran.stderr
    );
    let json = fresh
        .db(&["lint", "--all", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(json["files"].as_array().unwrap().len(), 4);
    fresh.folder.write(
        "migrations/004_index.sql",
        "CREATE INDEX CONCURRENTLY users_id ON users (id)",
    );
    fresh.folder.write(
        "migrations/004_index.rollback.sql",
        "DROP INDEX CONCURRENTLY users_id",
    );
    fresh.db(&["lint"]).ok();
}

#[test]
fn the_rules_of_lint_are_listed_without_a_project() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["db", "lint", "--rules"]).ok();
    assert!(
        ran.stdout
            .contains("set-not-null (error)\n  `SET NOT NULL` takes"),
        "{}",
        ran.stdout
    );
    let json = folder.run(&["db", "lint", "--rules", "--format", "json"]);
    let json = json.ok().json();
    let rules = json["items"].as_array().unwrap();
    assert_eq!(rules.len(), poststack::lint::rules().len());
    for key in ["name", "severity", "what", "instead"] {
        assert!(rules.iter().all(|rule| rule[key].is_string()), "{key}");
    }
}

#[tokio::test]
async fn who_may_only_read_is_told_what_reading_takes() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate"]).ok();
    let user = format!("reader_{}", fresh.address.database);
    let make = format!("CREATE ROLE {user} LOGIN PASSWORD 'x'");
    execute(&fresh.address, &make).await;
    let reader = Fresh::with(fresh.folder, as_user(&fresh.address, &user));
    let ran = reader.db(&["status"]).exits(9);
    let hint = ran.stderr.split_once("let the user read it: ").unwrap().1;
    execute(&fresh.address, hint.trim()).await;
    reader.db(&["status"]).ok();
    reader.db(&["verify"]).ok();
    let clean = format!("DROP OWNED BY {user}; DROP ROLE {user}");
    execute(&fresh.address, &clean).await;
}

fn as_user(address: &Address, user: &str) -> Address {
    Address {
        user: user.to_owned(),
        password: Secret::new("x".to_owned()),
        ..address.clone()
    }
}

#[tokio::test]
async fn seeds_are_all_or_nothing() {
    let fresh = Fresh::new(&[(
        "seed.sql",
        "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1), (2);",
    )])
    .await;
    let result = fresh.db(&["seed", "--format", "json"]).ok().result();
    assert_eq!(
        (&result["file"], &result["statements"], &result["rows"]),
        (&"seed.sql".into(), &2.into(), &2.into())
    );
    fresh.folder.write(
        "bad.sql",
        "INSERT INTO t VALUES (3);\nINSERT INTO t VALUES ('x');",
    );
    let ran = fresh.db(&["seed", "--file", "bad.sql"]).exits(1);
    assert!(ran.stderr.contains("bad.sql:2:23"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Failed to seed from `bad.sql`; nothing is kept"),
        "{}",
        ran.stderr
    );
    fresh
        .folder
        .write("torn.sql", "INSERT INTO t VALUES (3); COMMIT; SELECT 1/0;");
    fresh.db(&["seed", "--file", "torn.sql"]).exits(1);
    assert_eq!(ask(&fresh.address, "SELECT sum(a) FROM t").await, "3");
}

#[tokio::test]
async fn seeds_of_the_environment_come_before_those_of_all() {
    let fresh = Fresh::new(&[
        ("seeds/dev.sql", "SELECT 'dev'"),
        ("seeds.sql", "SELECT 'all'"),
    ])
    .await;
    let address = &fresh.address;
    let text = format!(
        "environments:\n  dev: &database\n    postgres: {{ host: \"127.1\", port: {}, database: {}, user: {}, \
         password: \"{}\" }}\n  other: *database\n",
        address.port,
        address.database,
        address.user,
        address.password.expose()
    );
    fresh.folder.write(".poststack.yml", &text);
    let file = |environment| {
        fresh
            .folder
            .run(&["db", "seed", environment, "--format", "json"])
            .ok()
            .result()["file"]
            .clone()
    };
    assert_eq!(
        (file("dev"), file("other")),
        ("seeds/dev.sql".into(), "seeds.sql".into())
    );
    std::fs::remove_file(fresh.folder.path().join("seeds.sql")).unwrap();
    let ran = fresh.folder.run(&["db", "seed", "other"]).exits(1);
    assert!(
        ran.stderr
            .contains("looked for `seeds/other.sql`, `seeds.sql`, `seed.sql`"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn schemas_are_made_and_dropped_with_what_is_in_them() {
    let fresh = Fresh::new(&[]).await;
    fresh.db(&["create-schema", "My \"Shop"]).ok();
    fresh.db(&["create-schema", "My \"Shop"]).exits(1);
    let result = fresh
        .db(&[
            "create-schema",
            "My \"Shop",
            "--if-not-exists",
            "--format",
            "json",
        ])
        .ok()
        .result();
    assert_eq!(result["changed"], false);
    fresh
        .db(&[
            "query",
            "CREATE TABLE \"My \"\"Shop\".orders AS SELECT generate_series(1, 5); ANALYZE",
        ])
        .ok();
    let ran = fresh.db(&["drop-schema", "My \"Shop"]).exits(8);
    assert!(
        ran.stderr
            .contains("lose table My \"Shop.orders (about 5 rows)"),
        "{}",
        ran.stderr
    );
    fresh.db(&["drop-schema", "My \"Shop", "--yes"]).ok();
    let ran = fresh.db(&["drop-schema", "My \"Shop", "--yes"]).exits(1);
    assert!(
        ran.stderr.contains("There is no schema `My \"Shop`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn every_command_has_help_with_an_example() {
    let folder = Folder::new(&[]);
    let help = folder.run(&["db", "--help"]).ok().stdout;
    let commands: Vec<&str> = { help.lines() }
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 16, "{help}");
    for command in commands {
        let help = folder.run(&["db", command, "--help"]).ok().stdout;
        assert!(help.contains("Example"), "{command}");
        assert!(help.contains("--database-url"), "{command}");
    }
}

#[tokio::test]
async fn the_schema_is_shown_as_tables_and_as_sql_that_makes_it_again() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate"]).ok();
    let ran = fresh.db(&["show-schema", "--only", "orders"]).ok();
    assert!(
        ran.stdout.starts_with("public.orders: table"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("  user_id  integer  yes\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("FOREIGN KEY (user_id) REFERENCES users(id)"),
        "{}",
        ran.stdout
    );
    let json = fresh.db(&["show-schema", "--format", "json"]).ok().json();
    let names: Vec<_> = json["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!((names, &json["v"]), (vec!["orders", "users"], &1.into()));
    let sql = fresh.db(&["show-schema", "--sql"]).ok().stdout;
    let copy = Fresh::new(&[("schema.sql", &sql)]).await;
    copy.db(&["seed", "--file", "schema.sql"]).ok();
    assert_eq!(copy.db(&["show-schema", "--sql"]).ok().stdout, sql);
}

#[tokio::test]
async fn the_numbers_of_a_database_are_shown() {
    let fresh = Fresh::new(THREE).await;
    fresh.db(&["migrate"]).ok();
    let json = fresh.db(&["stats", "--format", "json"]).ok().json();
    assert_eq!(
        (&json["v"], json["database"].as_str()),
        (&1.into(), Some(fresh.address.database.as_str()))
    );
    let ran = fresh.db(&["stats"]).ok();
    assert!(ran.stdout.contains("public.orders"), "{}", ran.stdout);
    assert!(ran.stdout.contains("transactions: "), "{}", ran.stdout);
}
