//! Who gets into the database, and from where.

use poststack::postgres::{Address, ConnectError};
use poststack::secret::Secret;
use serde_json::Value;

use super::support::{DEV, address, compose, container, log_in, psql, select, shell};
use crate::project::{On, Project, free_port, on_both_engines};

on_both_engines! {
    fn a_start_ends_when_host_and_service_can_log_in(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  client: *client\n"));
        project.run(&["env", "start", "dev"]).ok();
        let client = container(&project, "dev-client-1");
        let inside = psql(&project, &client, "select current_user || '@' || current_database()");
        let outside = select(&address(&project, "dev"), "current_user || '@' || current_database()");
        assert_eq!(inside, outside);
        assert_eq!(inside, format!("{0}_dev_user@{0}_dev", project.name));
    }

    fn a_wrong_password_is_refused_everywhere_but_in_the_container(on: On) {
        let project = Project::new(on, DEV);
        project.write("app.yml", &compose("  client: *client\n"));
        project.run(&["env", "start", "dev"]).ok();
        let wrong = Address {
            password: Secret::new("wrong"),
            ..address(&project, "dev")
        };
        let refused = log_in(&wrong).unwrap_err();
        let ConnectError::Failed { source, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(source.code().unwrap().code(), "28P01");
        let client = container(&project, "dev-client-1");
        let host = container(&project, "dev-postgres");
        let script = r#"PGPASSWORD=wrong psql -h "$1" -U "$2" -d "$3" -c 'select 1' 2>&1 || true"#;
        let said = shell(&project, &client, script, &[&host, &wrong.user, &wrong.database]);
        assert!(said.contains("password authentication failed"), "{said}");
    }

    fn nothing_but_loopback_listens(on: On) {
        let project = Project::new(on, DEV);
        let web = free_port();
        let services = format!("  web:\n    <<: *sleep\n    ports: [\"{web}:80\", \"81\"]\n");
        project.write("app.yml", &compose(&services));
        project.run(&["env", "start", "dev"]).ok();
        let status = project.status("dev");
        let database = status["database"]["port"].as_u64().unwrap();
        for port in [database, u64::from(web)] {
            let listening = listeners(port);
            assert!(!listening.is_empty(), "nobody listens on {port}");
            assert!(listening.iter().all(|ip| ip == "0100007F"), "{port}: {listening:?}");
        }
        for name in ["dev-postgres", "dev-web-1"] {
            let name = container(&project, name);
            let inspected = project.on.cli_text(&["container", "inspect", &name]);
            let inspected: Value = serde_json::from_str(&inspected).unwrap();
            let ports = inspected[0]["NetworkSettings"]["Ports"].as_object().unwrap();
            let bound: Vec<&Value> = ports.values().filter_map(Value::as_array).flatten().collect();
            assert!(bound.iter().all(|one| one["HostIp"] == "127.0.0.1"), "{name}: {bound:?}");
            assert!(!bound.is_empty(), "{name}");
        }
    }
}

/// Local addresses, as the kernel writes them, on which somebody listens at `port`.
fn listeners(port: u64) -> Vec<String> {
    const LISTENING: &str = "0A";
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(table).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (ip, local) = fields[1].split_once(':').unwrap();
            if fields[3] == LISTENING && u64::from_str_radix(local, 16) == Ok(port) {
                found.push(ip.to_owned());
            }
        }
    }
    found
}
