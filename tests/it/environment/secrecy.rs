//! A secret is usable and seen nowhere.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::{compose, container, psql, shell};
use crate::project::{On, Project, Ran, on_both_engines};

/// Whose literal values occur in the configuration, in an env file and on the command line.
const SECRETS: [&str; 3] = ["c4n4ry-l1teral", "c4n4ry-env-f1le", "c4n4ry-s3t"];

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs, password: c4n4ry-l1teral }
    deployment: { compose: app.yml }
    env_file: secret.env
  staging:
    postgres: { port: {other}, storage: tmpfs, password: \"${STAGING_PASSWORD}\" }
    init: [ { compose: failing.yml } ]
    deployment: { compose: app.yml }
    env_file: secret.env
  broken:
    postgres: { port: {third}, password: c4n4ry-l1teral }
    deployment: { compose: broken.yml }
    variables: { API_TOKEN: c4n4ry-l1teral }
    env_file: secret.env
";

#[track_caller]
fn hides(ran: &Ran) {
    for secret in SECRETS {
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!output.contains(secret), "{secret} in:\n{output}");
        }
    }
}

fn project(on: On) -> Project {
    let free = || crate::project::free_port().to_string();
    let project = Project::new(
        on,
        &CONFIG
            .replace("{other}", &free())
            .replace("{third}", &free()),
    );
    project.write(
        "secret.env",
        "API_KEY=c4n4ry-env-f1le\nSTAGING_PASSWORD=c4n4ry-env-f1le\n",
    );
    let services = "  client:
    <<: *client
    command: []
    entrypoint: [sh, -c, 'echo \"key $$API_KEY session $$SESSION_SECRET url $$DATABASE_URL\"; exec sleep infinity']
    environment:
      DATABASE_URL: \"${POSTSTACK_DATABASE_URL}\"
      API_KEY: \"${API_KEY}\"
      SESSION_SECRET: \"${SESSION_SECRET:-}\"
";
    project.write("app.yml", &compose(services));
    project.write("failing.yml", &compose("  seed:\n    <<: *client\n    entrypoint: [sh, -c, 'echo \"it was $$DATABASE_URL\"; exit 3']\n"));
    project.write(
        "broken.yml",
        &compose(
            "  web:\n    <<: *sleep\n    ports: [\"${API_TOKEN}:80\"]\n    mem_limit: ${API_KEY}\n",
        ),
    );
    project
}

on_both_engines! {
    fn secrets_are_usable_and_in_no_output(on: On) {
        let project = project(on);
        let set = "SESSION_SECRET=c4n4ry-s3t";
        hides(&project.run(&["env", "start", "dev", "--set", set, "-vv"]).ok());
        let client = container(&project, "dev-client-1");
        assert_eq!(psql(&project, &client, "select 1"), "1");
        assert_eq!(shell(&project, &client, "echo $API_KEY $SESSION_SECRET", &[]), "c4n4ry-env-f1le c4n4ry-s3t");
        for arguments in [
            ["env", "start", "dev", "--set", set, "--format", "json"].as_slice(),
            &["env", "status", "dev", "-vv"],
            &["env", "status", "dev", "--format", "json"],
            &["env", "dry-run", "dev", "--all", "--set", set],
            &["env", "dry-run", "dev", "--all", "--set", set, "--format", "json"],
            &["env", "config", "dev"],
            &["config", "show", "--format", "json"],
            &["config", "validate", "dev"],
            &["env", "list", "-vv"],
            &["restart", "client", "--env", "dev", "-vv"],
        ] {
            hides(&project.run(arguments).ok());
        }
        let logs = project.run(&["env", "logs", "dev", "client"]).ok();
        assert!(logs.stdout.contains("key *** session"), "{}", logs.stdout);
        assert!(!logs.stdout.contains("c4n4ry-l1teral") && !logs.stdout.contains("c4n4ry-env-f1le"), "{}", logs.stdout);
    }

    fn what_fails_shows_no_secret(on: On) {
        let project = project(on);
        let failed = project.run(&["env", "start", "staging", "-vv"]).exits(4);
        assert!(failed.stderr.contains("it was postgresql://"), "{}", failed.stderr);
        hides(&failed);
        hides(&project.run(&["env", "start", "staging", "--format", "json"]).exits(4));
        hides(&project.run(&["env", "start", "broken"]).exits(3));
        hides(&project.run(&["env", "start", "broken", "--format", "json"]).exits(3));
        let config = project.read(".poststack.yml");
        let wrong = config.replace("password: c4n4ry-l1teral", "password: c4n4ry-l1teral, prot: 1");
        project.write(".poststack.yml", &wrong);
        let refused = project.run(&["env", "start", "dev"]).exits(3);
        assert!(refused.stderr.contains("prot"), "{}", refused.stderr);
        hides(&refused);
    }

    fn no_argument_list_and_no_readable_file_holds_a_secret(on: On) {
        let project = project(on);
        // Other tests, and what they use, shall not be taken for this one.
        let own = |text: &str| text.replace("c4n4ry", &format!("c4n4ry-{}", project.name));
        let secrets = [own(SECRETS[0]), own(SECRETS[1])];
        for file in [".poststack.yml", "secret.env"] {
            project.write(file, &own(&project.read(file)));
        }
        let done = AtomicBool::new(false);
        let (seen, runs) = std::thread::scope(|scope| {
            let watch = scope.spawn(|| watch_argument_lists(&done, &secrets));
            let commands = [["env", "start", "dev", "-v"], ["env", "restart", "dev", "-v"]];
            let runs = commands.map(|arguments| project.run(&arguments));
            done.store(true, Ordering::Relaxed);
            (watch.join().unwrap(), runs)
        });
        runs.into_iter().for_each(|ran| drop(ran.ok()));
        assert_eq!(seen, Vec::<String>::new());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let state = project.root().join(".poststack");
        assert_eq!(mode(&state), 0o700);
        let found = Command::new("find").arg(&state).args(["-type", "f", "-perm", "/077"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stdout), "");
        let readable = "find /tmp /var/tmp -xdev -type f -perm /004 -newer \"$1\" -not -path \"$2/*\" -exec grep -lsF \"$3\" {} +";
        let marker = project.root().join("secret.env");
        for secret in &secrets {
            let mut find = Command::new("sh");
            find.args(["-c", readable, "sh"]).arg(&marker).arg(project.root()).arg(secret);
            let found = String::from_utf8(find.output().unwrap().stdout).unwrap();
            let found: Vec<&str> = found.lines().filter(|path| !path.contains("poststack-it-")).collect();
            assert_eq!(found, Vec::<&str>::new(), "{secret}");
        }
    }
}

/// Arguments of any process of the machine, containers included, that hold one of `secrets`.
fn watch_argument_lists(done: &AtomicBool, secrets: &[String]) -> Vec<String> {
    let mut seen = Vec::new();
    while !done.load(Ordering::Relaxed) {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).into_owned();
            let searches = arguments.starts_with("find")
                || arguments.starts_with("grep")
                || arguments.starts_with("sh\0-c\0find");
            if !searches
                && secrets
                    .iter()
                    .any(|secret| arguments.contains(secret.as_str()))
            {
                seen.push(arguments);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    seen
}
