//! `env copy` and `env remove`: the file keeps every other byte, and data stay unless told otherwise.

use super::support::{address, compose, execute, select};
use crate::project::{On, Project, on_both_engines};

const TWO: &str = "\
# Ours.
project: { name: {name} }
environment: dev   # mostly
environments:
  dev:   # the first
    # its database
    postgres: { port: {port}, database: shop_dev, storage: volume }
    deployment: { compose: app.yml }

  # For the testers.
  staging:
    postgres:
      storage: tmpfs   # quick
      settings: { max_connections: 20 }
";

const APP: &str = "  app:\n    <<: *sleep\n    ports: [\"{web}:80\"]\n";

fn project(on: On) -> Project {
    let project = Project::new(on, TWO);
    let app = compose(APP).replace("{web}", &crate::project::free_port().to_string());
    project.write("app.yml", &app);
    project
}

#[test]
fn a_copy_differs_where_environments_must_and_the_rest_of_the_file_stays() {
    let project = project(On::Docker);
    let before = project.read(".poststack.yml");
    let ran = project
        .run(&["env", "copy", "dev", "qa", "--format", "json"])
        .ok();
    let copied = ran.json();
    assert_eq!(copied["database"], "shop_qa");
    assert!(
        ran.stderr.contains("`app` publishes port"),
        "{}",
        ran.stderr
    );
    let after = project.read(".poststack.yml");
    let (head, tail) = before.split_once("\n  # For the testers.").unwrap();
    let (_, dev) = head.split_once("  dev:").unwrap();
    let port = copied["port"].to_string();
    let old_port = dev
        .split("port: ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let qa = dev.replace(old_port, &port).replace("shop_dev", "shop_qa");
    assert_eq!(
        after,
        format!("{head}\n  qa:{qa}\n  # For the testers.{tail}")
    );
    project.run(&["config", "validate", "qa"]).ok();
    let again = project.run(&["env", "copy", "dev", "qa"]).exits(2);
    assert!(
        again
            .stderr
            .contains("There is an environment `qa` already"),
        "{}",
        again.stderr
    );
    let bad = project.run(&["env", "copy", "dev", "Q A"]).exits(2);
    assert!(bad.stderr.contains("hint: write `q-a`"), "{}", bad.stderr);
    project.run(&["env", "copy", "nowhere", "x"]).exits(2);
    assert_eq!(project.read(".poststack.yml"), after);
}

#[test]
fn a_copy_that_the_file_cannot_hold_leaves_it_as_it_was() {
    let project = Project::new(
        On::Docker,
        "x-all: &all { dev: {} }\nproject: { name: {name} }\nenvironments: { <<: *all, b: {} }\n",
    );
    let before = project.read(".poststack.yml");
    let ran = project.run(&["env", "copy", "dev", "qa"]).exits(3);
    assert!(
        ran.stderr.contains("edit the file by hand"),
        "{}",
        ran.stderr
    );
    assert_eq!(project.read(".poststack.yml"), before);
}

#[test]
fn what_others_extend_and_what_is_the_last_one_is_not_removed() {
    let project = Project::new(
        On::Docker,
        "project: { name: {name} }\nenvironments:\n  dev: {}\n  staging: { extends: dev }\n",
    );
    let before = project.read(".poststack.yml");
    let ran = project.run(&["env", "remove", "dev", "--yes"]).exits(3);
    assert!(
        ran.stderr
            .contains("`dev` cannot be removed: staging extends it"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(".poststack.yml:4:23"), "{}", ran.stderr);
    assert_eq!(project.read(".poststack.yml"), before);
    project.run(&["env", "remove", "staging", "--yes"]).ok();
    let last = project.run(&["env", "remove", "dev", "--yes"]).exits(2);
    assert!(last.stderr.contains("only environment"), "{}", last.stderr);
}

#[test]
fn a_port_that_was_chosen_stays_when_another_environment_goes() {
    let project = Project::new(
        On::Docker,
        "project: { name: {name} }\nenvironments:\n  a: {}\n  b: {}\n",
    );
    let ran = project.run(&["env", "remove", "a", "--yes"]).ok();
    let after = project.read(".poststack.yml");
    assert!(
        after.ends_with("environments:\n  b: { postgres: { port: 5434 } }\n"),
        "{after}{}",
        ran.stderr
    );
}

#[test]
fn the_data_that_another_environment_uses_stay() {
    let project = Project::new(On::Docker, "");
    let volume = format!("{}-qa_pgdata", project.name);
    project.write(
        ".poststack.yml",
        &format!(
            "project: {{ name: {} }}\nenvironments:\n  qa: {{}}\n  \
             dev: {{ postgres: {{ volume: {volume} }} }}\n",
            project.name
        ),
    );
    let label = |key: &str, value: &str| format!("--label=io.poststack.{key}={value}");
    let root = project.root().canonicalize().unwrap();
    On::Docker.cli_text(&[
        "volume",
        "create",
        &label("project", &project.name),
        &label("environment", "qa"),
        &label("project-dir", root.to_str().unwrap()),
        &volume,
    ]);
    let removed = project.result(&["env", "remove", "qa", "--volumes", "--yes"]);
    assert_eq!(removed["kept"][0], *volume, "{removed}");
    assert_eq!(
        On::Docker.cli_text(&[
            "volume",
            "ls",
            "--quiet",
            "--filter",
            &format!("name={volume}")
        ]),
        volume
    );
}

#[test]
fn a_copy_gets_no_port_that_a_service_publishes() {
    let project = Project::new(
        On::Docker,
        "project: { name: {name} }\nenvironments:\n  dev:\n    postgres: { port: 7292 }\n    \
         deployment: { compose: app.yml }\n  prod: { postgres: { port: 7293 } }\n",
    );
    project.write("app.yml", &compose(&APP.replace("{web}", "7294")));
    let copied = project.run(&["env", "copy", "dev", "qa", "--format", "json"]);
    assert_eq!(copied.ok().json()["port"], 7295);
}

#[test]
fn a_copy_is_told_which_variable_brings_the_port_of_both() {
    let project = Project::new(On::Docker, TWO);
    let app = compose(APP).replace("{web}", "${WEB_PORT:-8080}");
    project.write("app.yml", &app);
    let copied = |name| project.run(&["env", "copy", "dev", name]).ok().stderr;
    let set = |name| format!("set another `WEB_PORT` in `environments/{name}.env`");
    let by_default = copied("a");
    assert!(by_default.contains(&set("a")), "{by_default}");
    project.write("environments/dev.env", "WEB_PORT=8701\n");
    let to_be_copied = copied("b");
    assert!(
        to_be_copied.contains("cp environments/dev.env environments/b.env"),
        "{to_be_copied}"
    );
    assert!(to_be_copied.contains(&set("b")), "{to_be_copied}");
    project.write("environments/c.env", "WEB_PORT=8701\n");
    let is_there = copied("c");
    assert!(
        !is_there.contains("cp ") && is_there.contains(&set("c")),
        "{is_there}"
    );
    project.write("environments/d.env", "WEB_PORT=8702\n");
    assert!(!copied("d").contains("publishes port"));
}

on_both_engines! {
    fn a_removed_environment_leaves_its_data_until_told_otherwise(on: On) {
        let project = project(on);
        project.run(&["env", "start", "dev"]).ok();
        project.run(&["env", "switch", "dev"]).ok();
        execute(&address(&project, "dev"), "CREATE TABLE kept AS SELECT 7 AS n");
        let before = project.read(".poststack.yml");
        let asked = project.run(&["env", "remove", "dev"]).exits(8);
        assert!(asked.stderr.contains("keep volumes"), "{}", asked.stderr);
        assert_eq!(project.container_ids().len(), 2);
        assert_eq!(project.read(".poststack.yml"), before);

        let removed = project.result(&["env", "remove", "dev", "--yes"]);
        assert_eq!(removed["kept"][0], format!("{}-dev_pgdata", project.name));
        assert_eq!(removed["password_kept"], true);
        assert_eq!(project.container_ids().len(), 0);
        let after = project.read(".poststack.yml");
        assert!(!after.contains("dev") && after.contains("# Ours.\n"), "{after}");
        assert!(after.contains("      storage: tmpfs   # quick\n"), "{after}");
        project.run(&["env", "status", "dev"]).exits(2);
        assert_eq!(project.run(&["env", "switch"]).ok().stdout.trim(), "staging (from the only environment there is)");

        // Made again it finds its data, with the password that opens them.
        project.write(".poststack.yml", &before);
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(select(&address(&project, "dev"), "(SELECT n FROM kept)"), "7");
        project.write("environments/dev.env", "A=1\n");
        let ran = project.run(&["env", "remove", "dev", "--volumes", "--yes", "--format", "json"]).ok();
        assert!(ran.stdout.contains("\"env remove\"") && !ran.stdout.contains("\"env stop\""), "{}", ran.stdout);
        let removed = ran.result();
        assert_eq!(removed["env_file"], "environments/dev.env");
        assert_eq!(removed["kept"].as_array().unwrap().len(), 0);
        assert!(!project.root().join(".poststack/secrets/dev.json").exists());
        let filter = format!("label=io.poststack.project={}", project.name);
        assert_eq!(on.cli_text(&["volume", "ls", "--quiet", "--filter", &filter]), "");
        assert_eq!(on.cli_text(&["network", "ls", "--quiet", "--filter", &filter]), "");
    }
}
