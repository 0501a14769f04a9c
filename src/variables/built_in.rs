//! The variables poststack itself defines: the address of the database, and who we are.

use super::value::percent_encoded;
use super::{BuiltIn, Reader};
use crate::secret::Secret;

/// The names that users cannot define.
pub const NAMES: [&str; 10] = [
    "DB_HOST",
    "DB_NAME",
    "DB_PASS",
    "DB_PASSWORD",
    "DB_PORT",
    "DB_USER",
    "POSTSTACK_DATABASE_URL",
    "POSTSTACK_ENVIRONMENT",
    "POSTSTACK_HOST_DATABASE_URL",
    "POSTSTACK_PROJECT",
];

/// One database as its readers reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// Name and port inside the environment's network.
    pub network_host: String,
    pub network_port: u16,
    /// Address and published port on the host.
    pub host_host: String,
    pub host_port: u16,
    pub database: String,
    pub user: String,
    pub password: Secret,
}

impl DatabaseAddress {
    /// `postgresql://user:password@host:port/database`, as
    /// [libpq reads it](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
    #[must_use]
    pub fn url(&self, reader: Reader) -> Secret {
        let (host, port) = match reader {
            Reader::Network => (&self.network_host, self.network_port),
            Reader::Host => (&self.host_host, self.host_port),
        };
        let host = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let user = percent_encoded(&self.user);
        let password = percent_encoded(self.password.expose());
        let database = percent_encoded(&self.database);
        Secret::new(format!(
            "postgresql://{user}:{password}@{host}:{port}/{database}"
        ))
    }
}

/// Every built-in variable of an environment.
#[must_use]
pub fn built_ins(project: &str, environment: &str, database: &DatabaseAddress) -> Vec<BuiltIn> {
    let host_url = database.url(Reader::Host);
    let network_port = database.network_port.to_string();
    let host_port = database.host_port.to_string();
    vec![
        BuiltIn {
            name: "POSTSTACK_DATABASE_URL",
            network: database.url(Reader::Network),
            host: host_url.clone(),
            secret: true,
        },
        secret("POSTSTACK_HOST_DATABASE_URL", &host_url),
        plain("POSTSTACK_ENVIRONMENT", environment, environment),
        plain("POSTSTACK_PROJECT", project, project),
        plain("DB_HOST", &database.network_host, &database.host_host),
        plain("DB_PORT", &network_port, &host_port),
        plain("DB_NAME", &database.database, &database.database),
        plain("DB_USER", &database.user, &database.user),
        secret("DB_PASSWORD", &database.password),
        secret("DB_PASS", &database.password),
    ]
}

fn plain(name: &'static str, network: &str, host: &str) -> BuiltIn {
    BuiltIn {
        name,
        network: Secret::from(network),
        host: Secret::from(host),
        secret: false,
    }
}

fn secret(name: &'static str, value: &Secret) -> BuiltIn {
    BuiltIn {
        name,
        network: value.clone(),
        host: value.clone(),
        secret: true,
    }
}
