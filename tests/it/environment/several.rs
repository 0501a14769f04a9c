//! A project of several Compose files: merged, included, extended.

use super::support::{container, shell};
use crate::project::{On, Project, on_both_engines};

const LISTED: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: [deploy/app.yml, deploy/app.override.yml] }
";

/// A base, its override, an included project with a `.env` of its own, and a service to extend.
fn several(on: On) -> Project {
    let project = Project::new(on, LISTED);
    project.write("deploy/.env", "GREETING=outer\n");
    project.write(
        "deploy/app.yml",
        "include: [lib/cache.yml]
services:
  web:
    extends: { file: common/base.yml, service: sleeper }
    depends_on: [cache]
    environment: { NAME: base, KEPT: base }
    volumes: ['./web:/own:ro']
",
    );
    project.write(
        "deploy/app.override.yml",
        "services:
  web:
    environment: [NAME=override, \"GREETING=${GREETING}\"]
    labels: { layer: override }
    tmpfs: !reset []
",
    );
    project.write(
        "deploy/common/base.yml",
        "services:
  sleeper:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    env_file: base.env
    tmpfs: /gone
    volumes: ['./shared:/shared:ro']
",
    );
    project.write("deploy/common/base.env", "FROM_FILE=base\nNAME=file\n");
    project.write("deploy/common/shared/it", "shared\n");
    project.write("deploy/web/it", "own\n");
    project.write("deploy/lib/.env", "GREETING=inner\nONLY=inner\n");
    project.write(
        "deploy/lib/cache.yml",
        "services:
  cache:
    extends: { file: ../common/base.yml, service: sleeper }
    environment: { WORDS: \"${GREETING} ${ONLY}\" }
    volumes: ['./cache:/own:ro']
",
    );
    project.write("deploy/lib/cache/it", "cached\n");
    project
}

on_both_engines! {
    fn files_are_merged_included_and_extended_into_one_project(on: On) {
        let project = several(on);
        project.run(&["env", "start", "dev"]).ok();
        let web = container(&project, "dev-web-1");
        let cache = container(&project, "dev-cache-1");
        let words = "echo $NAME $KEPT $FROM_FILE $GREETING; cat /own/it /shared/it; ls -d /gone";
        let output = project.exec(&web, &["sh", "-c", words]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "override base base outer\nown\nshared\n");
        let words = "echo $NAME $WORDS; cat /own/it /shared/it; ls -d /gone";
        assert_eq!(shell(&project, &cache, words, &[]), "file outer inner\ncached\nshared\n/gone");
        let ids = project.container_ids();
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(project.container_ids(), ids);
    }

    fn a_dry_run_names_every_file_and_the_origin_of_its_variables(on: On) {
        let project = several(on);
        let dry_run = project.run(&["env", "dry-run", "dev", "--format", "json"]).ok().json();
        let files = ["deploy/app.yml", "deploy/lib/cache.yml", "deploy/common/base.yml", "deploy/app.override.yml"];
        let mut read: Vec<&str> = dry_run["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
        read.sort_unstable();
        let mut wanted = files.to_vec();
        wanted.sort_unstable();
        assert_eq!(read, wanted);
        let variables = dry_run["variables"].as_array().unwrap();
        let told: Vec<String> = variables.iter().map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("name"), text("value"), text("layer"), text("place"))
        }).collect();
        assert_eq!(told, ["GREETING outer .env deploy/.env:1:1", "ONLY inner .env deploy/lib/.env:2:1"]);
    }

    fn a_fault_in_any_of_several_files_stops_a_start_at_its_line(on: On) {
        let project = several(on);
        project.write("deploy/common/base.yml", "services:\n  sleeper:\n    image: debian:bookworm-slim\n    comand: x\n");
        let refused = project.run(&["env", "start", "dev"]).exits(3);
        assert!(refused.stderr.contains("deploy/common/base.yml:4:5"), "{}", refused.stderr);
        assert_eq!(project.container_ids().len(), 0);
    }
}
