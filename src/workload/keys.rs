//! The keys of one kind of mapping in a user's file: which are read, which are passed over with a
//! note, and which are refused and why. What is said of them is each reader's own.

/// A longer list of known names helps nobody.
pub(super) const MOST_LISTED: usize = 12;

/// A key with what is to be said of it.
type Told = (&'static str, &'static str);

pub(super) struct Keys {
    pub read: &'static [&'static str],
    /// Key → why leaving it out changes nothing that runs.
    pub ignored: &'static [Told],
    /// Key → why it cannot be had, or what to write instead; may be empty.
    pub refused: &'static [Told],
}

impl Keys {
    /// A mapping all of whose keys are read.
    pub const fn only(read: &'static [&'static str]) -> Self {
        Self {
            read,
            ignored: &[],
            refused: &[],
        }
    }

    /// Why the key is passed over, when it is.
    pub fn why_ignored(&self, key: &str) -> Option<&'static str> {
        lookup(self.ignored, key)
    }

    /// What is said of the key when it is refused.
    pub fn why_refused(&self, key: &str) -> Option<&'static str> {
        lookup(self.refused, key)
    }

    /// Every key that has a meaning, also those that are not read.
    pub fn known(&self) -> Vec<&'static str> {
        let others = self.ignored.iter().chain(self.refused);
        let others = others.map(|(key, _)| *key);
        self.read.iter().copied().chain(others).collect()
    }
}

fn lookup(list: &[Told], key: &str) -> Option<&'static str> {
    let found = list.iter().find(|(name, _)| *name == key);
    found.map(|(_, text)| *text)
}

/// Where a key stands, for a message that has named it: `` in `services.web` ``.
pub(super) fn within(path: &str) -> String {
    match path {
        "" => String::new(),
        path => format!(" in `{path}`"),
    }
}
