//! From nothing to containers that run, and back, in a folder without a configuration.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{folders, settings};
use crate::project::{On, Project, on_both_engines};

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The words that `arguments` of the engine's own program print.
fn inspect(project: &Project, container: &str, format: &str) -> String {
    let arguments = ["inspect", "--format", format, container];
    project.on.cli_text(&arguments)
}

/// Service → its state.
fn states(project: &Project) -> Vec<(String, String)> {
    let status = project.run(&["container", "status", "--format", "json"]);
    let status = status.ok().json();
    let services = status["services"].as_array().unwrap().clone();
    let all = [status["database"]["container"].clone()]
        .into_iter()
        .chain(services);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    all.map(|one| (text(&one, "service"), text(&one, "state")))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, state): &(&str, &str)| ((*name).to_owned(), (*state).to_owned());
    pairs.iter().map(owned).collect()
}

/// What is written into `.env` besides ports.
const SETTINGS: &str = "POSTSTACK_POSTGRES_CONTAINER_NAME={name}-db
POSTSTACK_WORKER_CONTAINER_NAME={name}-jobs
POSTSTACK_WORKER_ENV_GREETING=hello from .env
POSTSTACK_PROJECT_CONTAINER_RESTART_POLICY=on-failure:3
";

/// Starts the worker with variables and files of its own.
fn start_worker(project: &Project) {
    let start = ["container", "start-project", "--container", "worker"];
    let own = ["--env-file", "jobs.env", "--volume", "./public:/public:ro"];
    project.run(&[start, own].concat()).ok();
}

/// The worker has what it was given, and reaches the database.
#[track_caller]
fn the_worker_is_as_asked(project: &Project) {
    let (worker, database) = (
        format!("{}-jobs", project.name),
        format!("{}-db", project.name),
    );
    let script = "echo $GREETING $TOKEN $DB_HOST; cat /public/index.html; \
                  exec 3<>/dev/tcp/$DB_HOST/$DB_PORT && echo reached";
    let told = project.exec(&worker, &["bash", "-c", script]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let wanted = format!("hello from .env abcdef {database}\nHello shop\nreached\n");
    assert_eq!(told, wanted);
    let policy =
        "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}";
    assert_eq!(inspect(project, &worker, policy), "on-failure 3");
}

/// Each way of looking at what runs.
#[track_caller]
fn everything_is_seen(project: &Project) {
    let running = pairs(&[
        ("postgres", "running"),
        ("web", "running"),
        ("worker", "running"),
    ]);
    assert_eq!(states(project), running);
    project.run(&["container", "health"]).ok();
    project.run(&["container", "verify"]).ok();
    let url = project.run(&["container", "url"]).ok().stdout;
    let test = ["db", "test-connection", "--database-url", url.trim()];
    project.run(&test).ok();
    let web = format!("{}-web", project.name);
    let logs = project
        .run(&["container", "logs", &web, "--tail", "1"])
        .ok();
    assert!(logs.stdout.starts_with("web | "), "{}", logs.stdout);
    let listed = project
        .run(&["container", "list", "--format", "json"])
        .ok()
        .json();
    let images = listed["images"].as_array().unwrap().iter();
    let image = format!("{}/web", project.name);
    let built = images
        .filter(|one| one["image"] == image)
        .map(|one| &one["built"]);
    assert_eq!(built.collect::<Vec<_>>(), [true]);
}

/// Stops, removes and cleans what runs.
#[track_caller]
fn everything_ends(project: &Project) {
    project
        .run(&["container", "stop-project", "--all-project"])
        .ok();
    let stopped = pairs(&[
        ("postgres", "running"),
        ("web", "exited"),
        ("worker", "exited"),
    ]);
    assert_eq!(states(project), stopped);
    let refused = project.run(&["container", "remove", "postgres"]).exits(1);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    project.run(&["container", "remove", "web"]).ok();
    project.run(&["container", "stop", "--all"]).ok();
    let asked = project.run(&["container", "clean"]).exits(8);
    let worker = format!("{}-jobs", project.name);
    assert!(asked.stderr.contains(&worker), "{}", asked.stderr);
    project.run(&["container", "clean", "--yes"]).ok();
    assert!(project.container_ids().is_empty());
    let image = format!("{}/web", project.name);
    assert_eq!(project.on.cli_text(&["images", "--quiet", &image]), "");
}

on_both_engines! {
    fn a_folder_without_a_configuration_has_its_containers(engine: On) {
        let project = Project::bare(engine);
        folders(&project);
        let web = settings(&project, SETTINGS);
        project.write("jobs.env", "GREETING=hello from a file\nTOKEN=abcdef\n");

        project.run(&["container", "build-project", "--container", "web"]).ok();
        // Applications need the database only where there is one; a missing image is built.
        start_worker(&project);
        let absent = project.run(&["container", "health", "postgres"]).exits(1);
        assert!(absent.stdout.contains("there is no such container"), "{}", absent.stdout);

        project.run(&["container", "start"]).ok();
        start_worker(&project);
        project.run(&["container", "start-project", "--container", "web", "--wait"]).ok();
        let ids = project.container_ids();
        let made: Vec<&str> = ids.keys().map(|name| name.rsplit('-').next().unwrap()).collect();
        assert_eq!(made, ["db", "jobs", "web"]);
        assert!(get(web, "/").contains("Hello shop"));
        the_worker_is_as_asked(&project);

        project.run(&["container", "start"]).ok();
        project.run(&["container", "start-project", "--container", "web"]).ok();
        everything_is_seen(&project);
        assert_eq!(project.container_ids(), ids, "nothing was to be done, and who looks leaves nothing");

        let doctor = project.run(&["doctor"]).stdout;
        assert!(!doctor.contains(&format!("{}-db", project.name)), "{doctor}");

        // Under the new name, no application would find it.
        let given = project.read(".env");
        project.write(".env", &given.replace("-db\n", "-other\n"));
        let refused = project.run(&["container", "start-project"]).exits(1);
        assert!(refused.stderr.contains("that name: poststack container start\n"), "{}", refused.stderr);
        project.write(".env", &given);

        let url = project.run(&["container", "url"]).ok().stdout;
        everything_ends(&project);
        // What it knew is still there: the volume, and the password to it.
        project.run(&["container", "start"]).ok();
        assert_eq!(project.run(&["container", "url"]).ok().stdout, url);
        project.run(&["container", "remove", "--force", "postgres"]).ok();
        let network = format!("{}-containers_default", project.name);
        let networks = || engine.cli_text(&["network", "ls", "--quiet", "--filter", &format!("name={network}")]);
        assert_eq!(networks(), "", "it goes with the last container");
        // One that was left behind, by whatever.
        project.run(&["container", "start"]).ok();
        engine.cli_text(&["rm", "--force", &format!("{}-db", project.name)]);
        let cleaned = project.result(&["container", "clean", "--yes"]);
        assert_eq!(cleaned["networks"], serde_json::json!([network]));
        assert_eq!(networks(), "");
    }
}
