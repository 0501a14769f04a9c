//! Variables as services and the dry run see them.

use serde_json::Value;

use super::support::{DEV, address, compose, container, psql, shell};
use crate::project::{On, Project, on_both_engines, ran};

const LAYERED: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
    env_file: dev.env
    variables: { SET: variables, VARIABLES: variables }
";

fn layered(on: On) -> Project {
    let project = Project::new(on, LAYERED);
    project.write("dev.env", "SET=file\nVARIABLES=file\nFILE=file\n");
    let services = "  web:
    <<: *sleep
    environment:
      WORDS: ${SET} ${VARIABLES} ${FILE} ${IT_PROCESS} ${NOWHERE:-default} $$literal
";
    project.write("app.yml", &compose(services));
    project
}

/// The line of a dry run for a variable.
#[track_caller]
fn line<'v>(dry_run: &'v Value, name: &str) -> &'v Value {
    let lines = dry_run["variables"].as_array().unwrap();
    let found = lines.iter().find(|line| line["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {dry_run}"))
}

on_both_engines! {
    fn a_service_on_the_hosts_network_gets_the_published_address(on: On) {
        let project = Project::new(on, DEV);
        let services = "  near:
    <<: *client
    environment: &words { DATABASE_URL: \"${POSTSTACK_DATABASE_URL}\", HOST: \"${DB_HOST}:${DB_PORT}\" }
  far:
    <<: *client
    network_mode: host
    environment: *words
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let port = address(&project, "dev").port;
        for (service, host) in [("near", format!("{}-dev-postgres:5432", project.name)), ("far", format!("127.0.0.1:{port}"))] {
            let name = container(&project, &format!("dev-{service}-1"));
            assert_eq!(shell(&project, &name, "echo $HOST", &[]), host);
            assert_eq!(psql(&project, &name, "select 'in'"), "in");
        }
    }

    fn higher_layers_win(on: On) {
        let project = layered(on);
        let arguments = ["env", "start", "dev", "--set", "SET=command"];
        let mut start = project.command(&arguments);
        let process = ["SET", "VARIABLES", "FILE", "IT_PROCESS"];
        ran(start.envs(process.map(|name| (name, "process")))).ok();
        let web = container(&project, "dev-web-1");
        let words = shell(&project, &web, "echo \"$WORDS\"", &[]);
        assert_eq!(words, "command variables file process default $literal");
    }

    fn an_undefined_variable_stops_a_start_before_anything_is_made(on: On) {
        let project = layered(on);
        let refused = project.run(&["env", "start", "dev"]).exits(3);
        assert!(refused.stderr.contains("IT_PROCESS") && refused.stderr.contains("app.yml:"), "{}", refused.stderr);
        assert_eq!(project.container_ids().len(), 0);
        project.run(&["env", "start", "dev", "--allow-undefined"]).ok();
        let web = container(&project, "dev-web-1");
        let words = shell(&project, &web, "echo \"$WORDS\"", &[]);
        assert_eq!(words, "variables variables file  default $literal");
    }
}

#[test]
fn a_dry_run_lists_values_layers_and_places_and_touches_nothing() {
    let project = layered(On::Docker);
    let arguments = [
        "env",
        "dry-run",
        "dev",
        "--set",
        "SET=command",
        "--format",
        "json",
    ];
    let ran = project.run(&arguments).exits(3);
    let (document, _error) = ran.stdout.rsplit_once("\n{").unwrap_or((&ran.stdout, ""));
    let listed: Value = serde_json::from_str(document).unwrap();
    let shown = |name: &str| {
        let line = line(&listed, name);
        format!(
            "{} {} {}",
            line["value"].as_str().unwrap(),
            line["layer"].as_str().unwrap(),
            line["place"].as_str().unwrap_or("-")
        )
    };
    assert_eq!(shown("SET"), "command --set -");
    assert_eq!(
        shown("VARIABLES"),
        "variables variables .poststack.yml:7:45"
    );
    assert_eq!(shown("FILE"), "file env_file dev.env:3:1");
    assert_eq!(shown("IT_PROCESS"), "UNDEFINED - -");
    assert_eq!(
        line(&listed, "FILE")["uses"][0]["path"],
        "services.web.environment.WORDS"
    );
    assert_eq!(line(&listed, "POSTSTACK_DATABASE_URL")["layer"], "built-in");
    assert!(!project.root().join(".poststack").exists());
    assert_eq!(project.container_ids().len(), 0);
}

#[test]
fn a_dry_run_of_defined_variables_succeeds_in_words() {
    let project = layered(On::Docker);
    let mut command = project.command(&["env", "dry-run", "dev"]);
    let listed = ran(command.env("IT_PROCESS", "there")).ok();
    for word in ["IT_PROCESS", "there", "process", "dev.env:3", "***"] {
        assert!(listed.stdout.contains(word), "{word}: {}", listed.stdout);
    }
    assert!(!listed.stdout.contains("UNDEFINED"), "{}", listed.stdout);
}

#[test]
fn a_dry_run_of_one_file_lists_only_its_variables() {
    let project = layered(On::Docker);
    project.write(
        "other.conf",
        "listen = ${VARIABLES}\nsecret = ${DB_PASSWORD}\n",
    );
    let listed = project
        .run(&[
            "env",
            "dry-run",
            "dev",
            "--file",
            "other.conf",
            "--format",
            "json",
        ])
        .ok()
        .json();
    let names: Vec<&str> = listed["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["DB_PASSWORD", "VARIABLES"]);
    assert_eq!(line(&listed, "DB_PASSWORD")["value"], "***");
    let app = project
        .run(&["env", "dry-run", "dev", "--file", "app.yml"])
        .exits(3);
    assert!(app.stdout.contains("UNDEFINED"), "{}", app.stdout);
    project
        .run(&["env", "dry-run", "dev", "--file", "missing.yml"])
        .exits(3);
}
