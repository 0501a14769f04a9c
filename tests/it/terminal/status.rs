//! `env status --watch`

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::Terminal;
use crate::environment::support::{DEV, compose};
use crate::project::{On, Project, on_both_engines, ran};

/// The state of the service `web`.
fn state(status: &Value) -> &str {
    status["services"][0]["state"].as_str().unwrap()
}

on_both_engines! {
    fn a_watched_status_follows_what_happens(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web: { <<: *sleep }"));
        project.run(&["env", "start", "dev"]).ok();
        let container = format!("{}-dev-web-1", project.name);

        // Only the engine can tell in time: nobody looks within an hour.
        let watch = ["env", "status", "dev", "--watch", "--interval", "1h"];
        let mut command = project.command(&[&watch[..], &["--format", "json"]].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
        let first = next();
        assert_eq!((state(&first), &first["v"]), ("running", &Value::from(1)));

        let mut terminal = Terminal::run(&project.command(&watch), 30, 120);
        terminal.wait_for(|screen| screen.contains("web       service   running"));
        on.cli_text(&["stop", "--time", "0", &container]);
        let screen = terminal.wait_for(|screen| screen.contains("web       service   exited"));
        assert_eq!(screen.matches("SERVICE").count(), 1, "drawn in place:\n{screen}");
        let mut status = next();
        while state(&status) != "exited" {
            status = next();
        }

        terminal.type_in("\u{3}");
        let seen = terminal.end();
        assert_eq!(seen.code, 130, "{}", seen.screen);
        assert!(seen.screen.contains("partly running"), "{}", seen.screen);
        assert!(seen.screen.ends_with("interrupted"), "{}", seen.screen);
        ran(std::process::Command::new("kill").args(["-INT", &child.id().to_string()])).ok();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(lines.next().is_none(), "nothing follows the last state");
    }
}

#[test]
fn an_interval_is_told_from_nonsense() {
    let run = |interval: &str, watch: &[&str]| {
        let program = env!("CARGO_BIN_EXE_poststack");
        let arguments = [&["env", "status", "--interval", interval], watch].concat();
        ran(std::process::Command::new(program).args(arguments))
    };
    let refused = run("1ms", &["--watch"]).exits(2);
    assert!(
        refused.stderr.contains("at least 100ms"),
        "{}",
        refused.stderr
    );
    run("10", &["--watch"]).exits(2);
    let refused = run("2s", &[]).exits(2);
    assert!(refused.stderr.contains("--watch"), "{}", refused.stderr);
}
