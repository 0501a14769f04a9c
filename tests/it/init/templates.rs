//! Every template starts as it is written, and serves a row of its database.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{On, Project, free_port, on_both_engines};

/// What poststack's own `init` made, on ports that nobody else has.
struct Started {
    project: Project,
    web_port: u16,
}

/// A project of this template.
fn written(on: On, template: &str) -> Started {
    let project = Project::new(on, "");
    std::fs::remove_file(project.root().join(".poststack.yml")).unwrap();
    let (name, port) = (project.name.clone(), free_port().to_string());
    let init = ["init", "--template", template, "--project-name", &name];
    project
        .run(&[&init[..], &["--db-port", &port]].concat())
        .ok();
    let web_port = free_port();
    let file = "environments/dev.env";
    let text = project.read(file).replace("8080", &web_port.to_string());
    project.write(file, &text);
    Started { project, web_port }
}

impl Started {
    /// The answer to a request, headers and all; empty when nobody answers.
    fn get(&self, path: &str) -> String {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.web_port)) else {
            return String::new();
        };
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn query(&self, sql: &str) -> Value {
        let arguments = ["db", "query", sql, "--format", "json"];
        let answer = self.project.run(&arguments).ok().json();
        answer["results"][0]["rows"].clone()
    }

    /// Asserts that `path` serves the greeting as it is in the database at that moment.
    fn serves_the_row(&self, path: &str) {
        let first = self.get(path);
        assert!(first.contains("Hello from a row in PostgreSQL"), "{first}");
        assert!(first.contains("\"dev\""), "{first}");
        self.query("UPDATE greetings SET message = 'Changed meanwhile'");
        let second = self.get(path);
        assert!(second.contains("Changed meanwhile"), "{second}");
    }

    fn start(&self) -> Value {
        let started = self.project.result(&["env", "start"]);
        assert_eq!(started["changed"], true, "{started}");
        started
    }
}

on_both_engines! {
    fn web_is_the_template_when_none_is_named_and_a_second_start_changes_nothing(on: On) {
        let web = written(on, "web");
        web.start();
        web.serves_the_row("/");
        let again = web.project.result(&["env", "start"]);
        assert_eq!(again["changed"], false, "{again}");
        assert!(web.get("/health").contains("true"));
        let log = web.project.run(&["env", "logs", "dev", "postgres"]).ok().stdout;
        assert!(log.contains("ready to accept connections") && !log.contains("ERROR"), "{log}");
        let address = web.query("SELECT current_database(), current_user").to_string();
        let name = &web.project.name;
        assert!(address.contains(&format!("{name}__dev")), "{address}");
        assert!(address.contains(&format!("{name}_user")), "{address}");
    }

    fn the_pod_file_of_the_database_starts_a_server_of_its_own(on: On) {
        let web = written(on, "web");
        let config = web.project.read(".poststack.yml");
        let config = config.replace("compose: deploy/app-compose.yml", "pod: containers/postgres/postgres-pod.yaml");
        let config = config.replace("      - compose: deploy/init-compose.yml\n", "");
        web.project.write(".poststack.yml", &config);
        let started = web.start();
        let services = started["services"].as_array().unwrap();
        let server = services.iter().find(|one| one["service"] == "database-postgres").unwrap();
        assert_eq!(server["state"], "running", "{started}");
        let container = server["container"].as_str().unwrap();
        // Over TCP with the password of the environment: the first start is complete.
        let asked = web.project.exec(container, &["sh", "-c", r#"PGPASSWORD=$POSTGRES_PASSWORD exec psql -h 127.0.0.1 -U "$POSTGRES_USER" -Atc 'SELECT 1' "$POSTGRES_DB""#]);
        assert_eq!(asked.stdout, b"1\n", "{asked:?}");
    }
}

/// The layers of an image at the engine.
fn layers(on: On, image: &str) -> Value {
    let inspected = on.cli_text(&["image", "inspect", image]);
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    inspected[0]["RootFS"]["Layers"].clone()
}

#[test]
fn the_image_of_the_database_is_the_shipped_one_until_its_files_are_changed() {
    let project = Project::new(
        On::Docker,
        "project: { name: {name} }\nenvironments: { dev: { postgres: { port: {port}, storage: tmpfs } } }\n",
    );
    project.run(&["init", "--all"]).ok();
    project.run(&["env", "start"]).ok();
    let image = format!("{}/postgres:15", project.name);
    let shipped = layers(On::Docker, "poststack/postgres:15");
    assert_eq!(layers(On::Docker, &image), shipped);
    let file = "containers/postgres/Dockerfile";
    let text = project.read(file);
    project.write(file, &format!("{text}RUN touch /changed\n"));
    project.run(&["env", "start"]).ok();
    let container = format!("{}-dev-postgres", project.name);
    assert!(
        project
            .exec(&container, &["test", "-e", "/changed"])
            .status
            .success()
    );
    project.write(file, &text);
    project.run(&["build", "postgres"]).ok();
    assert_eq!(layers(On::Docker, &image), shipped);
}

#[test]
fn the_worker_takes_the_job_from_its_table() {
    let worker = written(On::Podman, "worker");
    worker.start();
    let open = "SELECT count(*) AS open FROM jobs WHERE done_at IS NULL";
    let end = Instant::now() + Duration::from_secs(30);
    while worker.query(open)[0]["open"] != 0 {
        assert!(Instant::now() < end, "the job is never done");
        std::thread::sleep(Duration::from_millis(200));
    }
    let done = worker.query("SELECT task FROM jobs WHERE done_at IS NOT NULL");
    assert_eq!(done[0]["task"], "say hello", "{done}");
}

#[test]
fn nginx_serves_files_and_passes_on_to_the_application_behind_it() {
    let nginx = written(On::Podman, "nginx");
    nginx.start();
    assert!(nginx.get("/").contains("<title>Hello</title>"));
    nginx.serves_the_row("/api/");
    // At another address than before.
    let start = ["env", "start", "--force-recreate"];
    nginx.project.run(&start).ok();
    assert!(nginx.get("/api/").contains("Changed meanwhile"));
}

#[test]
fn apache_serves_php_with_a_password_that_its_configuration_could_not_hold() {
    let apache = written(On::Docker, "apache-php");
    let config = apache.project.read(".poststack.yml");
    let config = config.replace("auto_generated", r#"'a"b ${NONE:-$$}\c#d%'"#);
    apache.project.write(".poststack.yml", &config);
    apache.start();
    apache.serves_the_row("/");
    let directory = "/etc/apache2/sites-enabled/app.conf";
    let container = format!("{}-dev-apache-1", apache.project.name);
    let site = apache.project.exec(&container, &["cat", directory]).stdout;
    let site = String::from_utf8(site).unwrap();
    assert!(
        site.contains("ServerName localhost"),
        "envsubst filled it in: {site}"
    );
    assert!(!apache.get("/../src/database.php").contains("200 OK"));
}

#[test]
fn fastapi_reads_and_writes_rows() {
    let api = written(On::Docker, "fastapi");
    api.start();
    api.serves_the_row("/");
    assert!(api.get("/greetings").contains("\"id\":1"));
    assert!(api.get("/docs").contains("200 OK"));
}

#[test]
fn axum_serves_a_row() {
    let api = written(On::Docker, "axum");
    // A proxy of this machine may sign the connections to the registry of crates.
    for entry in std::fs::read_dir("/usr/local/share/ca-certificates")
        .into_iter()
        .flatten()
    {
        let path = entry.unwrap().path();
        let is_certificate = path.extension().is_some_and(|extension| extension == "crt");
        if is_certificate {
            let name = Path::new("containers/api/certificates").join(path.file_name().unwrap());
            std::fs::copy(&path, api.project.root().join(name)).unwrap();
        }
    }
    api.start();
    api.serves_the_row("/");
}
