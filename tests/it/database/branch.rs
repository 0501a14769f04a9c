//! `db branch` and `db switch`.

use poststack::postgres::{Address, url};

use super::support::{Folder, Fresh, ask, execute};
use crate::cluster::cluster;

const T: &str = "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 5)";

/// A project whose environment `dev` is a database of the cluster.
struct Dev {
    folder: Folder,
    address: Address,
}

impl Dev {
    async fn new() -> Self {
        let address = cluster().database().await;
        let config = format!(
            "project: {{ name: shop }}\nenvironments:\n  dev:\n    postgres:\n      \
             host: 127.0.0.1\n      port: {}\n      database: {}\n      user: {}\n      \
             password: \"{}\"\n    deployment: {{ compose: app.yml }}\n",
            address.port,
            address.database,
            address.user,
            address.password.expose()
        );
        let folder = Folder::new(&[
            (".poststack.yml", &config),
            ("migrations/001_a.sql", "CREATE TABLE a (id int)"),
            (
                "app.yml",
                "services: { web: { image: web, environment: { NAME: \"${DB_NAME}\" } } }",
            ),
        ]);
        Self { folder, address }
    }

    /// The database of a branch.
    fn branch(&self, name: &str) -> Address {
        let database = format!("{}_{name}", self.address.database);
        self.address.with_database(database)
    }
}

#[tokio::test]
async fn a_branch_is_a_copy_with_data_that_goes_its_own_way() {
    let dev = Dev::new().await;
    execute(&dev.address, T).await;
    dev.folder.run(&["db", "branch", "feature"]).ok();
    let branch = dev.branch("feature");
    assert_eq!(ask(&branch, "SELECT count(*) FROM t").await, "5");
    execute(&branch, "DELETE FROM t").await;
    assert_eq!(ask(&dev.address, "SELECT count(*) FROM t").await, "5");
}

#[tokio::test]
async fn a_fresh_branch_is_what_the_migrations_make() {
    let dev = Dev::new().await;
    execute(&dev.address, T).await;
    dev.folder.run(&["db", "branch", "clean", "--fresh"]).ok();
    let branch = dev.branch("clean");
    assert_eq!(ask(&branch, "SELECT to_regclass('t')").await, "");
    assert_eq!(ask(&branch, "SELECT to_regclass('a')").await, "a");
    assert_eq!(ask(&dev.address, "SELECT to_regclass('a')").await, "");
}

#[tokio::test]
async fn branches_are_listed_with_the_one_in_use() {
    let dev = Dev::new().await;
    dev.folder.run(&["db", "branch", "one"]).ok();
    dev.folder
        .run(&["db", "branch", "feature/two", "--empty"])
        .ok();
    dev.folder.run(&["db", "switch", "one"]).ok();
    let listed = dev
        .folder
        .run(&["db", "branch", "--format", "json"])
        .ok()
        .json();
    let told: Vec<_> = listed["branches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["branch"].as_str(),
                one["from"].as_str(),
                one["current"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (None, None, false),
            (Some("feature/two"), Some("migrations"), false),
            (Some("one"), Some(dev.address.database.as_str()), true),
        ]
    );
    assert!(listed["branches"][2]["bytes"].as_u64().unwrap() > 1_000_000);
}

#[tokio::test]
async fn a_switch_changes_commands_at_once_and_what_the_next_start_hands_out() {
    let dev = Dev::new().await;
    dev.folder.run(&["db", "branch", "feature"]).ok();
    let switched = dev.folder.run(&["db", "switch", "feature"]).ok();
    assert!(
        switched.stderr.contains("poststack env start dev"),
        "{}",
        switched.stderr
    );
    let shown = dev.folder.run(&["db", "url"]).ok();
    let ending = format!("/{}\n", dev.branch("feature").database);
    assert!(shown.stdout.ends_with(&ending), "{}", shown.stdout);
    assert!(
        shown.stderr.contains("on branch `feature`"),
        "{}",
        shown.stderr
    );
    let name = |dev: &Dev| {
        let dry = dev.folder.run(&["env", "dry-run", "dev"]).ok();
        let line = dry
            .stdout
            .lines()
            .find(|line| line.starts_with("DB_NAME"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(name(&dev), dev.branch("feature").database);
    dev.folder.run(&["db", "switch", "--main"]).ok();
    assert_eq!(name(&dev), dev.address.database);
    let again = dev.folder.run(&["db", "url"]).ok();
    let ending = format!("/{}\n", dev.address.database);
    assert!(again.stdout.ends_with(&ending), "{}", again.stdout);
    assert_eq!(again.stderr, "");
}

#[tokio::test]
async fn a_reset_on_a_branch_leaves_the_environments_own_database_alone() {
    let dev = Dev::new().await;
    execute(&dev.address, T).await;
    dev.folder.run(&["db", "branch", "feature"]).ok();
    dev.folder.run(&["db", "switch", "feature", "dev"]).ok();
    dev.folder.run(&["db", "reset", "--yes"]).ok();
    assert_eq!(
        ask(&dev.branch("feature"), "SELECT to_regclass('t')").await,
        ""
    );
    assert_eq!(ask(&dev.address, "SELECT count(*) FROM t").await, "5");
    // Still a branch.
    let listed = dev
        .folder
        .run(&["db", "branch", "--format", "json"])
        .ok()
        .json();
    assert_eq!(listed["branches"][1]["branch"], "feature");
}

#[tokio::test]
async fn a_branch_in_use_is_not_deleted_and_another_one_only_when_confirmed() {
    let dev = Dev::new().await;
    execute(&dev.address, T).await;
    dev.folder.run(&["db", "branch", "feature"]).ok();
    dev.folder.run(&["db", "switch", "feature"]).ok();
    let refused = dev
        .folder
        .run(&["db", "branch", "--delete", "feature", "--yes"])
        .exits(1);
    assert!(
        refused.stderr.contains("poststack db switch --main"),
        "{}",
        refused.stderr
    );
    dev.folder.run(&["db", "switch", "--main"]).ok();
    let asked = dev
        .folder
        .run(&["db", "branch", "--delete", "feature"])
        .exits(8);
    assert!(
        asked.stderr.contains("lose table public.t (5 rows)"),
        "{}",
        asked.stderr
    );
    dev.folder
        .run(&["db", "branch", "--delete", "feature", "--yes"])
        .ok();
    let gone = dev.folder.run(&["db", "switch", "feature"]).exits(1);
    assert!(
        gone.stderr.contains("There is no branch `feature`"),
        "{}",
        gone.stderr
    );
}

#[tokio::test]
async fn a_database_that_is_no_branch_is_never_taken_for_one() {
    let dev = Dev::new().await;
    let name = dev.branch("theirs").database;
    execute(
        &cluster().address("postgres"),
        &format!("CREATE DATABASE {name}"),
    )
    .await;
    let refused = dev.folder.run(&["db", "branch", "theirs"]).exits(1);
    assert!(
        refused.stderr.contains("is there already, and no branch"),
        "{}",
        refused.stderr
    );
    dev.folder
        .run(&["db", "branch", "--delete", "theirs", "--yes"])
        .exits(1);
    dev.folder.run(&["db", "switch", "theirs"]).exits(1);
    assert_eq!(ask(&dev.branch("theirs"), "SELECT 1").await, "1");
}

#[tokio::test]
async fn sessions_on_the_source_are_named_and_ended_only_by_force() {
    let dev = Dev::new().await;
    let other = cluster()
        .login(&dev.address.clone().with_application_name("web"))
        .await;
    let refused = dev.folder.run(&["db", "branch", "feature"]).exits(1);
    assert!(
        refused.stderr.contains("`web` of `super`"),
        "{}",
        refused.stderr
    );
    assert!(!other.is_closed());
    dev.folder.run(&["db", "branch", "feature", "--force"]).ok();
    assert_eq!(ask(&dev.branch("feature"), "SELECT 1").await, "1");
}

#[tokio::test]
async fn with_a_url_there_are_branches_but_nothing_to_switch() {
    let fresh = Fresh::new(&[]).await;
    execute(&fresh.address, T).await;
    fresh.db(&["branch", "x"]).ok();
    let branch = fresh
        .address
        .with_database(format!("{}_x", fresh.address.database));
    assert_eq!(ask(&branch, "SELECT count(*) FROM t").await, "5");
    let refused = fresh.db(&["switch", "x"]).exits(2);
    assert!(
        refused.stderr.contains("nothing to switch"),
        "{}",
        refused.stderr
    );
    // Through the URL of a branch the same branches are seen.
    let branch_url = url(&branch);
    let arguments = [
        "db",
        "branch",
        "--format",
        "json",
        "--database-url",
        branch_url.expose(),
    ];
    let listed = fresh.folder.run(&arguments).ok().json();
    assert_eq!(
        listed["branches"][0]["database"],
        fresh.address.database.as_str()
    );
    assert_eq!(listed["branches"][1]["current"], true);
}

#[tokio::test]
async fn names_that_are_none_and_names_that_postgresql_would_cut_are_refused() {
    let dev = Dev::new().await;
    dev.folder.run(&["db", "branch", "a b"]).exits(2);
    dev.folder.run(&["db", "branch", "-x"]).exits(2);
    let long = Fresh::new(&[]).await;
    let database = "d".repeat(50);
    execute(&long.address, &format!("CREATE DATABASE {database}")).await;
    let address = url(&long.address.with_database(&database));
    let arguments = [
        "db",
        "branch",
        "a-name-of-its-own",
        "--database-url",
        address.expose(),
    ];
    let refused = long.folder.run(&arguments).exits(2);
    assert!(
        refused.stderr.contains("is longer than 12 characters"),
        "{}",
        refused.stderr
    );
    dev.folder.run(&["db", "branch", "main"]).exits(2);
    let database = "e".repeat(63);
    execute(&long.address, &format!("CREATE DATABASE {database}")).await;
    let address = url(&long.address.with_database(&database));
    let arguments = ["db", "branch", "b", "--database-url", address.expose()];
    let refused = long.folder.run(&arguments).exits(2);
    assert!(
        refused.stderr.contains("is too long to have branches"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn a_reset_does_not_make_a_branch_that_is_gone() {
    let dev = Dev::new().await;
    dev.folder.run(&["db", "branch", "gone"]).ok();
    dev.folder.run(&["db", "switch", "gone"]).ok();
    let database = dev.branch("gone").database;
    execute(&dev.address, &format!("DROP DATABASE {database}")).await;
    let refused = dev.folder.run(&["db", "reset", "--yes"]).exits(1);
    assert!(
        refused.stderr.contains("db switch --main"),
        "{}",
        refused.stderr
    );
    let refused = dev.folder.run(&["db", "status"]).exits(6);
    assert!(
        refused.stderr.contains("db switch --main"),
        "{}",
        refused.stderr
    );
    let there = format!("SELECT count(*) FROM pg_database WHERE datname = '{database}'");
    assert_eq!(ask(&dev.address, &there).await, "0");
}

#[tokio::test]
async fn the_database_of_another_environment_is_no_branch() {
    let dev = Dev::new().await;
    let make = ["db", "branch", "staging", "dev"];
    dev.folder.run(&make).ok();
    let path = dev.folder.path().join(".poststack.yml");
    let text = std::fs::read_to_string(&path).unwrap();
    let staging = format!(
        "  staging:\n    postgres: {{ host: \"127.1\", port: {}, database: {}_staging, user: u, password: p }}\n",
        dev.address.port, dev.address.database
    );
    dev.folder
        .write(".poststack.yml", &format!("{text}{staging}"));
    let told = "_staging` is that of environment `staging`, and no branch";
    for arguments in [
        &[
            "db", "branch", "--delete", "staging", "--env", "dev", "--yes",
        ][..],
        &["db", "switch", "staging", "dev"],
    ] {
        let ran = dev.folder.run(arguments).exits(2);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    assert_eq!(ask(&dev.branch("staging"), "SELECT 1").await, "1");
    let drop = format!("DROP DATABASE {}_staging", dev.address.database);
    execute(&cluster().address("postgres"), &drop).await;
    let ran = dev.folder.run(&make).exits(2);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}
