//! The verbs of `db`, through the built program.

mod look;
mod migrate;
mod rollback;
mod support;
mod target;
