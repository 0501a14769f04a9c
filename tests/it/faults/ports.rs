//! Host ports that somebody else holds.

use std::net::TcpListener;

use super::{SLEEPER, project, running, says};
use crate::project::{On, free_port, on_both_engines};

fn publishing(port: u16) -> String {
    format!(
        "services:\n  app:\n    image: debian:bookworm-slim\n    command: [sleep, infinity]\n    \
         init: true\n    stop_grace_period: 1s\n    ports: ['127.0.0.1:{port}:80']\n"
    )
}

on_both_engines! {
    fn a_port_that_a_process_holds_names_it_before_anything_is_made(on: On) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let project = project(on, &publishing(port));
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("ort {port} on 127.0.0.1"));
        says(&ran.stderr, "app.yml:2:3");
        says(&ran.stderr, &format!("process {} (", std::process::id()));
        says(&ran.stderr, "hint: ");
        assert_eq!(project.container_ids().len(), 0);
        drop(listener);
        project.run(&["env", "start", "dev"]).ok();
    }

    fn a_port_that_a_container_holds_names_it_before_anything_is_made(on: On) {
        let port = free_port();
        let first = project(on, &publishing(port));
        first.run(&["env", "start", "dev"]).ok();
        let second = project(on, &publishing(port));
        let ran = second.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("container `{}-dev-app-1`", first.name));
        assert_eq!(second.container_ids().len(), 0);
        assert_eq!(running(&first).len(), 2);
    }

    fn a_taken_database_port_is_named_with_its_place(on: On) {
        let first = project(on, SLEEPER);
        first.run(&["env", "start", "dev"]).ok();
        let port = first.status("dev")["database"]["port"].to_string();
        let second = project(on, SLEEPER);
        let config = second.read(".poststack.yml");
        let line = config.lines().find(|line| line.contains("port:")).unwrap();
        let wanted = format!("    postgres: {{ port: {port}, storage: tmpfs }}");
        second.write(".poststack.yml", &config.replace(line, &wanted));
        let ran = second.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, &format!("container `{}-dev-postgres`", first.name));
        says(&ran.stderr, ".poststack.yml:4:");
        assert_eq!(second.container_ids().len(), 0);
    }

    fn a_service_that_moves_to_a_taken_port_keeps_running_on_the_old_one(on: On) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap().port();
        let project = project(on, &publishing(free_port()));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yml", &publishing(taken));
        project.run(&["env", "start", "dev"]).exits(1);
        assert_eq!(project.container_ids(), before);
        assert_eq!(running(&project).len(), 2);
    }
}
