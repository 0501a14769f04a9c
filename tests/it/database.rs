//! The verbs of `db`, through the built program.

mod branch;
mod diff;
mod fresh;
mod look;
mod migrate;
mod rehearse;
mod rollback;
mod support;
mod target;
