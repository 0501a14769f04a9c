//! A throw-away project on a real engine, used through the built program as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Docker,
    Podman,
}

impl On {
    /// The address of its socket. A missing engine fails the test that needs it.
    pub fn host(self) -> String {
        let path = match self {
            Self::Docker => "/var/run/docker.sock",
            Self::Podman => "/run/podman/podman.sock",
        };
        assert!(
            Path::new(path).exists(),
            "{self:?} does not run: scripts/ensure-engine.sh --podman"
        );
        format!("unix://{path}")
    }

    /// Its own command-line program, for looking behind poststack's back.
    pub fn cli(self, arguments: &[&str]) -> Output {
        let mut command = match self {
            Self::Docker => Command::new("docker"),
            Self::Podman => Command::new("podman"),
        };
        if self == Self::Docker {
            command.arg("--host").arg(self.host());
        }
        command.args(arguments).output().unwrap()
    }

    /// What the command-line program prints, which must succeed.
    pub fn cli_text(self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl On {
    /// Makes the images that poststack ships, for what names them without poststack.
    pub fn build_shipped_images(self) {
        static BUILT: [OnceLock<()>; 2] = [const { OnceLock::new() }; 2];
        BUILT[self as usize].get_or_init(|| {
            Project::new(
                self,
                "project: { name: {name} }\nenvironments: { dev: {} }\n",
            )
            .run(&["build"])
            .ok();
        });
    }
}

/// Makes one test per engine out of a function that takes an [`On`].
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* fn $name:ident($engine:ident: On) $body:block)*) => {
        $(mod $name {
            use super::*;

            fn scenario($engine: On) $body

            $(#[$attribute])*
            #[test]
            fn docker() {
                scenario(On::Docker);
            }

            $(#[$attribute])*
            #[test]
            fn podman() {
                scenario(On::Podman);
            }
        })*
    };
}
pub(crate) use on_both_engines;

/// The outcome of one run of the program.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the program ended with `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// stdout as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// The last line of stdout as JSON: the result of a long command.
    #[track_caller]
    pub fn result(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// What tells the objects of this run of the tests from those that a killed one left at the engines.
pub static RUN: LazyLock<String> = LazyLock::new(|| format!("{:06x}", rand::random::<u32>() >> 8));

/// A folder with a configuration, whose name is not used by anybody else; everything it made at
/// the engine goes with it.
pub struct Project {
    pub on: On,
    /// `project.name`
    pub name: String,
    folder: TempDir,
}

impl Project {
    /// An empty project; `{name}` and `{port}` stand for its name and a free port in `config`.
    pub fn new(on: On, config: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}x{count}", *RUN);
        let folder = tempfile::Builder::new()
            .prefix("poststack-it-")
            .tempdir()
            .unwrap();
        let project = Self { on, name, folder };
        let config = config.replace("{port}", &free_port().to_string());
        project.write(".poststack.yml", &config);
        project
    }

    /// An empty folder without a configuration, called like the project.
    pub fn bare(on: On) -> Self {
        let mut project = Self::new(on, "");
        let folder = tempfile::Builder::new()
            .prefix(&project.name)
            .rand_bytes(0)
            .tempdir();
        project.folder = folder.unwrap();
        project
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Writes a file below the project; `{name}` stands for the name of the project.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text.replace("{name}", &self.name)).unwrap();
        path
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// The program, ready to be given more arguments; it runs in the project's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
        command
            .current_dir(self.root())
            .args(arguments)
            .arg("--host")
            .arg(self.on.host())
            .env_remove("POSTSTACK_ENV")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs the program with `--format json` and gives the result.
    #[track_caller]
    pub fn result(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--format", "json"]].concat())
            .ok()
            .result()
    }

    /// `env status`, as JSON.
    #[track_caller]
    pub fn status(&self, environment: &str) -> Value {
        let arguments = ["env", "status", environment, "--format", "json"];
        self.run(&arguments).ok().json()
    }

    /// Container name → full id of everything the project has at the engine.
    pub fn container_ids(&self) -> std::collections::BTreeMap<String, String> {
        let filter = format!("label=io.poststack.project={}", self.name);
        let format = "{{.Names}} {{.ID}}";
        let arguments = [
            "ps",
            "--all",
            "--no-trunc",
            "--filter",
            &filter,
            "--format",
            format,
        ];
        let text = self.on.cli_text(&arguments);
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    /// Runs a program in a container of the project; what it prints.
    pub fn exec(&self, container: &str, arguments: &[&str]) -> Output {
        self.on.cli(&[&["exec", container], arguments].concat())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let filter = format!("label=io.poststack.project={}", self.name);
        let containers = (
            vec!["ps", "--all", "--quiet"],
            vec!["rm", "--force", "--volumes"],
        );
        let images = (vec!["images", "--quiet"], vec!["rmi", "--force"]);
        for (list, remove) in [
            containers.clone(),
            // Podman keeps one whose network another shares until that is gone.
            containers,
            (
                vec!["volume", "ls", "--quiet"],
                vec!["volume", "rm", "--force"],
            ),
            (vec!["network", "ls", "--quiet"], vec!["network", "rm"]),
            images.clone(),
            // One that another is made from stays until that is gone.
            images,
        ] {
            let listed = self
                .on
                .cli(&[list.as_slice(), &["--filter", &filter]].concat());
            let text = String::from_utf8_lossy(&listed.stdout).into_owned();
            let names: Vec<&str> = text.split_whitespace().collect();
            if !names.is_empty() {
                self.on.cli(&[remove, names].concat());
            }
        }
    }
}

/// The path of a Docker Compose program.
pub fn compose_program() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/docker-compose.sh");
    let program = Command::new(script).output().unwrap();
    let error = String::from_utf8_lossy(&program.stderr);
    assert!(program.status.success(), "{error}");
    let path = String::from_utf8(program.stdout).unwrap();
    path.trim().to_owned()
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Tries until it works out, for `limit` at most.
#[track_caller]
pub fn eventually(limit: Duration, mut attempt: impl FnMut() -> Result<(), String>) {
    let began = Instant::now();
    while let Err(reason) = attempt() {
        assert!(began.elapsed() < limit, "{reason}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A TCP port of the loopback address that nothing listens on, nor on the three after it, and that no
/// other test gets. They lie above those that `tests/compose` names, and below those that Linux gives to
/// connections by itself, from 32768 on.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 2_400).unwrap();
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let first = 23_000 + 4 * (begin.wrapping_add(given) % 2_400);
        let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (first..first + 4).all(is_free) {
            return first;
        }
    }
}
