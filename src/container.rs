//! The verbs of a project's own containers: a database and what stands in `containers/`, without an
//! environment of `.poststack.yml`; and whether containers keep what they promise.

pub mod verify;

pub mod build;
pub mod clean;
pub mod list;
mod ports;
pub mod project;
mod service;
pub mod start;
pub mod stop;
pub mod volume;

use crate::environment::Failure;
use crate::plan::identity::CONTAINERS;

pub use project::Containers;

/// A failure of the way up in the words of the container commands; `again` is the command itself.
fn reworded(mut failure: Failure, again: &str) -> Failure {
    let of = |verb: &str| format!("poststack env {verb} {}", CONTAINERS);
    for hint in &mut failure.hints {
        *hint = hint
            .replace(&of("logs"), "poststack container logs")
            .replace(&of("start"), again);
    }
    failure
}
