//! Two snapshots → what differs and is not explained.

use std::collections::BTreeSet;
use std::fmt;

use super::snapshot::{Flat, Snapshot, THERE};

/// A difference that is meant.
#[derive(Debug)]
pub struct Explained {
    /// `KIND/PATH` of the value; `*` stands for anything.
    pub at: &'static str,
    /// What the first side has; `*` stands for anything, [`ABSENT`] for nothing.
    pub first: &'static str,
    /// What poststack has there.
    pub ours: &'static str,
    pub why: &'static str,
}

/// There is no such value.
pub const ABSENT: &str = "(absent)";

#[derive(Debug)]
pub struct Difference {
    object: String,
    path: String,
    first: String,
    ours: String,
}

impl Difference {
    fn new(object: &str, path: &str, first: Option<String>, ours: Option<String>) -> Self {
        let value = |value: Option<String>| value.unwrap_or_else(|| ABSENT.to_owned());
        Self {
            object: object.to_owned(),
            path: path.to_owned(),
            first: value(first),
            ours: value(ours),
        }
    }

    /// `container redis-1`
    pub fn object(&self) -> &str {
        &self.object
    }
}

/// Without the object, so that the same difference of several objects is told once.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.object.split(' ').next().unwrap_or_default();
        let Self {
            path, first, ours, ..
        } = self;
        write!(f, "{kind}/{path}\n    first {first}\n    ours  {ours}")
    }
}

/// The differences that no entry of `list` explains, and the entries that were needed.
pub fn compare(
    first: &Snapshot,
    ours: &Snapshot,
    list: &[Explained],
) -> (Vec<Difference>, BTreeSet<usize>) {
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for difference in differences(first, ours) {
        let known = list.iter().position(|entry| entry.covers(&difference));
        match known {
            Some(index) => {
                used.insert(index);
            }
            None => left.push(difference),
        }
    }
    (left, used)
}

impl Explained {
    fn covers(&self, difference: &Difference) -> bool {
        let kind = difference.object.split(' ').next().unwrap_or_default();
        matches(self.at, &format!("{kind}/{}", difference.path))
            && matches(self.first, &difference.first)
            && matches(self.ours, &difference.ours)
    }
}

fn differences(first: &Snapshot, ours: &Snapshot) -> Vec<Difference> {
    let objects: BTreeSet<&String> = first.0.keys().chain(ours.0.keys()).collect();
    let mut found = Vec::new();
    for object in objects {
        let (one, two) = (first.0.get(object), ours.0.get(object));
        if let (Some(one), Some(two)) = (one, two) {
            of_object(object, one, two, &mut found);
        } else {
            let itself = |side: Option<&Flat>| side.map(|_| THERE.to_owned());
            let path = "itself";
            found.push(Difference::new(object, path, itself(one), itself(two)));
        }
    }
    found
}

fn of_object(object: &str, one: &Flat, two: &Flat, found: &mut Vec<Difference>) {
    let paths: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    // Where only one side has an object, what is in it goes without saying.
    let mut told = Vec::new();
    for path in paths {
        let (first, ours) = (one.get(path), two.get(path));
        if first == ours || told.iter().any(|start: &String| path.starts_with(start)) {
            continue;
        }
        if [first, ours].contains(&Some(&THERE.to_owned())) {
            told.push(format!("{path}/"));
        }
        found.push(Difference::new(object, path, first.cloned(), ours.cloned()));
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    rest.is_empty()
        || (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text) in [
        ("a/*/c", "a/b/c"),
        ("*", ""),
        ("a*", "a"),
        ("*c", "abc"),
        ("a*b*c", "axbyc"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a/*/c", "a/c"), ("a", "ab"), ("*c", "cb"), ("", "a")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
