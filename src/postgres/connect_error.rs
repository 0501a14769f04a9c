//! Why there is no session: in which phase it failed, and what to do about it.

use std::io;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::phases::Phase;
use super::transport::OpenError;
use super::{Address, TlsError, describe, quote};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("failed to connect to `{address}`: no address is known for host `{host}`: {source}")]
    Resolve {
        address: String,
        host: String,
        source: io::Error,
    },
    #[error("failed to connect to `{address}`: {source}")]
    Unreachable { address: String, source: io::Error },
    #[error("failed to connect to `{address}`: {source}")]
    Tls { address: String, source: TlsError },
    /// The server, or what answers in its place, refused.
    #[error("failed to connect to `{address}`: {}", describe(.source))]
    Failed {
        address: String,
        user: String,
        phase: Phase,
        source: tokio_postgres::Error,
    },
    #[error("failed to connect to `{address}`: no answer within {:.1} s", .timeout.as_secs_f64())]
    TimedOut {
        address: String,
        timeout: Duration,
        phase: Phase,
    },
}

impl ConnectError {
    pub(super) fn opening(address: &Address, timeout: Duration, error: OpenError) -> Self {
        let shown = address.to_string();
        match error {
            OpenError::Resolve(source) => Self::Resolve {
                address: shown,
                host: address.host.clone(),
                source,
            },
            OpenError::Connect(source) => Self::Unreachable {
                address: shown,
                source,
            },
            OpenError::Tls(source) => Self::Tls {
                address: shown,
                source,
            },
            OpenError::TimedOut(phase) => Self::TimedOut {
                address: shown,
                timeout,
                phase,
            },
        }
    }

    /// How far it came.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Resolve { .. } => Phase::Resolve,
            Self::Unreachable { .. } => Phase::Connect,
            Self::Tls { .. } => Phase::Tls,
            Self::Failed { phase, .. } | Self::TimedOut { phase, .. } => *phase,
        }
    }

    /// The SQLSTATE of the server's refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { source, .. } => source.code().map(SqlState::code),
            _ => None,
        }
    }

    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Resolve { .. } => Some("check the host's name".to_owned()),
            Self::Unreachable { source, .. } => unreachable_hint(source),
            Self::Tls { source, .. } => source.hint(),
            Self::Failed { source, user, .. } => refusal_hint(source, user),
            Self::TimedOut { phase, .. } => Some(silence_hint(*phase).to_owned()),
        }
    }
}

fn unreachable_hint(error: &io::Error) -> Option<String> {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: start the server, or check host and port"
        }
        io::ErrorKind::NotFound => {
            "there is no socket of a server: start it, or check folder and port"
        }
        io::ErrorKind::PermissionDenied => "the socket's folder is closed to this user",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "check the host's address and the network between"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn silence_hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "the name server does not answer; try the host's IP address",
        Phase::Connect => "a firewall may drop the packets; check host and port",
        Phase::Tls | Phase::Login => {
            "the port is open, but what listens there does not answer as PostgreSQL does"
        }
        Phase::Query => "the server let us in but is too busy to answer",
    }
}

/// See <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn refusal_hint(error: &tokio_postgres::Error, user: &str) -> Option<String> {
    let answer = error.as_db_error()?;
    let text = match answer.code() {
        code if *code == SqlState::INVALID_PASSWORD => format!(
            "check the password of `{user}`; in a URL, percent-encode what is neither letter nor \
             digit"
        ),
        code if *code == SqlState::INVALID_CATALOG_NAME => {
            "create the database, or name one that is there".to_owned()
        }
        code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            authorization_hint(answer.message(), user)
        }
        code if *code == SqlState::TOO_MANY_CONNECTIONS => {
            "end sessions that are not used, or raise `max_connections`".to_owned()
        }
        code if *code == SqlState::CANNOT_CONNECT_NOW => {
            "the server is starting or stopping; try again".to_owned()
        }
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => format!(
            "let the database's owner run `GRANT CONNECT ON DATABASE … TO {}`",
            quote::identifier(user)
        ),
        _ => return answer.hint().map(str::to_owned),
    };
    Some(text)
}

fn authorization_hint(message: &str, user: &str) -> String {
    if !message.contains("pg_hba.conf") {
        return format!(
            "let a superuser run `CREATE ROLE {0} LOGIN` or `ALTER ROLE {0} LOGIN`",
            quote::identifier(user)
        );
    }
    // Servers before 14 say `SSL off`.
    if message.contains("no encryption") || message.contains("SSL off") {
        "the server may ask for TLS: try `sslmode=require`; else add a line for this client to its \
         `pg_hba.conf`"
            .to_owned()
    } else {
        "add a line for this client to the server's `pg_hba.conf` and reload it".to_owned()
    }
}
