//! The init phase.

use serde_json::Value;

use super::support::{address, compose, container, execute, select};
use crate::project::{On, Project, on_both_engines};

const CONFIG: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    init:
      - compose: init/first.yml
      - migrations: migrations
      - compose: init/last.yml
    deployment: { compose: app.yml }
";

/// A service that writes its name into the table of what ran.
fn step(name: &str, rest: &str) -> String {
    format!(
        "  {name}:\n    <<: *client\n    entrypoint: [sh, -c]\n    command: ['psql -q \"$$DATABASE_URL\" -c \"insert into ran (name) values (''{name}'')\"']\n{rest}"
    )
}

fn project(on: On) -> Project {
    let project = Project::new(on, CONFIG);
    let create = "  create:\n    <<: *client\n    entrypoint: [sh, -c]\n    command: ['psql -q \"$$DATABASE_URL\" -f /sql/create.sql']\n    volumes: [\"../sql:/sql:ro\"]\n";
    project.write("init/first.yml", &compose(create));
    project.write("sql/create.sql", "create table if not exists ran (id serial, name text);\ninsert into ran (name) values ('create');\n");
    project.write(
        "migrations/001_step.sql",
        "insert into ran (name) values ('migration');\n",
    );
    let last = format!(
        "{}{}  cache:\n    <<: *sleep\n    healthcheck: {{ test: [CMD, 'true'], interval: 1s }}\n",
        step(
            "after",
            "    depends_on: { before: { condition: service_completed_successfully } }\n"
        ),
        step(
            "before",
            "    depends_on: { cache: { condition: service_healthy } }\n"
        ),
    );
    project.write("init/last.yml", &compose(&last));
    project.write("app.yml", &compose("  app: *sleep\n"));
    project
}

fn ran(project: &Project) -> String {
    select(
        &address(project, "dev"),
        "select string_agg(name, ' ' order by id) from ran",
    )
}

const ONCE: &str = "create migration before after";

on_both_engines! {
    fn entries_run_one_after_the_other_and_once(on: On) {
        let project = project(on);
        let first = project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ran(&project), ONCE);
        let results: Vec<&str> = first.stderr.lines().filter(|line| line.contains('✅')).collect();
        let names: Vec<&str> = results.iter().map(|line| line.split([':', '✅']).nth(1).unwrap().trim()).collect();
        assert_eq!(names, ["create", "migrations", "before", "after"], "{}", first.stderr);
        assert!(results[0].contains("exit code 0"), "{results:?}");
        assert!(results[1].contains("1 applied"), "{results:?}");
        assert!(!first.stderr.contains("001_step"), "{}", first.stderr);
        let log = project.read("logs/database/migrations.log");
        assert!(log.contains("env start ["), "{log}");
        assert!(log.contains("001_step applied"), "{log}");
        let cache = on.cli_text(&["container", "inspect", "--format", "{{.State.Running}}", &container(&project, "dev-cache-1")]);
        assert_eq!(cache, "false", "a helper ends with its entry");
        let ids = project.container_ids();
        let second = project.result(&["env", "start", "dev"]);
        assert_eq!(second["changed"], false, "{second}");
        assert_eq!(project.container_ids(), ids);
        project.run(&["env", "restart", "dev"]).ok();
        assert_eq!(ran(&project), ONCE);
    }

    fn a_changed_file_in_a_mount_makes_the_init_phase_due_again(on: On) {
        let project = project(on);
        project.run(&["env", "start", "dev"]).ok();
        let app = project.container_ids()[&container(&project, "dev-app-1")].clone();
        project.write("sql/create.sql", "insert into ran (name) values ('more');\n");
        project.write("migrations/002_more.sql", "insert into ran (name) values ('migration 2');\n");
        project.run(&["env", "start", "dev"]).ok();
        assert_eq!(ran(&project), format!("{ONCE} more migration 2 before after"));
        assert_eq!(project.container_ids()[&container(&project, "dev-app-1")], app);
    }

    fn init_runs_it_again_and_deploy_leaves_it_out(on: On) {
        let project = project(on);
        project.run(&["env", "init", "dev"]).ok();
        assert!(!project.container_ids().contains_key(&container(&project, "dev-app-1")));
        project.run(&["env", "init", "dev"]).ok();
        assert_eq!(ran(&project), format!("{ONCE} create before after"));
        execute(&address(&project, "dev"), "delete from ran");
        project.write("sql/create.sql", "insert into ran (name) values ('more');\n");
        project.run(&["env", "deploy", "dev"]).ok();
        assert_eq!(ran(&project), "");
        assert!(project.container_ids().contains_key(&container(&project, "dev-app-1")));
    }

    fn results_are_lines_of_json(on: On) {
        let project = project(on);
        let output = project.run(&["env", "start", "dev", "--format", "json"]).ok();
        let lines: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["v"] == 1), "{}", output.stdout);
        let ended: Vec<String> = lines.iter().filter(|line| line["type"] == "init-ended").map(|line| format!("{} {} {}", line["name"].as_str().unwrap(), line["ok"], line["exit_code"])).collect();
        assert_eq!(ended, ["create true 0", "migrations true null", "before true 0", "after true 0"]);
        assert_eq!(lines.last().unwrap()["type"], "result");
    }
}
