//! What runs before and after the start of a service, and before its stop.

use super::support::{DEV, compose, container, shell};
use crate::project::{On, Project, on_both_engines};

const HOOKED: &str = "  web:
    <<: *sleep
    volumes: ['data:/data', /own]
    environment: { WORD: \"${WORD:-one}\" }
    user: nobody
    pre_start:
      - command: [sh, -c, 'echo first >> /data/log; echo made > /own/file; getent hosts cache']
        user: root
      - command: [sh, -c, 'echo second $$WORD $$MORE >> /data/log']
        user: root
        environment: { MORE: more }
    post_start:
      - command: [sh, -c, 'echo after $$WORD $$MORE as $$(id -un) >> /data/log']
        user: root
        environment: { MORE: \"${MORE:-less}\" }
    pre_stop:
      - command: [sh, -c, 'echo stop $$TOKEN >> /data/log']
        user: root
        working_dir: /data
        environment: { TOKEN: hush-hush }
    depends_on: [cache]
  cache:
    <<: *sleep
    volumes: ['data:/data']
volumes: { data: {} }
";

fn log(project: &Project) -> String {
    shell(
        project,
        &container(project, "dev-cache-1"),
        "cat /data/log; : > /data/log",
        &[],
    )
}

on_both_engines! {
    fn hooks_run_around_start_and_stop_in_their_order(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(HOOKED));
        project.run(&["env", "start", "dev"]).ok();
        let started = "first\nsecond one more\nafter one less as root";
        assert_eq!(log(&project), started);
        let web = container(&project, "dev-web-1");
        assert_eq!(shell(&project, &web, "cat /own/file", &[]), "made");
        assert_eq!(project.container_ids().len(), 3, "the containers of pre_start are gone");
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        project.run(&["restart", "web", "--env", "dev"]).ok();
        assert_eq!(log(&project), "stop hush-hush\nafter one less as root");
        let labels = on.cli_text(&["inspect", "--format", "{{json .Config.Labels}}", &web]);
        assert!(!labels.contains("hush"), "{labels}");
        project.run(&["env", "start", "dev", "--set", "WORD=two"]).ok();
        assert_eq!(log(&project), "first\nsecond two more\nstop hush-hush\nafter two less as root");
    }

    fn a_changed_hook_runs_and_is_named(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(HOOKED));
        project.run(&["env", "start", "dev"]).ok();
        log(&project);
        let second = project.run(&["env", "start", "dev", "--set", "MORE=much"]).ok();
        assert!(second.stderr.contains("changed: post_start"), "{}", second.stderr);
        assert!(log(&project).ends_with("after one much as root"));
    }

    fn a_stop_without_the_file_runs_what_the_label_says(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(HOOKED));
        project.run(&["env", "start", "dev"]).ok();
        log(&project);
        project.write("app.yml", "no: compose file\n");
        let stopped = project.run(&["env", "stop", "dev"]).ok();
        assert!(stopped.stderr.contains("runs without TOKEN"), "{}", stopped.stderr);
        project.write("app.yml", &compose(HOOKED));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(log(&project), "stop\nafter one less as root");
    }

    fn a_failed_pre_start_gates_its_service_and_is_kept_for_its_log(on: On) {
        let project = Project::new(on, DEV);
        let failing = "  web:\n    <<: *sleep\n    pre_start:\n      - { command: [sh, -c, 'echo no way; exit 7'] }\n";
        project.write("app.yml", &compose(failing));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("code 7") && failed.stderr.contains("no way"), "{}", failed.stderr);
        let hook = container(&project, "dev-web-1.pre-start-1");
        let left: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(left, [container(&project, "dev-postgres"), hook]);
        assert!(project.run(&["env", "logs", "dev", "web"]).ok().stdout.contains("no way"));
        project.write("app.yml", &compose(&failing.replace("exit 7", "exit 0")));
        project.run(&["env", "start", "dev"]).ok();
        let left: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(left, [container(&project, "dev-postgres"), container(&project, "dev-web-1")]);
    }

    fn a_failed_pre_start_of_a_change_never_stops_what_runs(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let web = container(&project, "dev-web-1");
        let since = || on.cli_text(&["container", "inspect", "--format", "{{.State.StartedAt}}", &web]);
        let began = since();
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    pre_start:\n      - { command: [sh, -c, 'exit 7'] }\n"));
        project.run(&["env", "start", "dev"]).exits(5);
        assert_eq!(since(), began);
        let mut now = project.container_ids();
        now.remove(&format!("{web}.pre-start-1"));
        assert_eq!(now, before);
    }

    fn a_failed_post_start_fails_the_deploy_and_puts_the_former_container_back(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let hook = "  web:\n    <<: *sleep\n    post_start:\n      - { command: [sh, -c, 'echo oh dear; exit 3'] }\n";
        project.write("app.yml", &compose(hook));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert!(failed.stderr.contains("exited with code 3") && failed.stderr.contains("oh dear"), "{}", failed.stderr);
        assert_eq!(project.container_ids(), before);
    }

    fn a_failed_pre_stop_is_told_and_stops_nothing_from_stopping(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    pre_stop:\n      - { command: [sh, -c, 'echo stuck; exit 4'] }\n"));
        project.run(&["env", "start", "dev"]).ok();
        let stopped = project.run(&["env", "stop", "dev"]).ok();
        assert!(stopped.stderr.contains("exited with code 4: stuck"), "{}", stopped.stderr);
        assert_eq!(project.status("dev")["state"], "stopped");
    }

    fn steps_of_several_containers_run_once_or_for_each(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web:
    <<: *sleep
    scale: 2
    volumes: ['data:/data']
    pre_start:
      - { command: [sh, -c, 'echo once >> /data/log'] }
      - { command: [sh, -c, 'echo each >> /data/log'], per_replica: true }
volumes: { data: {} }
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let web = container(&project, "dev-web-1");
        assert_eq!(shell(&project, &web, "cat /data/log", &[]), "once\neach\neach");
        project.run(&["env", "start", "dev", "--scale", "web=3"]).ok();
        assert_eq!(shell(&project, &web, "cat /data/log", &[]), "once\neach\neach\neach");
    }
}
