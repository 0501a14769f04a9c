//! Certificates as openssl makes them, and what is none.

use proptest::prelude::*;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificate::Certificate;

/// `openssl req -new -x509 -subj /CN=db.example.org`, as in PostgreSQL's manual.
const MANUAL: &str = "\
-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIUDsEPbgR1/kWYBn+dyuHJDbg3628wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOZGIuZXhhbXBsZS5vcmcwHhcNMjYxMTIwMTQwMTQ0WhcNMzYx
MTE3MTQwMTQ0WjAZMRcwFQYDVQQDDA5kYi5leGFtcGxlLm9yZzBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABKfFSKeDuerRN6UwxHG+kp39/RZHpDHvLfROtH///Kec
QofC22bGDzNND0/kqZ5O7oMIl9mo7NhKjZbC+VJnqByjUzBRMB0GA1UdDgQWBBRQ
XBOb5Yf0vr+f2JsRBJkxqW+JAjAfBgNVHSMEGDAWgBRQXBOb5Yf0vr+f2JsRBJkx
qW+JAjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDcMdu83oOq
F4zBtlypULr7BjUMXY+ELUAKu9z3nuCzugIhAMbsA1VGawtsE/tQxah/MClCALeB
fYQLUHoHY9voJYHB
-----END CERTIFICATE-----
";

/// `openssl x509 -req -sha384`: version 1, `/O=x/CN=*.example.org`.
const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBQjCB6QIUKMVUDA5iSxJBb2QVZ6Kn1CmVUHQwCgYIKoZIzj0EAwMwJDEKMAgG
A1UECgwBeDEWMBQGA1UEAwwNKi5leGFtcGxlLm9yZzAeFw0yNjExMjAxNDAxNDRa
Fw0zNjExMTcxNDAxNDRaMCQxCjAIBgNVBAoMAXgxFjAUBgNVBAMMDSouZXhhbXBs
ZS5vcmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ/V8XiyS0CM6Q7yUNSAoov
sf+5+Cn9nDOm0nhbCZWKKtMlUUJF9Cwa6MONdIGhMNvVxqqTCihWtOgL00bE/g8d
MAoGCCqGSM49BAMDA0gAMEUCIEYnbuxqcgee4JBS1KH1o8DVcM2Yck2MKxeOAX9+
wMeeAiEA9cdDgMYCkWahd9F1QBjiCf+RvMuwWxXsmk0GsNdCBIk=
-----END CERTIFICATE-----
";

/// With `subjectAltName=DNS:other.example.org` beside the common name.
const NAMED: &str = "\
-----BEGIN CERTIFICATE-----
MIIBpTCCAUugAwIBAgIUYUydryJy9Zo6K9v5T9vkLiTmtIAwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOZGIuZXhhbXBsZS5vcmcwHhcNMjYxMTIwMTQwMTQ0WhcNMzYx
MTE3MTQwMTQ0WjAZMRcwFQYDVQQDDA5kYi5leGFtcGxlLm9yZzBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABAIU7QxdtkSNcTlixVkNFy5up9Br7i/8MHh6vo5XsQJJ
K8fCyltc7worKuYsKgyXx+KZy9yP0pWDa0KAUOOq0byjcTBvMB0GA1UdDgQWBBSd
g7k1QYYyRpRxSKhfGo+gKw93QTAfBgNVHSMEGDAWgBSdg7k1QYYyRpRxSKhfGo+g
Kw93QTAPBgNVHRMBAf8EBTADAQH/MBwGA1UdEQQVMBOCEW90aGVyLmV4YW1wbGUu
b3JnMAoGCCqGSM49BAMCA0gAMEUCICb8Z4KNLowh5qa3P9c+wvg87AiEoDJE50mL
rPrl8budAiEAxJ28rZzH4FemfRUF+a14oB+XkbyZee3/yYwCVtexsDg=
-----END CERTIFICATE-----
";

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_login_is_bound_to_the_hash_the_certificate_was_signed_with() {
    let end_point = |pem| hex(&Certificate::read(&der(pem)).unwrap().end_point().unwrap());
    assert_eq!(
        end_point(MANUAL),
        "0238eccdfce65d88a3123e989891c9b77f440e217e004e6c82dcfd5e54406fd6"
    );
    assert_eq!(
        end_point(VERSION_1),
        "0d87da519ba870f0781ee5a8f2dbf60c7e92644968dd9fa965b43316b6ba9d8d\
         82ad50520dad217a42654e48d5547264"
    );
}

#[test]
fn the_common_name_counts_where_there_is_no_other() {
    let is_named = |pem, host| Certificate::read(&der(pem)).unwrap().is_named(host);
    assert!(is_named(MANUAL, "DB.example.org"));
    assert!(!is_named(MANUAL, "x.db.example.org"));
    assert!(is_named(VERSION_1, "any.example.org"));
    assert!(!is_named(VERSION_1, "example.org"));
    assert!(!is_named(VERSION_1, "a.b.example.org"));
    assert!(!is_named(NAMED, "db.example.org"));
}

#[test]
fn the_key_is_told_for_every_version() {
    for pem in [MANUAL, VERSION_1, NAMED] {
        let der = der(pem);
        let key = Certificate::read(&der).unwrap().public_key_info;
        // A P-256 key with its header.
        assert_eq!(key.len(), 91);
    }
}

proptest! {
    #[test]
    fn a_broken_certificate_is_read_without_harm(at in 0..500_usize, byte in any::<u8>(), cut in 0..600_usize) {
        let mut bytes = der(NAMED).to_vec();
        bytes[at % 400] = byte;
        bytes.truncate(cut);
        if let Some(shown) = Certificate::read(&bytes) {
            let _ = shown.end_point();
            prop_assert!(!shown.is_named(""));
        }
    }
}
