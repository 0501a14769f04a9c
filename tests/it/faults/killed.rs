//! Killed at any moment, the next start converges.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{running, says};
use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    init:
      - compose: init.yml
    deployment: { compose: app.yml }
";

const INIT: &str = "\
services:
  prepare:
    image: debian:bookworm-slim
    init: true
    command: [sh, -c, 'sleep 0.2']
";

/// Two services, one with a health test and a file, one that depends on it.
const APP: &str = "\
services:
  first:
    image: debian:bookworm-slim
    init: true
    command: [sh, -c, 'sleep 0.2; touch /tmp/up; sleep infinity']
    environment: { VERSION: \"${VERSION}\" }
    stop_grace_period: 1s
    configs: [{ source: motd, target: /etc/motd-of-first }]
    healthcheck: { test: [CMD, test, -e, /tmp/up], interval: 1s }
  second:
    image: debian:bookworm-slim
    init: true
    command: [sleep, infinity]
    environment: { VERSION: \"${VERSION}\" }
    stop_grace_period: 1s
    volumes: ['data:/data']
    depends_on: { first: { condition: service_healthy } }
volumes: { data: {} }
configs: { motd: { content: hello } }
";

fn project(on: On) -> Project {
    let project = Project::new(on, CONFIG);
    project.write("init.yml", INIT);
    project.write("app.yml", APP);
    project
}

fn start(version: &str) -> [&str; 5] {
    ["env", "start", "dev", "--set", version]
}

/// Kills a start after `delay`; whether it was still at work.
fn kill_after(project: &Project, version: &str, delay: Duration) -> bool {
    let mut command = project.command(&start(version));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let killed = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    killed
}

/// The next start ends well, with the containers of `version` and nothing else.
#[track_caller]
fn converges(project: &Project, version: &str, delay: Duration) {
    let ran = project.run(&start(version));
    assert_eq!(ran.code, 0, "killed after {delay:?}\n{}", ran.stderr);
    let names: Vec<String> = project.container_ids().into_keys().collect();
    let name = |rest: &str| format!("{}-dev-{rest}", project.name);
    let all = ["first-1", "postgres", "prepare-1", "second-1"];
    assert_eq!(names, all.map(name), "killed after {delay:?}");
    assert_eq!(
        running(project),
        ["first-1", "postgres", "second-1"].map(name)
    );
    for service in ["first-1", "second-1"] {
        let output = project.exec(&name(service), &["printenv", "VERSION"]);
        let output = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            format!("VERSION={}", output.trim()),
            version,
            "killed after {delay:?}"
        );
    }
    let file = project.exec(&name("first-1"), &["cat", "/etc/motd-of-first"]);
    assert_eq!(file.stdout, b"hello", "killed after {delay:?}");
    // Podman's name server reads its files a moment after they change.
    let found = (0..50).any(|_| {
        let output = project.exec(&name("second-1"), &["getent", "hosts", "first"]);
        output.status.success() || {
            std::thread::sleep(Duration::from_millis(100));
            false
        }
    });
    assert!(found, "no `first` for `second`, killed after {delay:?}");
}

/// How long a start takes that nobody kills.
fn timeline(project: &Project, version: &str) -> Duration {
    let began = Instant::now();
    project.run(&start(version)).ok();
    began.elapsed()
}

const KILLS: u32 = 12;

on_both_engines! {
    fn a_first_start_killed_at_any_moment_is_finished_by_the_next(on: On) {
        let whole = timeline(&project(on), "VERSION=1");
        let mut killed = 0;
        for moment in 0..KILLS {
            let project = project(on);
            let delay = whole * moment / KILLS;
            killed += u32::from(kill_after(&project, "VERSION=1", delay));
            converges(&project, "VERSION=1", delay);
        }
        assert!(killed >= KILLS / 2, "only {killed} starts were still at work");
    }

    fn a_change_killed_at_any_moment_is_finished_by_the_next(on: On) {
        let project = project(on);
        project.run(&start("VERSION=0")).ok();
        let whole = timeline(&project, "VERSION=100");
        let mut killed = 0;
        for moment in 0..KILLS {
            let version = format!("VERSION={}", moment + 1);
            let delay = whole * moment / KILLS;
            killed += u32::from(kill_after(&project, &version, delay));
            converges(&project, &version, delay);
        }
        assert!(killed >= KILLS / 2, "only {killed} starts were still at work");
    }

    fn a_killed_change_that_is_taken_back_is_finished_by_the_next(on: On) {
        let project = project(on);
        project.run(&start("VERSION=0")).ok();
        let whole = timeline(&project, "VERSION=0") + Duration::from_secs(2);
        for moment in 1..6 {
            let delay = whole * moment / 6;
            kill_after(&project, "VERSION=1", delay);
            converges(&project, "VERSION=0", delay);
        }
    }

    fn a_killed_stop_is_finished_by_the_next(on: On) {
        let project = project(on);
        project.run(&start("VERSION=1")).ok();
        for moment in 0..4 {
            let mut child = project.command(&["env", "stop", "dev"]).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(150) * moment);
            child.kill().unwrap();
            child.wait().unwrap();
            let ran = project.run(&["env", "stop", "dev"]).ok();
            says(&ran.stderr, "env stop");
            assert_eq!(running(&project).len(), 0);
            project.run(&start("VERSION=1")).ok();
        }
    }
}
