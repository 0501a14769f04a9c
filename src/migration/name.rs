//! File names of migrations: `NNN_name.sql`, `NNN_name.rollback.sql` and `R_name.sql`.

use std::cmp::Ordering;
use std::fmt;

/// A version of any number of digits; `1` and `001` are the same one.
#[derive(Debug, Clone)]
pub struct Version {
    written: String,
}

impl Version {
    /// `None` unless `text` is one digit or more and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Self {
            written: text.to_owned(),
        })
    }

    /// As it stands in the file name, leading zeros and all.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Numbers without leading zeros order by their length, then digit by digit.
    fn key(&self) -> (usize, &str) {
        let significant = self.written.trim_start_matches('0');
        (significant.len(), significant)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Version {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Which of the two ways a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Rollback,
}

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    /// `None`: a repeatable migration.
    pub version: Option<Version>,
    pub name: String,
    pub direction: Direction,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match self.direction {
            Direction::Up => "",
            Direction::Rollback => ".rollback",
        };
        match &self.version {
            Some(version) => write!(f, "{version}_{}{ending}.sql", self.name),
            None => write!(f, "R_{}{ending}.sql", self.name),
        }
    }
}

/// `None` when `file_name` is not that of a migration.
pub(super) fn parse(file_name: &str) -> Option<FileName> {
    let stem = file_name.strip_suffix(".sql")?;
    let (stem, direction) = match stem.strip_suffix(".rollback") {
        Some(stem) => (stem, Direction::Rollback),
        None => (stem, Direction::Up),
    };
    let (prefix, name) = stem.split_once('_')?;
    let version = Version::parse(prefix);
    let name = match version {
        Some(_) => name,
        // Flyway writes two underscores. What is repeated has no way back.
        None if prefix == "R" && direction == Direction::Up => {
            name.strip_prefix('_').unwrap_or(name)
        }
        None => return None,
    };
    // A dot in the name is another tool's ending, `.up.sql` or `.undo.sql`.
    if name.is_empty() || name.contains('.') {
        return None;
    }
    Some(FileName {
        version,
        name: name.to_owned(),
        direction,
    })
}
