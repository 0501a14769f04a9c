//! Whom we believe to be the server: whoever answers, or who has a certificate from a trusted root,
//! for the host's name if asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::TlsError;
use super::certificate::Certificate;
use crate::postgres::{RootCertificate, Tls, TlsMode};

/// Whose certificates are believed.
#[derive(Debug)]
enum Trust {
    Anyone,
    Roots {
        roots: RootCertStore,
        /// The certificates of the root file themselves: a server may show one of them, which is
        /// what a self-signed certificate comes to.
        pinned: Vec<CertificateDer<'static>>,
        /// The host, when the certificate must be for its name.
        host: Option<String>,
    },
}

#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// What `tls` asks of the certificate of `host`.
    pub fn new(tls: &Tls, host: &str, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let with_roots = |host: Option<&str>| -> Result<Trust, TlsError> {
            let pinned = certificates(&tls.root)?;
            let mut roots = RootCertStore::empty();
            let (added, _) = roots.add_parsable_certificates(pinned.iter().cloned());
            if added == 0 {
                return Err(TlsError::NoRoots(location(&tls.root)));
            }
            Ok(Trust::Roots {
                roots,
                pinned,
                host: host.map(str::to_owned),
            })
        };
        let trust = match (tls.mode, &tls.root) {
            (TlsMode::VerifyFull, _) => with_roots(Some(host))?,
            (TlsMode::VerifyCa, _) | (TlsMode::Require, RootCertificate::File(_)) => {
                with_roots(None)?
            }
            _ => Trust::Anyone,
        };
        Ok(Self { trust, provider })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Roots {
            roots,
            pinned,
            host,
        } = &self.trust
        else {
            return Ok(ServerCertVerified::assertion());
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if !pinned.iter().any(|known| known == end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        if let Some(host) = host {
            let by_common_name =
                Certificate::read(end_entity).is_some_and(|shown| shown.is_named(host));
            if !by_common_name {
                verify_server_name(&parsed, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    /// By the key alone: rustls would refuse a certificate of X.509 version 1, which is what the
    /// commands in PostgreSQL's manual make.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let shown = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(shown.public_key_info);
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

fn certificates(root: &RootCertificate) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    match root {
        RootCertificate::File(path) => read_file(path),
        RootCertificate::System => Ok(system()),
        RootCertificate::Usual => match usual_file() {
            Some(path) => read_file(&path),
            None => Ok(system()),
        },
    }
}

/// Faults of single files are of no interest where others give roots.
fn system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::debug!("a root certificate of the system was not read: {error}");
    }
    found.certs
}

fn usual_file() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let path = Path::new(&home).join(".postgresql/root.crt");
    path.is_file().then_some(path)
}

fn read_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| TlsError::RootFile {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })
}

fn location(root: &RootCertificate) -> String {
    match root {
        RootCertificate::File(path) => format!("`{}`", path.display()),
        RootCertificate::Usual | RootCertificate::System => "the system".to_owned(),
    }
}
