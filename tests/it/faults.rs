//! What goes wrong, and what the user is told then: error, exit code, next step, and nothing
//! touched that need not be.

mod deaf;
mod engine;
mod every_step;
mod health;
mod hostile;
mod images;
mod init;
mod killed;
mod lock;
mod names;
mod neighbours;
mod output;
mod ports;
mod proxy;
mod repair;
mod restore;
mod signals;
mod state;
mod variables;

use crate::project::{On, Project};

/// A database in memory and the services of `app.yml`.
const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
";

/// As [`CONFIG`], with an init entry before the deployment.
const WITH_INIT: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    init:
      - compose: init.yml
    deployment: { compose: app.yml }
";

/// One service that sleeps.
const SLEEPER: &str = "\
services:
  app:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    environment: { VERSION: \"${VERSION:-1}\" }
    stop_grace_period: 1s
";

/// A project of [`CONFIG`] whose `app.yml` is `app`.
fn project(on: On, app: &str) -> Project {
    let project = Project::new(on, CONFIG);
    project.write("app.yml", app);
    project
}

/// Names of the containers of the project that run.
fn running(project: &Project) -> Vec<String> {
    let filter = format!("label=io.poststack.project={}", project.name);
    let text = project
        .on
        .cli_text(&["ps", "--filter", &filter, "--format", "{{.Names}}"]);
    let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// `needle` stands in `text`; shows all of it otherwise.
#[track_caller]
fn says(text: &str, needle: &str) {
    assert!(text.contains(needle), "no `{needle}` in:\n{text}");
}
