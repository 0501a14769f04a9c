//! Two commands for one environment at once.

use std::process::Stdio;
use std::time::Duration;

use super::{SLEEPER, WITH_INIT, says};
use crate::project::{On, Project, Ran, ran};

const SLOW: &str =
    "services:\n  slow: { image: 'debian:bookworm-slim', init: true, command: [sleep, '3'] }\n";

fn slow(on: On) -> Project {
    let project = Project::new(on, WITH_INIT);
    project.write("init.yml", SLOW);
    project.write("app.yml", SLEEPER);
    project
}

/// Starts in the background and returns once the lock is held.
fn begin(project: &Project) -> std::process::Child {
    let mut command = project.command(&["env", "start", "dev"]);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = project.root().join(".poststack/locks/dev.lock");
    while std::fs::read_to_string(&lock)
        .unwrap_or_default()
        .is_empty()
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn the_second_start_names_the_first() {
    let project = slow(On::Docker);
    let mut first = begin(&project);
    let second: Ran = project.run(&["env", "start", "dev"]).exits(7);
    says(&second.stderr, "`env start dev`");
    says(&second.stderr, &format!("process {}", first.id()));
    says(&second.stderr, "hint: wait for it with `--lock-wait 60s`");
    project.run(&["env", "stop", "dev"]).exits(7);
    project.run(&["env", "status", "dev"]).ok();
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_patient_second_start_waits_for_the_first() {
    let project = slow(On::Podman);
    let mut first = begin(&project);
    let second = project.result(&["env", "start", "dev", "--lock-wait", "60s"]);
    assert!(first.wait().unwrap().success());
    assert_eq!(second["changed"], false, "{second}");
}

#[test]
fn a_killed_holder_leaves_no_lock() {
    let project = slow(On::Docker);
    let mut first = begin(&project);
    first.kill().unwrap();
    first.wait().unwrap();
    project.run(&["env", "start", "dev"]).ok();
}

#[test]
fn another_environment_is_not_locked() {
    let project = slow(On::Docker);
    let mut config = project.read(".poststack.yml");
    config += "  test:\n    postgres: { host: 127.0.0.1, port: 1, user: a, password: b }\n";
    project.write(".poststack.yml", &config);
    let mut first = begin(&project);
    let second = ran(&mut project.command(&["env", "stop", "test"]));
    second.ok();
    assert!(first.wait().unwrap().success());
}
