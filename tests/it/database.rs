//! The verbs of `db`, through the built program.

mod branch;
mod diff;
mod fresh;
mod support;
mod target;
