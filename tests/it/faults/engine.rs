//! An engine that is not there, or not the one asked for.

use std::process::Command;

use super::{SLEEPER, project, says};
use crate::project::{On, Project, ran};

/// The program in the folder of `project` without the address that the tests add.
fn without_host(project: &Project, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
    command.current_dir(project.root()).args(arguments);
    for name in [
        "POSTSTACK_CONTAINER_RUNTIME",
        "DOCKER_HOST",
        "CONTAINER_HOST",
        "DOCKER_CONTEXT",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", project.root()).env("NO_COLOR", "1");
    command
}

#[test]
fn a_dead_socket_is_named() {
    let project = project(On::Docker, SLEEPER);
    let dead = project.root().join("dead.sock");
    let address = format!("unix://{}", dead.display());
    let verbs: [&[&str]; 4] = [
        &["env", "start", "dev"],
        &["env", "stop", "dev"],
        &["env", "status", "dev"],
        &["env", "logs", "dev"],
    ];
    for verb in verbs {
        let ran = ran(without_host(&project, verb).args(["--host", &address])).exits(6);
        says(&ran.stderr, &dead.display().to_string());
        says(&ran.stderr, "hint: ");
    }
}

#[test]
fn a_socket_that_nobody_listens_on_any_more_is_named() {
    let project = project(On::Docker, SLEEPER);
    let path = project.root().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = format!("unix://{}", path.display());
    let ran = ran(without_host(&project, &["env", "start", "dev"]).env("DOCKER_HOST", &address));
    let ran = ran.exits(6);
    says(&ran.stderr, "DOCKER_HOST");
    says(&ran.stderr, &path.display().to_string());
    says(&ran.stderr, "hint: ");
}

#[test]
fn a_socket_that_is_no_engine_is_told_from_one() {
    let project = project(On::Docker, SLEEPER);
    let path = project.root().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let address = format!("unix://{}", path.display());
    let began = std::time::Instant::now();
    let mut command = without_host(&project, &["env", "status", "dev"]);
    let ran = ran(command.args(["--host", &address])).exits(6);
    says(&ran.stderr, &path.display().to_string());
    assert!(
        began.elapsed() < std::time::Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn transports_that_are_not_there_yet_say_so() {
    let project = project(On::Docker, SLEEPER);
    for address in ["ssh://root@nowhere", "https://127.0.0.1:2376"] {
        let mut command = without_host(&project, &["env", "status", "dev"]);
        let ran = ran(command.args(["--host", address])).exits(6);
        says(&ran.stderr, address.split_once(':').unwrap().0);
        says(&ran.stderr, "hint: ");
    }
    let mut command = without_host(&project, &["env", "status", "dev"]);
    command
        .env("DOCKER_HOST", "tcp://127.0.0.1:2376")
        .env("DOCKER_TLS_VERIFY", "1");
    let ran = ran(&mut command).exits(6);
    says(&ran.stderr, "TLS");
    says(&ran.stderr, "hint: ");
}

#[test]
fn an_address_of_no_known_kind_is_a_usage_error() {
    let project = project(On::Docker, SLEEPER);
    let mut command = without_host(&project, &["env", "status", "dev"]);
    let ran = ran(command.args(["--host", "carrier-pigeon://coop"]));
    assert!(ran.code == 2 || ran.code == 6, "{ran:?}");
    says(&ran.stderr, "carrier-pigeon");
    says(&ran.stderr, "hint: ");
}

#[test]
fn the_other_engine_at_the_address_is_refused() {
    let project = project(On::Docker, SLEEPER);
    let mut command = without_host(&project, &["env", "status", "dev"]);
    let ran = ran(command.args(["--engine", "podman", "--host", &On::Docker.host()])).exits(6);
    says(&ran.stderr, "Docker");
    says(&ran.stderr, "odman");
    says(&ran.stderr, "hint: ");
}

#[test]
fn an_unknown_engine_is_a_usage_error() {
    let project = project(On::Docker, SLEEPER);
    let ran = ran(&mut without_host(
        &project,
        &["env", "status", "dev", "--engine", "lxc"],
    ));
    let ran = ran.exits(2);
    says(&ran.stderr, "lxc");
}

#[test]
fn a_dead_port_is_named() {
    let port = crate::project::free_port();
    let project = project(On::Docker, SLEEPER);
    let address = format!("tcp://127.0.0.1:{port}");
    let mut command = without_host(&project, &["env", "start", "dev"]);
    let ran = ran(command.args(["--host", &address])).exits(6);
    says(&ran.stderr, &format!("127.0.0.1:{port}"));
}
