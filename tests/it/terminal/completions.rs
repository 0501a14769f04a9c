//! Completions, in the shells themselves.

use std::process::Command;

use super::Terminal;
use crate::database::support::Folder;
use crate::project::ran;

const PROJECT: &[(&str, &str)] = &[
    (
        ".poststack.yml",
        "\
project: { name: completed }
environments:
  dev: { deployment: { compose: app.yml }, migrations_path: sql }
  staging: { extends: dev, deployment: { compose: staging.yml } }
",
    ),
    (
        "app.yml",
        "services: { web: { image: a }, worker: { image: a } }",
    ),
    ("staging.yml", "services: { proxy: { image: a } }"),
    ("containers/page/Dockerfile", "FROM debian"),
    ("sql/001_users.sql", "SELECT 1"),
    ("sql/002_orders.sql", "SELECT 1"),
];

/// What is typed, Tab after it, and what the line or the list below it must have then.
const TYPED: &[(&str, &[&str])] = &[
    ("poststack env start d\t", &["poststack env start dev"]),
    ("poststack env stat\t", &["poststack env status"]),
    (
        "poststack env logs dev wo\t",
        &["poststack env logs dev worker"],
    ),
    ("poststack env logs staging p\t\t", &["postgres", "proxy"]),
    ("poststack build pa\t", &["poststack build page"]),
    ("poststack man env stat\t", &["poststack man env status"]),
    ("poststack container logs p\t\t", &["postgres", "page"]),
    ("poststack db migration-info 00\t\t", &["001", "002"]),
    (
        "poststack restart --env dev \t\t",
        &["postgres", "web", "worker"],
    ),
];

/// A shell in a project, with poststack on its path and no engine anywhere.
fn shell(program: &str, arguments: &[&str], folder: &Folder) -> Command {
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_poststack"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env_remove("POSTSTACK_ENV")
        .env_remove("POSTSTACK_DATABASE_URL");
    command
}

/// Types each line of [`TYPED`] after `set_up`.
fn completes(program: &str, arguments: &[&str], set_up: &str) {
    let folder = Folder::new(PROJECT);
    let mut terminal = Terminal::run(&shell(program, arguments, &folder), 24, 100);
    terminal.type_in(&format!("PS1='ready> '; {set_up}; clear\n"));
    for (keys, expected) in TYPED {
        terminal.wait_for(|screen| screen == "ready>");
        terminal.type_in(keys);
        terminal.wait_for(|screen| expected.iter().all(|word| screen.contains(word)));
        let screen = terminal.screen();
        assert!(!screen.contains("--config-file"), "names alone:\n{screen}");
        // Ctrl-U empties the line.
        terminal.type_in("\u{15}clear\n");
    }
    terminal.wait_for(|screen| screen == "ready>");
    terminal.type_in("exit\n");
    terminal.end();
}

#[test]
fn bash_completes_the_names_of_the_project() {
    completes(
        "bash",
        &["--norc", "--noprofile", "-i"],
        "source <(poststack completions bash)",
    );
}

#[test]
fn zsh_completes_the_names_of_the_project() {
    completes(
        "zsh",
        &["-f", "-i"],
        "autoload -U compinit; compinit -u -D; source <(poststack completions zsh)",
    );
}

#[test]
fn fish_completes_the_names_of_the_project() {
    let folder = Folder::new(PROJECT);
    for (keys, expected) in TYPED {
        let line = keys.trim_end_matches('\t');
        let script = format!("poststack completions fish | source; complete -C '{line}'");
        let told = ran(&mut shell(
            "fish",
            &["--no-config", "--command", &script],
            &folder,
        ))
        .ok();
        let words = told
            .stdout
            .lines()
            .filter_map(|line| line.split('\t').next());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let expected: Vec<&str> = expected
            .iter()
            .filter_map(|line| line.split(' ').next_back())
            .collect();
        assert_eq!(words, expected, "{line}");
    }
}

/// What the program answers to a shell of which it has the words.
fn answer(folder: &Folder, shell: &str, words: &[&str]) -> crate::project::Ran {
    let mut command = folder.command(&[&["--", "poststack"], words].concat());
    command
        .env("POSTSTACK_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    ran(&mut command)
}

#[test]
fn the_other_shells_are_answered_too() {
    let folder = Folder::new(PROJECT);
    for name in ["elvish", "powershell"] {
        let script = folder.run(&["completions", name]).ok().stdout;
        assert!(script.contains("POSTSTACK_COMPLETE"), "{script}");
        let told = answer(&folder, name, &["env", "start", "s"]).ok().stdout;
        assert_eq!(told.split('\t').next().unwrap().trim(), "staging");
    }
}

#[test]
fn another_project_is_completed_where_the_line_names_it() {
    let folder = Folder::new(&[]);
    for (path, text) in PROJECT {
        folder.write(&format!("there/{path}"), text);
    }
    for words in [
        &["-C", "there", "env", "start", ""][..],
        &["env", "--config-file=there", "start", ""],
    ] {
        let told = answer(&folder, "elvish", words).ok().stdout;
        assert_eq!(told, "dev\nstaging", "{words:?}");
    }
}

#[test]
fn where_there_is_nothing_to_offer_nothing_is_said() {
    let broken = Folder::new(&[(".poststack.yml", "environments: [")]);
    let missing = Folder::new(&[(
        ".poststack.yml",
        "environments: { dev: { deployment: { compose: nowhere.yml } } }",
    )]);
    let none = Folder::new(&[]);
    for folder in [&broken, &none] {
        for words in [
            ["env", "start", "d"],
            ["db", "migration-info", "0"],
            ["env", "logs", "w"],
        ] {
            let told = answer(folder, "bash", &words).ok();
            assert_eq!(
                (told.stdout.as_str(), told.stderr.as_str()),
                ("", ""),
                "{words:?}"
            );
        }
    }
    let told = answer(&missing, "bash", &["restart", "p"]).ok();
    assert_eq!(
        (told.stdout.as_str(), told.stderr.as_str()),
        ("postgres", "")
    );
    let told = answer(&none, "bash", &[]);
    assert_eq!(told.stderr, "");
    let state = std::fs::read_dir(missing.path()).unwrap().count();
    assert_eq!(state, 1, "completing writes nothing");
}
