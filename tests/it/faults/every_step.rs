//! Whatever step of a deploy fails, what ran before runs again: same containers, healthy, with their
//! anonymous volumes, and nothing left over.

use std::collections::BTreeMap;
use std::process::Command;

use super::proxy::{Fault, Proxy};
use super::{project, running, says};
use crate::project::{On, Project, Ran, on_both_engines, ran};

/// A service with everything that a container is made in several calls for, and one that lives in it.
const APP: &str = "\
services:
  first:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, 'touch /tmp/up; exec sleep infinity']
    environment: { VERSION: \"${VERSION:-1}\" }
    healthcheck: { test: [CMD, test, -e, /tmp/up], interval: 300ms, retries: 3 }
    volumes: [/data]
    networks: { default: {}, back: {} }
    configs: [{ source: motd, target: /etc/motd-of-first }]
    post_start: [{ command: [test, -e, /etc/motd-of-first] }]
  side:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sleep, infinity]
    network_mode: service:first
networks: { back: {} }
configs: { motd: { content: hello } }
";

fn started(on: On) -> (Project, BTreeMap<String, String>) {
    let project = project(on, APP);
    project.run(&["env", "start", "dev"]).ok();
    let first = format!("{}-dev-first-1", project.name);
    let written = project.exec(&first, &["sh", "-c", "echo precious > /data/file"]);
    assert!(written.status.success(), "{written:?}");
    let ids = project.container_ids();
    (project, ids)
}

/// A start of version 2 by way of the proxy.
fn change(project: &Project, proxy: &Proxy) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
    command.current_dir(project.root()).env("NO_COLOR", "1");
    command.env_remove("POSTSTACK_ENV");
    ran(command.args([
        "env",
        "start",
        "dev",
        "--set",
        "VERSION=2",
        "--host",
        &proxy.address,
    ]))
}

#[track_caller]
fn runs(project: &Project, version: &str, context: &str) {
    let name = |service: &str| format!("{}-dev-{service}", project.name);
    let all = ["first-1", "postgres", "side-1"].map(name);
    let names: Vec<String> = project.container_ids().into_keys().collect();
    assert_eq!(names, all, "{context}");
    assert_eq!(running(project), all, "{context}");
    let first = name("first-1");
    for (command, said) in [
        (["printenv", "VERSION"], version),
        (["cat", "/data/file"], "precious"),
        (["cat", "/etc/motd-of-first"], "hello"),
        (["ls", "/tmp/up"], "/tmp/up"),
    ] {
        let output = project.exec(&first, &command);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            said,
            "{command:?} {context}"
        );
    }
    let network = |container: &str| {
        project
            .exec(container, &["readlink", "/proc/self/ns/net"])
            .stdout
    };
    assert_eq!(network(&first), network(&name("side-1")), "{context}");
}

/// Lets every call of a deploy fail in turn.
fn every_call(on: On, fault: Fault) {
    let (project, mut before) = started(on);
    for at in 1.. {
        let proxy = Proxy::new(on, &project.root(), fault, at);
        let changed = change(&project, &proxy);
        let context = format!("{fault:?} at call {at}\n{}", changed.stderr);
        if changed.code != 0 {
            runs(&project, "1", &context);
            assert_eq!(project.container_ids(), before, "{context}");
            let again = project.result(&["env", "start", "dev"]);
            assert_eq!(again["changed"], false, "{context}\n{again}");
            continue;
        }
        // A health test may fail once, and so may tidying up, which the next start does.
        if project.container_ids().len() > 3 {
            says(&changed.stderr, "the next start tries it again");
        }
        project
            .run(&["env", "start", "dev", "--set", "VERSION=2"])
            .ok();
        runs(&project, "2", &context);
        if proxy.calls() < at {
            assert!(at > 15, "there are more calls than {at}");
            break;
        }
        project.run(&["env", "start", "dev"]).ok();
        runs(&project, "1", &context);
        before = project.container_ids();
    }
}

on_both_engines! {
    fn a_refused_call_puts_the_former_containers_back(on: On) {
        every_call(on, Fault::Refused);
    }

    fn a_call_whose_answer_is_lost_puts_the_former_containers_back(on: On) {
        every_call(on, Fault::AnswerLost);
    }

    fn an_engine_that_goes_away_in_the_middle_is_put_right_by_the_next_start(on: On) {
        let (project, _) = started(on);
        for at in [2, 5, 8, 11, 14] {
            let proxy = Proxy::new(on, &project.root(), Fault::Gone, at);
            let failed = change(&project, &proxy);
            assert_ne!(failed.code, 0, "{}", failed.stderr);
            let context = format!("gone at call {at}\n{}", failed.stderr);
            project.run(&["env", "start", "dev", "--set", "VERSION=2"]).ok();
            runs(&project, "2", &context);
            project.run(&["env", "start", "dev"]).ok();
            runs(&project, "1", &context);
        }
    }

    fn a_first_deploy_that_fails_leaves_what_ran_for_its_log_and_nothing_idle(on: On) {
        let late = "  late:\n    image: debian:bookworm-slim\n    command: [sleep, infinity]\n    depends_on: { first: { condition: service_healthy } }\nnetworks:";
        let project = project(on, &APP.replace("networks: { back: {} }", &format!("{late} {{ back: {{}} }}")).replace("touch /tmp/up; exec sleep infinity", "echo no way; exit 9"));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        says(&failed.stderr, "no way");
        let name = |service: &str| format!("{}-dev-{service}", project.name);
        let left: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(left, ["first-1", "postgres"].map(name), "{}", failed.stderr);
        says(&project.run(&["env", "logs", "dev", "first"]).ok().stdout, "no way");
        project.write("app.yml", &APP.replace("networks: { back: {} }", &format!("{late} {{ back: {{}} }}")));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(running(&project).len(), 4);
    }

    fn who_was_stopped_because_another_changed_runs_again(on: On) {
        let services = |command: &str| format!("\
services:
  first:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, '{command}']
  second:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sleep, infinity]
    depends_on: {{ first: {{ condition: service_started, restart: true }} }}
  third:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, '{command}; exit 3']
    depends_on: [second]
");
        let project = project(on, &services("sleep infinity"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yml", &services("sleep 0.1; if hostname | grep -q nobody; then sleep infinity; fi"));
        project.run(&["env", "start", "dev"]).exits(5);
        assert_eq!(project.container_ids(), before);
        assert_eq!(running(&project).len(), before.len());
    }
}
