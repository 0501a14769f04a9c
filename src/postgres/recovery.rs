//! What gives a database its password back when `.poststack/` was lost: a `psql` to run inside the
//! database's container, where the local socket needs no password, and the SQL to put on its
//! standard input.
//!
//! The password itself is in neither: the SQL holds its SCRAM verifier, so that no server log and
//! no statement statistics can keep it.

use postgres_protocol::password::scram_sha_256;

use super::quote::{identifier, literal};
use crate::secret::Secret;

/// The program and its arguments; it reads SQL from standard input and stops at the first error.
///
/// `role` is who logs in over the local socket: the `POSTGRES_USER` the volume was made with.
#[must_use]
pub fn psql_command(role: &str) -> Vec<String> {
    let fixed = ["psql", "--no-psqlrc", "--quiet", "--no-password"];
    let options = ["--set=ON_ERROR_STOP=1", "--dbname=postgres"];
    fixed
        .iter()
        .chain(&options)
        .map(|&argument| argument.to_owned())
        .chain([format!("--username={role}"), "--file=-".to_owned()])
        .collect()
}

/// SQL for [`psql_command`]: `user` can log in with `password` and `database` is there, as in a
/// fresh container of the official image. What exists is kept.
#[must_use]
pub fn sql(user: &str, password: &Secret, database: &str) -> Secret {
    let verifier = scram_sha_256(password.expose().as_bytes());
    let (user_text, database_text) = (literal(user), literal(database));
    Secret::new(format!(
        "SELECT pg_catalog.format('CREATE ROLE %I SUPERUSER', {user_text})\n\
         \x20 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {user_text})\n\
         \\gexec\n\
         ALTER ROLE {} WITH LOGIN PASSWORD {};\n\
         SELECT pg_catalog.format('CREATE DATABASE %I OWNER %I', {database_text}, {user_text})\n\
         \x20 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = {database_text})\n\
         \\gexec\n",
        identifier(user),
        literal(&verifier),
    ))
}
