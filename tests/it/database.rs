//! The verbs of `db`, through the built program.

mod author;
mod repair;
mod support;
mod target;
