//! A failed deploy of a changed service puts what ran before back.

use std::collections::BTreeMap;

use super::{SLEEPER, project, running, says};
use crate::project::{On, Project, on_both_engines};

/// Two services, each with a script; the second depends on the health of the first.
fn app(first: &str, second: &str) -> String {
    format!(
        "\
services:
  first:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, '{first}']
    healthcheck: {{ test: [CMD, test, -e, /tmp/up], interval: 300ms, retries: 2 }}
  second:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, '{second}']
    healthcheck: {{ test: [CMD, test, -e, /tmp/up], interval: 300ms, retries: 2 }}
    depends_on: {{ first: {{ condition: service_healthy }} }}
"
    )
}

const UP: &str = "touch /tmp/up; sleep infinity";
const UP_TOO: &str = "echo changed; touch /tmp/up; sleep infinity";
const NEVER_UP: &str = "echo never up; sleep infinity";
const ENDS: &str = "echo ends; exit 9";

fn started(on: On) -> (Project, BTreeMap<String, String>) {
    let project = project(on, &app(UP, UP));
    project.run(&["env", "start", "dev"]).ok();
    let ids = project.container_ids();
    (project, ids)
}

#[track_caller]
fn runs_as_before(project: &Project, before: &BTreeMap<String, String>) {
    assert_eq!(&project.container_ids(), before);
    assert_eq!(running(project).len(), before.len());
}

on_both_engines! {
    fn a_changed_service_that_never_gets_healthy_is_put_back(on: On) {
        let (project, before) = started(on);
        project.write("app.yml", &app(UP, NEVER_UP));
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "never up");
        says(&ran.stderr, "what ran before runs again");
        runs_as_before(&project, &before);
        let second = format!("{}-dev-second-1", project.name);
        assert!(project.exec(&second, &["test", "-e", "/tmp/up"]).status.success());
        project.write("app.yml", &app(UP, UP));
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        runs_as_before(&project, &before);
    }

    fn two_changed_services_are_put_back_when_the_second_fails(on: On) {
        let (project, before) = started(on);
        project.write("app.yml", &app(UP_TOO, NEVER_UP));
        project.run(&["env", "start", "dev"]).exits(5);
        runs_as_before(&project, &before);
    }

    fn the_service_not_reached_is_left_as_it_was_when_the_first_fails(on: On) {
        let (project, before) = started(on);
        project.write("app.yml", &app(ENDS, UP_TOO));
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "code 9");
        runs_as_before(&project, &before);
    }

    fn a_changed_service_without_a_health_test_that_ends_is_put_back(on: On) {
        let project = project(on, SLEEPER);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yml", &SLEEPER.replace("[sleep, infinity]", "[sh, -c, \"exit 9\"]"));
        project.run(&["env", "start", "dev"]).exits(5);
        runs_as_before(&project, &before);
    }

    fn a_program_that_cannot_be_started_puts_back_what_ran(on: On) {
        let project = project(on, SLEEPER);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yml", &SLEEPER.replace("[sleep, infinity]", "[nosuchprogram]"));
        project.run(&["env", "start", "dev"]).exits(5);
        runs_as_before(&project, &before);
    }
}
