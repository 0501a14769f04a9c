//! Logging in to the database that is meant, once.

use std::time::Duration;

use super::Target;
use crate::environment::{Failure, Kind};
use crate::postgres::{ConnectError, Connection, connect};

/// How long a login may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// One session with the database.
///
/// # Errors
/// [`Kind::Unreachable`], with how to start the database where it is the environment's own.
pub async fn login(target: &Target) -> Result<Connection, Failure> {
    target.has_started()?;
    let connected = connect(&target.address, TIMEOUT).await;
    connected.map_err(|error| unreachable(target, &error))
}

/// Why nobody could log in, and what to do next.
#[must_use]
pub fn unreachable(target: &Target, error: &ConnectError) -> Failure {
    let failure = Failure::new(Kind::Unreachable, sentence(&error.to_string()));
    // `invalid_catalog_name`
    if target.branch.is_some() && error.code() == Some("3D000") {
        let hint = "the branch that is used now is gone: poststack db switch --main";
        return failure.hint(hint);
    }
    let named = target
        .environment_name()
        .filter(|_| target.container().is_some());
    match (named, error.hint()) {
        (Some(name), _) => failure.hint(format!("start it: poststack env start {name}")),
        (None, Some(hint)) => failure.hint(hint),
        (None, None) => failure,
    }
}

/// `text` with its first letter in upper case.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
