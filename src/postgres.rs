//! PostgreSQL over its wire protocol: addresses and URLs, TLS, waiting for the first login, sessions,
//! extensions, the databases of a server, SQL of the user, the numbers of `status`, the SQL that
//! recovers a lost password.
//!
//! Nothing here knows of containers; what has to run inside one is given as data.

mod address;
mod connect_error;
mod connection;
pub mod databases;
mod extensions;
mod fault;
mod login;
mod message;
mod phases;
mod query;
pub mod quote;
mod readiness;
pub mod recovery;
pub mod relations;
mod summary;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

pub use address::{
    Address, ChannelBinding, RootCertificate, SessionOptions, Tls, TlsMode, UrlError, url,
};
pub use connect_error::ConnectError;
pub use connection::{CancelToken, Connection, connect};
pub use extensions::{ExtensionError, MissingExtension, ensure_extensions};
pub use fault::{Sent, diagnose};
pub use message::{Position, ServerMessage};
pub use phases::{Phase, Phases, phases};
pub use query::{Answer, Column, Query, QueryError, query};
pub use readiness::{NotReady, Patience, Ready, wait_for_login};
pub use summary::{Summary, SummaryError, query_summary, summary_of};
pub use tls::{TlsError, TlsSession};

/// What a server or a connection says is wrong, in one line.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        return answer.message().to_owned();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
