//! How `psql` is called: its arguments, and the environment that tells it the database. A password
//! never stands among the arguments, where everybody on the machine could read it.

use std::path::Path;

use super::Target;
use crate::postgres::Address;
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
    Psql {
        command: command(script),
        environment,
    }
}

/// The variables of libpq that say who logs in where.
/// <https://www.postgresql.org/docs/current/libpq-envars.html>
fn login(address: &Address) -> Vec<(String, Secret)> {
    vec![
        ("PGUSER".to_owned(), Secret::new(address.user.as_str())),
        (
            "PGDATABASE".to_owned(),
            Secret::new(address.database.as_str()),
        ),
        ("PGPASSWORD".to_owned(), address.password.clone()),
        ("PGAPPNAME".to_owned(), Secret::from("poststack db shell")),
    ]
}

/// A script stops at its first error and then fails. A file is read through standard input: it is
/// not in the container.
fn command(script: Script<'_>) -> Vec<String> {
    let mut command = vec!["psql".to_owned()];
    match script {
        Script::Interactive => {}
        Script::Command(sql) => {
            command.push("--set=ON_ERROR_STOP=1".to_owned());
            command.push(format!("--command={sql}"));
        }
        Script::File(_) => {
            command.push("--set=ON_ERROR_STOP=1".to_owned());
            command.push("--file=-".to_owned());
        }
    }
    command
}
