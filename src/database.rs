//! The verbs of `db`: which database is meant, and what is done with it.
//!
//! Each gives data that serializes; nothing here prints or asks. The SQL itself is in `postgres`,
//! `schema` and `migration`.

pub mod adopt;
pub mod author;
pub mod baseline;
pub mod branch;
pub mod diff;
pub mod files;
pub mod fresh;
pub mod info;
pub mod lint;
pub mod login;
pub mod loss;
pub mod migrate;
pub mod query;
pub mod repair;
pub mod reset;
pub mod rollback;
mod same_server;
pub mod schemas;
pub mod seed;
pub mod server;
pub mod settle;
pub mod shell;
pub mod show_schema;
pub mod squash;
pub mod status;
pub mod switch;
pub mod target;
pub mod test_connection;
pub mod unlock;
pub mod validate_rollbacks;
pub mod verify;

pub use login::login;
pub use target::{Target, Which, resolve, resolve_files};
