//! SQL migrations: the files of a folder, the ledger in the database, what is pending, applying it.
//!
//! Reading files and deciding what is pending is pure ([`files`], [`pending`]); only [`apply`] and
//! the ledger talk to a server. A migration and its ledger row are one transaction, and the lock is
//! one of the session: a killed run leaves nothing to clean up.

pub mod files;
pub mod syntax;

mod apply;
mod failure;
mod inverse;
mod ledger;
mod lock;
mod name;
mod pending;
mod script;
mod sql;
#[cfg(test)]
mod tests;

pub use apply::{Applied, Event, Options, apply};
pub use failure::MigrationError;
pub use files::Migration;
pub use inverse::{Inverse, inverse};
pub use ledger::{LedgerEntry, read as read_ledger};
pub use lock::LockHolder;
pub use name::Version;
pub use pending::pending;
pub use script::Script;
pub use sql::Statement;
