//! Reads a connection URI. What it says of a faulty one never holds a part that may be the
//! password: an unencoded `@`, `/` or `?` in a password makes the rest of it look like something else.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{Address, ChannelBinding, RootCertificate, SessionOptions, Tls, TlsMode};
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 5432;
const KNOWN: &str = "sslmode, sslrootcert, channel_binding, connect_timeout, application_name, \
                     options, host, port, dbname, user, password";

/// Why a text is not the URI of one database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("a database URL starts with `postgresql://` or `postgres://`")]
    Scheme,
    #[error("the user or the password in the database URL holds an `@` that is not encoded")]
    RawAt,
    #[error("the user or the password in the database URL holds a `/` or `?` that is not encoded")]
    RawSeparator,
    #[error("a `%` in the database URL is not followed by two hexadecimal digits")]
    Percent,
    #[error("the {0} in the database URL is not UTF-8 text without NUL once it is decoded")]
    NotText(&'static str),
    #[error("the database URL names several hosts; poststack uses one server")]
    SeveralHosts,
    #[error("the database URL names no host")]
    NoHost,
    #[error("the database URL names no user")]
    NoUser,
    #[error("the port in the database URL is not a number from 1 to 65535")]
    Port,
    #[error(
        "the IPv6 address in the database URL has no closing `]`, or something stands behind it"
    )]
    Brackets,
    #[error("a parameter in the database URL has no `=` or no name")]
    NotAParameter,
    #[error("the database URL has a parameter poststack does not take: `{0}`")]
    UnknownParameter(String),
    #[error("`{parameter}` in the database URL must be {allowed}")]
    Value {
        parameter: &'static str,
        allowed: &'static str,
    },
}

impl UrlError {
    /// How to write it right, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> String {
        let text = match self {
            Self::Scheme => "write `postgresql://user:password@host:5432/database`",
            Self::RawAt => "percent-encode `@` in the password as `%40`",
            Self::Percent => "percent-encode `%` in the password as `%25`",
            Self::NotText(_) => {
                "percent-encode the text's UTF-8 bytes, for instance `ü` as `%C3%BC`"
            }
            Self::SeveralHosts => "name the primary server alone",
            Self::NoHost => {
                "write `postgresql://user@localhost/database`, or for a Unix socket \
                 `postgresql://user@/database?host=/var/run/postgresql`"
            }
            Self::NoUser => "write `postgresql://user:password@host/database`",
            Self::RawSeparator | Self::Port | Self::NotAParameter => {
                "percent-encode in user and password: `/` as `%2F`, `:` as `%3A`, `?` as `%3F`, \
                 `@` as `%40`"
            }
            Self::Brackets => "write for instance `postgresql://user@[::1]:5432/database`",
            Self::UnknownParameter(_) => return format!("known are {KNOWN}"),
            Self::Value { parameter, .. } => {
                return format!("write `?{parameter}=…` as libpq's manual says");
            }
        };
        text.to_owned()
    }
}

/// The parts as they were written, decoded.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    tls_mode: Option<TlsMode>,
    tls: Tls,
    session: SessionOptions,
}

pub(super) fn parse(url: &str) -> Result<Address, UrlError> {
    let rest = ["postgresql://", "postgres://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or(UrlError::Scheme)?;
    let (before, query) = split(rest, '?');
    let (authority, path) = split(before, '/');
    // What stands behind the host has no use for one: the password was cut in two.
    if !authority.contains('@') && rest.contains('@') {
        return Err(UrlError::RawSeparator);
    }
    let mut parts = Parts::default();
    parts.read_authority(authority)?;
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        parts.database = Some(decoded(path, "database")?);
    }
    for parameter in query.into_iter().flat_map(|query| query.split('&')) {
        parts.read_parameter(parameter)?;
    }
    parts.finish()
}

impl Parts {
    /// `user:password@host:port`, each part optional.
    fn read_authority(&mut self, authority: &str) -> Result<(), UrlError> {
        let place = match authority.split_once('@') {
            Some((_, place)) if place.contains('@') => return Err(UrlError::RawAt),
            Some((credentials, place)) => {
                let (user, password) = split(credentials, ':');
                self.user = some_decoded(user, "user")?;
                self.password = password.map(|p| decoded(p, "password")).transpose()?;
                place
            }
            None => authority,
        };
        if place.contains(',') {
            return Err(UrlError::SeveralHosts);
        }
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, after) = v6.split_once(']').ok_or(UrlError::Brackets)?;
                match after.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if after.is_empty() => (host, None),
                    None => return Err(UrlError::Brackets),
                }
            }
            None => split(place, ':'),
        };
        self.host = some_decoded(host, "host")?;
        self.port = port.filter(|port| !port.is_empty()).map(str::to_owned);
        Ok(())
    }

    fn read_parameter(&mut self, parameter: &str) -> Result<(), UrlError> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let (name, value) = parameter
            .split_once('=')
            .filter(|(name, _)| is_name(name))
            .ok_or(UrlError::NotAParameter)?;
        let value = decoded(value, "parameter")?;
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(value),
            "dbname" => self.database = Some(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "sslmode" => self.tls_mode = Some(tls_mode(&value)?),
            "sslrootcert" => self.tls.root = root(value),
            "channel_binding" => self.tls.channel_binding = channel_binding(&value)?,
            "connect_timeout" => self.session.connect_timeout = seconds(&value)?,
            "application_name" => self.session.application_name = Some(value),
            "options" => self.session.options = Some(value),
            unknown => return Err(UrlError::UnknownParameter(unknown.to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Address, UrlError> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let host = some(self.host).ok_or(UrlError::NoHost)?;
        if host.contains(',') {
            return Err(UrlError::SeveralHosts);
        }
        let user = some(self.user).ok_or(UrlError::NoUser)?;
        let port = self.port.map(|text| port(&text)).transpose()?;
        let mode = match (&self.tls.root, self.tls_mode) {
            // As libpq: whoever trusts the system's many roots must look at the name.
            (RootCertificate::System, None | Some(TlsMode::VerifyFull)) => TlsMode::VerifyFull,
            (RootCertificate::System, Some(_)) => {
                return Err(UrlError::Value {
                    parameter: "sslmode",
                    allowed: "`verify-full` with `sslrootcert=system`",
                });
            }
            (_, mode) => mode.unwrap_or_default(),
        };
        Ok(Address {
            host,
            port: port.unwrap_or(DEFAULT_PORT),
            database: some(self.database).unwrap_or_else(|| user.clone()),
            user,
            password: Secret::new(self.password.unwrap_or_default()),
            tls: Tls { mode, ..self.tls },
            session: self.session,
        })
    }
}

fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn some_decoded(text: &str, part: &'static str) -> Result<Option<String>, UrlError> {
    match text {
        "" => Ok(None),
        text => decoded(text, part).map(Some),
    }
}

fn decoded(text: &str, part: &'static str) -> Result<String, UrlError> {
    let mut after_percent = text.split('%').skip(1);
    let is_encoded = |rest: &str| {
        let digits = rest.bytes().take(2);
        digits.filter(u8::is_ascii_hexdigit).count() == 2
    };
    if !after_percent.all(is_encoded) {
        return Err(UrlError::Percent);
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => Ok(decoded.into_owned()),
        _ => Err(UrlError::NotText(part)),
    }
}

fn port(text: &str) -> Result<u16, UrlError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or(UrlError::Port)
}

fn tls_mode(value: &str) -> Result<TlsMode, UrlError> {
    let modes = [
        TlsMode::Disable,
        TlsMode::Prefer,
        TlsMode::Require,
        TlsMode::VerifyCa,
        TlsMode::VerifyFull,
    ];
    let found = modes.into_iter().find(|mode| mode.name() == value);
    found.ok_or(UrlError::Value {
        parameter: "sslmode",
        allowed: "`disable`, `prefer`, `require`, `verify-ca` or `verify-full`",
    })
}

fn channel_binding(value: &str) -> Result<ChannelBinding, UrlError> {
    let all = [
        ChannelBinding::Disable,
        ChannelBinding::Prefer,
        ChannelBinding::Require,
    ];
    let found = all.into_iter().find(|binding| binding.name() == value);
    found.ok_or(UrlError::Value {
        parameter: "channel_binding",
        allowed: "`disable`, `prefer` or `require`",
    })
}

fn root(value: String) -> RootCertificate {
    match value.as_str() {
        "" => RootCertificate::Usual,
        "system" => RootCertificate::System,
        _ => RootCertificate::File(PathBuf::from(value)),
    }
}

/// Seconds; nothing for 0, which stands for "wait as long as it takes".
fn seconds(value: &str) -> Result<Option<Duration>, UrlError> {
    match value.parse::<u32>() {
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(Duration::from_secs(u64::from(seconds)))),
        Err(_) => Err(UrlError::Value {
            parameter: "connect_timeout",
            allowed: "a whole number of seconds",
        }),
    }
}
