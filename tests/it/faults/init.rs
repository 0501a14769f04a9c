//! Init entries that fail.

use super::proxy::{Fault, Proxy};
use super::{SLEEPER, WITH_INIT, running, says};
use crate::project::{On, Project, on_both_engines, ran};

fn entry(script: &str) -> String {
    format!(
        "services:\n  prepare:\n    image: debian:bookworm-slim\n    init: true\n    command: [sh, -c, '{script}']\n"
    )
}

on_both_engines! {
    fn a_failed_init_shows_its_lines_and_deploys_nothing(on: On) {
        let project = Project::new(on, WITH_INIT);
        project.write("init.yml", &entry("echo step one; echo no table >&2; exit 3"));
        project.write("app.yml", SLEEPER);
        let ran = project.run(&["env", "start", "dev"]).exits(4);
        let line = ran.stderr.lines().find(|line| line.contains('❌')).unwrap_or(&ran.stderr);
        says(line, "prepare");
        says(line, "3");
        assert!(line.contains(" s"), "no seconds: {line}");
        says(&ran.stderr, "step one");
        says(&ran.stderr, "no table");
        says(&ran.stderr, "View logs: poststack env logs dev prepare");
        says(&ran.stderr, "Retry init: poststack env init dev");
        let app = format!("{}-dev-app-1", project.name);
        assert!(!running(&project).contains(&app), "deployed");
        let kept = format!("{}-dev-prepare-1", project.name);
        assert!(project.container_ids().contains_key(&kept), "not kept for inspection");
        let logs = project.run(&["env", "logs", "dev", "prepare"]).ok();
        says(&logs.stdout, "no table");
    }

    fn a_retry_after_the_fix_converges(on: On) {
        let project = Project::new(on, WITH_INIT);
        project.write("init.yml", &entry("exit 3"));
        project.write("app.yml", SLEEPER);
        project.run(&["env", "start", "dev"]).exits(4);
        project.run(&["env", "start", "dev"]).exits(4);
        project.write("init.yml", &entry("echo ok"));
        let ran = project.run(&["env", "start", "dev"]).ok();
        says(&ran.stderr, "✅");
        assert_eq!(running(&project).len(), 2);
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
    }

    fn a_failed_init_leaves_a_running_deployment_alone(on: On) {
        let project = Project::new(on, WITH_INIT);
        project.write("init.yml", &entry("echo ok"));
        project.write("app.yml", SLEEPER);
        project.run(&["env", "start", "dev"]).ok();
        let app = format!("{}-dev-app-1", project.name);
        let before = project.container_ids()[&app].clone();
        project.write("init.yml", &entry("exit 3"));
        project.write("app.yml", &SLEEPER.replace(":-1", ":-2"));
        project.run(&["env", "start", "dev"]).exits(4);
        let after = project.container_ids();
        assert_eq!(after[&app], before);
        assert!(running(&project).contains(&app));
        assert!(!after.keys().any(|name| name.ends_with(".next")), "{after:?}");
    }

    fn the_entry_after_a_failed_one_is_not_run(on: On) {
        let two = WITH_INIT.replace("- compose: init.yml", "- compose: init.yml\n      - compose: second.yml");
        let project = Project::new(on, &two);
        project.write("init.yml", &entry("exit 3"));
        project.write("second.yml", &entry("echo ran").replace("prepare", "second"));
        project.write("app.yml", SLEEPER);
        let ran = project.run(&["env", "init", "dev"]).exits(4);
        assert!(!ran.stderr.contains("✅"), "{}", ran.stderr);
        let second = format!("{}-dev-second-1", project.name);
        let started = "{{.State.StartedAt}}";
        let output = on.cli(&["inspect", "--format", started, &second]);
        let started = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success() || started.starts_with("0001-"), "{started}");
    }

    fn a_migration_error_names_its_place(on: On) {
        let project = Project::new(on, &WITH_INIT.replace("compose: init.yml", "migrations: migrations"));
        project.write("migrations/001_ok.sql", "create table a (id int);\n");
        project.write("migrations/002_bad.sql", "create table b (id int);\n\ncreate table c (id nosuchtype);\n");
        project.write("app.yml", SLEEPER);
        let ran = project.run(&["env", "start", "dev"]).exits(4);
        says(&ran.stderr, "002_bad.sql:3:20");
        says(&ran.stderr, "nosuchtype");
        says(&ran.stderr, "Retry init: poststack env init dev");
        assert_eq!(running(&project).len(), 1, "only the database runs");
        project.write("migrations/002_bad.sql", "create table b (id int);\n");
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(running(&project).len(), 2);
    }
}

/// Podman may tell of the exit of an earlier container of the same name.
#[test]
fn an_old_exit_is_not_taken_for_that_of_an_init_step() {
    let project = Project::new(On::Podman, WITH_INIT);
    project.write("app.yml", SLEEPER);
    for (script, old, code) in [("sleep 1; exit 0", 1, 0), ("sleep 1; exit 3", 0, 4)] {
        project.write("init.yml", &entry(script));
        let proxy = Proxy::new(On::Podman, &project.root(), Fault::OldExit(old), 0);
        let program = env!("CARGO_BIN_EXE_poststack");
        let mut start = std::process::Command::new(program);
        start
            .current_dir(project.root())
            .args(["env", "start", "dev", "--host", &proxy.address])
            .env_remove("POSTSTACK_ENV");
        ran(&mut start).exits(code);
    }
}
