//! What somebody did behind our back, and what a start makes of it.

use super::{SLEEPER, project, running, says};
use crate::project::{On, Project, on_both_engines};

fn started(on: On) -> Project {
    let project = project(on, SLEEPER);
    project.run(&["env", "start", "dev"]).ok();
    project
}

/// Podman removes the stopped containers of the network with it.
fn remove_network(project: &Project) {
    let name = format!("{}-dev_default", project.name);
    match project.on {
        On::Docker => project.on.cli_text(&["network", "rm", &name]),
        On::Podman => project.on.cli_text(&["network", "rm", "--force", &name]),
    };
}

/// A start brings everything up; another one has nothing to do.
#[track_caller]
fn is_repaired(project: &Project) {
    project.run(&["env", "start", "dev"]).ok();
    assert_eq!(running(project).len(), 2, "{:?}", project.container_ids());
    assert_eq!(
        project.container_ids().len(),
        2,
        "{:?}",
        project.container_ids()
    );
    let status = project.status("dev");
    assert_eq!(status["state"], "running", "{status}");
    assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
}

on_both_engines! {
    fn a_killed_database_runs_again(on: On) {
        let project = started(on);
        on.cli_text(&["kill", &format!("{}-dev-postgres", project.name)]);
        is_repaired(&project);
    }

    fn a_removed_database_is_made_again(on: On) {
        let project = started(on);
        on.cli_text(&["rm", "-f", &format!("{}-dev-postgres", project.name)]);
        is_repaired(&project);
    }

    fn a_removed_service_is_made_again_and_a_stopped_one_started(on: On) {
        let project = started(on);
        let app = format!("{}-dev-app-1", project.name);
        on.cli_text(&["stop", "-t", "1", &app]);
        is_repaired(&project);
        on.cli_text(&["rm", "-f", &app]);
        is_repaired(&project);
    }

    fn a_paused_service_runs_again(on: On) {
        let project = started(on);
        on.cli_text(&["pause", &format!("{}-dev-app-1", project.name)]);
        is_repaired(&project);
    }

    fn a_paused_database_runs_again(on: On) {
        let project = started(on);
        on.cli_text(&["pause", &format!("{}-dev-postgres", project.name)]);
        is_repaired(&project);
    }

    fn a_removed_network_is_made_again(on: On) {
        let project = started(on);
        project.run(&["env", "stop", "dev"]).ok();
        remove_network(&project);
        is_repaired(&project);
        let app = format!("{}-dev-app-1", project.name);
        let database = format!("{}-dev-postgres", project.name);
        assert!(project.exec(&app, &["getent", "hosts", &database]).status.success());
    }

    fn stop_with_nothing_there_is_fine(on: On) {
        let project = project(on, SLEEPER);
        project.run(&["env", "stop", "dev"]).ok();
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        let ran = project.run(&["env", "logs", "dev"]).exits(1);
        says(&ran.stderr, "hint: poststack env start dev");
    }

    fn a_stop_of_a_half_started_environment_removes_all_of_it(on: On) {
        let project = started(on);
        on.cli_text(&["pause", &format!("{}-dev-app-1", project.name)]);
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(project.container_ids().len(), 0);
        let network = format!("{}-dev_default", project.name);
        assert!(!on.cli(&["network", "inspect", &network]).status.success());
    }

    fn a_long_grace_is_given_in_full(on: On) {
        let slow = SLEEPER
            .replace("[sleep, infinity]", "[sh, -c, \"trap 'sleep 2; exit 0' TERM; while true; do sleep 0.1; done\"]")
            .replace("1s", "20s");
        let project = project(on, &slow);
        project.run(&["env", "start", "dev"]).ok();
        project.run(&["env", "stop", "dev"]).ok();
        let app = format!("{}-dev-app-1", project.name);
        assert_eq!(on.cli_text(&["inspect", "--format", "{{.State.ExitCode}}", &app]), "0");
    }
}
