//! `env plan`: what a start would do, which it then does.

use serde_json::Value;

use super::support::{DEV, compose, container};
use crate::project::{On, Project, on_both_engines};

const TWO: &str = "  web:\n    <<: *sleep\n    environment: { LOG_LEVEL: \"${LOG_LEVEL:-info}\", TOKEN: \"${MY_PASSWORD:-none}\" }\n  db: *sleep\n";

fn plan(project: &Project, arguments: &[&str]) -> Value {
    let arguments = [&["env", "plan", "dev", "--format", "json"], arguments].concat();
    project.run(&arguments).ok().json()
}

/// `action kind name: cause` of every change.
fn changes(planned: &Value, project: &Project) -> Vec<String> {
    let changes = planned["changes"].as_array().unwrap();
    let line = |one: &Value| {
        let part = |key: &str| {
            one[key]
                .as_str()
                .unwrap()
                .replace(&format!("{}-dev", project.name), "P")
        };
        let line = format!(
            "{} {} {}: {}",
            part("action"),
            part("kind"),
            part("name"),
            part("cause")
        );
        line.trim_end_matches(": ").to_owned()
    };
    changes.iter().map(line).collect()
}

on_both_engines! {
    fn a_plan_says_what_a_start_would_do_and_does_nothing(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        let first = plan(&project, &[]);
        assert_eq!(changes(&first, &project), ["create network P_default", "create container P-postgres", "create container P-web-1", "create container P-db-1"]);
        assert_eq!(project.container_ids().len(), 0);
        assert!(!project.root().join(".poststack").exists(), "a plan makes no password");
        assert_eq!(first["steps"][0]["number"], 1, "{first}");
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let nothing = project.run(&["env", "plan", "dev", "--exit-code"]).ok();
        assert!(nothing.stdout.contains("nothing to do"), "{}", nothing.stdout);
        on.cli_text(&["kill", &container(&project, "dev-db-1")]);
        let set = ["--set", "LOG_LEVEL=debug", "--set", "MY_PASSWORD=hush-hush"];
        let changed = plan(&project, &set);
        assert_eq!(changes(&changed, &project), [
            "recreate container P-web-1: changed: environment.LOG_LEVEL, environment.TOKEN",
            "start container P-db-1: it had ended with code 137",
        ]);
        assert!(!changed.to_string().contains("hush"), "{changed}");
        assert_eq!(project.container_ids(), before);
        let human = project.run(&[&["env", "plan", "dev", "--exit-code", "-v"][..], &set].concat()).exits(10);
        for part in ["~ recreate", "changed: environment.LOG_LEVEL", "> start", "2 changes", "rename container", "STEP"] {
            assert!(human.stdout.contains(part), "{part}: {}", human.stdout);
        }
        project.run(&[&["env", "start", "dev"][..], &set].concat()).ok();
        assert_eq!(plan(&project, &set)["changes"], serde_json::json!([]));
    }

    fn a_plan_takes_the_options_of_a_start(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(changes(&plan(&project, &["--scale", "web=2"]), &project), ["create container P-web-2"]);
        let all = changes(&plan(&project, &["--force-recreate", "-V"]), &project);
        assert_eq!(all, ["recreate container P-web-1: asked for", "recreate container P-db-1: asked for"]);
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    environment: { LOG_LEVEL: info, TOKEN: none }\n"));
        let kept = plan(&project, &[]);
        assert_eq!(changes(&kept, &project), Vec::<String>::new());
        assert_eq!(kept["orphans"][0], container(&project, "dev-db-1").as_str());
        let gone = changes(&plan(&project, &["--remove-orphans"]), &project);
        assert_eq!(gone, ["remove container P-db-1: no file describes it"]);
        let started = project.run(&["env", "start", "dev"]).ok();
        assert!(started.stderr.contains("no file describes") && started.stderr.contains("--remove-orphans"), "{}", started.stderr);
        let removed = project.run(&["env", "start", "dev", "--remove-orphans"]).ok();
        assert!(!removed.stderr.contains("--remove-orphans"), "{}", removed.stderr);
        assert!(!project.container_ids().contains_key(&container(&project, "dev-db-1")));
    }

    fn pending_migrations_are_part_of_a_plan(on: On) {
        let config = DEV.replace("    deployment", "    init: [{ migrations: migrations }]\n    deployment");
        let project = Project::new(on, &config);
        project.write("migrations/001_one.sql", "create table one (id int);");
        project.write("app.yml", &compose("  db: *sleep\n"));
        let run = |planned: &Value| changes(planned, &project).into_iter().find(|line| line.contains("migrations"));
        assert_eq!(run(&plan(&project, &[])).unwrap(), "run migrations migrations: 1 pending");
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(plan(&project, &[])["changes"], serde_json::json!([]));
        project.write("migrations/002_two.sql", "create table two (id int);");
        project.write("migrations/003_three.sql", "create table three (id int);");
        assert_eq!(run(&plan(&project, &[])).unwrap(), "run migrations migrations: 2 pending");
        assert_eq!(plan(&project, &["--no-init"])["changes"], serde_json::json!([]));
    }
}
