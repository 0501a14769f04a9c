//! What a container wrote into a volume without a name outlives the container.

use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
";

const APP: &str = "\
services:
  app:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    volumes: [/data]
    environment: { LEVEL: \"${LEVEL:-1}\" }
";

on_both_engines! {
    fn a_recreated_service_keeps_its_anonymous_volume(on: On) {
        let project = Project::new(on, CONFIG);
        project.write("app.yml", APP);
        project.result(&["env", "start"]);
        let container = format!("{}-dev-app-1", project.name);
        let written = project.exec(&container, &["sh", "-c", "echo precious > /data/file"]);
        assert!(written.status.success(), "{written:?}");
        let before = project.container_ids();
        project.result(&["env", "start", "--set", "LEVEL=2"]);
        assert_ne!(project.container_ids()[&container], before[&container]);
        let read = project.exec(&container, &["cat", "/data/file"]);
        assert_eq!(String::from_utf8_lossy(&read.stdout), "precious\n", "{read:?}");
    }

    fn new_anonymous_volumes_are_made_when_they_are_asked_for(on: On) {
        let project = Project::new(on, CONFIG);
        project.write("app.yml", APP);
        project.result(&["env", "start"]);
        let container = format!("{}-dev-app-1", project.name);
        let volume = || on.cli_text(&["inspect", "--format", "{{range .Mounts}}{{.Name}}{{end}}", &container]);
        let before = volume();
        project.exec(&container, &["sh", "-c", "echo old > /data/file"]);
        project.result(&["env", "start", "-V"]);
        assert_eq!(volume(), before, "nothing changed, nothing is made anew");
        project.result(&["env", "start", "-V", "--set", "LEVEL=2"]);
        assert!(!project.exec(&container, &["cat", "/data/file"]).status.success());
        assert!(!on.cli(&["volume", "inspect", &before]).status.success(), "the old one is gone");
    }
}
