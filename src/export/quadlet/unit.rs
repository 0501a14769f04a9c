//! The text of a unit (<https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html>).

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::export::files::{File, Files};
use crate::export::in_clear;

/// A unit while it is written.
pub struct Unit {
    text: String,
    /// Everything it says, as it is without quotes.
    values: Vec<String>,
}

impl Unit {
    #[must_use]
    pub fn new(description: &str) -> Self {
        let mut unit = Self {
            text: String::from("[Unit]\n"),
            values: Vec::new(),
        };
        unit.plain("Description", description);
        unit
    }

    pub fn section(&mut self, name: &str) {
        let _ = write!(self.text, "\n[{name}]\n");
    }

    /// A value that is read as it stands; a percent sign would be the begin of a specifier.
    pub fn plain(&mut self, key: &str, value: &str) {
        self.values.push(value.to_owned());
        let value = value.replace('%', "%%").replace('\n', " ");
        let _ = writeln!(self.text, "{key}={value}");
    }

    pub fn some(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.plain(key, value);
        }
    }

    /// One word of a command line.
    pub fn word(&mut self, key: &str, value: &str) {
        self.words(key, &[value.to_owned()]);
    }

    /// Several words.
    pub fn words(&mut self, key: &str, words: &[String]) {
        self.values.extend_from_slice(words);
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(self.text, "{key}={}", words.join(" "));
    }

    /// Several words as a JSON list, which is one word of a command line.
    pub fn list(&mut self, key: &str, words: &[String]) {
        self.values.extend_from_slice(words);
        let json = serde_json::to_string(words).unwrap_or_default();
        let json = json.replace('%', "%%").replace('$', "$$");
        let _ = writeln!(self.text, "{key}={json}");
    }

    #[must_use]
    pub fn text(self) -> String {
        self.text
    }

    /// The file of the unit; one with a secret in it is its owner's alone, which is said.
    #[must_use]
    pub fn file(self, path: String, files: &mut Files<'_>) -> File {
        let path = PathBuf::from(path);
        if !self.values.iter().any(|value| files.is_secret(value)) {
            return File::public(path, self.text);
        }
        files.diagnostics.push(in_clear(&path));
        File::private(path, self.text)
    }
}

/// Everything of a unit ends in a command of systemd, which looks for variables and specifiers.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '$' => quoted.push_str("$$"),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_unit_that_says_a_secret_in_whatever_quotes_is_its_owners_alone() {
        let secret = "plain\"$token%\n123";
        let is_secret = |text: &str| text.contains(secret);
        let mut files = Files::new(Path::new("/"), &is_secret);
        let written: [&dyn Fn(&mut Unit); 3] = [
            &|unit| unit.plain("Key", secret),
            &|unit| unit.word("Key", secret),
            &|unit| unit.list("Key", &[secret.to_owned()]),
        ];
        for write in written {
            let mut unit = Unit::new("one");
            write(&mut unit);
            assert!(unit.file("a.container".to_owned(), &mut files).is_private());
        }
        assert_eq!(files.diagnostics.len(), 3);
        let other = Unit::new("other").file("b.container".to_owned(), &mut files);
        assert!(!other.is_private());
    }
}
