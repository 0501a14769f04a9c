//! Where lines of the help are run: a shell in the folder of a project, with this program first on its
//! `PATH`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::project::{On, Project, free_port, ran};
use crate::terminal::Terminal;

/// What of a line is another word here: names and ports that nobody else on this machine has.
const SUBSTITUTES: &[(&str, &str)] = &[
    // The ports of its template go with the name.
    (
        "poststack init myapp && cd myapp",
        "poststack init {name} --db-port {port} && sed -i s/8080/{port}/ {name}/environments/dev.env && cd {name}",
    ),
    ("myapp", "{name}"),
    ("--from shop", "--from {name}former"),
    ("--db-port 5440", "--db-port {port}"),
    ("--postgres-port 5433", "--postgres-port {port}"),
    ("--port 9090", "--port {port}"),
];

/// Programs that somebody sits before, or that a machine for tests may lack.
const STAND_INS: &[(&str, &str)] = &[
    ("less", "exec cat"),
    ("man", "test \"$*\" = '-l -' && exec cat"),
    ("editor", "test -f \"$1\" && echo edited \"$@\""),
];

/// A line of the help, what it needs, and how its effect is seen.
#[derive(Clone, Copy)]
pub struct Example {
    pub line: &'static str,
    before: &'static str,
    code: i32,
    prints: &'static str,
    then: &'static str,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    ToItsEnd,
    /// On a terminal: when it shows the first text, the second is typed.
    Asked(&'static str, &'static str),
    /// Until it has printed what it shall, then Ctrl-C.
    Endless,
}

/// A line that ends by itself, with exit code 0.
pub const fn example(line: &'static str) -> Example {
    Example {
        line,
        before: "",
        code: 0,
        prints: "",
        then: "",
        way: Way::ToItsEnd,
    }
}

impl Example {
    /// A script that brings about what the line needs.
    pub const fn after(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    pub const fn exits(self, code: i32) -> Self {
        Self { code, ..self }
    }

    /// A part of what it prints.
    pub const fn prints(self, prints: &'static str) -> Self {
        Self { prints, ..self }
    }

    /// A script for the same shell that fails unless the line has had its effect.
    pub const fn then(self, then: &'static str) -> Self {
        Self { then, ..self }
    }

    pub const fn asked(self, question: &'static str, answer: &'static str) -> Self {
        Self {
            way: Way::Asked(question, answer),
            ..self
        }
    }

    pub const fn endless(self) -> Self {
        Self {
            way: Way::Endless,
            ..self
        }
    }
}

/// A project whose lines are run in its folder, `{name}` below a folder of its own.
pub struct Stage<'p> {
    project: &'p Project,
    folder: PathBuf,
}

/// A project with these files, where `{name}` is its name and `{port}` a free port.
pub fn project(files: &[(&str, &str)]) -> Project {
    let project = Project::new(On::Docker, "");
    std::fs::remove_file(project.root().join(".poststack.yml")).unwrap();
    std::fs::create_dir(project.root().join(&project.name)).unwrap();
    for (path, text) in files {
        let path = format!("{}/{path}", project.name);
        project.write(&path, &with_free_ports(text));
    }
    project
}

/// Each `{port}` is a port of its own.
fn with_free_ports(text: &str) -> String {
    let mut parts = text.split("{port}");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| format!("{text}{}{part}", free_port()))
}

impl<'p> Stage<'p> {
    pub fn new(project: &'p Project, folder: PathBuf) -> Self {
        let stage = Self { project, folder };
        std::fs::create_dir(stage.home()).unwrap();
        for (program, script) in STAND_INS {
            let path = project.write(&format!("bin/{program}"), &format!("#!/bin/sh\n{script}\n"));
            std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        stage
    }

    /// Runs the lines, each to the effect that is told of it.
    pub fn play(&self, examples: &[Example]) {
        for example in examples {
            let before = format!("set -e\n{}", example.before);
            let prepared = ran(&mut self.shell(&before));
            let told = format!("{}\n{}", prepared.stdout, prepared.stderr);
            assert_eq!(prepared.code, 0, "before `{}`: {told}", example.line);
            let line = SUBSTITUTES
                .iter()
                .fold(example.line.to_owned(), |line, (written, here)| {
                    line.replace(written, here)
                });
            let printed = self.run(example, &line);
            let prints = self.filled(example.prints);
            assert!(
                printed.contains(&prints),
                "`{}` does not print `{prints}`:\n{printed}",
                example.line
            );
        }
    }

    /// What it printed.
    fn run(&self, example: &Example, line: &str) -> String {
        let Example { code, then, .. } = example;
        let checked = format!(
            "{line}\ncode=$?\n[ $code -eq {code} ] || {{ echo \"exit code $code\" >&2; exit 1; }}\nset -e\n{then}"
        );
        match example.way {
            Way::ToItsEnd => {
                let ran = ran(&mut self.shell(&checked));
                let told = format!("{}\n{}", ran.stdout, ran.stderr);
                assert_eq!(ran.code, 0, "`{}`\n{told}", example.line);
                ran.stdout
            }
            Way::Asked(question, answer) => {
                let mut terminal = Terminal::run(&self.shell(&checked), 60, 200);
                terminal.wait_for(|screen| screen.contains(question));
                terminal.type_in(&format!("{}\n", self.filled(answer)));
                let seen = terminal.end();
                assert_eq!(seen.code, 0, "`{}`\n{}", example.line, seen.screen);
                seen.screen
            }
            Way::Endless => {
                let mut terminal = Terminal::run(&self.shell(&format!("exec {line}")), 60, 200);
                terminal.wait_for(|screen| screen.contains(example.prints));
                terminal.type_in("\u{3}");
                let seen = terminal.end();
                assert_eq!(seen.code, 130, "`{}`\n{}", example.line, seen.screen);
                seen.screen
            }
        }
    }

    /// A script in the project's folder.
    fn shell(&self, script: &str) -> Command {
        let root = self.project.root();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_poststack"));
        let path = [root.join("bin"), program.parent().unwrap().to_path_buf()];
        let path = path.map(|folder| folder.display().to_string()).join(":");
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.filled(script)])
            .current_dir(&self.folder)
            .env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()))
            .env("HOME", self.home())
            .env("EDITOR", "editor")
            .env("DOCKER_HOST", self.project.on.host())
            .env("NO_COLOR", "1")
            .env_remove("POSTSTACK_DATABASE_URL")
            .env_remove("POSTSTACK_ENV")
            .stdin(Stdio::null());
        command
    }

    fn home(&self) -> PathBuf {
        self.project.root().join("home")
    }

    fn filled(&self, text: &str) -> String {
        with_free_ports(text).replace("{name}", &self.project.name)
    }
}

/// Runs a story in the folder of a project with these files.
pub fn story(files: &[(&str, &str)], examples: &[Example]) {
    let project = project(files);
    let folder = project.root().join(&project.name);
    Stage::new(&project, folder).play(examples);
}
