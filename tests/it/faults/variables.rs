//! Variables that nobody defines, and faults of the configuration, before any engine is asked.

use super::{project, says};
use crate::project::{On, Project, ran};

const UNDEFINED: &str = "\
services:
  app:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    environment:
      A: \"${NOT_A}\"
      B: \"x ${NOT_B} ${NOT_A}\"
";

#[test]
fn undefined_variables_stop_a_start_with_every_place() {
    let project = project(On::Docker, UNDEFINED);
    let ran = project.run(&["env", "start", "dev"]).exits(3);
    for place in ["app.yml:8:11", "app.yml:9:13", "app.yml:9:22"] {
        says(&ran.stderr, place);
    }
    for name in ["`NOT_A`", "`NOT_B`", "help: define it under `variables:`"] {
        says(&ran.stderr, name);
    }
    assert_eq!(project.container_ids().len(), 0);
    let dry = project.run(&["env", "dry-run", "dev"]);
    says(&dry.stdout, "UNDEFINED");
}

#[test]
fn allowed_undefined_variables_are_empty() {
    let project = project(On::Docker, UNDEFINED);
    project
        .run(&["env", "start", "dev", "--allow-undefined"])
        .ok();
    let app = format!("{}-dev-app-1", project.name);
    let output = project.exec(&app, &["sh", "-c", "echo \"[$A][$B]\""]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "[][x  ]\n");
}

#[test]
fn all_faults_of_a_file_are_told_in_one_run() {
    let config = "\
project: { name: Not A Name }
enviroments: {}
environments:
  dev:
    postgres: { port: many, pasword: x }
    deployment: { compose: app.yml, pod: pod.yml }
  dev:
    postgres: { port: 70000 }
";
    let project = Project::new(On::Docker, config);
    let ran = project.run(&["env", "start", "dev"]).exits(3);
    for place in [":1:", ":2:1", ":5:", ":6:", ":7:"] {
        says(&ran.stderr, &format!(".poststack.yml{place}"));
    }
    says(&ran.stderr, "`environments`");
    says(&ran.stderr, "`password`");
    let validated = project.run(&["config", "validate"]).exits(3);
    says(&validated.stderr, ".poststack.yml:5:");
}

#[test]
fn faults_of_a_compose_file_stand_beside_those_of_the_configuration() {
    let project = project(
        On::Docker,
        "services:\n  app:\n    imge: x\n    ports: [a:b:c:d]\n",
    );
    let ran = project.run(&["env", "start", "dev"]).exits(3);
    says(&ran.stderr, "app.yml:3:5");
    says(&ran.stderr, "`image`");
    says(&ran.stderr, "app.yml:4:");
}

#[test]
fn only_the_files_of_this_environment_must_be_there() {
    let config = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
  prod:
    postgres: { port: 6999 }
    init: [{ compose: no-init.yml }]
    deployment: { compose: no-app.yml }
";
    let project = Project::new(On::Docker, config);
    project.run(&["env", "dry-run", "dev"]).ok();
    let ran = project.run(&["env", "start", "prod"]).exits(3);
    says(&ran.stderr, "no-init.yml");
    says(&ran.stderr, "no-app.yml");
    says(&ran.stderr, ".poststack.yml:7:");
    says(&ran.stderr, ".poststack.yml:8:");
}

#[test]
fn an_unknown_environment_is_told_with_the_known_ones() {
    let project = project(On::Docker, UNDEFINED);
    let ran = project.run(&["env", "start", "dve"]);
    assert!(ran.code == 2 || ran.code == 3, "{ran:?}");
    says(&ran.stderr, "dev");
    says(&ran.stderr, "hint: ");
}

#[test]
fn no_configuration_at_all_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_poststack"));
    let ran = ran(command.current_dir(folder.path()).args(["env", "start"])).exits(3);
    says(&ran.stderr, ".poststack.yml");
    says(&ran.stderr, "hint: ");
}
