//! Starting, starting again, stopping.

use crate::project::{On, Project, on_both_engines};

/// A database and one service that sleeps, from an image every engine of the tests has.
const SLEEPER: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    deployment: { compose: app.yml }
";

const SLEEPER_APP: &str = "\
services:
  app:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    environment: { URL: \"${POSTSTACK_DATABASE_URL}\" }
";

on_both_engines! {
    fn a_second_start_changes_nothing(on: On) {
        let project = Project::new(on, SLEEPER);
        project.write("app.yml", SLEEPER_APP);
        let first = project.result(&["env", "start", "dev"]);
        assert_eq!(first["changed"], true, "{first}");
        let before = project.container_ids();
        let second = project.result(&["env", "start", "dev"]);
        assert_eq!(second["changed"], false, "{second}");
        assert_eq!(project.container_ids(), before);
    }
}
