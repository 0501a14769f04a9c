//! Files made to hurt: refused with exit code 3, never a panic. The time and memory they may cost
//! is measured by `scripts/measure-hostile.py`.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{SLEEPER, project};
use crate::project::{On, Project};

/// Writes one hostile file to a path.
type Writer = fn(&Path);

const HOSTILE: [(&str, Writer); 12] = [
    ("an alias bomb", |path| put(path, bomb().as_bytes())),
    ("10,000 sequences in each other", |path| {
        put(path, "[".repeat(10_000).as_bytes())
    }),
    ("10,000 mappings in each other", |path| {
        put(path, nested().as_bytes())
    }),
    ("10,000 variables in each other", |path| {
        put(path, braces().as_bytes())
    }),
    ("50 MB", |path| {
        put(path, "a: b\n".repeat(10 << 20).as_bytes())
    }),
    ("50 MB of one scalar", |path| {
        put(path, format!("a: {}", "b".repeat(50 << 20)).as_bytes())
    }),
    ("a NUL", |path| put(path, b"services: {\0}\n")),
    ("bad UTF-8", |path| put(path, b"services: \xff\xfe\n")),
    ("half of a file", |path| {
        put(path, b"services:\n  app: {image: \"x")
    }),
    ("a FIFO", |path| {
        let made = std::process::Command::new("mkfifo")
            .arg(path)
            .status()
            .unwrap();
        assert!(made.success());
    }),
    ("a directory", |path| std::fs::create_dir(path).unwrap()),
    ("a link to itself", |path| symlink(path, path).unwrap()),
];

fn put(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

fn bomb() -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    text + "services: *a9\nenvironments: *a9\n"
}

fn nested() -> String {
    (0..10_000).fold(String::new(), |text, depth| {
        text + &" ".repeat(depth) + "a:\n"
    })
}

fn braces() -> String {
    let open = "${A:-".repeat(10_000);
    format!(
        "services:\n  app:\n    image: \"{open}x{}\"\n",
        "}".repeat(10_000)
    )
}

#[track_caller]
fn is_refused(project: &Project, what: &str, path: &Path) {
    let ran = project.run(&["env", "start", "dev"]);
    assert_eq!(ran.code, 3, "{what}: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(ran.stderr.contains(name), "{what}: {}", ran.stderr);
    assert!(
        ran.stderr.len() < 100_000,
        "{what}: {} bytes",
        ran.stderr.len()
    );
}

#[test]
fn a_hostile_configuration_is_refused() {
    for (what, write) in HOSTILE {
        let project = project(On::Docker, SLEEPER);
        let path = project.root().join(".poststack.yml");
        std::fs::remove_file(&path).unwrap();
        write(&path);
        is_refused(&project, what, &path);
    }
}

#[test]
fn a_hostile_compose_file_is_refused() {
    for (what, write) in HOSTILE {
        let project = project(On::Docker, SLEEPER);
        let path = project.root().join("app.yml");
        std::fs::remove_file(&path).unwrap();
        write(&path);
        is_refused(&project, what, &path);
    }
}

#[test]
fn a_hostile_env_file_is_refused() {
    for (what, write) in HOSTILE {
        // Lines of text are all an env file needs to be.
        if ["bomb", "10,000", "50 MB", "half", "link"]
            .iter()
            .any(|word| what.contains(word))
        {
            continue;
        }
        let project = project(On::Docker, SLEEPER);
        let path = project.root().join("environments/dev.env");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        write(&path);
        is_refused(&project, what, &path);
    }
}
