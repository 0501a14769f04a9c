//! Services that do not come up.

use super::{SLEEPER, project, running, says};
use crate::project::{On, on_both_engines};

const NEVER_HEALTHY: &str = "\
services:
  app:
    image: debian:bookworm-slim
    init: true
    stop_grace_period: 1s
    command: [sh, -c, 'echo listening nowhere; sleep infinity']
    healthcheck:
      test: [CMD-SHELL, 'echo connection refused; exit 1']
      interval: 200ms
      timeout: 5s
      retries: 2
  late:
    image: debian:bookworm-slim
    init: true
    command: [sleep, infinity]
    depends_on: { app: { condition: service_healthy } }
";

fn ending(script: &str, more: &str) -> String {
    format!(
        "services:\n  app:\n    image: debian:bookworm-slim\n    init: true\n    command: [sh, -c, '{script}']\n{more}"
    )
}

on_both_engines! {
    fn a_service_that_never_gets_healthy_shows_its_test_and_its_log(on: On) {
        let project = project(on, NEVER_HEALTHY);
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "`app`");
        says(&ran.stderr, "connection refused");
        says(&ran.stderr, "listening nowhere");
        says(&ran.stderr, "hint: View logs: poststack env logs dev app");
        let late = format!("{}-dev-late-1", project.name);
        assert!(!running(&project).contains(&late), "started before what it depends on");
    }

    fn a_service_that_exits_at_once_shows_its_code_and_lines(on: On) {
        let project = project(on, &ending("echo no such host >&2; exit 7", ""));
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "exited with code 7");
        says(&ran.stderr, "no such host");
        says(&ran.stderr, "hint: View logs: poststack env logs dev app");
    }

    fn a_service_that_keeps_restarting_is_not_up(on: On) {
        let more = "    restart: always\n";
        let project = project(on, &ending("echo no such host >&2; exit 7", more));
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "7");
        says(&ran.stderr, "no such host");
    }

    fn a_service_that_keeps_restarting_can_be_stopped(on: On) {
        let project = project(on, &ending("exit 7", "    restart: always\n"));
        project.run(&["env", "start", "dev"]);
        let app = format!("{}-dev-app-1", project.name);
        let stopped = project.result(&["env", "stop", "dev"]);
        assert!(stopped["stopped"].to_string().contains(&app), "{stopped}");
        // Between two runs, Podman says `stopped`.
        let state = on.cli_text(&["inspect", "--format", "{{.State.Status}}", &app]);
        assert_eq!(state, "exited");
        let again = project.result(&["env", "stop", "dev"]);
        assert_eq!(again["stopped"], serde_json::json!([]));
    }

    fn a_service_with_a_health_test_that_exits_shows_its_code(on: On) {
        let more = "    healthcheck: { test: [CMD, 'true'], interval: 60s, start_period: 60s }\n";
        let project = project(on, &ending("sleep 0.2; echo gone; exit 8", more).replace("'true'", "'false'"));
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "exited with code 8");
        says(&ran.stderr, "gone");
    }

    fn a_program_that_is_not_there_is_a_failed_deploy(on: On) {
        let project = project(on, "services:\n  app:\n    image: debian:bookworm-slim\n    command: [nosuchprogram]\n");
        let ran = project.run(&["env", "start", "dev"]).exits(5);
        says(&ran.stderr, "nosuchprogram");
        says(&ran.stderr, &format!("{}-dev-app-1", project.name));
        says(&ran.stderr, "hint: ");
    }

    fn a_database_that_ends_at_once_shows_its_lines(on: On) {
        let project = project(on, SLEEPER);
        let config = project.read(".poststack.yml");
        let bad = config.replace("storage: tmpfs", "storage: tmpfs, settings: { shared_buffers: nonsense }");
        project.write(".poststack.yml", &bad);
        let ran = project.run(&["env", "start", "dev"]).exits(6);
        says(&ran.stderr, "shared_buffers");
        says(&ran.stderr, "hint: View logs: poststack env logs dev postgres");
        project.write(".poststack.yml", &config);
        project.run(&["env", "start", "dev"]).ok();
    }
}
