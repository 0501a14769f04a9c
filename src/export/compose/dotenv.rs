//! Values in the syntax of Compose's `.env`
//! (<https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax>).

use std::fmt::Write as _;

/// One line for each value, or more where it has line breaks.
pub fn write<'v>(values: impl Iterator<Item = (&'v str, &'v str)>) -> String {
    let mut text = String::from("# Secrets of compose.yml: readable for their owner alone.\n");
    for (name, value) in values {
        let _ = writeln!(text, "{name}={}", quoted(value));
    }
    text
}

/// In single quotes nothing has a meaning, but a single quote cannot stand in them.
fn quoted(value: &str) -> String {
    if !value.contains(['\'', '\r', '\\']) {
        return format!("'{value}'");
    }
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' | '$' => quoted.extend(['\\', character]),
            '\r' => quoted.push_str("\\r"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
