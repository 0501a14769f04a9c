//! How failures are told to programs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::{SLEEPER, project};
use crate::project::{On, Project};

/// stdout holds one object per line, and the last of them alone tells the failure.
#[track_caller]
fn tells(project: &Project, arguments: &[&str], code: i32) -> Value {
    let ran = project.run(&[arguments, &["--format", "json"]].concat());
    let ran = ran.exits(code);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let errors = lines.iter().filter(|line| line["type"] == "error").count();
    assert_eq!(errors, 1, "{ran:?}");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["v"], &last["exit_code"]),
        (&1.into(), &code.into()),
        "{last}"
    );
    last.clone()
}

#[test]
fn every_failure_is_one_line_of_json_with_its_exit_code() {
    let project = project(
        On::Docker,
        "services:\n  app: { image: 'poststack-it/none:1' }\n",
    );
    tells(&project, &["env", "start", "dev"], 1);
    tells(&project, &["env", "start", "nosuch"], 2);
    tells(&project, &["env", "logs", "dev"], 1);
    project.write("app.yml", "services:\n  app: { imge: 'x' }\n");
    let line = tells(&project, &["env", "start", "dev"], 3);
    assert!(line.to_string().contains("app.yml"), "{line}");
    project.write(
        "app.yml",
        "services:\n  app: { image: 'debian:bookworm-slim', command: [sh, -c, 'exit 4'] }\n",
    );
    tells(&project, &["env", "start", "dev"], 5);
    tells(&project, &["config", "validate", "-C", "nosuch.yml"], 3);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let project = project(On::Docker, SLEEPER);
    let noisy = SLEEPER.replace(
        "[sleep, infinity]",
        "[sh, -c, 'seq 100000; sleep infinity']",
    );
    project.write("app.yml", &noisy);
    project.run(&["env", "start", "dev"]).ok();
    for arguments in [
        ["env", "logs", "dev"].as_slice(),
        &["env", "dry-run", "dev"],
        &["--help"],
    ] {
        let mut command = project.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(!line.is_empty());
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !error.contains("panicked") && !error.contains("roken pipe"),
            "{error}"
        );
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 141) | None), "{code:?}");
    }
}
