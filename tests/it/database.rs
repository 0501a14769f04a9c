//! The verbs of `db`, through the built program.

mod support;
mod target;
