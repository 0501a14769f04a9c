//! Starting, starting again, changing, stopping.

use serde_json::Value;

use super::support::{DEV, DEV_ON_A_VOLUME, address, compose, container, execute, select, service};
use crate::project::{On, Project, free_port, on_both_engines};

const TWO: &str = "  one: *sleep\n  two:\n    <<: *sleep\n    environment: { COLOUR: green }\n";

/// The address as a text, password included.
fn url(project: &Project) -> String {
    poststack::postgres::url(&address(project, "dev"))
        .expose()
        .to_owned()
}

on_both_engines! {
    fn a_second_start_changes_nothing(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        let first = project.result(&["env", "start", "dev"]);
        assert_eq!(first["changed"], true, "{first}");
        let before = project.container_ids();
        let second = project.result(&["env", "start", "dev"]);
        assert_eq!(second["changed"], false, "{second}");
        assert_eq!(project.container_ids(), before);
    }

    fn stop_and_start_keep_tables_and_password(on: On) {
        let project = Project::new(on, DEV_ON_A_VOLUME);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        let ids = project.container_ids();
        let before = url(&project);
        execute(&address(&project, "dev"), "create table kept (word text); insert into kept values ('still here')");
        project.run(&["env", "stop", "dev"]).ok();
        assert_eq!(project.status("dev")["state"], "stopped");
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(project.container_ids(), ids);
        assert_eq!(url(&project), before);
        assert_eq!(select(&address(&project, "dev"), "select word from kept"), "still here");
    }

    fn stop_rm_removes_containers_and_network_but_no_data(on: On) {
        let project = Project::new(on, DEV_ON_A_VOLUME);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        execute(&address(&project, "dev"), "create table kept (word text); insert into kept values ('still here')");
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert_eq!(project.container_ids().len(), 0);
        let filter = format!("name={}-dev_default", project.name);
        assert_eq!(on.cli_text(&["network", "ls", "--quiet", "--filter", &filter]), "");
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(select(&address(&project, "dev"), "select word from kept"), "still here");
    }

    fn stop_can_leave_the_database_running(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        let stopped = project.result(&["env", "stop", "dev", "--keep-postgres"]);
        assert_eq!(stopped["data_lost"], false, "{stopped}");
        let status = project.status("dev");
        assert_eq!(status["database"]["accepts_logins"], true, "{status}");
        assert_eq!(service(&status, "one")["state"], "exited", "{status}");
        project.run(&["env", "stop", "dev", "--rm", "--keep-postgres"]).ok();
        let left: Vec<String> = project.container_ids().into_keys().collect();
        assert_eq!(left, [container(&project, "dev-postgres")]);
        let stopped = project.run(&["env", "stop", "dev"]).ok();
        assert!(stopped.stderr.contains("the data was in memory and is gone"), "{}", stopped.stderr);
    }

    fn a_changed_variable_recreates_only_its_service_and_is_named(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("app.yml", &compose(&TWO.replace("green", "blue")));
        let second = project.run(&["env", "start", "dev"]).ok();
        assert!(second.stderr.contains("environment.COLOUR"), "{}", second.stderr);
        let after = project.container_ids();
        let two = container(&project, "dev-two-1");
        let changed: Vec<&String> = after.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
        assert_eq!(changed, [&two]);
        assert_eq!(before.len(), after.len());
        assert_eq!(project.exec(&two, &["printenv", "COLOUR"]).stdout, b"blue\n");
    }

    fn an_image_that_was_built_anew_recreates_its_service(on: On) {
        let project = Project::new(on, DEV);
        project.write("web/Dockerfile", "FROM debian:bookworm-slim\nLABEL io.poststack.project={name}\nCOPY word /word\n");
        project.write("web/word", "first");
        project.write("app.yml", &compose("  web:\n    <<: *sleep\n    image: \"{name}-web\"\n    build: web\n  other: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.write("web/word", "second");
        let plain = project.result(&["env", "start", "dev"]);
        assert_eq!(plain["changed"], false, "{plain}");
        project.run(&["env", "start", "dev", "--build"]).ok();
        let after = project.container_ids();
        let web = container(&project, "dev-web-1");
        let changed: Vec<&String> = after.keys().filter(|name| after.get(*name) != before.get(*name)).collect();
        assert_eq!(changed, [&web]);
        assert_eq!(project.exec(&web, &["cat", "/word"]).stdout, b"second");
        let built_again = project.result(&["env", "start", "dev", "--build"]);
        assert_eq!(built_again["changed"], false, "{built_again}");
    }

    fn ten_restarts_give_the_same_address(on: On) {
        let project = Project::new(on, "project: { name: {name} }\nenvironments:\n  dev:\n    postgres: { port: {port}, storage: tmpfs }\n");
        project.run(&["env", "start"]).ok();
        let first = url(&project);
        for _ in 0..10 {
            project.run(&["env", "restart"]).ok();
            assert_eq!(url(&project), first);
        }
    }

    fn a_service_that_no_file_describes_is_told_and_removed_only_when_asked(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose(TWO));
        project.run(&["env", "start", "dev"]).ok();
        project.write("app.yml", &compose("  one: *sleep\n"));
        let orphan = container(&project, "dev-two-1");
        let told = project.result(&["env", "start", "dev"]);
        assert_eq!(told["orphans"], Value::from(vec![orphan.clone()]), "{told}");
        assert!(project.container_ids().contains_key(&orphan));
        project.run(&["env", "start", "dev", "--remove-orphans"]).ok();
        assert!(!project.container_ids().contains_key(&orphan));
    }

    fn another_port_recreates_the_database_and_keeps_its_data(on: On) {
        let project = Project::new(on, DEV_ON_A_VOLUME);
        project.write("app.yml", &compose("  one: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        execute(&address(&project, "dev"), "create table kept (word text); insert into kept values ('still here')");
        let before = project.container_ids();
        let port = free_port();
        project.write(".poststack.yml", &DEV_ON_A_VOLUME.replace("{port}", &port.to_string()));
        project.run(&["env", "start", "dev"]).ok();
        let after = project.container_ids();
        let database = container(&project, "dev-postgres");
        assert_ne!(after[&database], before[&database]);
        let service = container(&project, "dev-one-1");
        assert_eq!(after[&service], before[&service]);
        let moved = address(&project, "dev");
        assert_eq!(moved.port, port);
        assert_eq!(select(&moved, "select word from kept"), "still here");
    }

    fn force_recreate_replaces_the_deployment_alone(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  one: *sleep\n"));
        project.run(&["env", "start", "dev"]).ok();
        let before = project.container_ids();
        project.run(&["env", "start", "dev", "--force-recreate"]).ok();
        let after = project.container_ids();
        let (database, service) = (container(&project, "dev-postgres"), container(&project, "dev-one-1"));
        assert_eq!(after[&database], before[&database]);
        assert_ne!(after[&service], before[&service]);
        assert_eq!(after.len(), before.len());
    }
}
