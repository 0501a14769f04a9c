//! One file: by Docker Compose on Docker, by poststack on Docker, by poststack on Podman, one after
//! the other in one folder and under one project name, so that paths, names and ports agree.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use super::case::{Case, Settings};
use super::compare::{Difference, compare};
use super::engine::list;
use super::explained;
use super::snapshot::Snapshot;
use super::stand_in::StandIns;
use crate::cluster::cluster;
use crate::project::{On, Project, ran};

/// What came out for one file.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong, and of which object.
    pub faults: Vec<(String, String)>,
    on_docker: BTreeSet<usize>,
    on_podman: BTreeSet<usize>,
}

impl Outcome {
    pub fn panicked() -> Self {
        Self {
            faults: vec![(
                "the test itself failed, see above".to_owned(),
                String::new(),
            )],
            ..Self::default()
        }
    }

    fn differ(&mut self, on: On, differences: &[Difference]) {
        let told = differences
            .iter()
            .map(|one| (format!("{on:?}: {one}"), one.object().to_owned()));
        self.faults.extend(told);
    }

    /// The entries of the list that were needed.
    pub fn used(&self, engine: &str) -> &BTreeSet<usize> {
        if engine == "Docker" {
            &self.on_docker
        } else {
            &self.on_podman
        }
    }

    pub fn summary(&self, case: &Case) -> String {
        let (docker, podman) = (self.on_docker.len(), self.on_podman.len());
        let faults = self.faults.len();
        format!(
            "{}: {docker} explained, {podman} more on Podman, {faults} not",
            case.name
        )
    }
}

/// Runs the file everywhere and compares.
pub fn run(case: &Case, images: &StandIns) -> Outcome {
    let mut bench = Bench::new(case, images);
    let mut outcome = Outcome::default();
    let mut first = bench.by_compose(&mut outcome);
    if bench.kept_network.get() {
        // Docker 20.10 at times counts an endpoint that is gone, until its daemon starts anew. The
        // network would be in the way of ours.
        eprintln!("{}: Docker keeps a network, once more", case.name);
        bench = Bench::new(case, images);
        outcome = Outcome::default();
        first = bench.by_compose(&mut outcome);
    }
    let Some(first) = first else {
        return outcome;
    };
    let Some(ours) = bench.by_poststack(On::Docker, &mut outcome) else {
        return outcome;
    };
    let (left, used) = compare(&first, &ours, explained::DOCKER);
    outcome.on_docker = used;
    outcome.differ(On::Docker, &left);
    let Some(podman) = bench.by_poststack(On::Podman, &mut outcome) else {
        return outcome;
    };
    let (docker, podman) = (ours.without_zeros(), podman.without_zeros());
    let (left, used) = compare(&docker, &podman, explained::PODMAN);
    outcome.on_podman = used;
    outcome.differ(On::Podman, &left);
    outcome
}

/// The folder of one file, with everything that has to be there beforehand.
struct Bench<'c> {
    case: &'c Case,
    project: Project,
    /// The Compose project: that of the environment `dev`.
    name: String,
    /// Whether an engine would not remove a network.
    kept_network: Cell<bool>,
}

impl<'c> Bench<'c> {
    fn new(case: &'c Case, images: &StandIns) -> Self {
        let project = Project::new(On::Docker, &config(case));
        let name = format!("{}-dev", project.name);
        let change = |text: &str| images.put_into(text).replace("{project}", &name);
        case.lay_out(&project.root(), &change);
        Self {
            case,
            project,
            name,
            kept_network: Cell::new(false),
        }
    }

    fn by_compose(&self, outcome: &mut Outcome) -> Option<Snapshot> {
        let _made = Made::before(On::Docker, self);
        let settings = &self.case.settings;
        let mut command = Command::new(docker_compose());
        command.args(["--ansi", "never", "--project-name", &self.name]);
        for file in self.case.files() {
            command.args(["--file", &file]);
        }
        for profile in &settings.profiles {
            command.args(["--profile", profile]);
        }
        command.args(["up", "--detach", "--quiet-pull"]);
        command
            .current_dir(self.project.root())
            .env("DOCKER_HOST", On::Docker.host());
        command.envs(&settings.set).stdin(Stdio::null());
        self.outcome_of("Docker Compose", On::Docker, command, outcome)
    }

    fn by_poststack(&self, on: On, outcome: &mut Outcome) -> Option<Snapshot> {
        let _made = Made::before(on, self);
        std::fs::remove_dir_all(self.project.root().join(".poststack")).ok();
        let settings = &self.case.settings;
        let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
        command.args([
            "env",
            "start",
            "dev",
            "--allow-undefined",
            "--host",
            &on.host(),
        ]);
        for profile in &settings.profiles {
            command.args(["--profile", profile]);
        }
        command
            .current_dir(self.project.root())
            .env_remove("POSTSTACK_ENV")
            .env("NO_COLOR", "1");
        command.envs(&settings.set).stdin(Stdio::null());
        self.outcome_of(&format!("poststack on {on:?}"), on, command, outcome)
    }

    /// Runs one of the programs and looks at what it made.
    fn outcome_of(
        &self,
        who: &str,
        on: On,
        mut command: Command,
        outcome: &mut Outcome,
    ) -> Option<Snapshot> {
        let settings = &self.case.settings;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(count) = settings.waits {
            let mut child = command.spawn().unwrap();
            let made = self.wait_for(on, count, &mut child);
            let snapshot = self.look(on);
            child.kill().ok();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let fault = match (made, self.fails(on)) {
                (true, None) => return Some(snapshot),
                (false, Some(words)) if said.contains(words) => return None,
                _ => format!("{who} did not do with {count} containers what it should: {said}"),
            };
            outcome.faults.push((fault, String::new()));
            return None;
        }
        let output = command.output().unwrap();
        self.judge(who, &output, self.fails(on), outcome)?;
        Some(self.look(on))
    }

    /// What the program says when it has to fail here.
    fn fails(&self, on: On) -> Option<&str> {
        let Settings {
            fails,
            fails_on_podman,
            ..
        } = &self.case.settings;
        let on_podman = fails_on_podman.as_deref().filter(|_| on == On::Podman);
        fails.as_deref().or(on_podman)
    }

    /// Waits until so many containers are there and one of them runs; the others wait for it, for
    /// ever.
    fn wait_for(&self, on: On, count: usize, child: &mut Child) -> bool {
        let label = format!("com.docker.compose.project={}", self.name);
        for _ in 0..600 {
            let found = list(on, "/containers/json?all=true", &label);
            if found.len() == count && found.iter().any(|one| one["State"] == "running") {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// `None` when there is nothing to look at.
    fn judge(
        &self,
        who: &str,
        output: &Output,
        fails: Option<&str>,
        outcome: &mut Outcome,
    ) -> Option<()> {
        let said = String::from_utf8_lossy(&output.stderr);
        let fault = match (output.status.success(), fails) {
            (true, None) => return Some(()),
            (false, None) => format!("{who} failed: {said}"),
            (true, Some(words)) => format!("{who} succeeded, in spite of `{words}`"),
            (false, Some(words)) if said.contains(words) => return None,
            (false, Some(words)) => format!("{who} failed without `{words}`: {said}"),
        };
        outcome.faults.push((fault, String::new()));
        None
    }

    fn look(&self, on: On) -> Snapshot {
        let mut snapshot = Snapshot::take(on, &self.name, self.project.root().to_str().unwrap());
        for (service, line) in &self.case.settings.look {
            let container = format!("{}-{service}-1", self.name);
            let output = on.cli(&["exec", &container, "sh", "-c", line]);
            let said = [output.stdout, output.stderr].concat();
            snapshot.saw(service, String::from_utf8_lossy(&said).trim().to_owned());
        }
        snapshot
    }
}

/// An external database takes no time to start, and ports bind where Compose binds them.
fn config(case: &Case) -> String {
    static DATABASE: LazyLock<poststack::postgres::Address> = LazyLock::new(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(cluster().database())
    });
    let database = &*DATABASE;
    let files = case.files();
    let files = match files.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    format!(
        // `127.0.0.1` would be the environment's own database; this is the same address.
        "project: {{ name: {{name}} }}\nenvironments:\n  dev:\n    bind: 0.0.0.0\n    postgres: {{ host: \"127.1\", port: {}, user: {}, password: \"{}\", database: {} }}\n    deployment: {{ compose: {files} }}\n",
        database.port,
        database.user,
        database.password.expose(),
        database.database,
    )
}

/// What is on the engine for one run of the file; it is removed with this value.
struct Made<'b> {
    on: On,
    bench: &'b Bench<'b>,
}

impl<'b> Made<'b> {
    fn before(on: On, bench: &'b Bench<'b>) -> Self {
        let settings = &bench.case.settings;
        let own = |name: &String| name.replace("{project}", &bench.name);
        let label = format!("--label=same={}", bench.name);
        for network in settings.networks.iter().map(own) {
            on.cli_text(&["network", "create", &label, &network]);
        }
        for volume in settings.volumes.iter().map(own) {
            on.cli_text(&["volume", "create", &label, &volume]);
        }
        for container in settings.containers.iter().map(own) {
            let options: Vec<&str> = container.split(' ').collect();
            let run = ["run", "--detach", "--volume=/outside", &label, "--name"];
            let image = ["debian:bookworm-slim", "sleep", "infinity"];
            let (name, options) = options.split_at(1);
            let arguments = [&run[..], name].concat();
            let arguments = [&arguments[..], options, &image[..]].concat();
            on.cli_text(&arguments);
        }
        Self { on, bench }
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        let labels = [
            format!("label=com.docker.compose.project={}", self.bench.name),
            format!("label=same={}", self.bench.name),
        ];
        // Whether that did.
        let remove = |list: &[&str], remove: &[&str]| {
            labels.iter().fold(true, |did, label| {
                let listed = self.on.cli(&[list, &["--filter", label]].concat());
                let text = String::from_utf8_lossy(&listed.stdout).into_owned();
                let names: Vec<&str> = text.split_whitespace().collect();
                let removed =
                    names.is_empty() || self.on.cli(&[remove, &names].concat()).status.success();
                did && removed
            })
        };
        let time: &[&str] = if self.on == On::Podman {
            &["--time=0"]
        } else {
            &[]
        };
        let containers = [&["rm", "--force", "--volumes"], time].concat();
        for _ in 0..2 {
            // Podman keeps one whose namespace another shares until that is gone.
            remove(&["ps", "--all", "--quiet"], &containers);
        }
        if !remove(&["network", "ls", "--quiet"], &["network", "rm"]) {
            self.bench.kept_network.set(true);
        }
        remove(&["volume", "ls", "--quiet"], &["volume", "rm", "--force"]);
        self.remove_images();
    }
}

impl Made<'_> {
    /// By their names: another file may have made the same image, and use it. Podman's list fails
    /// while another test removes what is in it.
    fn remove_images(&self) {
        for _ in 0..10 {
            let format = "{{.Repository}}:{{.Tag}}";
            let listed = self.on.cli(&["images", "--format", format]);
            let text = String::from_utf8_lossy(&listed.stdout).into_owned();
            let own = format!("{}-", self.bench.name);
            let is_own = |name: &&str| {
                name.rsplit('/')
                    .next()
                    .is_some_and(|last| last.starts_with(&own))
            };
            let names: Vec<&str> = text.lines().filter(is_own).collect();
            if listed.status.success() && names.is_empty() {
                return;
            }
            if !names.is_empty() {
                self.on.cli(&[&["rmi"], &names[..]].concat());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The path of the program, which is fetched the first time.
fn docker_compose() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/docker-compose.sh");
        ran(&mut Command::new(script)).ok().stdout.trim().to_owned()
    })
}
