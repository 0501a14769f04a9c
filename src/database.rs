//! The verbs of `db`: which database is meant, and what is done with it.
//!
//! Each gives data that serializes; nothing here prints or asks. The SQL itself is in `postgres`,
//! `schema` and `migration`.

pub mod login;
pub mod shell;
pub mod target;
pub mod test_connection;

pub use login::login;
pub use target::{Target, Which, resolve};
