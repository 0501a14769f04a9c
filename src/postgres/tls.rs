//! TLS to a server: asking for it, the handshake, what a login can be bound to.
//!
//! See <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>.

mod certificate;
#[cfg(test)]
mod tests;
mod verify;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::certificate::Certificate;
use self::verify::Verifier;
use super::Address;

/// Length and code of an `SSLRequest`.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What a connection is encrypted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSession {
    /// For instance `TLSv1.3`.
    pub protocol: String,
    /// For instance `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the server does not offer TLS")]
    NotOffered,
    #[error("what answers the request for TLS is not PostgreSQL")]
    NotPostgres,
    #[error("failed to read the root certificates in `{}`: {reason}", .path.display())]
    RootFile { path: PathBuf, reason: String },
    #[error("{0} holds no root certificate")]
    NoRoots(String),
    #[error("the TLS handshake failed: {}", describe(.0))]
    Handshake(#[source] io::Error),
    #[error("the connection broke while TLS was asked for: {0}")]
    Broken(#[source] io::Error),
}

impl TlsError {
    /// What to do next, for the `hint:` line.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotOffered => {
                "set `ssl = on` at the server, or use `sslmode=prefer` or `sslmode=disable`"
            }
            Self::NotPostgres => "check host and port",
            Self::RootFile { .. } | Self::NoRoots(_) => {
                "name a PEM file with the root certificate: `sslrootcert=<file>`"
            }
            Self::Handshake(error) => return certificate_error(error).map(certificate_hint),
            Self::Broken(_) => return None,
        };
        Some(text.to_owned())
    }
}

fn certificate_error(error: &io::Error) -> Option<&CertificateError> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match inner {
        rustls::Error::InvalidCertificate(error) => Some(error),
        _ => None,
    }
}

fn describe(error: &io::Error) -> String {
    match certificate_error(error) {
        Some(CertificateError::UnknownIssuer) => {
            "no trusted root signed the server's certificate".to_owned()
        }
        Some(CertificateError::NotValidForNameContext {
            expected,
            presented,
        }) => {
            let expected = expected.to_str();
            match presented.as_slice() {
                [] => format!("the server's certificate is not for `{expected}`"),
                names => format!(
                    "the server's certificate is for {}, not for `{expected}`",
                    names.join(", ")
                ),
            }
        }
        Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired".to_owned()
        }
        Some(other) => format!("the server's certificate is not accepted: {other}"),
        None => error.to_string(),
    }
}

fn certificate_hint(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "name its root certificate with `sslrootcert=<file>`, or encrypt without verifying: \
             `sslmode=require`"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "connect by a name the certificate holds, or verify its root alone: \
             `sslmode=verify-ca`"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "give the server a new certificate"
        }
        _ => {
            "give the server a certificate of X.509 version 3 with its name as `subjectAltName`, \
             or encrypt without verifying: `sslmode=require`"
        }
    }
    .to_owned()
}

/// Whether the server at the other end of `socket` offers TLS; without it, it goes on in the clear.
pub(super) async fn is_offered(socket: &mut TcpStream) -> Result<bool, TlsError> {
    socket.write_all(&REQUEST).await.map_err(TlsError::Broken)?;
    let mut answer = [0];
    let read = socket.read_exact(&mut answer).await;
    read.map_err(TlsError::Broken)?;
    match answer {
        [b'S'] => Ok(true),
        [b'N'] => Ok(false),
        _ => Err(TlsError::NotPostgres),
    }
}

/// The handshake, after the server offered TLS.
pub(super) async fn shake_hands(
    socket: TcpStream,
    address: &Address,
) -> Result<TlsStream<TcpStream>, TlsError> {
    // Only a name or an address goes into the handshake; where neither is, no name is told.
    let name = ServerName::try_from(address.host.clone())
        .unwrap_or_else(|_| IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
    let connector = TlsConnector::from(Arc::new(configuration(address)?));
    let stream = connector.connect(name, socket).await;
    stream.map_err(TlsError::Handshake)
}

fn configuration(address: &Address) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(&address.tls, &address.host, Arc::clone(&provider))?;
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Handshake(io::Error::other(error)))?;
    Ok(versions
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

pub(super) fn session(stream: &TlsStream<TcpStream>) -> TlsSession {
    let (_, connection) = stream.get_ref();
    let protocol = connection.protocol_version();
    let cipher = connection.negotiated_cipher_suite();
    let text = |name: Option<&str>| name.unwrap_or("unknown").to_owned();
    TlsSession {
        protocol: text(protocol.as_ref().and_then(|version| version.as_str())).replace('_', "."),
        cipher: text(cipher.as_ref().and_then(|suite| suite.suite().as_str())),
    }
}

/// What SCRAM can bind a login to; nothing where the certificate's signature has no hash of its own.
pub(super) fn end_point(stream: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let (_, connection) = stream.get_ref();
    let shown = connection.peer_certificates()?.first()?;
    Certificate::read(shown)?.end_point()
}
