//! One short text for a whole schema: equal where every object and every property is.

use std::fmt::Write;

use serde::Serialize;

use super::Schema;
use crate::plan::definition::sha256;

/// Lower-case hexadecimal SHA-256. Of databases of one major version of the server: another version
/// may word a definition in another way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fingerprint(pub String);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fingerprint of `schema`; the order in which things were made does not matter.
#[must_use]
pub fn fingerprint(schema: &Schema) -> Fingerprint {
    let mut text = String::new();
    for (id, object) in &schema.objects {
        add(&mut text, id.kind.word());
        for part in [&id.schema, &id.table, &id.name] {
            add(&mut text, part);
        }
        for (property, value) in &object.properties {
            add(&mut text, property.word());
            add(&mut text, value);
        }
        text.push('\n');
    }
    Fingerprint(sha256(&text))
}

/// With its length before it, so that no two lists of texts look alike.
fn add(text: &mut String, part: &str) {
    let _ = write!(text, "{}:{part}", part.len());
}
