//! A program that does not listen to SIGTERM is told of, with the way to help it.

use super::{project, says};
use crate::project::{On, on_both_engines};

const SERVICES: &str = "\
services:
  deaf:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    environment: { VERSION: \"${VERSION:-1}\" }
    stop_grace_period: 1s
  killed:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    stop_signal: SIGKILL
    stop_grace_period: 1s
  listening:
    image: debian:bookworm-slim
    init: true
    command: [sleep, infinity]
    stop_grace_period: 5s
";

on_both_engines! {
    fn a_program_that_burns_its_grace_is_told_of_in_every_stop(on: On) {
        let project = project(on, SERVICES);
        project.run(&["env", "start", "dev"]).ok();
        let advice = format!("{}-dev-deaf-1 did not listen to SIGTERM and was killed after its 1 s of grace", project.name);
        let restarted = project.run(&["restart", "deaf", "--env", "dev"]).ok();
        says(&restarted.stderr, &advice);
        says(&restarted.stderr, "`init: true` in `deaf`");
        let recreated = project.run(&["env", "start", "dev", "--set", "VERSION=2"]).ok();
        says(&recreated.stderr, &advice);
        let stopped = project.run(&["env", "stop", "dev"]).ok();
        says(&stopped.stderr, &advice);
        let notes = stopped.stderr.matches("did not listen").count();
        assert_eq!(notes, 1, "{}", stopped.stderr);
    }
}
