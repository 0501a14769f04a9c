//! Where a database is and how to log in.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::secret::Secret;

/// What RFC 3986 §2.3 leaves unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One database as one reader reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name, an IP address, or the folder of a Unix socket when it starts with `/`.
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Secret,
}

/// `host:port/database`, for messages.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", host(&self.host), self.port, self.database)
    }
}

/// The connection URI of `address`, its parts percent-encoded.
///
/// See <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>.
#[must_use]
pub fn url(address: &Address) -> Secret {
    Secret::new(format!(
        "postgresql://{}:{}@{}:{}/{}",
        encoded(&address.user),
        encoded(address.password.expose()),
        host(&address.host),
        address.port,
        encoded(&address.database),
    ))
}

/// An IPv6 address stands in brackets, the folder of a socket is encoded.
fn host(host: &str) -> String {
    match host {
        v6 if v6.contains(':') => format!("[{v6}]"),
        folder if folder.starts_with('/') => encoded(folder),
        name => name.to_owned(),
    }
}

fn encoded(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}
