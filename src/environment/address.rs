//! Two addresses for one database: inside the environment's network, and on the host.

use std::net::IpAddr;

use crate::config::model::{Environment, Postgres, SslMode};
use crate::plan::database::PORT;
use crate::plan::identity::Identity;
use crate::postgres::{Address, RootCertificate, SessionOptions, Tls, TlsMode};
use crate::secret::Secret;
use crate::variables::DatabaseAddress;

pub(super) fn database(
    identity: &Identity,
    environment: &Environment,
    password: &Secret,
) -> DatabaseAddress {
    let postgres = &environment.postgres;
    let (network_host, network_port, host_host) = match &postgres.host {
        Some(external) => (external.clone(), postgres.port, external.clone()),
        None => (
            identity.database_container(),
            PORT,
            reachable(environment.bind),
        ),
    };
    DatabaseAddress {
        network_host,
        network_port,
        host_host,
        host_port: postgres.port,
        database: postgres.database.clone(),
        user: postgres.user.clone(),
        password: password.clone(),
    }
}

/// Where the host finds a port published on `bind`: the loopback address for "every address".
#[must_use]
pub fn reachable(bind: IpAddr) -> String {
    match bind {
        IpAddr::V4(address) if address.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(address) if address.is_unspecified() => "::1".to_owned(),
        address => address.to_string(),
    }
}

/// The address that poststack itself uses. Our own containers have no TLS.
pub(super) fn host(database: &DatabaseAddress, postgres: &Postgres) -> Address {
    Address {
        host: database.host_host.clone(),
        port: database.host_port,
        database: database.database.clone(),
        user: database.user.clone(),
        password: database.password.clone(),
        tls: match postgres.host {
            Some(_) => tls(postgres),
            None => Tls::off(),
        },
        session: SessionOptions::default(),
    }
}

/// What the configuration says of an external database; its silence is libpq's default.
fn tls(postgres: &Postgres) -> Tls {
    let mode = postgres.ssl_mode.map(|mode| match mode {
        SslMode::Disable => TlsMode::Disable,
        SslMode::Prefer => TlsMode::Prefer,
        SslMode::Require => TlsMode::Require,
        SslMode::VerifyCa => TlsMode::VerifyCa,
        SslMode::VerifyFull => TlsMode::VerifyFull,
    });
    let root = postgres.ssl_root_certificate.clone();
    Tls {
        mode: mode.unwrap_or_default(),
        root: root.map_or_else(RootCertificate::default, RootCertificate::File),
        ..Tls::default()
    }
}
