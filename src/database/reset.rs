//! `db reset`: the database as the migrations make it, put in the place of the one that is there.
//!
//! The new one is complete before the old one is touched; then they change places in one
//! transaction. Whatever fails before leaves the old one as it was.

use std::time::Instant;

use serde::Serialize;

use super::Target;
use super::fresh::{Fresh, Recipe, discard, fresh};
use super::server::{self, Filled, alone, failure};
use crate::environment::Failure;
use crate::event::Seconds;
use crate::postgres::Connection;
use crate::postgres::databases::{self, copy_privileges, drop_database, rename, swap};

/// What a reset did.
#[derive(Debug, Clone, Serialize)]
pub struct Reset {
    /// The environment, or `host:port/database`.
    pub name: String,
    pub database: String,
    /// How many files the new database has.
    pub migrations: usize,
    /// Whether they had to be applied; else they were copied from the template.
    pub built: bool,
    pub seconds: Seconds,
}

/// What is lost by a reset.
///
/// # Errors
/// The database cannot be asked.
pub async fn loss(target: &Target, admin: &Connection) -> Result<Vec<Filled>, Failure> {
    server::filled(target, admin, &target.address.database).await
}

/// Replaces the database of the recipe's target. `force` ends the sessions of others.
///
/// # Errors
/// Others are connected, a file fails, or the server refuses; then the database is as before.
pub async fn reset(admin: &Connection, recipe: &Recipe<'_>, force: bool) -> Result<Reset, Failure> {
    let began = Instant::now();
    let database = &recipe.target.address.database;
    if !force {
        server::refuse_clients(admin, database).await?;
    }
    let Fresh {
        database: scratch,
        built,
    } = fresh(admin, recipe).await?;
    if let Err(failure) = put_in_place(admin, &scratch, database, force).await {
        discard(admin, &scratch).await;
        return Err(failure);
    }
    let folder = recipe.folder;
    Ok(Reset {
        name: recipe.target.name(),
        database: database.clone(),
        migrations: folder.migrations.len() + folder.repeatables.len(),
        built,
        seconds: Seconds(began.elapsed()),
    })
}

async fn put_in_place(
    admin: &Connection,
    scratch: &str,
    database: &str,
    force: bool,
) -> Result<(), Failure> {
    let there = databases::exists(admin, database).await;
    if !there.map_err(|error| failure(&error))? {
        let renamed = async {
            rename(admin, scratch, database).await?;
            databases::comment_on_database(admin, database, None).await
        };
        return renamed.await.map_err(|error| failure(&error));
    }
    // The settings it has already: they are part of what the migrations ran with.
    let copied = copy_privileges(admin, database, scratch).await;
    copied.map_err(|error| failure(&error))?;
    alone(admin, database, force, async || {
        swap(admin, database, scratch).await
    })
    .await?;
    // The scratch name is the old database's now.
    if let Err(error) = drop_database(admin, scratch, true).await {
        tracing::warn!("the replaced database stays as `{scratch}`: {error}");
    }
    Ok(())
}
