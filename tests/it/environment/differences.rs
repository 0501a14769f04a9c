//! What somebody else changed is named by `env diff` and put right by `env start`.

use serde_json::Value;

use super::support::{DEV, compose, container, service};
use crate::project::{On, Project, free_port, on_both_engines};

const SERVICES: &str = "  web:
    <<: *sleep
    environment: { WORD: kept }
    restart: unless-stopped
    ports: ['{web}:80']
    volumes: [/data]
  other: *sleep
";

struct Tampered {
    project: Project,
    web: String,
}

/// An environment that runs, and was changed by `tamper`, which gets the name of a container.
fn tampered(on: On, tamper: impl FnOnce(&str)) -> Tampered {
    let project = Project::new(on, DEV);
    project.write(
        "app.yml",
        &compose(&SERVICES.replace("{web}", &free_port().to_string())),
    );
    project.run(&["env", "start", "dev"]).ok();
    let clean = project.run(&["env", "diff", "dev", "--exit-code"]).ok();
    assert!(
        clean.stdout.contains("as the last start left it"),
        "{}",
        clean.stdout
    );
    let web = container(&project, "dev-web-1");
    tamper(&web);
    Tampered { project, web }
}

impl Tampered {
    /// `what kind name: details` of every difference; then a start puts it right.
    #[track_caller]
    fn is_told_and_repaired(&self) -> String {
        let project = &self.project;
        let found = project
            .run(&["env", "diff", "dev", "--exit-code", "--format", "json"])
            .exits(10);
        let human = project.run(&["env", "diff", "dev"]).ok().stdout;
        assert!(human.contains("env start dev"), "{human}");
        let plan = project
            .run(&["env", "plan", "dev", "--exit-code"])
            .exits(10);
        let started = project
            .run(&["env", "start", "dev", "--format", "json"])
            .ok();
        let result = started.result();
        assert_eq!(result["changed"], true, "{}", started.stdout);
        assert_eq!(service(&result, "web")["state"], "running", "{result}");
        let left = project.run(&["env", "diff", "dev", "--exit-code"]);
        assert_eq!(
            left.code, 0,
            "{}\n{}\n{}",
            plan.stdout, started.stderr, left.stdout
        );
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        assert_eq!(
            project.exec(&self.web, &["printenv", "WORD"]).stdout,
            b"kept\n"
        );
        let all = found.json();
        let line = |one: &Value| {
            let text = |key: &str| one[key].as_str().unwrap().replace(&project.name, "P");
            let details = one["details"]
                .as_array()
                .unwrap()
                .iter()
                .map(|detail| detail.as_str().unwrap().replace(&project.name, "P"));
            let details: Vec<String> = details.collect();
            format!(
                "{} {} {}: {}",
                text("what"),
                text("kind"),
                text("name"),
                details.join(", ")
            )
        };
        let lines: Vec<String> = all["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(line)
            .collect();
        lines.join("\n")
    }
}

/// Makes a container anew as it was, labels and all, with these differences.
fn made_anew(on: On, name: &str, options: &[&str]) {
    let labels = on.cli_text(&["inspect", "--format", "{{json .Config.Labels}}", name]);
    let labels: std::collections::BTreeMap<String, String> = serde_json::from_str(&labels).unwrap();
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("--label={key}={value}"))
        .collect();
    let network = on.cli_text(&[
        "inspect",
        "--format",
        "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}",
        name,
    ]);
    on.cli_text(&["rm", "--force", name]);
    let mut arguments = vec![
        "run",
        "--detach",
        "--name",
        name,
        "--network",
        &network,
        "--restart",
        "unless-stopped",
    ];
    arguments.extend(labels.iter().map(String::as_str));
    arguments.extend(options);
    arguments.extend(["debian:bookworm-slim", "sleep", "infinity"]);
    on.cli_text(&arguments);
}

on_both_engines! {
    fn a_removed_container(on: On) {
        let tampered = tampered(on, |web| drop(on.cli_text(&["rm", "--force", web])));
        assert_eq!(tampered.is_told_and_repaired(), "removed container P-dev-web-1: ");
    }

    fn a_stopped_and_a_killed_container(on: On) {
        let tampered = tampered(on, |web| {
            on.cli_text(&["stop", "--time", "1", web]);
            on.cli_text(&["kill", &web.replace("web", "other")]);
        });
        let told = tampered.is_told_and_repaired();
        assert!(told.contains("stopped container P-dev-web-1: exit code") && told.contains("stopped container P-dev-other-1: exit code 137"), "{told}");
    }

    fn a_paused_container(on: On) {
        let tampered = tampered(on, |web| drop(on.cli_text(&["pause", web])));
        assert_eq!(tampered.is_told_and_repaired(), "paused container P-dev-web-1: ");
    }

    fn a_renamed_container(on: On) {
        let tampered = tampered(on, |web| drop(on.cli_text(&["rename", web, &format!("{web}-mine")])));
        let before = tampered.project.container_ids()[&format!("{}-mine", tampered.web)].clone();
        assert_eq!(tampered.is_told_and_repaired(), "renamed container P-dev-web-1: P-dev-web-1-mine");
        assert_eq!(tampered.project.container_ids()[&tampered.web], before);
    }

    fn a_container_outside_its_network(on: On) {
        let tampered = tampered(on, |web| {
            let network = web.replace("-dev-web-1", "-dev_default");
            on.cli_text(&["network", "disconnect", &network, web]);
        });
        assert_eq!(tampered.is_told_and_repaired(), "detached container P-dev-web-1: P-dev_default");
    }

    fn a_container_made_anew_with_another_environment(on: On) {
        let tampered = tampered(on, |web| made_anew(on, web, &["--env", "WORD=edited"]));
        let told = tampered.is_told_and_repaired();
        assert!(told.starts_with("edited container P-dev-web-1: somebody else made it anew"), "{told}");
        assert!(told.contains("environment.WORD") && told.contains("ports") && told.contains("volumes./data"), "{told}");
    }

    fn a_container_made_anew_with_another_port(on: On) {
        let port = format!("127.0.0.1:{}:80", free_port());
        let tampered = tampered(on, |web| made_anew(on, web, &["--env", "WORD=kept", "--init", "--publish", &port]));
        let told = tampered.is_told_and_repaired();
        assert!(told.contains(", ports") && !told.contains("environment.WORD"), "{told}");
    }

    fn an_environment_that_poststack_stopped_is_as_it_was_left(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web: *sleep\n"));
        let never = project.run(&["env", "diff", "dev", "--exit-code"]).ok();
        assert!(never.stdout.contains("nothing to compare with"), "{}", never.stdout);
        project.run(&["env", "start", "dev"]).ok();
        project.run(&["env", "stop", "dev"]).ok();
        project.run(&["env", "diff", "dev", "--exit-code"]).ok();
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    hostname: other\n  new: *sleep\n"));
        let planned = project.run(&["env", "diff", "dev", "--exit-code"]).ok();
        assert!(planned.stdout.contains("as the last start left it"), "{}", planned.stdout);
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        project.run(&["env", "diff", "dev", "--exit-code"]).ok();
    }

    fn a_container_whose_owner_was_removed_follows_the_new_one(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web: *sleep\n  net:\n    <<: *sleep\n    network_mode: service:web\n  pid:\n    <<: *sleep\n    init: false\n    pid: service:web\n  ipc:\n    <<: *sleep\n    ipc: service:web\n".replace("  web: *sleep\n", "  web:\n    <<: *sleep\n    ipc: shareable\n");
        project.write("app.yml", &compose(&services));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let web = container(&project, "dev-web-1");
        for follower in ["pid", "net", "ipc"] {
            on.cli(&["stop", "--time", "0", &container(&project, &format!("dev-{follower}-1"))]);
        }
        for follower in ["pid", "net", "ipc"] {
            if on == On::Podman {
                on.cli_text(&["rm", "--force", &container(&project, &format!("dev-{follower}-1"))]);
            }
        }
        on.cli_text(&["rm", "--force", &web]);
        project.run(&["env", "start", "dev"]).ok();
        let namespace = |name: &str, kind: &str| {
            let output = project.exec(name, &["readlink", &format!("/proc/self/ns/{kind}")]);
            String::from_utf8(output.stdout).unwrap()
        };
        for kind in ["net", "pid", "ipc"] {
            let follower = container(&project, &format!("dev-{kind}-1"));
            assert_ne!(project.container_ids()[&follower], before[&follower]);
            assert_eq!(namespace(&follower, kind), namespace(&web, kind), "{kind}");
        }
    }
}

/// Podman 4.3 does not tell what its own `update` has changed.
#[test]
fn a_docker_update_is_told_and_undone() {
    let on = On::Docker;
    let tampered = tampered(on, |web| {
        on.cli_text(&[
            "update",
            "--restart",
            "no",
            "--memory",
            "64m",
            "--memory-swap",
            "64m",
            "--cpus",
            "0.5",
            web,
        ]);
    });
    let told = tampered.is_told_and_repaired();
    assert_eq!(
        told,
        "edited container P-dev-web-1: cpus, mem_limit, memswap_limit, restart"
    );
    let policy = on.cli_text(&[
        "inspect",
        "--format",
        "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}}",
        &tampered.web,
    ]);
    assert_eq!(policy, "unless-stopped 0");
}
