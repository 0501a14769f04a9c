//! What the scenarios share: the smallest services there are, and looking into a database.

use std::process::Output;
use std::time::Duration;

use poststack::postgres::{Address, ConnectError, Connection, connect};
use poststack::secret::Secret;
use serde_json::Value;

use crate::cluster::ask;
use crate::project::Project;

/// One environment, `dev`, whose data does not outlive the container of its database.
pub const DEV: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port}, storage: tmpfs }
    deployment: { compose: app.yml }
";

/// As [`DEV`], with the data on a volume.
pub const DEV_ON_A_VOLUME: &str = "\
project: { name: {name} }
environments:
  dev:
    postgres: { port: {port} }
    deployment: { compose: app.yml }
";

/// A Compose file with these services, which may take `*sleep`, a container that does nothing,
/// and `*client`, which has `psql`.
pub fn compose(services: &str) -> String {
    format!(
        "\
x-sleep: &sleep
  image: debian:bookworm-slim
  command: [sleep, infinity]
  init: true
  stop_grace_period: 1s
x-client: &client
  image: poststack/postgres:15
  entrypoint: [sleep, infinity]
  init: true
  stop_grace_period: 1s
  healthcheck: {{ disable: true }}
  environment: {{ DATABASE_URL: \"${{POSTSTACK_DATABASE_URL}}\" }}
services:
{services}"
    )
}

/// The only thing that runs the futures of a test.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Where the host finds the database of an environment, with its generated password.
pub fn address(project: &Project, environment: &str) -> Address {
    let secrets = project.read(&format!(".poststack/secrets/{environment}.json"));
    let secrets: Value = serde_json::from_str(&secrets).unwrap();
    let status = project.status(environment);
    let database = &status["database"];
    let port = u16::try_from(database["port"].as_u64().unwrap()).unwrap();
    let password = Secret::from(text(&secrets["postgres_password"]));
    Address::new(
        text(&database["host"]),
        port,
        text(&database["database"]),
        text(&database["user"]),
        password,
    )
}

/// One login from the host.
pub fn log_in(address: &Address) -> Result<(), ConnectError> {
    let login = async { connect(address, Duration::from_secs(5)).await.map(drop) };
    block_on(login)
}

/// The first field of the first row, asked from the host.
pub fn select(address: &Address, expression: &str) -> String {
    block_on(ask(address, expression))
}

/// Runs statements from the host.
pub fn execute(address: &Address, statements: &str) {
    block_on(async {
        let connection: Connection = connect(address, Duration::from_secs(5)).await.unwrap();
        let done = connection.client().batch_execute(statements).await;
        done.unwrap();
    });
}

/// Asks through `$DATABASE_URL` in a container of a service that took `*client`.
#[track_caller]
pub fn psql(project: &Project, container: &str, sql: &str) -> String {
    let script = r#"exec psql "$DATABASE_URL" --no-psqlrc -Atc "$1""#;
    shell(project, container, script, &[sql])
}

/// What a script prints in a container, where it must succeed.
///
/// Aardvark 1.4, Podman's name server, misses a change while the network of another test goes, and
/// learns of it with the next one; a name that is not known is asked for again.
#[track_caller]
pub fn shell(project: &Project, container: &str, script: &str, arguments: &[&str]) -> String {
    let command = [&["sh", "-c", script, "sh"], arguments].concat();
    let unknown = |output: &Output| {
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        String::from_utf8_lossy(&said).contains("could not translate host name")
    };
    let mut output = project.exec(container, &command);
    for _ in 0..20 {
        if !unknown(&output) {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
        output = project.exec(container, &command);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{container}: {script}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The name of a container: `<project>-<rest>`.
pub fn container(project: &Project, rest: &str) -> String {
    format!("{}-{rest}", project.name)
}

#[track_caller]
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// The service of a status or of the result of a start.
#[track_caller]
pub fn service<'v>(status: &'v Value, name: &str) -> &'v Value {
    let services = status["services"].as_array().unwrap();
    let found = services.iter().find(|one| one["service"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {status}"))
}
