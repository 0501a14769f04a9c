//! Names that cannot be wrong: they are checked once, where they enter.

use std::fmt;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty")]
    Empty,
    #[error("is longer than {max} characters")]
    TooLong { max: usize },
    #[error("holds `{0}`; use lower-case letters, digits, `_` and `-`")]
    Character(char),
    #[error("holds `{0}`; use letters, digits, `_`, `-`, `.` and `/`")]
    BranchCharacter(char),
    #[error("starts with `{0}`; start with a letter or a digit")]
    Start(char),
}

/// Longest project or environment name; together with a service name it must fit a DNS label.
pub const MAX_NAME: usize = 40;

fn check(text: &str) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if let Some(bad) = text
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
    {
        return Err(NameError::Character(bad));
    }
    if matches!(first, '_' | '-') {
        return Err(NameError::Start(first));
    }
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong { max: MAX_NAME });
    }
    Ok(())
}

/// The nearest valid name to `text`, for the hint of a message: lower case, bad characters as `-`.
#[must_use]
pub fn nearest(text: &str) -> String {
    let mapped: String = text
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_' | '-') => c,
            _ => '-',
        })
        .collect();
    let name: String = mapped
        .trim_matches(['-', '_'])
        .chars()
        .take(MAX_NAME)
        .collect();
    if name.is_empty() {
        "app".to_owned()
    } else {
        name
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// A [`NameError`] that reads after the name itself.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The nearest valid name to `text`.
            #[must_use]
            pub fn nearest(text: &str) -> Self {
                Self(nearest(text))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a project; the first part of every object name.
    ProjectName
);
name!(
    /// The name of an environment; the second part of every object name.
    EnvironmentName
);

/// Longest name of a database, in bytes.
///
/// See <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>.
const MAX_DATABASE: usize = 63;

/// The name of a branch of a database: what Git takes for one, as far as it reads well behind the
/// name of the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

impl BranchName {
    /// # Errors
    /// A [`NameError`] that reads after the name itself.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        let is_inner = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        match text.chars().find(|c| !is_inner(c)) {
            Some(bad) => return Err(NameError::BranchCharacter(bad)),
            None if text.len() > MAX_NAME => return Err(NameError::TooLong { max: MAX_NAME }),
            None => {}
        }
        match text.chars().next() {
            None => Err(NameError::Empty),
            Some(first) if !first.is_ascii_alphanumeric() => Err(NameError::Start(first)),
            Some(_) => Ok(Self(text)),
        }
    }

    /// The database of this branch of the database `main`.
    ///
    /// # Errors
    /// [`NameError::TooLong`]: PostgreSQL would cut it.
    pub fn database(&self, main: &str) -> Result<String, NameError> {
        let name = format!("{main}_{self}");
        if name.len() > MAX_DATABASE {
            let taken = main.len() + 1;
            return Err(NameError::TooLong {
                max: MAX_DATABASE.saturating_sub(taken),
            });
        }
        Ok(name)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_says_what_is_wrong_with_it() {
        assert_eq!(ProjectName::new(""), Err(NameError::Empty));
        assert_eq!(ProjectName::new("My"), Err(NameError::Character('M')));
        assert_eq!(ProjectName::new("-a"), Err(NameError::Start('-')));
        assert_eq!(
            ProjectName::new("a".repeat(41)),
            Err(NameError::TooLong { max: 40 })
        );
        assert!(EnvironmentName::new("dev_2-x").is_ok());
    }

    #[test]
    fn a_branch_may_be_called_as_in_git_as_far_as_a_database_may() {
        for name in ["feature/Login-2", "1.0_rc", &"a".repeat(40)] {
            assert!(BranchName::new(name).is_ok(), "{name}");
        }
        assert_eq!(BranchName::new("a b"), Err(NameError::BranchCharacter(' ')));
        assert_eq!(BranchName::new("ü"), Err(NameError::BranchCharacter('ü')));
        assert_eq!(BranchName::new("/a"), Err(NameError::Start('/')));
        assert_eq!(BranchName::new(""), Err(NameError::Empty));
        let branch = BranchName::new("x".repeat(10)).unwrap();
        let fitting = format!("{}_{branch}", "d".repeat(52));
        assert_eq!(branch.database(&"d".repeat(52)), Ok(fitting));
        assert_eq!(
            branch.database(&"d".repeat(53)),
            Err(NameError::TooLong { max: 9 })
        );
    }

    proptest! {
        #[test]
        fn the_nearest_name_is_always_a_name(text in ".*") {
            prop_assert_eq!(ProjectName::new(nearest(&text)), Ok(ProjectName::nearest(&text)));
        }
    }
}
