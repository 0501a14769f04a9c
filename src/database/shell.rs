//! How `psql` is called: its arguments, and the environment that tells it the database. A password
//! never stands among the arguments, where everybody on the machine could read it, and nothing that
//! the process has of its own may lead it to another database.

use std::path::Path;

use super::Target;
use crate::postgres::{Address, RootCertificate};
use crate::secret::Secret;

/// What `psql` shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script<'a> {
    /// Talk to whoever types, or read standard input.
    Interactive,
    /// `-c`
    Command(&'a str),
    /// `-f`: a file of this machine.
    File(&'a Path),
}

/// A call of `psql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Psql {
    /// The program and its arguments.
    pub command: Vec<String>,
    pub environment: Vec<(String, Secret)>,
}

/// `psql` inside the database's own container, over its local socket.
#[must_use]
pub fn in_container(target: &Target, script: Script<'_>) -> Psql {
    let address = &target.address;
    let mut environment = login(address);
    // Colours and line editing need the name of the terminal.
    if let Ok(terminal) = std::env::var("TERM") {
        environment.push(("TERM".to_owned(), Secret::new(terminal)));
    }
    Psql {
        command: command(script),
        environment,
    }
}

/// `psql` of this machine.
#[must_use]
pub fn on_host(target: &Target, script: Script<'_>) -> Psql {
    let address = &target.address;
    let mut environment = login(address);
    environment.push(("PGHOST".to_owned(), Secret::new(address.host.as_str())));
    environment.push(("PGPORT".to_owned(), Secret::new(address.port.to_string())));
    environment.extend(encryption(address));
    Psql {
        command: command(script),
        environment,
    }
}

/// Whether libpq takes its settings from the variable `name`: `psql` must not inherit it. A service or
/// an address named there would win over the host it is told.
#[must_use]
pub fn is_of_libpq(name: &str) -> bool {
    name.starts_with("PG")
}

/// How libpq shall encrypt, which is what every other command does.
/// <https://www.postgresql.org/docs/current/libpq-ssl.html>
fn encryption(address: &Address) -> Vec<(String, Secret)> {
    let tls = &address.tls;
    let root = match &tls.root {
        RootCertificate::Usual => None,
        RootCertificate::System => Some("system".to_owned()),
        RootCertificate::File(path) => Some(path.display().to_string()),
    };
    let timeout = address.session.connect_timeout;
    let said = [
        ("PGSSLMODE", Some(tls.mode.name().to_owned())),
        ("PGSSLROOTCERT", root),
        (
            "PGCHANNELBINDING",
            Some(tls.channel_binding.name().to_owned()),
        ),
        (
            "PGCONNECT_TIMEOUT",
            timeout.map(|it| it.as_secs().to_string()),
        ),
    ];
    let said = said.into_iter();
    said.filter_map(|(name, value)| Some((name.to_owned(), Secret::new(value?))))
        .collect()
}

/// The variables of libpq that say who logs in where.
/// <https://www.postgresql.org/docs/current/libpq-envars.html>
fn login(address: &Address) -> Vec<(String, Secret)> {
    let session = &address.session;
    let application = session.application_name.as_deref();
    let application = application.unwrap_or("poststack db shell");
    let options = session.options.as_deref().unwrap_or_default();
    vec![
        ("PGUSER".to_owned(), Secret::new(address.user.as_str())),
        (
            "PGDATABASE".to_owned(),
            Secret::new(address.database.as_str()),
        ),
        ("PGPASSWORD".to_owned(), address.password.clone()),
        ("PGAPPNAME".to_owned(), Secret::new(application)),
        // Set when it is empty too: the image of a container may have some of its own.
        ("PGOPTIONS".to_owned(), Secret::new(options)),
    ]
}

/// A script stops at its first error and then fails; what somebody's `psqlrc` sets is for typing, not
/// for it. A file is read through standard input: it is not in the container.
fn command(script: Script<'_>) -> Vec<String> {
    let what = match script {
        Script::Interactive => return vec!["psql".to_owned()],
        Script::Command(sql) => format!("--command={sql}"),
        Script::File(_) => "--file=-".to_owned(),
    };
    let fixed = ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1"];
    fixed.map(str::to_owned).into_iter().chain([what]).collect()
}
