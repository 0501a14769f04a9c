//! Ctrl-C and termination leave at once, and the next start goes on.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{CONFIG, SLEEPER, WITH_INIT, project, running};
use crate::project::{On, Project, on_both_engines};

/// Runs a start until `line` shows on stderr, then sends `signal`; the exit code.
#[track_caller]
fn interrupted_at(project: &Project, line: &str, signal: &str) -> i32 {
    let mut command = project.command(&["env", "start", "dev", "-v"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !seen.contains(line) {
        let mut next = String::new();
        assert_ne!(
            stderr.read_line(&mut next).unwrap(),
            0,
            "no `{line}` in {seen}"
        );
        seen += &next;
    }
    let rest = std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    let code = signalled(&mut child, signal);
    rest.join().unwrap().unwrap();
    code
}

/// Sends a signal; the exit code, which must come within 5 s.
#[track_caller]
fn signalled(child: &mut Child, signal: &str) -> i32 {
    let began = Instant::now();
    let process = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &process])
            .status()
            .unwrap()
            .success()
    );
    let code = child.wait().unwrap().code().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    code
}

#[track_caller]
fn goes_on(project: &Project) {
    project.run(&["env", "start", "dev"]).ok();
    assert_eq!(running(project).len(), 2);
    assert!(
        !project
            .container_ids()
            .keys()
            .any(|name| name.contains(".next"))
    );
}

on_both_engines! {
    fn in_an_image_build(on: On) {
        let app = "services:\n  app:\n    build: web\n    init: true\n    command: [sleep, infinity]\n    stop_grace_period: 1s\n";
        let project = project(on, app);
        project.write("web/Dockerfile", "FROM debian:bookworm-slim\nRUN sleep 8\n");
        assert_eq!(interrupted_at(&project, "building", "INT"), 130);
        project.write("web/Dockerfile", "FROM debian:bookworm-slim\n");
        goes_on(&project);
    }

    fn while_the_database_is_waited_for(on: On) {
        let config = CONFIG.replace("storage: tmpfs", "storage: tmpfs, initdb_args: --encoding=UTF8 --locale=C.UTF-8");
        let project = Project::new(on, &config);
        project.write("app.yml", SLEEPER);
        assert_eq!(interrupted_at(&project, "postgres started", "INT"), 130);
        goes_on(&project);
    }

    fn while_an_init_container_runs(on: On) {
        let project = Project::new(on, WITH_INIT);
        let init = "services:\n  slow: { image: 'debian:bookworm-slim', init: true, command: [sleep, '${NAP:-20}'] }\n";
        project.write("init.yml", init);
        project.write("app.yml", SLEEPER);
        assert_eq!(interrupted_at(&project, "slow-1 started", "INT"), 130);
        project.write("init.yml", &init.replace("20", "0"));
        goes_on(&project);
    }

    fn while_a_service_gets_healthy(on: On) {
        let test = "    healthcheck: { test: [CMD, test, -e, /tmp/up], interval: 20s, retries: 100 }\n";
        let project = project(on, &format!("{SLEEPER}{test}"));
        assert_eq!(interrupted_at(&project, "app-1 started", "INT"), 130);
        project.write("app.yml", SLEEPER);
        goes_on(&project);
    }

    fn while_a_changed_service_is_stopped(on: On) {
        let stubborn = SLEEPER
            .replace("[sleep, infinity]", "[sh, -c, \"trap '' TERM; while true; do sleep 1; done\"]")
            .replace("1s", "8s");
        let project = project(on, &stubborn);
        project.run(&["env", "start", "dev"]).ok();
        project.write("app.yml", &stubborn.replace(":-1", ":-2"));
        assert_eq!(interrupted_at(&project, "app-1 created anew", "INT"), 130);
        goes_on(&project);
    }

    fn termination_has_its_own_code(on: On) {
        let project = Project::new(on, WITH_INIT);
        project.write("init.yml", "services:\n  slow: { image: 'debian:bookworm-slim', init: true, command: [sleep, '20'] }\n");
        project.write("app.yml", SLEEPER);
        assert_eq!(interrupted_at(&project, "slow-1 started", "TERM"), 143);
    }
}

#[test]
fn while_another_start_holds_the_lock() {
    let project = project(On::Docker, SLEEPER);
    project.run(&["env", "start", "dev"]).ok();
    let lock = std::fs::File::open(project.root().join(".poststack/locks/dev.lock")).unwrap();
    lock.lock().unwrap();
    let mut command = project.command(&["env", "start", "dev", "--lock-wait", "60s"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(signalled(&mut child, "INT"), 130);
}

#[test]
fn while_logs_are_followed() {
    let project = project(On::Podman, SLEEPER);
    project.run(&["env", "start", "dev"]).ok();
    let mut child = project
        .command(&["env", "logs", "dev", "-f"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(signalled(&mut child, "INT"), 130);
}
