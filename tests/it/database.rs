//! The verbs of `db`, through the built program.

mod adopt;
mod author;
mod baseline;
mod containers;
mod look;
mod migrate;
mod repair;
mod rollback;
mod squash;
mod support;
mod target;
