//! The verbs of `db`, through the built program.

mod adopt;
mod author;
mod baseline;
mod branch;
mod containers;
mod diff;
mod fresh;
mod interrupted;
mod look;
mod migrate;
mod protected;
mod query;
mod rehearse;
mod repair;
mod rollback;
mod shell;
mod squash;
pub mod support;
mod target;
mod unlock;
