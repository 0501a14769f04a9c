//! Dependencies, health and profiles of services.

use super::support::{DEV, compose, container, service, shell};
use crate::project::{On, Project, on_both_engines, ran};

/// When a container was started, as a text that sorts by time.
fn started(project: &Project, service: &str) -> String {
    let name = container(project, &format!("dev-{service}-1"));
    let inspected = project.on.cli_text(&["container", "inspect", &name]);
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    let at = inspected[0]["State"]["StartedAt"].as_str().unwrap();
    at.parse::<jiff::Timestamp>().unwrap().to_string()
}

on_both_engines! {
    fn services_start_when_what_they_depend_on_is_ready(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web:
    <<: *sleep
    depends_on:
      api: { condition: service_healthy }
      prepare: { condition: service_completed_successfully }
    healthcheck: { test: [CMD, test, -e, /etc/passwd], interval: 1s }
  api:
    <<: *sleep
    command: [sh, -c, 'sleep 1; touch /ready; exec sleep infinity']
    healthcheck: { test: test -e /ready, interval: 1s, retries: 30 }
    depends_on: [early]
  early: *sleep
  prepare:
    <<: *sleep
    command: [sh, -c, 'sleep 1; exit 0']
";
        project.write("app.yml", &compose(services));
        let started_up = project.result(&["env", "start", "dev"]);
        for (name, state) in [("web", "running"), ("api", "running"), ("early", "running"), ("prepare", "exited")] {
            assert_eq!(service(&started_up, name)["state"], state, "{started_up}");
        }
        for name in ["web", "api"] {
            assert_eq!(service(&started_up, name)["health"], "healthy", "{started_up}");
        }
        assert_eq!(started_up["state"], "running", "{started_up}");
        assert!(started(&project, "early") < started(&project, "api"));
        let ready = shell(&project, &container(&project, "dev-api-1"), "stat -c %.9Y /ready", &[]);
        let ready = jiff::Timestamp::from_nanosecond((ready.parse::<f64>().unwrap() * 1e9) as i128).unwrap();
        assert!(started(&project, "web") > ready.to_string());
        let ids = project.container_ids();
        let second = project.result(&["env", "start", "dev"]);
        assert_eq!(second["changed"], false, "{second}");
        assert_eq!(project.container_ids(), ids);
        assert_eq!(project.status("dev")["state"], "running");
    }

    fn profiles_are_off_until_they_are_asked_for(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  one: *sleep\n  debug:\n    <<: *sleep\n    profiles: [tools]\n"));
        project.run(&["env", "start", "dev"]).ok();
        let debug = container(&project, "dev-debug-1");
        assert!(!project.container_ids().contains_key(&debug));
        let listed = |status: &serde_json::Value| {
            let services = status["services"].as_array().unwrap().iter();
            let services = services.map(|one| one["service"].as_str().unwrap().to_owned());
            (status["state"].as_str().unwrap().to_owned(), services.collect::<Vec<_>>())
        };
        assert_eq!(listed(&project.status("dev")), ("running".to_owned(), vec!["one".to_owned()]));
        project.run(&["env", "start", "dev", "--profile", "tools"]).ok();
        assert!(project.container_ids().contains_key(&debug));
        assert_eq!(listed(&project.status("dev")).1, ["one", "debug"]);
        let mut command = project.command(&["env", "start", "dev", "--format", "json"]);
        let second = ran(command.env("COMPOSE_PROFILES", "tools")).ok().result();
        assert_eq!(second["changed"], false, "{second}");
        project.on.cli_text(&["kill", &debug]);
        assert_eq!(project.status("dev")["state"], "running");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(project.container_ids().len(), 0);
    }

    fn services_find_each_other_by_their_names(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web:
    <<: *sleep
    container_name: \"{name}-special\"
    hostname: special
    extra_hosts: [\"somewhere:10.1.2.3\"]
    networks: { default: { aliases: [nickname] }, back: {} }
  other:
    <<: *sleep
    network_mode: service:web
  third: *sleep
networks: { back: { internal: true } }
";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let third = container(&project, "dev-third-1");
        for name in ["web", "nickname", &container(&project, "special"), &container(&project, "dev-postgres")] {
            shell(&project, &third, "getent hosts \"$1\"", &[name]);
        }
        let web = container(&project, "special");
        assert_eq!(shell(&project, &web, "hostname; getent hosts somewhere | cut -d' ' -f1", &[]), "special\n10.1.2.3");
        let address = "cat /proc/net/fib_trie | md5sum";
        let other = container(&project, "dev-other-1");
        assert_eq!(shell(&project, &web, address, &[]), shell(&project, &other, address, &[]));
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        project.write("app.yml", &compose(&services.replace("hostname: special", "hostname: changed")));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(shell(&project, &other, address, &[]), shell(&project, &web, address, &[]));
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(project.container_ids().len(), 0);
    }

    fn a_failed_change_of_a_shared_network_is_put_back(on: On) {
        let project = Project::new(on, DEV);
        let services = "  web: *sleep\n  other:\n    <<: *sleep\n    network_mode: service:web\n";
        project.write("app.yml", &compose(services));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        let failing = "  web:\n    <<: *sleep\n    hostname: changed\n  other:\n    <<: *sleep\n    network_mode: service:web\n    healthcheck: { test: [CMD, 'false'], interval: 1s, retries: 1 }\n";
        project.write("app.yml", &compose(failing));
        let failed = project.run(&["env", "start", "dev"]).exits(5);
        assert_eq!(project.container_ids(), before, "{}", failed.stderr);
        project.write("app.yml", &compose(services));
        let back = project.run(&["env", "start", "dev", "--format", "json"]).ok().result();
        assert_eq!(back["changed"], false, "{}", failed.stderr);
    }
}
