//! Docker Compose works on what poststack made.

use std::process::{Command, Output};

use super::support::{DEV, compose, container};
use crate::project::{On, Project, compose_program, on_both_engines};

/// A Docker Compose command on the environment `dev`, in a folder without any file.
fn docker_compose(project: &Project, arguments: &[&str]) -> Output {
    Command::new(compose_program())
        .args([
            "--ansi",
            "never",
            "--project-name",
            &format!("{}-dev", project.name),
        ])
        .args(arguments)
        .current_dir("/")
        .env("DOCKER_HOST", project.on.host())
        .output()
        .unwrap()
}

#[track_caller]
fn said(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    format!("{}{error}", String::from_utf8_lossy(&output.stdout))
}

on_both_engines! {
    fn docker_compose_lists_logs_and_removes(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  app:\n    <<: *sleep\n    command: [sh, -c, 'echo hello from app; exec sleep infinity']\n    volumes: [\"kept:/kept\"]\n  second:\n    <<: *sleep\n    depends_on: [app]\nvolumes: { kept: {} }\n"));
        project.run(&["env", "start", "dev"]).ok();
        let listed = said(&docker_compose(&project, &["ps", "--format", "{{.Service}} {{.State}}"]));
        let mut services: Vec<&str> = listed.lines().collect();
        services.sort_unstable();
        assert_eq!(services, ["app running", "postgres running", "second running"]);
        let logs = said(&docker_compose(&project, &["logs", "--no-log-prefix", "app"]));
        assert!(logs.trim().ends_with("hello from app"), "{logs}");
        let stopped = docker_compose(&project, &["stop", "--timeout", "1"]);
        said(&stopped);
        assert_eq!(project.status("dev")["state"], "stopped");
        project.run(&["env", "start", "dev"]).ok();
        said(&docker_compose(&project, &["down", "--timeout", "1"]));
        assert_eq!(project.container_ids().len(), 0);
        let filter = format!("label=io.poststack.project={}", project.name);
        assert_eq!(on.cli_text(&["network", "ls", "--quiet", "--filter", &filter]), "");
        let volumes = on.cli_text(&["volume", "ls", "--quiet", "--filter", &filter]);
        assert_eq!(volumes, format!("{}-dev_kept", project.name));
        project.run(&["env", "start", "dev"]).ok();
        assert!(project.container_ids().contains_key(&container(&project, "dev-app-1")));
    }
}
