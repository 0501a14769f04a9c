//! The verbs of `db`, through the built program.

mod adopt;
mod author;
mod baseline;
mod repair;
mod squash;
mod support;
mod target;
