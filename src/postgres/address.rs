//! Where a database is and how to log in. Knows nothing of sockets.

mod parse;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::parse::UrlError;
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
    /// Empty for none.
    pub password: Secret,
    pub tls: Tls,
    pub session: SessionOptions,
}

/// Whether and how a connection is encrypted. The default is libpq's, `prefer`.
///
/// See <https://www.postgresql.org/docs/current/libpq-ssl.html>.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    pub mode: TlsMode,
    pub root: RootCertificate,
    pub channel_binding: ChannelBinding,
}

/// As libpq's `sslmode`; a Unix socket is never encrypted, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS where the server offers it.
    #[default]
    Prefer,
    /// TLS with whoever answers; with a root certificate file the same as `VerifyCa`.
    Require,
    /// TLS with a server whose certificate a trusted root signed.
    VerifyCa,
    /// As `VerifyCa`, and the certificate is for the host's name.
    VerifyFull,
}

/// Who is trusted to sign a server's certificate, as libpq's `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RootCertificate {
    /// `~/.postgresql/root.crt` where it is, else the system's roots.
    #[default]
    Usual,
    /// The roots of the operating system.
    System,
    /// A PEM file with one or more certificates.
    File(PathBuf),
}

/// Whether a login by SCRAM is tied to the TLS channel, as libpq's `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelBinding {
    Disable,
    /// Where the server offers it.
    #[default]
    Prefer,
    Require,
}

/// What a session is told, and how long is waited for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionOptions {
    /// Shown in `pg_stat_activity`; `poststack` when nothing is said.
    pub application_name: Option<String>,
    /// Settings as on the server's command line, for instance `-c search_path=app`.
    pub options: Option<String>,
    /// For the login; a shorter one of the caller wins.
    pub connect_timeout: Option<Duration>,
}

impl Tls {
    /// No TLS: what our own containers take.
    #[must_use]
    pub fn off() -> Self {
        Self {
            mode: TlsMode::Disable,
            ..Self::default()
        }
    }
}

impl TlsMode {
    /// As `sslmode` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl ChannelBinding {
    /// As `channel_binding` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
        }
    }
}

impl Address {
    /// A database reached without TLS, as in our own containers.
    #[must_use]
    pub fn new(
        host: impl Into<String>,
        port: u16,
        database: impl Into<String>,
        user: impl Into<String>,
        password: Secret,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            database: database.into(),
            user: user.into(),
            password,
            tls: Tls::off(),
            session: SessionOptions::default(),
        }
    }

    /// Reads a connection URI as
    /// [libpq does](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS):
    /// `postgresql://user:password@host:port/database?parameter=value`, its parts percent-encoded.
    ///
    /// The port is 5432 and the database the user's name where the URI says nothing. Parameters:
    /// `sslmode`, `sslrootcert`, `channel_binding`, `connect_timeout` (seconds, 0 for none),
    /// `application_name`, `options`, `host`, `port`, `dbname`, `user`, `password`.
    ///
    /// # Errors
    /// A [`UrlError`], which never holds a part of the URI that may be the password.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        parse::parse(url)
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            ..self.clone()
        }
    }

    /// The same database; its sessions are shown as `name`.
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.session.application_name = Some(name.into());
        self
    }

    /// Whether the host is the folder of a Unix socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// `host:port/database`, for messages; the folder of a socket as it is.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_socket() {
            return write!(f, "{}:{}/{}", self.host, self.port, self.database);
        }
        write!(f, "{}:{}/{}", host(&self.host), self.port, self.database)
    }
}

/// The connection URI of `address`, its parts percent-encoded; [`Address::parse`] gives `address`
/// again.
///
/// See <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>.
#[must_use]
pub fn url(address: &Address) -> Secret {
    let password = match address.password.expose() {
        "" => String::new(),
        password => format!(":{}", encoded(password)),
    };
    let parameters: Vec<String> = parameters(address)
        .into_iter()
        .map(|(name, value)| format!("{name}={}", encoded(&value)))
        .collect();
    let separator = if parameters.is_empty() { "" } else { "?" };
    Secret::new(format!(
        "postgresql://{}{password}@{}:{}/{}{separator}{}",
        encoded(&address.user),
        host(&address.host),
        address.port,
        encoded(&address.database),
        parameters.join("&"),
    ))
}

/// What the URI says behind the `?`: everything a reader would not take by itself.
fn parameters(address: &Address) -> Vec<(&'static str, String)> {
    let (tls, session) = (&address.tls, &address.session);
    let root = match &tls.root {
        RootCertificate::Usual => None,
        RootCertificate::System => Some("system".to_owned()),
        RootCertificate::File(path) => Some(path.display().to_string()),
    };
    let mode = (tls.mode != TlsMode::default()).then(|| tls.mode.name().to_owned());
    let binding = (tls.channel_binding != ChannelBinding::default())
        .then(|| tls.channel_binding.name().to_owned());
    let timeout = session.connect_timeout.map(|t| t.as_secs().to_string());
    [
        ("sslmode", mode),
        ("sslrootcert", root),
        ("channel_binding", binding),
        ("connect_timeout", timeout),
        ("application_name", session.application_name.clone()),
        ("options", session.options.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// An IPv6 address stands in brackets; what else a host may not hold is encoded.
fn host(host: &str) -> String {
    match host {
        v6 if v6.contains(':') && !v6.starts_with('/') => format!("[{v6}]"),
        name => encoded(name),
    }
}

fn encoded(part: &str) -> String {
    utf8_percent_encode(part, RESERVED).to_string()
}
