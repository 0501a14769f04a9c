//! Which database a command means.

use poststack::postgres::{Address, connect, quote, url};
use poststack::secret::Secret;

use super::support::{Folder, Fresh};
use crate::cluster::cluster;

const TWO: &str = "project: { name: shop }
environments:
  dev: { postgres: { host: db.example.org, password: one, database: dev_db, user: app } }
  staging: { postgres: { host: db.example.org, password: two, database: staging_db, user: app } }
";

fn two() -> Folder {
    Folder::new(&[(".poststack.yml", TWO)])
}

#[test]
fn the_environment_that_is_named_is_meant_in_every_way_of_naming_it() {
    let folder = two();
    let staging = "postgresql://app:two@db.example.org:5432/staging_db\n";
    assert_eq!(folder.run(&["db", "url", "staging"]).ok().stdout, staging);
    assert_eq!(
        folder.run(&["db", "url", "-e", "staging"]).ok().stdout,
        staging
    );
    assert_eq!(
        folder.run(&["db", "--env", "staging", "url"]).ok().stdout,
        staging
    );
    assert_eq!(
        folder.run(&["database", "url", "staging"]).ok().stdout,
        staging
    );
    let named = folder.run_with(("POSTSTACK_ENV", "staging"), &["db", "url"]);
    assert_eq!(named.ok().stdout, staging);
    folder.run(&["env", "switch", "staging"]).ok();
    assert_eq!(folder.run(&["db", "url"]).ok().stdout, staging);
    let dev = folder.run(&["db", "url", "dev"]).ok().stdout;
    assert_eq!(dev, "postgresql://app:one@db.example.org:5432/dev_db\n");
}

#[test]
fn two_names_for_one_command_are_a_wrong_usage() {
    let ran = two()
        .run(&["db", "url", "dev", "--env", "staging"])
        .exits(2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: Two environments are named: `dev` and `--env staging`
    hint: drop one of the two
    ");
}

#[test]
fn no_environment_among_several_is_a_wrong_usage() {
    let ran = two().run(&["db", "url"]).exits(2);
    assert!(
        ran.stderr
            .contains("Which environment? There are dev, staging"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_url_beside_a_named_environment_is_refused_whoever_names_it() {
    let folder = two();
    let url = "postgresql://a:hidden@localhost/b";
    let ran = folder
        .run(&["db", "url", "dev", "--database-url", url])
        .exits(2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: Both `--database-url` and the environment `dev` name a database
    hint: drop one: `--database-url` or `dev`
    ");
    let ran = folder
        .run_with(("POSTSTACK_DATABASE_URL", url), &["db", "url", "dev"])
        .exits(2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: Both `POSTSTACK_DATABASE_URL` and the environment `dev` name a database
    hint: drop one: unset POSTSTACK_DATABASE_URL, or leave out `dev`
    ");
}

#[test]
fn a_url_of_the_process_wins_over_an_environment_nobody_named_and_says_so() {
    let folder = two();
    folder.run(&["env", "switch", "dev"]).ok();
    let url = "postgresql://a:hidden@localhost:7777/b";
    let ran = folder
        .run_with(("POSTSTACK_DATABASE_URL", url), &["db", "url"])
        .ok();
    assert_eq!(ran.stdout, format!("{url}\n"));
    insta::assert_snapshot!(ran.stderr, @"note: POSTSTACK_DATABASE_URL names the database localhost:7777/b; unset it to use environment `dev`");
}

#[test]
fn the_url_of_the_command_line_wins_over_that_of_the_process_without_a_word() {
    let folder = two();
    let process = ("POSTSTACK_DATABASE_URL", "postgresql://x@localhost/x");
    let ran = folder
        .run_with(
            process,
            &["db", "url", "--database-url", "postgres://a:b@c/d"],
        )
        .ok();
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("postgresql://a:b@c:5432/d\n", "")
    );
}

#[test]
fn what_is_no_url_is_a_wrong_usage_and_is_not_shown() {
    let folder = Folder::new(&[]);
    let ran = folder
        .run(&["db", "url", "--database-url", "mysql://a:canary@b/c"])
        .exits(2);
    assert!(
        ran.stderr
            .starts_with("error: `--database-url` is not the URL of a database: ")
    );
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let ran = folder
        .run_with(("POSTSTACK_DATABASE_URL", "a:canary@b"), &["db", "url"])
        .exits(3);
    assert!(ran.stderr.contains("`POSTSTACK_DATABASE_URL` is not"));
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn an_unrelated_folder_is_an_error() {
    let folder = Folder::new(&[("migrations/1_a.sql", "SELECT 1")]);
    let ran = folder.run(&["db", "url"]).exits(3);
    assert!(
        ran.stderr.contains("There is no .poststack.yml in "),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_faulty_configuration_stops_a_url_too() {
    let folder = Folder::new(&[(
        ".poststack.yml",
        "environments: { dev: { protectd: true } }\n",
    )]);
    let ran = folder
        .run(&["db", "url", "--database-url", "postgres://a@b/c"])
        .exits(3);
    assert!(
        ran.stderr.contains("Unknown key `protectd`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_environment_that_was_never_started_has_no_password_to_show() {
    let folder = Folder::new(&[(".poststack.yml", "environments: { dev: }\n")]);
    let ran = folder.run(&["db", "url"]).exits(6);
    insta::assert_snapshot!(ran.stderr, @r"
    error: The database of `dev` was never started
    hint: start it: poststack env start dev
    ");
}

#[test]
fn tls_of_an_external_database_is_part_of_its_url() {
    let text = "environments:\n  live:\n    postgres: { host: db, user: u, password: p, database: d, sslmode: require }\n";
    let folder = Folder::new(&[(".poststack.yml", text)]);
    let ran = folder.run(&["db", "url", "--container"]).ok();
    assert_eq!(ran.stdout, "postgresql://u:p@db:5432/d?sslmode=require\n");
}

#[tokio::test]
async fn a_password_of_any_characters_logs_in_through_its_url() {
    let address = cluster().database().await;
    let password = "a@b/c:d%e#f$g'h\"i\\j k?l&mü漢";
    let admin = cluster().login(&address).await;
    let role = format!("\"odd@{}\"", address.database);
    let sql = format!(
        "CREATE ROLE {role} LOGIN PASSWORD {}",
        quote::literal(password)
    );
    admin.client().batch_execute(&sql).await.unwrap();
    let odd = Address {
        user: format!("odd@{}", address.database),
        password: Secret::new(password),
        ..address
    };
    connect(&odd, std::time::Duration::from_secs(5))
        .await
        .unwrap();
    let folder = Folder::new(&[]);
    let url = url(&odd);
    let variable = ("POSTSTACK_DATABASE_URL", url.expose());
    let ran = folder
        .run_with(variable, &["db", "test-connection", "--format", "json"])
        .ok();
    assert_eq!(ran.json()["user"], odd.user.as_str());
    let shown = folder
        .run_with(variable, &["db", "url", "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        Address::parse(shown["url"].as_str().unwrap())
            .unwrap()
            .password
            .expose(),
        password
    );
}

#[tokio::test]
async fn a_tested_connection_tells_its_phases_and_no_password() {
    let fresh = Fresh::new(&[]).await;
    let json = fresh
        .db(&["test-connection", "--format", "json"])
        .ok()
        .json();
    let phases: Vec<_> = json["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["resolve", "connect", "login", "query"]);
    assert_eq!(
        (&json["v"], &json["superuser"], &json["tls"]),
        (&1.into(), &true.into(), &serde_json::Value::Null)
    );
    let ran = fresh.db(&["test-connection"]).ok();
    assert!(ran.stdout.contains(": PostgreSQL 15."), "{}", ran.stdout);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("p@ssword"));
}

#[test]
fn a_database_that_does_not_answer_is_unreachable() {
    let port = crate::project::free_port();
    let folder = Folder::new(&[]);
    let url = format!("postgresql://a:canary@127.0.0.1:{port}/b");
    let ran = folder
        .run(&["db", "test-connection", "--database-url", &url])
        .exits(6);
    assert!(
        ran.stderr.contains(&format!("`127.0.0.1:{port}/b`")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("(phase: connect)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn an_unknown_environment_is_an_error_beside_a_url_too() {
    let folder = two();
    let arguments = ["db", "url", "--database-url", "postgres://a@b/c"];
    folder.run(&arguments).ok();
    let ran = folder
        .run_with(("POSTSTACK_ENV", "stagging"), &arguments)
        .exits(2);
    insta::assert_snapshot!(ran.stderr, @r"
    error: There is no environment `stagging` (named by $POSTSTACK_ENV)
    hint: did you mean `staging`?
    ");
}

#[test]
fn a_url_that_the_project_keeps_is_meant_until_an_environment_is_named() {
    let folder = two();
    let url = "postgresql://a:hidden@localhost:7777/b";
    folder.write(".env", &format!("POSTSTACK_DATABASE_URL={url}\n"));
    let ran = folder.run(&["db", "url"]).ok();
    assert_eq!(ran.stdout, format!("{url}\n"));
    assert_eq!(ran.stderr, "");
    let dev = folder.run(&["db", "url", "dev"]).ok().stdout;
    assert_eq!(dev, "postgresql://app:one@db.example.org:5432/dev_db\n");
    folder.run(&["env", "switch", "dev"]).ok();
    let ran = folder.run(&["db", "url"]).ok();
    insta::assert_snapshot!(ran.stderr, @"note: POSTSTACK_DATABASE_URL in .env:1:1 names the database localhost:7777/b; name the environment to use it: `--env dev`");
}

#[test]
fn settings_are_explained_with_and_without_a_project_and_hide_the_password() {
    let folder = Folder::new(&[(".env", "POSTSTACK_DATABASE_URL=postgres://a:canary@b/c\n")]);
    let explain = ["config", "show", "--explain"];
    let ran = folder.run(&explain).ok();
    let line = |name: &str| {
        let line = ran.stdout.lines().find(|line| line.starts_with(name));
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("database_url"),
        "database_url postgres://a:***@b/c POSTSTACK_DATABASE_URL in .env:1:1"
    );
    assert_eq!(line("log_dir"), "log_dir logs default");
    folder.write(
        ".poststack.yml",
        "project: { name: shop }\nsettings: { log_dir: l }\nenvironments: { dev: }\n",
    );
    let json = folder.run(&[&explain[..], &["--format", "json"]].concat());
    let json = json.ok().json();
    assert_eq!(json["v"], 1);
    let settings = json["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 11);
    assert_eq!(settings[2]["name"], "log_dir");
    assert_eq!(settings[2]["value"], "l");
    assert_eq!(settings[2]["origin"], ".poststack.yml:2:22");
    let shown = folder.run(&["config", "show"]).ok().stdout;
    assert!(shown.contains("settings:\n  log_dir: l\n"), "{shown}");
}

#[test]
fn migrations_of_an_environment_that_names_no_folder_are_where_the_setting_says() {
    let folder = two();
    let named = |ran: crate::project::Ran| ran.exits(3).stderr;
    let run = folder.run_with(
        ("POSTSTACK_MIGRATIONS_PATH", "./sql"),
        &["db", "verify", "dev"],
    );
    assert!(named(run).contains("no folder `sql`"));
    let run = folder.run(&["db", "verify", "dev"]);
    assert!(named(run).contains("no folder `migrations`"));
}

#[test]
fn a_faulty_setting_is_told_with_its_origin() {
    let folder = two();
    let variable = ("POSTSTACK_CONTAINER_RUNTIME", "nerdctl");
    let ran = folder
        .run_with(variable, &["env", "status", "dev"])
        .exits(3);
    insta::assert_snapshot!(ran.stderr, @r"
    error: `POSTSTACK_CONTAINER_RUNTIME` is `nerdctl`
     |
     = help: write one of docker, podman, auto
    error: 1 fault in the configuration
    ");
    let ran = folder
        .run(&["env", "list", "--log-level", "debgu"])
        .exits(2);
    assert!(
        ran.stderr.contains("did you mean `debug`?"),
        "{}",
        ran.stderr
    );
}
