//! Which Compose and Pod files are accepted, and what is said of those that are not.
//!
//! Tables of small files hold the verdict of Docker Compose, and for every malformed file the place
//! and the words of the one message it gives. No engine is needed.

mod cases;
mod malformed;
mod public;
mod verdicts;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::project::{Ran, ran};

/// A command without the user's environment, in `folder`.
fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .env("EMPTY", "")
        .stdin(Stdio::null());
    command
}

/// What poststack says of the Compose or Pod file `file`; `kind` is `compose` or `pod`.
fn poststack(folder: &Path, kind: &str, file: &Path, arguments: &[&str]) -> Ran {
    let configuration = json!({
        "project": { "name": "accept" },
        "environments": { "dev": { "deployment": { kind: file } } },
    });
    std::fs::write(folder.join(".poststack.yml"), configuration.to_string()).unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_poststack"), folder);
    ran(command
        .args(["env", "dry-run", "dev", "--format", "json"])
        .args(arguments))
}

/// The errors among the diagnostics of a dry run.
fn errors(ran: &Ran) -> Vec<Value> {
    let all = ran.json()["diagnostics"].as_array().unwrap().clone();
    let is_error = |one: &Value| one["severity"] == "error";
    all.into_iter().filter(is_error).collect()
}

/// What Docker Compose says of `file`: nothing when it accepts it.
fn docker_compose(folder: &Path, file: &Path) -> Result<(), String> {
    let mut command = command(docker_compose_program(), folder);
    let ran = ran(command
        .args(["--project-name", "accept", "--file"])
        .arg(file)
        .args(["config", "--quiet"]));
    match ran.code {
        0 => Ok(()),
        _ => Err(ran.stderr),
    }
}

fn docker_compose_program() -> &'static str {
    static PROGRAM: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PROGRAM.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/docker-compose.sh");
        let program = Command::new(script).output().unwrap();
        let error = String::from_utf8_lossy(&program.stderr);
        assert!(program.status.success(), "{error}");
        let program = String::from_utf8(program.stdout).unwrap();
        program.trim().to_owned()
    })
}

/// A folder with the files of a case.
fn folder(files: &[(String, String)]) -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("poststack-it-")
        .tempdir()
        .unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// What `check` finds wrong with each of `cases`, in their order; two at a time.
fn findings<T: Sync>(cases: &[T], check: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let found = Mutex::new(Vec::new());
    let half = cases.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        for (part, cases) in cases.chunks(half).enumerate() {
            let (found, check) = (&found, &check);
            scope.spawn(move || {
                for (at, case) in cases.iter().enumerate() {
                    let wrong = check(case);
                    found
                        .lock()
                        .unwrap()
                        .extend(wrong.map(|wrong| (part, at, wrong)));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found.into_iter().map(|(_, _, wrong)| wrong).collect()
}
