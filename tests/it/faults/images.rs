//! Images that are not there, or cannot be built.

use std::time::{Duration, Instant};

use super::{SLEEPER, project, running, says};
use crate::project::{On, on_both_engines};

const NO_SUCH_IMAGE: &str = "\
services:
  app:
    image: poststack-it/no-such-image:1
";

on_both_engines! {
    fn an_image_that_does_not_exist_is_named_and_nothing_is_made(on: On) {
        let project = project(on, NO_SUCH_IMAGE);
        let began = Instant::now();
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        says(&ran.stderr, "mage `poststack-it/no-such-image:1`");
        says(&ran.stderr, "app.yml:2:3");
        says(&ran.stderr, "hint: ");
        assert_eq!(project.container_ids().len(), 0);
        let network = format!("{}-dev_default", project.name);
        assert!(!on.cli(&["network", "inspect", &network]).status.success());
    }

    fn a_missing_image_leaves_what_runs_alone(on: On) {
        let project = project(on, SLEEPER);
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let both = format!("{SLEEPER}  worker:\n    image: poststack-it/no-such-image:1\n");
        project.write("app.yml", &both.replace("{VERSION:-1}", "{VERSION:-2}"));
        project.run(&["env", "start", "dev"]).exits(1);
        assert_eq!(project.container_ids(), before);
        assert_eq!(running(&project).len(), 2);
    }

    fn a_build_that_fails_names_its_step_and_nothing_is_made(on: On) {
        let project = project(on, "services:\n  app:\n    build: web\n");
        project.write("web/Dockerfile", "FROM debian:bookworm-slim\nRUN echo so far && exit 9\n");
        let ran = project.run(&["env", "start", "dev"]).exits(1);
        says(&ran.stderr, "Dockerfile:2");
        says(&ran.stderr, "so far");
        says(&ran.stderr, "app.yml:");
        assert_eq!(project.container_ids().len(), 0);
    }

    fn a_build_without_a_dockerfile_says_so(on: On) {
        let project = project(on, "services:\n  app:\n    build: web\n");
        project.write("web/readme", "");
        let ran = project.run(&["env", "start", "dev"]);
        assert!(ran.code == 1 || ran.code == 3, "{ran:?}");
        says(&ran.stderr, "Dockerfile");
        says(&ran.stderr, "app.yml:");
        assert_eq!(project.container_ids().len(), 0);
    }
}
