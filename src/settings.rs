//! Where values of the tool itself come from: flag, then `POSTSTACK_*`, then the file, then default.
//! Each value knows its origin.

use std::collections::BTreeMap;
use std::fmt;

use crate::names::EnvironmentName;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Argument,
    /// An environment variable.
    Variable(&'static str),
    /// `env switch`.
    Switched,
    /// `.poststack.yml`.
    File,
    /// The only environment there is.
    Only,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("the command line"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Switched => f.write_str("`env switch`"),
            Self::File => f.write_str("`environment:` in .poststack.yml"),
            Self::Only => f.write_str("the only environment there is"),
        }
    }
}

/// The variable that names the environment.
pub const ENVIRONMENT_VARIABLE: &str = "POSTSTACK_ENV";

/// What may name an environment, highest first.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentChoice<'a> {
    pub argument: Option<&'a str>,
    pub variable: Option<&'a str>,
    pub switched: Option<&'a EnvironmentName>,
    pub file: Option<&'a EnvironmentName>,
    pub known: Vec<&'a EnvironmentName>,
}

impl EnvironmentChoice<'_> {
    /// The name to use with its origin; `None` when nothing names one of several.
    #[must_use]
    pub fn choose(&self) -> Option<(String, Origin)> {
        let argument = self
            .argument
            .map(|name| (name.to_owned(), Origin::Argument));
        let variable = self
            .variable
            .filter(|name| !name.is_empty())
            .map(|name| (name.to_owned(), Origin::Variable(ENVIRONMENT_VARIABLE)));
        let switched = self
            .switched
            .map(|name| (name.to_string(), Origin::Switched));
        let file = self.file.map(|name| (name.to_string(), Origin::File));
        let only = match self.known.as_slice() {
            [one] => Some((one.to_string(), Origin::Only)),
            _ => None,
        };
        argument.or(variable).or(switched).or(file).or(only)
    }
}

/// The process environment as text; variables that are not UTF-8 are left out.
#[must_use]
pub fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_source_that_names_an_environment_wins() {
        let dev = EnvironmentName::new("dev").unwrap();
        let staging = EnvironmentName::new("staging").unwrap();
        let mut choice = EnvironmentChoice {
            known: vec![&dev, &staging],
            ..EnvironmentChoice::default()
        };
        assert_eq!(choice.choose(), None);
        choice.file = Some(&dev);
        assert_eq!(choice.choose(), Some(("dev".to_owned(), Origin::File)));
        choice.switched = Some(&staging);
        assert_eq!(choice.choose().unwrap().1, Origin::Switched);
        choice.variable = Some("");
        assert_eq!(choice.choose().unwrap().1, Origin::Switched);
        choice.variable = Some("x");
        assert_eq!(
            choice.choose().unwrap().1,
            Origin::Variable("POSTSTACK_ENV")
        );
        choice.argument = Some("y");
        assert_eq!(choice.choose().unwrap().0, "y");
    }
}
