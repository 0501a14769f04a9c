//! `doctor`: real faults are found and named with what repairs them, with and without an engine.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::environment::support::compose;
use crate::project::{On, Project, Ran, free_port, on_both_engines, ran};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
";

/// The checks of a report whose name ends so, each as `verdict detail → fix`.
fn found(report: &Value, name: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let named = checks.filter(|check| check["name"].as_str().unwrap().ends_with(name));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    named
        .map(|check| {
            format!(
                "{} {} → {}",
                text(&check["verdict"]),
                text(&check["detail"]),
                text(&check["fix"])
            )
        })
        .collect()
}

fn doctor(project: &Project) -> Ran {
    project.run(&["doctor", "--format", "json"])
}

#[test]
fn without_an_engine_and_without_a_project_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
    command
        .args(["doctor", "--host", "unix:///nowhere/engine.sock"])
        .current_dir(folder.path());
    let missing = ran(command.env("NO_COLOR", "1")).exits(1);
    assert!(
        missing.stdout.contains("✘ connection") && missing.stdout.contains("no such file"),
        "{}",
        missing.stdout
    );
    assert!(
        missing
            .stdout
            .contains("→ correct the address, or leave out --host"),
        "{}",
        missing.stdout
    );
    assert!(
        missing.stdout.contains("none in this folder or above it"),
        "{}",
        missing.stdout
    );
    assert!(
        missing.stderr.contains("The doctor found 1 fault"),
        "{}",
        missing.stderr
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    // The socket of an engine that was stopped.
    let socket = folder.path().join("engine.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststack"));
    command.args(["doctor", "--host", socket.to_str().unwrap()]);
    let ran = ran(command.current_dir(folder.path())).exits(1);
    assert!(ran.stdout.contains("connection refused"), "{}", ran.stdout);
}

#[test]
fn a_broken_configuration_is_a_fault_with_its_place() {
    let project = Project::new(
        On::Docker,
        "environments: { dev: { postgres: { prt: 1 } } }\n",
    );
    let report = doctor(&project).exits(1).json();
    let told = found(&report, "configuration");
    assert!(told[0].starts_with("error 1 fault"), "{told:?}");
    assert!(told[0].contains(".poststack.yml:1:36"), "{told:?}");
    assert!(told[0].ends_with("→ poststack config validate"), "{told:?}");
}

#[test]
fn each_fault_of_the_files_has_what_makes_it_right() {
    let project = Project::new(
        On::Docker,
        "project: { name: {name} }\nenvironments:\n  dev:\n    postgres: { port: {port} }\n    \
         env_file: conf/of.env\n    init: [{ migrations: sql }]\n    deployment: { compose: nowhere.yml }\n  \
         qa: { deployment: { compose: app.yml } }\n  hurt: {}\n",
    );
    project.write("app.yml", "services: { app: { image: '${UNKNOWN}' } }\n");
    project.write(".poststack/secrets/hurt.json", "{");
    let report = doctor(&project).exits(1).json();
    let told = found(&report, "dev: files").join("\n");
    for fix in [
        "→ mkdir -p conf && touch conf/of.env",
        "→ mkdir -p sql",
        "→ see .poststack.yml:7:28: looked for in",
    ] {
        assert!(told.contains(fix), "{fix} in {told}");
    }
    let undefined = found(&report, "qa: files");
    assert!(
        undefined[0].starts_with("warning ")
            && undefined[0].contains("Undefined variable `UNKNOWN` → see app.yml:1:"),
        "{undefined:?}"
    );
    let damaged = found(&report, "hurt: files");
    assert!(
        damaged[0].contains(": rm ") && damaged[0].ends_with("secrets/hurt.json"),
        "{damaged:?}"
    );
}

on_both_engines! {
    fn what_is_wrong_with_a_project_is_found(on: On) {
        let project = Project::new(on, CONFIG);
        let web = free_port();
        let services = format!("  app:\n    <<: *sleep\n    ports: [\"{web}:80\"]\n  second: *sleep\n");
        project.write("app.yml", &compose(&services));
        let held = TcpListener::bind(("127.0.0.1", web)).unwrap();
        let report = doctor(&project).exits(1).json();
        let told = found(&report, "dev: app");
        let refused = project.run(&["env", "start", "dev"]).exits(1);
        assert!(refused.stderr.contains("or write another port at app.yml:"), "{}", refused.stderr);
        let (_, fix) = told[0].split_once("→ ").unwrap();
        assert!(told[0].starts_with("error ") && fix.starts_with("sed -i '") && fix.ends_with(" app.yml"), "{told:?}");
        let mended = Command::new("sh").args(["-c", fix]).current_dir(project.root()).status();
        assert!(mended.unwrap().success());
        assert!(found(&doctor(&project).ok().json(), "dev: app")[0].contains("is free"));
        drop(held);

        project.run(&["env", "start", "dev"]).ok();
        let report = doctor(&project).ok().json();
        assert_eq!(report["errors"], 0, "{report}");
        assert!(found(&report, "dev: app")[0].contains("held by its own container"), "{report}");
        assert!(found(&report, "dev: runs").is_empty(), "{report}");
        assert!(found(&report, "poststack/postgres:15")[0].contains("PostgreSQL 15"), "{report}");

        // Somebody opened the secrets, a run was interrupted, and two services are described no more.
        let open = |path: &str, mode| {
            let path = project.root().join(path);
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        open(".poststack", 0o755);
        open(".poststack/secrets/dev.json", 0o644);
        std::fs::remove_file(project.root().join(".poststack/.gitignore")).unwrap();
        project.write(".poststack/locks/dev.lock", "{\"process_id\":1,\"command\":\"env start dev\",\"since\":\"2026-01-01T00:00:00Z\"}");
        project.write("app.yml", &compose("  app: *sleep\n"));
        let report = doctor(&project).exits(1).json();
        let modes = found(&report, "mode");
        assert!(modes.iter().any(|one| one.contains("→ chmod 0700 ")), "{modes:?}");
        assert!(modes.iter().any(|one| one.contains("→ chmod 0600 ") && one.ends_with("dev.json")), "{modes:?}");
        assert!(found(&report, "git")[0].starts_with("error"), "{report}");
        assert!(found(&report, "dev: runs")[0].contains("`env start dev` (process 1"), "{report}");
        assert!(found(&report, "dev: orphans")[0].contains("second"), "{report}");
        // It has repaired nothing itself.
        assert_eq!(doctor(&project).exits(1).json()["errors"], report["errors"]);

        // The environment goes out of the file, and its containers stay.
        let config = project.read(".poststack.yml").replace("  dev:", "  qa:");
        project.write(".poststack.yml", &config);
        let report = doctor(&project).exits(1).json();
        assert!(found(&report, "containers").iter().any(|one| one.contains("-dev-app-1")), "{report}");
        project.write(".poststack.yml", &config.replace("  qa:", "  dev:"));
    }
}
