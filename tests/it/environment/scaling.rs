//! Services with several containers.

use super::support::{DEV, compose, container, service};
use crate::project::{On, Project, free_port, on_both_engines};

fn names(project: &Project, service: &str) -> Vec<String> {
    let prefix = container(project, &format!("dev-{service}-"));
    let ids = project.container_ids();
    ids.into_keys()
        .filter(|name| name.starts_with(&prefix))
        .collect()
}

on_both_engines! {
    fn a_service_grows_and_shrinks_and_its_first_containers_stay(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    scale: 2\n  job:\n    <<: *sleep\n    depends_on: [web]\n"));
        project.run(&["env", "start", "dev"]).ok();
        let first = project.container_ids();
        let web = |number: u32| container(&project, &format!("dev-web-{number}"));
        assert_eq!(names(&project, "web"), [web(1), web(2)]);
        let number = "{{index .Config.Labels \"com.docker.compose.container-number\"}}";
        assert_eq!(on.cli_text(&["inspect", "--format", number, &web(2)]), "2");
        let grown = project.result(&["env", "start", "dev", "--scale", "web=3"]);
        assert_eq!(names(&project, "web"), [web(1), web(2), web(3)], "{grown}");
        let status = project.status("dev");
        let shown = status["services"].as_array().unwrap().iter().filter(|one| one["service"] == "web");
        assert!(shown.clone().all(|one| one["role"] == "service"), "{status}");
        assert_eq!(shown.count(), 3, "{status}");
        let shrunk = project.run(&["env", "start", "dev"]).ok();
        assert!(shrunk.stderr.contains("`web` shall have 2"), "{}", shrunk.stderr);
        assert_eq!(project.container_ids(), first);
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
        project.run(&["env", "start", "dev", "--scale", "web=0"]).ok();
        assert_eq!(names(&project, "web"), Vec::<String>::new());
    }

    fn logs_and_restart_take_every_container(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    deploy: { replicas: 2 }\n    command: [sh, -c, 'echo here; exec sleep infinity']\n"));
        project.run(&["env", "start", "dev"]).ok();
        let logs = project.run(&["env", "logs", "dev", "web"]).ok().stdout;
        assert!(logs.contains("web-1 | here") && logs.contains("web-2 | here"), "{logs}");
        let since = |number: u32| on.cli_text(&["container", "inspect", "--format", "{{.State.StartedAt}}", &container(&project, &format!("dev-web-{number}"))]);
        let before = (since(1), since(2));
        project.run(&["restart", "web", "--env", "dev"]).ok();
        assert!(before.0 != since(1) && before.1 != since(2));
    }

    fn a_range_of_ports_serves_several_containers_and_their_successors(on: On) {
        let project = Project::new(on, DEV);
        let first = free_port();
        let services = |count: u32, word: &str| compose(&format!("  web:\n    <<: *sleep\n    scale: {count}\n    environment: {{ WORD: {word} }}\n    ports: ['{first}-{}:80']\n", first + 2));
        let ports = || {
            let status = project.status("dev");
            let services = status["services"].as_array().unwrap();
            let mut ports: Vec<String> = services.iter().map(|one| one["ports"][0].as_str().unwrap().to_owned()).collect();
            ports.sort();
            ports.dedup();
            ports.len()
        };
        project.write("app.yml", &services(2, "one"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ports(), 2);
        project.write("app.yml", &services(2, "two"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ports(), 2);
        project.write("app.yml", &services(3, "three"));
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ports(), 3);
        project.write("app.yml", &services(4, "four"));
        let refused = project.run(&["env", "start", "dev"]).exits(3);
        assert!(refused.stderr.contains("app.yml:16:12"), "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("{first}-{}:80", first + 3)), "{}", refused.stderr);
    }

    fn who_asks_for_a_service_that_is_not_there_is_told_which_are(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    container_name: \"{name}-only\"\n"));
        let unknown = project.run(&["env", "start", "dev", "--scale", "wbe=2"]).exits(2);
        assert!(unknown.stderr.contains("its services are: web"), "{}", unknown.stderr);
        let wrong = project.run(&["env", "start", "dev", "--scale", "web"]).exits(2);
        assert!(wrong.stderr.contains("--scale web=3"), "{}", wrong.stderr);
        let named = project.run(&["env", "start", "dev", "--scale", "web=2"]).exits(3);
        assert!(named.stderr.contains("container_name"), "{}", named.stderr);
        assert_eq!(project.container_ids().len(), 0);
        let one = project.result(&["env", "start", "dev", "--scale", "web=1"]);
        assert_eq!(service(&one, "web")["state"], "running", "{one}");
    }
}
