//! The verbs that look at environments or change little.

use std::time::{Duration, Instant};

use super::support::{DEV, DEV_ON_A_VOLUME, compose, container, service};
use crate::project::{On, Project, free_port, on_both_engines, ran};

const TWO_ENVIRONMENTS: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
    variables: { WORD: 0x10, COUNT: 007 }
  staging:
    postgres: { port: {other}, storage: tmpfs, settings: { work_mem: 8MB } }
    deployment: { compose: app.yml }
    variables: { WORD: \"${HOME}\" }
";

fn two_environments(on: On) -> Project {
    let project = Project::new(
        on,
        &TWO_ENVIRONMENTS.replace("{other}", &free_port().to_string()),
    );
    project.write("app.yml", &compose("  app: *sleep\n"));
    project
}

on_both_engines! {
    fn logs_are_chosen_by_service_length_and_age(on: On) {
        let project = Project::new(on, DEV);
        let services = "  talker:
    <<: *sleep
    command: [sh, -c, 'for i in 1 2 3 4 5; do echo line $$i; done; echo oops >&2; exec sleep infinity']
  ender:
    <<: *sleep
    command: [sh, -c, 'for i in 1 2 3; do echo tick $$i; sleep 0.5; done']
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]);
        let followed = Instant::now();
        let ender = project.run(&["env", "logs", "dev", "ender", "--follow"]).ok();
        assert!(followed.elapsed() < Duration::from_secs(20));
        assert_eq!(ender.stdout, "ender | tick 1\nender | tick 2\nender | tick 3\n");
        let all = project.run(&["env", "logs", "dev"]).ok().stdout;
        for part in ["postgres | ", "talker | line 1", "talker | oops", "ender | tick 1"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let last = project.run(&["env", "logs", "talker", "--tail", "2"]).ok().stdout;
        assert_eq!(last.lines().count(), 2, "{last}");
        assert!(!last.contains("line 3"), "{last}");
        let json = project.run(&["env", "logs", "dev", "talker", "--tail", "6", "--format", "json"]).ok().stdout;
        let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().any(|line| line["text"] == "oops" && line["stream"] == "stderr"), "{json}");
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(project.run(&["env", "logs", "dev", "talker", "--since", "1s"]).ok().stdout, "");
        assert_eq!(project.run(&["env", "logs", "dev", "talker", "--since", "1h"]).ok().stdout.lines().count(), 6);
        let unknown = project.run(&["env", "logs", "dev", "nobody"]).exits(2);
        assert!(unknown.stderr.contains("talker"), "{}", unknown.stderr);
    }

    fn status_and_list_follow_what_runs(on: On) {
        let project = two_environments(on);
        let absent = project.status("dev");
        assert_eq!(absent["state"], "absent", "{absent}");
        project.run(&["env", "start", "dev"]).ok();
        let status = project.status("dev");
        assert_eq!(status["v"], 1);
        assert_eq!(status["state"], "running", "{status}");
        assert_eq!(status["project"], project.name.as_str());
        assert_eq!(status["database"]["accepts_logins"], true, "{status}");
        assert_eq!(status["database"]["container"]["health"], "healthy", "{status}");
        assert_eq!(service(&status, "app")["container"], container(&project, "dev-app-1").as_str());
        let listed = project.run(&["env", "list", "--format", "json"]).ok().json();
        let running: Vec<(&str, u64)> = listed["items"].as_array().unwrap().iter().map(|one| (one["name"].as_str().unwrap(), one["running"].as_u64().unwrap())).collect();
        assert_eq!(running, [("dev", 2), ("staging", 0)]);
        on.cli_text(&["kill", &container(&project, "dev-app-1")]);
        let partial = project.status("dev");
        assert_eq!(partial["state"], "partial", "{partial}");
        let human = project.run(&["env", "status", "dev"]).ok();
        assert!(human.stdout.contains("partly running"), "{}", human.stdout);
        assert_eq!(project.result(&["env", "start", "dev"])["state"], "running");
    }

    fn restarting_one_service_leaves_the_others_alone(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  one: *sleep\n  two: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let since = |name: &str| on.cli_text(&["container", "inspect", "--format", "{{.State.StartedAt}}", &container(&project, name)]);
        let before = (since("dev-one-1"), since("dev-two-1"), since("dev-postgres"));
        project.run(&["restart", "one", "--env", "dev"]).ok();
        let after = (since("dev-one-1"), since("dev-two-1"), since("dev-postgres"));
        assert_ne!(after.0, before.0);
        assert_eq!((&after.1, &after.2), (&before.1, &before.2));
        // Its data is in memory: a restart would lose it.
        let refused = project.run(&["restart", "postgres"]).exits(1);
        assert!(refused.stderr.contains("in memory"), "{}", refused.stderr);
        assert_eq!(since("dev-postgres"), before.2);
        let unknown = project.run(&["restart", "three"]).exits(2);
        assert!(unknown.stderr.contains("one") && unknown.stderr.contains("two"), "{}", unknown.stderr);
    }

    fn restarting_the_database_waits_until_it_lets_us_in(on: On) {
        let project = Project::new(on, DEV_ON_A_VOLUME);
        project.write("app.yml", &compose("  one: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let since = || on.cli_text(&["container", "inspect", "--format", "{{.State.StartedAt}}", &container(&project, "dev-postgres")]);
        let before = since();
        project.run(&["restart", "postgres"]).ok();
        assert_ne!(since(), before);
        assert_eq!(project.status("dev")["database"]["accepts_logins"], true);
    }

    fn version_tells_the_engine_and_why_it_was_chosen(on: On) {
        let project = Project::new(on, DEV);
        let shown = project.run(&["version", "--format", "json"]).ok().json();
        assert_eq!(shown["version"], env!("CARGO_PKG_VERSION"));
        let engine = format!("{on:?}");
        assert_eq!(shown["engine"], engine.as_str(), "{shown}");
        assert_eq!(shown["engine_address"], on.host().as_str(), "{shown}");
        assert!(shown["engine_reason"].as_str().unwrap().contains("--host"), "{shown}");
        let mut command = project.command(&["version"]);
        command.env("DOCKER_HOST", "unix:///nowhere.sock");
        assert!(ran(&mut command).ok().stdout.contains(&engine));
    }
}

#[test]
fn the_environment_comes_from_argument_variable_switch_and_file_in_this_order() {
    let project = two_environments(On::Docker);
    let current = |variable: Option<&str>, arguments: &[&str]| {
        let mut command =
            project.command(&[&["env", "config", "--format", "json"], arguments].concat());
        if let Some(variable) = variable {
            command.env("POSTSTACK_ENV", variable);
        }
        let shown = ran(&mut command).ok().json();
        let names: Vec<String> = shown["environments"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        names.join(" ")
    };
    let several = project.run(&["env", "config"]).exits(2);
    assert!(
        several.stderr.contains("dev, staging"),
        "{}",
        several.stderr
    );
    let config = project.read(".poststack.yml");
    project.write(".poststack.yml", &format!("environment: dev\n{config}"));
    assert_eq!(current(None, &[]), "dev");
    project.run(&["env", "switch", "staging"]).ok();
    assert_eq!(current(None, &[]), "staging");
    assert_eq!(current(Some("dev"), &[]), "dev");
    assert_eq!(current(Some("dev"), &["staging"]), "staging");
    project.run(&["env", "switch", "stagin"]).exits(2);
    let shown = project.run(&["env", "switch"]).ok();
    assert!(shown.stdout.contains("staging"), "{}", shown.stdout);
    let mut wrong = project.command(&["env", "config"]);
    let refused = ran(wrong.env("POSTSTACK_ENV", "nowhere")).exits(2);
    assert!(
        refused.stderr.contains("POSTSTACK_ENV"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_shown_configuration_is_a_configuration() {
    let project = two_environments(On::Docker);
    for (shown, alias) in [
        (&["config", "show"][..], &["config-show"][..]),
        (
            &["env", "config", "staging"],
            &["config", "show", "staging"],
        ),
    ] {
        let first = project.run(shown).ok().stdout;
        assert_eq!(project.run(alias).ok().stdout, first);
        let copy = project.write("copy/.poststack.yml", &first);
        project.write("copy/app.yml", &compose("  app: *sleep\n"));
        let again = [&["-C", copy.to_str().unwrap()], shown].concat();
        assert_eq!(project.run(&again).ok().stdout, first);
        project
            .run(&["-C", copy.to_str().unwrap(), "config", "validate"])
            .ok();
    }
    let json = project
        .run(&["config", "show", "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        json["environments"]["dev"]["variables"]["WORD"], "0x10",
        "{json}"
    );
    assert_eq!(
        json["environments"]["dev"]["variables"]["COUNT"], "007",
        "{json}"
    );
}

#[test]
fn validating_tells_every_fault_of_every_environment() {
    let project = two_environments(On::Docker);
    let valid = project
        .run(&["config-validate", "--format", "json"])
        .ok()
        .json();
    assert_eq!(valid["valid"], true);
    project.write("app.yml", &compose("  app:\n    <<: *sleep\n    prots: [\"1:2\"]\n    environment: { A: \"${NOWHERE}\" }\n"));
    let refused = project.run(&["config", "validate"]).exits(3);
    for part in ["prots", "ports", "NOWHERE", "app.yml:"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}
