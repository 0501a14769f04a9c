//! The list of steps under way.

use std::process::Command;

use super::{Terminal, has_spinner};
use crate::database::support::Fresh;
use crate::environment::support::{DEV, compose};
use crate::project::{On, Project, on_both_engines};

fn on_terminal(command: &mut Command) -> Terminal {
    Terminal::run(command.env_remove("NO_COLOR"), 40, 100)
}

const WITH_INIT: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    init: [ { compose: init.yml } ]
    deployment: { compose: app.yml }
";

/// An init container that ends when a file is there, with the code that stands in it.
const SEED: &str = "\
services:
  seed:
    image: debian:bookworm-slim
    init: true
    command: [sh, -c, 'until test -s /in/code; do sleep 0.05; done; exit $$(cat /in/code)']
    volumes: [./in:/in]
";

on_both_engines! {
    fn steps_are_listed_while_they_are_under_way_and_each_is_said_once(on: On) {
        let project = Project::new(on, WITH_INIT);
        project.write("init.yml", SEED);
        project.write("app.yml", &compose("  web: { <<: *sleep }"));
        project.write("in/empty", "");
        let name = &project.name;
        let terminal = on_terminal(&mut project.command(&["env", "start", "dev"]));
        let meanwhile = terminal.wait_for(|screen| screen.contains("Init      seed running"));
        let last = meanwhile.lines().last().unwrap();
        assert!(has_spinner(last), "{meanwhile}");
        project.write("in/code", "0\n");
        let seen = terminal.end();
        assert_eq!(seen.code, 0, "{}", seen.screen);
        assert!(!has_spinner(&seen.screen), "{}", seen.screen);
        for said in [
            format!("✔ Network   {name}-dev_default created"),
            format!("✔ Container {name}-dev-web-1 created"),
            format!("✔ Container {name}-dev-web-1 started"),
            "✔ Database ready".to_owned(),
            "✅ seed: exit code 0".to_owned(),
            format!("{name}/dev runs ("),
        ] {
            assert_eq!(seen.screen.matches(&said).count(), 1, "{said}:\n{}", seen.screen);
        }

        // One that fails leaves what was said, and why it failed.
        project.write("in/code", "3\n");
        let seen = on_terminal(&mut project.command(&["env", "init", "dev"])).end();
        assert_eq!(seen.code, 4, "{}", seen.screen);
        assert!(!has_spinner(&seen.screen), "{}", seen.screen);
        assert!(seen.screen.contains("❌ seed: exit code 3"), "{}", seen.screen);
        assert!(seen.screen.contains("error: "), "{}", seen.screen);

        // And so does one that is interrupted.
        project.write("in/code", "");
        let mut terminal = on_terminal(&mut project.command(&["env", "init", "dev"]));
        terminal.wait_for(|screen| screen.contains("Init      seed running"));
        terminal.type_in("\u{3}");
        let seen = terminal.end();
        assert_eq!(seen.code, 130, "{}", seen.screen);
        assert!(!has_spinner(&seen.screen), "{}", seen.screen);
        assert!(seen.screen.ends_with("interrupted"), "{}", seen.screen);
    }
    fn a_build_tells_which_instruction_it_is_at(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", "services: { web: { build: web, command: [sleep, infinity], init: true } }");
        let instruction = format!("RUN echo {} && sleep 2", project.name);
        project.write("web/Dockerfile", &format!("FROM debian:bookworm-slim\n{instruction}\n"));
        let terminal = on_terminal(&mut project.command(&["env", "start", "dev"]));
        let screen = terminal.wait_for(|screen| screen.contains(": RUN echo"));
        let line = screen.lines().find(|line| line.contains(": RUN echo")).unwrap();
        assert!(has_spinner(line) && line.contains("building") && line.contains("step 2/"), "{screen}");
        let seen = terminal.end();
        assert_eq!(seen.code, 0, "{}", seen.screen);
        assert!(!seen.screen.contains("building"), "{}", seen.screen);
        assert!(seen.screen.contains("-dev-web built "), "{}", seen.screen);
    }
}

/// A folder in which a migration takes a moment.
async fn slow() -> Fresh {
    let files = [
        ("migrations/001_fast.sql", "CREATE TABLE fast ()"),
        ("migrations/002_slow.sql", "SELECT pg_sleep(0.6)"),
        (
            "migrations/003_last.sql",
            "DO $$ BEGIN RAISE NOTICE 'noticed'; END $$",
        ),
    ];
    Fresh::new(&files).await
}

fn migrate(fresh: &Fresh, more: &[&str]) -> Command {
    let url = fresh.url();
    let arguments = [&["db", "migrate", "--database-url", &url], more].concat();
    let mut command = fresh.folder.command(&arguments);
    command.env_remove("NO_COLOR");
    command
}

#[tokio::test]
async fn a_run_of_migrations_is_listed_in_a_line_that_goes_away() {
    let fresh = slow().await;
    // Narrower and lower than what is said.
    let terminal = Terminal::run(&migrate(&fresh, &[]), 6, 32);
    let screen = terminal.wait_for(has_spinner);
    let line = screen.lines().find(|line| has_spinner(line)).unwrap();
    assert!(line.contains("Migration"), "{screen}");
    assert!(line.chars().count() < 32, "{screen}");
    let seen = terminal.end();
    assert_eq!(seen.code, 0, "{}", seen.screen);
    assert!(!has_spinner(&seen.screen), "{}", seen.screen);
    let plain = anstream::adapter::strip_str(&seen.bytes).to_string();
    for file in ["001_fast applied", "002_slow applied", "003_last applied"] {
        assert_eq!(plain.matches(file).count(), 1, "{plain}");
    }
}

#[tokio::test]
async fn who_wants_no_list_gets_none() {
    for (variable, arguments) in [
        (("TERM", "dumb"), &[][..]),
        (("CI", "true"), &[]),
        (("POSTSTACK_LOG", "error"), &[]),
        (("LANG", "C"), &["--quiet"]),
        (("LANG", "C"), &["--verbose"]),
        (("LANG", "C"), &["--format", "json"]),
    ] {
        let fresh = slow().await;
        let mut command = migrate(&fresh, arguments);
        let seen = Terminal::run(command.env(variable.0, variable.1), 24, 80).end();
        assert_eq!(seen.code, 0, "{}", seen.screen);
        let is_drawn = has_spinner(&seen.bytes) || seen.bytes.contains("\x1b[K");
        assert!(!is_drawn, "{variable:?} {arguments:?}: {}", seen.bytes);
    }
}

#[tokio::test]
async fn a_list_without_colours_is_a_list() {
    for (variable, arguments) in [
        (("NO_COLOR", "1"), &[][..]),
        (("LANG", "C"), &["--color", "never"]),
    ] {
        let fresh = slow().await;
        let mut command = migrate(&fresh, arguments);
        let seen = Terminal::run(command.env(variable.0, variable.1), 24, 80).end();
        assert!(has_spinner(&seen.bytes), "{}", seen.bytes);
        let codes = ["\x1b[1m", "\x1b[2m", "\x1b[3", "\x1b[0m"];
        let coloured = codes.iter().any(|code| seen.bytes.contains(code));
        assert!(!coloured, "{}", seen.bytes);
    }
}
