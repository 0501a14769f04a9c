//! The verbs of `db`, through the built program.

mod containers;
mod look;
mod migrate;
mod rollback;
mod support;
mod target;
