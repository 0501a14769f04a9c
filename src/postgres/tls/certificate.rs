//! The few fields of a server's certificate that rustls does not tell: its key, the hash it was
//! signed with, its common name. Reads DER ([X.690](https://www.itu.int/rec/T-REC-X.690)) without
//! judging it; whether a certificate is to be trusted is decided elsewhere.

use sha2::{Digest, Sha256, Sha384, Sha512};

const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]` before the serial number holds the version, `[3]` at the end the extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// A certificate as [RFC 5280 §4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1) lays it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    der: &'a [u8],
    /// Whole, with its header.
    pub public_key_info: &'a [u8],
    /// The object identifier's content.
    signature_algorithm: &'a [u8],
    pub common_name: Option<&'a str>,
    pub has_alternative_names: bool,
}

/// One element of DER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// Elements one after the other; ends at the first that is broken.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, after_tag) = self.0.split_first()?;
        let (&first, after_first) = after_tag.split_first()?;
        let (length, content) = match usize::from(first) {
            short @ 0..0x80 => (short, after_first),
            long => {
                let (digits, rest) = after_first.split_at_checked(long - 0x80)?;
                if digits.len() > size_of::<u32>() {
                    return None;
                }
                let length = digits
                    .iter()
                    .fold(0, |n, &digit| n << 8 | usize::from(digit));
                (length, rest)
            }
        };
        let (content, rest) = content.split_at_checked(length)?;
        let (whole, _) = self.0.split_at_checked(self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Element {
            tag,
            content,
            whole,
        })
    }
}

fn expect<'a>(elements: &mut Elements<'a>, tag: u8) -> Option<Element<'a>> {
    elements.next().filter(|element| element.tag == tag)
}

impl<'a> Certificate<'a> {
    /// `None` for what is no certificate.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Elements(expect(&mut Elements(der), SEQUENCE)?.content);
        let signed = expect(&mut outer, SEQUENCE)?;
        let algorithm = expect(&mut outer, SEQUENCE)?;
        let signature_algorithm = expect(&mut Elements(algorithm.content), OBJECT_ID)?.content;
        let mut fields = Elements(signed.content).peekable();
        fields.next_if(|field| field.tag == VERSION);
        fields.next().filter(|serial| serial.tag == INTEGER)?;
        // The algorithm once more, the issuer and the time of validity.
        let subject = fields.nth(3)?;
        let public_key_info = fields.next().filter(|info| info.tag == SEQUENCE)?.whole;
        let extensions = fields.find(|field| field.tag == EXTENSIONS);
        Some(Self {
            der,
            public_key_info,
            signature_algorithm,
            common_name: common_name(subject.content),
            has_alternative_names: extensions
                .is_some_and(|extensions| has_alternative_names(extensions.content)),
        })
    }

    /// The `tls-server-end-point` of
    /// [RFC 5929 §4.1](https://www.rfc-editor.org/rfc/rfc5929#section-4.1); `None` where the
    /// signature's hash is not defined.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        let hash = match self.signature_algorithm {
            // 1.2.840.113549.1.1: RSA with MD5 and SHA-1 count as SHA-256.
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, kind] => match kind {
                4 | 5 | 11 => Hash::Sha256,
                12 => Hash::Sha384,
                13 => Hash::Sha512,
                _ => return None,
            },
            // 1.2.840.10045.4.1: ECDSA with SHA-1.
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Hash::Sha256,
            // 1.2.840.10045.4.3: ECDSA with SHA-2.
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, kind] => match kind {
                2 => Hash::Sha256,
                3 => Hash::Sha384,
                4 => Hash::Sha512,
                _ => return None,
            },
            _ => return None,
        };
        Some(match hash {
            Hash::Sha256 => Sha256::digest(self.der).to_vec(),
            Hash::Sha384 => Sha384::digest(self.der).to_vec(),
            Hash::Sha512 => Sha512::digest(self.der).to_vec(),
        })
    }

    /// Whether the common name is `host`. It counts only in a certificate without alternative
    /// names, as for libpq; a leading `*.` stands for one label.
    pub fn is_named(&self, host: &str) -> bool {
        let Some(name) = self.common_name.filter(|_| !self.has_alternative_names) else {
            return false;
        };
        match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(label, rest)| {
                !label.is_empty() && rest.eq_ignore_ascii_case(domain)
            }),
            None => name.eq_ignore_ascii_case(host),
        }
    }
}

enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The last one: the most specific.
fn common_name(subject: &[u8]) -> Option<&str> {
    let sets = Elements(subject).filter(|element| element.tag == SET);
    let pairs = sets.flat_map(|set| Elements(set.content));
    let mut found = None;
    for pair in pairs {
        let mut parts = Elements(pair.content);
        if expect(&mut parts, OBJECT_ID).is_some_and(|id| id.content == COMMON_NAME) {
            found = parts
                .next()
                .and_then(|name| std::str::from_utf8(name.content).ok());
        }
    }
    found
}

fn has_alternative_names(extensions: &[u8]) -> bool {
    Elements(extensions)
        .flat_map(|list| Elements(list.content))
        .any(|extension| {
            expect(&mut Elements(extension.content), OBJECT_ID)
                .is_some_and(|id| id.content == ALTERNATIVE_NAMES)
        })
}
