//! Questions on a terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::database::support::Folder;

/// Runs `init` on a terminal of its own. Each answer is typed when the question before it stands.
fn on_terminal(folder: &Folder, arguments: &str, answers: &[(&str, &str)]) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_poststack");
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--flush", "--command"])
        .args([&format!("{program} init {arguments}"), "/dev/null"])
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let (mut shown, mut seen) = (Vec::new(), 0);
    for (question, answer) in answers {
        let mut piece = [0; 1024];
        while !String::from_utf8_lossy(&shown[seen..]).contains(question) {
            let read = screen.read(&mut piece).unwrap();
            assert!(read > 0, "{question}: {}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&piece[..read]);
        }
        seen = shown.len();
        typed.write_all(answer.as_bytes()).unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(typed);
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, String::from_utf8(shown).unwrap())
}

fn config(folder: &Folder, path: &str) -> serde_json::Value {
    let arguments = ["config", "show", "-C", path, "--format", "json"];
    folder.run(&arguments).ok().json()
}

#[test]
fn each_question_has_its_default_which_follows_from_the_answers_before_it() {
    let folder = Folder::new(&[]);
    let (code, shown) = on_terminal(
        &folder,
        "Fish-Shop",
        &[
            ("Name of the project [fish-shop]: ", "market\n"),
            ("Description [market and its database]: ", "Fish: fresh\n"),
            ("First environment [dev]: ", "Test\n"),
            ("First environment [dev]: ", "test\n"),
            ("Name of its database [market__test]: ", "\n"),
            ("Port of the database on this machine [5433]: ", "none\n"),
            ("Port of the database on this machine [5433]: ", "5440\n"),
            ("User of the database [market_user]: ", "\n"),
            ("Template [web]: ", "django\n"),
            ("Template [web]: ", "worker\n"),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    for told in [
        "`Test` holds `T`",
        "write `test`",
        "`none` is no port",
        "There is no template `django`",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let shown = config(&folder, "Fish-Shop");
    assert_eq!(shown["project"]["description"], "Fish: fresh");
    let text = shown.to_string();
    for part in ["market__test", "5440", "market_user"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        folder
            .path()
            .join("Fish-Shop/containers/worker/worker.py")
            .exists()
    );
}

#[test]
fn what_the_command_line_answers_is_not_asked() {
    let folder = Folder::new(&[]);
    let given = "a --project-name b --description c --env-name d --db-name e --db-port 5441 --db-user f --template web";
    let (code, shown) = on_terminal(&folder, given, &[]);
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("]: "), "{shown}");
    let (code, shown) = on_terminal(&folder, "other --no-interactive", &[]);
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("]: "), "{shown}");
    assert_eq!(config(&folder, "other")["project"]["name"], "other");
}

#[test]
fn when_the_questions_are_left_nothing_is_written() {
    for (key, code) in [("\u{4}", 1), ("\u{3}", 130)] {
        let folder = Folder::new(&[]);
        let (ended, shown) = on_terminal(
            &folder,
            "shop",
            &[("Name of the project", "\n"), ("Description", key)],
        );
        assert_eq!(ended, code, "{shown}");
        let is_own_line = |line: &str| !(line.contains("]: ") && line.contains("nothing was"));
        assert!(shown.lines().all(is_own_line), "{shown}");
        assert!(!folder.path().join("shop").exists());
    }
}

#[test]
fn nothing_is_asked_where_there_is_no_terminal() {
    let folder = Folder::new(&[]);
    let mut command = folder.command(&["init", "shop"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"other\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    assert!(!error.contains("]: "), "{error}");
    assert_eq!(config(&folder, "shop")["project"]["name"], "shop");
}
