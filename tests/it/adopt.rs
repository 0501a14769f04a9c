//! `adopt`: a project of Docker Compose is taken over with its data, or left as it was.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::environment::support::{address, container, select, shell};
use crate::project::{On, Project, compose_program, free_port, on_both_engines};

const FORMER: &str = "\
services:
  db:
    image: poststack/postgres:15
    restart: always
    environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: 'it''s secret', PGDATA: /var/lib/postgresql/data/15 }
    ports: ['127.0.0.1:{port}:5432']
    volumes: ['data:/var/lib/postgresql/data']
  web:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
    container_name: {name}-web
    volumes: ['uploads:/uploads', /cache]
    depends_on: [db]
  mail:
    image: debian:bookworm-slim
    command: [sleep, infinity]
    init: true
volumes: { data: {}, uploads: {} }
";

const CONFIG: &str = "\
# Ours.
project: { name: {name} }
environments:
  dev:
    # as the file says
    postgres: { database: other }
    deployment: { compose: app.yml }   # without its database
  qa:
    postgres: { port: {port} }
";

const APP: &str = "\
services:
  web:
    image: debian:bookworm-slim
    command: [{command}]
    init: true
    container_name: {name}-web
    volumes: ['uploads:/uploads', /cache]
    environment: { DATABASE_URL: '${POSTSTACK_DATABASE_URL}' }
volumes: { uploads: {} }
";

/// A Compose project that runs in the folder of a project of ours; what it made goes with it.
pub struct Former {
    pub project: Project,
    port: u16,
}

impl Former {
    pub fn up(on: On) -> Self {
        let project = Project::new(on, CONFIG);
        project.write(".poststack.yml", &project.read(".poststack.yml"));
        let former = Self {
            project,
            port: free_port(),
        };
        let port = former.port.to_string();
        former
            .project
            .write("docker-compose.yml", &FORMER.replace("{port}", &port));
        former.application("sleep, infinity");
        on.build_shipped_images();
        let up = former.compose(&["up", "--detach"]);
        assert!(
            up.status.success(),
            "{}",
            String::from_utf8_lossy(&up.stderr)
        );
        former.sql("CREATE TABLE kept AS SELECT 7 AS n");
        shell(
            &former.project,
            &former.web(),
            "echo up > /uploads/a; echo hot > /cache/b",
            &[],
        );
        former
    }

    fn application(&self, command: &str) {
        self.project
            .write("app.yml", &APP.replace("{command}", command));
    }

    fn name(&self) -> String {
        format!("{}former", self.project.name)
    }

    fn compose(&self, arguments: &[&str]) -> Output {
        Command::new(compose_program())
            .args(["--ansi", "never", "--project-name", &self.name()])
            .args(arguments)
            .current_dir(self.project.root())
            .env("DOCKER_HOST", self.project.on.host())
            .output()
            .unwrap()
    }

    fn web(&self) -> String {
        container(&self.project, "web")
    }

    fn db(&self) -> String {
        format!("{}-db-1", self.name())
    }

    /// Asks the former server, waiting until it answers.
    fn sql(&self, sql: &str) -> String {
        let script = "for i in $(seq 100); do psql -h 127.0.0.1 -U shop -qAtc \"$1\" && exit; sleep 0.2; done; exit 1";
        let script = format!("export PGPASSWORD=\"it's secret\"; {script}");
        shell(&self.project, &self.db(), &script, &[sql])
    }

    /// Service → state of its containers.
    fn states(&self) -> String {
        let listed = self.compose(&["ps", "--all", "--format", "{{.Service}} {{.State}}"]);
        let mut lines: Vec<String> = String::from_utf8(listed.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines.join(", ")
    }

    /// Begins to take over, and is killed as soon as the former database is stopped.
    fn adopt_and_kill(&self) {
        let mut adopting = self.project.command(&["adopt", "dev", "--yes"]);
        adopting.stdout(Stdio::null()).stderr(Stdio::null());
        let mut adopting = adopting.spawn().unwrap();
        while self.states().contains("db running") {
            assert!(adopting.try_wait().unwrap().is_none(), "it ended too early");
            std::thread::sleep(Duration::from_millis(20));
        }
        adopting.kill().unwrap();
        adopting.wait().unwrap();
    }

    /// What was there before is there in the environment that took it over.
    fn is_taken_over(&self) {
        let project = &self.project;
        assert_eq!(self.states(), "mail running");
        assert_eq!(
            select(&address(project, "dev"), "(SELECT n FROM kept)"),
            "7"
        );
        assert_eq!(
            shell(project, &self.web(), "cat /uploads/a /cache/b", &[]),
            "up\nhot"
        );
        assert_eq!(project.status("dev")["state"], "running");
        assert_eq!(project.result(&["env", "start", "dev"])["changed"], false);
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        self.compose(&["down", "--volumes", "--timeout", "1"]);
        // Ours still use them.
        for container in self.project.container_ids().keys() {
            self.project
                .on
                .cli(&["rm", "--force", "--volumes", container]);
        }
        let filter = format!("label=com.docker.compose.project={}", self.name());
        let listed = self
            .project
            .on
            .cli(&["volume", "ls", "--quiet", "--filter", &filter]);
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        for volume in text.split_whitespace() {
            self.project.on.cli(&["volume", "rm", "--force", volume]);
        }
    }
}

const RECORD: &str = ".poststack/adoptions/dev.json";
/// As it is written before anything is done, by a version that knew less.
const ELSEWHERE: &str = r#"{"from": "theirs", "engine": "Docker tcp://elsewhere", "data": null, "volumes": {},
    "containers": [], "networks": [], "before": "", "after": "", "password": false}"#;
const RUNNING: &str = "db running, mail running, web running";

on_both_engines! {
    fn a_compose_project_is_taken_over_with_its_data_and_its_password(on: On) {
        let former = Former::up(on);
        let project = &former.project;
        let before = project.read(".poststack.yml") + "  heir: { extends: dev }\n";
        project.write(".poststack.yml", &before);
        let app = project.read("app.yml");
        let mail = "services:\n  mail: { image: 'debian:bookworm-slim', profiles: [post] }\n";
        project.write("app.yml", &app.replace("services:\n", mail));
        let off = project.run(&["adopt", "dev", "--dry-run"]).ok().stdout;
        assert!(off.contains("no active profile has its service"), "{off}");
        project.write("app.yml", &app);
        let planned = project.run(&["adopt", "dev", "--dry-run", "--format", "json"]).ok().json();
        assert_eq!(planned["from"], former.name());
        assert_eq!(planned["database"]["data"], format!("{}_data/15", former.name()));
        assert_eq!(planned["left"][0], format!("{}-mail-1", former.name()));
        let asked = project.run(&["adopt", "dev"]).exits(8);
        assert!(asked.stderr.contains("instead of other"), "{}", asked.stderr);

        shell(project, &former.db(), "echo 14 > $PGDATA/PG_VERSION", &[]);
        let refused = project.run(&["adopt", "dev", "--yes"]).exits(1);
        assert!(refused.stderr.contains("are those of PostgreSQL 14") && refused.stderr.contains("image: "), "{}", refused.stderr);
        shell(project, &former.db(), "echo 15 > $PGDATA/PG_VERSION", &[]);
        project.write(".poststack.yml", &before.replace("database: other", "password: another"));
        let other = project.run(&["adopt", "dev", "--yes"]).exits(3);
        assert!(other.stderr.contains("another password than the database of `db`"), "{}", other.stderr);
        project.write(".poststack.yml", &before);
        let none = project.run(&["adopt", "dev", "--from", "nothing"]).exits(1);
        assert!(none.stderr.contains(&former.name()), "{}", none.stderr);
        project.write(RECORD, ELSEWHERE);
        let elsewhere = project.run(&["adopt", "dev", "--yes"]).exits(1);
        assert!(elsewhere.stderr.contains("`theirs` on Docker tcp://elsewhere was interrupted"), "{}", elsewhere.stderr);
        let beside = project.run(&["env", "start", "dev"]).exits(1);
        assert!(beside.stderr.contains("`theirs` on Docker tcp://elsewhere was interrupted"), "{}", beside.stderr);
        assert_eq!(project.read(RECORD), ELSEWHERE);
        std::fs::remove_file(project.root().join(RECORD)).unwrap();
        assert_eq!(former.states(), RUNNING);
        assert_eq!(project.container_ids().len(), 0);
        assert_eq!(project.read(".poststack.yml"), before);

        // What stays needs its network, even where it does not run.
        assert!(former.compose(&["stop", "mail"]).status.success());
        project.run(&["adopt", "dev", "--yes"]).ok();
        assert!(former.compose(&["start", "mail"]).status.success());
        former.is_taken_over();
        let after = project.read(".poststack.yml");
        assert!(after.starts_with("# Ours.\n") && after.contains("   # without its database\n"), "{after}");
        // What extends it keeps its own.
        assert!(after.contains("database: other }, extends: dev }\n"), "{after}");
        let secrets = project.read(".poststack/secrets/dev.json");
        assert!(secrets.contains("it's secret"), "{secrets}");
        assert_eq!(project.status("dev")["database"]["port"], former.port);

        // Neither of the two starts on data that the other one uses.
        let again = project.run(&["adopt", "dev", "--yes"]).exits(1);
        assert!(again.stderr.contains("has been started before"), "{}", again.stderr);
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        assert!(former.compose(&["up", "--detach", "db"]).status.success());
        let used = project.run(&["env", "start", "dev"]).exits(1);
        assert!(used.stderr.contains("is in use by"), "{}", used.stderr);
        assert!(former.compose(&["rm", "--stop", "--force", "db"]).status.success());

        // What others made stays, whatever is removed.
        project.run(&["env", "remove", "heir", "--yes"]).ok();
        let removed = project.result(&["env", "remove", "dev", "--volumes", "--yes"]);
        assert_eq!(removed["kept"].as_array().unwrap().len(), 2, "{removed}");
        let volume = format!("{}_data", former.name());
        on.cli_text(&["volume", "inspect", &volume]);
    }

    fn a_failed_adoption_puts_everything_back_and_a_killed_one_is_gone_on_with(on: On) {
        let former = Former::up(on);
        let project = &former.project;
        let before = project.read(".poststack.yml");
        former.application("/no/such/program");
        let failed = project.run(&["adopt", "dev", "--yes"]).exits(5);
        assert!(failed.stderr.contains("run as before"), "{}", failed.stderr);
        assert!(failed.stderr.contains("mended: poststack adopt dev"), "{}", failed.stderr);
        assert_eq!(former.states(), RUNNING);
        assert_eq!(former.sql("SELECT n FROM kept"), "7");
        assert_eq!(shell(project, &former.web(), "cat /uploads/a /cache/b", &[]), "up\nhot");
        assert_eq!(project.container_ids().len(), 0);
        assert_eq!(project.read(".poststack.yml"), before);
        assert!(!project.root().join(".poststack/secrets/dev.json").exists());

        // A start of its own makes a database that is in the way until it is given up.
        project.write("app.yml", "services: { other: { image: debian:bookworm-slim, command: [/no/such/program] } }\n");
        let port = format!("{{ database: other, port: {} }}", free_port());
        project.write(".poststack.yml", &before.replace("{ database: other }", &port));
        project.run(&["env", "start", "dev"]).exits(5);
        project.run(&["env", "stop", "dev", "--rm"]).ok();
        project.write(".poststack.yml", &before);
        let refused = project.run(&["adopt", "dev", "--yes"]).exits(1);
        let (_, way_out) = refused.stderr.split_once(" volume rm ").expect(&refused.stderr);
        let (volumes, then) = way_out.split_once(" && ").unwrap();
        assert!(then.starts_with("poststack adopt dev"), "{then}");
        assert!(volumes.contains("-dev_pgdata") && !volumes.contains(&former.name()), "{volumes}");
        for volume in volumes.split(' ') {
            on.cli_text(&["volume", "rm", volume]);
        }

        former.application("sleep, infinity");
        former.adopt_and_kill();
        let policy = || on.cli_text(&["inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", &former.db()]);
        // Podman 4 changes none.
        assert_eq!(policy(), if on == On::Docker { "no" } else { "always" });
        // Without its volumes in the file there is nothing to go on with.
        project.write(".poststack.yml", &before);
        let undone = project.run(&["env", "start", "dev"]).exits(1);
        assert!(undone.stderr.contains("it is undone") && undone.stderr.contains("nothing was started"), "{}", undone.stderr);
        assert_eq!((former.states().as_str(), policy().as_str()), (RUNNING, "always"));

        former.adopt_and_kill();
        let record = project.read(RECORD);
        project.run(&["env", "start", "dev"]).ok();
        former.is_taken_over();
        assert!(!project.root().join(RECORD).exists());

        // As if it had been killed while the former ones were removed, and the next start fails.
        let after = project.read(".poststack.yml");
        former.application("/no/such/program");
        for (record, told) in [
            (record.replace("\"done\": false", "\"done\": true"), "`web`"),
            (record, "is no longer there: what took its place stays"),
        ] {
            project.write(RECORD, &record);
            let failed = project.run(&["env", "start", "dev"]).exits(5);
            assert!(failed.stderr.contains(told) && !failed.stderr.contains("run as before"), "{}", failed.stderr);
            assert_eq!(select(&address(project, "dev"), "(SELECT n FROM kept)"), "7");
            assert_eq!(project.read(".poststack.yml"), after);
        }
        former.application("sleep, infinity");
        project.run(&["env", "start", "dev"]).ok();
        former.is_taken_over();
    }

    fn data_in_a_folder_are_used_by_one_server_at_a_time(on: On) {
        let project = Project::new(on, "project: { name: {name} }\nenvironments: { dev: { postgres: { volume: ./data } } }\n");
        project.write("data/PG_VERSION", "15\n");
        let other = format!("{}-other", project.name);
        let mount = format!("{}:/data", project.root().join("data").display());
        on.cli_text(&["run", "--detach", "--rm", "--init", "--name", &other, "--volume", &mount, "debian:bookworm-slim", "sleep", "infinity"]);
        let refused = project.run(&["env", "start", "dev"]);
        on.cli_text(&["rm", "--force", &other]);
        let refused = refused.exits(1);
        assert!(refused.stderr.contains(&format!("is in use by {other}")) && refused.stderr.contains(&format!("stop {other}")), "{}", refused.stderr);
        assert_eq!(project.container_ids().len(), 0);
    }
}
