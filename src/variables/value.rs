//! A value and how much of it may be shown.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::evaluate::Evaluated;
use crate::diagnostic::Place;
use crate::secret::Secret;

/// What output shows in place of a secret.
pub const MASK: &str = "***";

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A resolved value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: Secret,
    /// The value as output may show it.
    pub shown: String,
    pub secret: bool,
    /// What was missing when it was made: a fault only where the value is used.
    pub missing: Vec<Missing>,
}

/// A variable that the text of another one refers to and that is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub name: String,
    /// Where the text refers to it.
    pub place: Option<Place>,
    /// The message of `${NAME:?message}`; nothing for a plain `${NAME}`.
    pub required: Option<String>,
}

impl Value {
    /// A value without secrets.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        let shown = text.into();
        Self {
            text: Secret::new(shown.clone()),
            shown,
            secret: false,
            missing: Vec::new(),
        }
    }

    /// A secret one; of a URL only the password is hidden.
    #[must_use]
    pub fn masked(text: Secret) -> Self {
        Self {
            shown: masked_url(text.expose()).unwrap_or_else(|| MASK.to_owned()),
            text,
            secret: true,
            missing: Vec::new(),
        }
    }

    /// A secret one of which nothing is shown.
    #[must_use]
    pub fn hidden(text: Secret) -> Self {
        Self {
            text,
            shown: MASK.to_owned(),
            secret: true,
            missing: Vec::new(),
        }
    }

    /// The value that the variable `name` gets from its text. It is secret when the name says so,
    /// when a secret went into it, or when it is a URL with a password.
    #[must_use]
    pub fn named(name: &str, result: Evaluated, missing: Vec<Missing>) -> Self {
        let url = masked_url(&result.shown);
        let by_name = is_secret_name(name);
        Self {
            secret: by_name || result.secret || url.is_some(),
            shown: match url {
                _ if by_name => MASK.to_owned(),
                Some(url) => url,
                None => result.shown,
            },
            text: Secret::new(result.text),
            missing,
        }
    }
}

/// Whether a variable of this name holds a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts = [
        "SECRET",
        "TOKEN",
        "PRIVATE",
        "CREDENTIAL",
        "APIKEY",
        "API_KEY",
    ];
    let endings = ["PASS", "PASSWORD", "PASSWD", "_KEY"];
    parts.iter().any(|part| name.contains(part))
        || endings.iter().any(|ending| name.ends_with(ending))
}

/// `scheme://user:***@rest` of a URL that holds a password, even one that was not percent-encoded;
/// `None` where there is nothing to hide.
#[must_use]
pub fn masked_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(authority_end)?;
    let (user_info, host, path) = match authority.rsplit_once('@') {
        Some((user_info, host)) => (user_info, host, path),
        None => rest.rsplit_once('@').map(|(user, host)| (user, host, ""))?,
    };
    let (user, password) = user_info.split_once(':')?;
    let port = password.split('/').next().unwrap_or_default();
    let is_port = !authority.contains('@') && port.parse::<u16>().is_ok();
    (is_scheme && !is_port && !password.is_empty())
        .then(|| format!("{scheme}://{user}:{MASK}@{host}{path}"))
}

/// `text` as a part of a URL.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Shortest secret that is looked for in output, in characters.
const SHORTEST_MASKED: usize = 4;

/// What to replace in output, longest first.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    replacements: Vec<(Secret, String)>,
}

impl Masks {
    #[must_use]
    pub fn new<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let mut replacements = Vec::new();
        for value in values.filter(|value| value.secret) {
            let text = value.text.expose();
            let word = matches!(text, "true" | "false" | "none" | "null" | "yes" | "auto");
            if word || text.chars().count() < SHORTEST_MASKED {
                continue;
            }
            let encoded = percent_encoded(text);
            if encoded != text {
                replacements.push((Secret::new(encoded), MASK.to_owned()));
            }
            replacements.push((value.text.clone(), value.shown.clone()));
        }
        let mut masks = Self { replacements };
        masks.put_in_order();
        masks
    }

    pub fn add(&mut self, others: Self) {
        self.replacements.extend(others.replacements);
        self.put_in_order();
    }

    /// The longest first: it may hold a shorter one.
    fn put_in_order(&mut self) {
        self.replacements.sort_by(|(a, _), (b, _)| {
            let length = |secret: &Secret| secret.expose().len();
            length(b).cmp(&length(a)).then_with(|| a.cmp(b))
        });
        self.replacements.dedup_by(|(a, _), (b, _)| a == b);
    }

    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (secret, replacement) in &self.replacements {
            if masked.contains(secret.expose()) {
                masked = masked.replace(secret.expose(), replacement);
            }
        }
        masked
    }
}
