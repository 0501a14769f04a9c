//! `db reset`: the database as the migrations make it, put in the place of the one that is there.
//!
//! The new one is complete before the old one is touched; then they change places in one
//! transaction. Whatever fails before leaves the old one as it was.

use std::time::Instant;

use serde::Serialize;

use super::Target;
use super::fresh::{Fresh, Recipe, discard, fresh};
use super::seed::{Seeded, Seeds, seed};
use super::server::{self, Filled, alone, failure};
use crate::environment::{Failure, Kind};
use crate::event::Seconds;
use crate::postgres::Connection;
use crate::postgres::databases::{self, copy_privileges, drop_database, rename_with_comment, swap};

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
    /// Why the old database is still there, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    pub seconds: Seconds,
}

/// What is lost by a reset.
///
/// # Errors
/// The database cannot be asked.
pub async fn loss(target: &Target, admin: &Connection) -> Result<Vec<Filled>, Failure> {
    server::filled(target, admin, &target.address.database).await
}

/// Replaces the database of the recipe's target by one that has `seeds` already. `force` ends the
/// sessions of others.
///
/// # Errors
/// Others are connected, a file fails, or the server refuses; then the database is as before.
pub async fn reset(
    admin: &Connection,
    (recipe, seeds): (&Recipe<'_>, Option<&Seeds>),
    force: bool,
) -> Result<(Reset, Option<Seeded>), Failure> {
    let began = Instant::now();
    let database = &recipe.target.address.database;
    if !force {
        server::refuse_clients(admin, database).await?;
    }
    refuse_replicated(admin, database).await?;
    refuse_gone_branch(admin, recipe.target).await?;
    let Fresh {
        database: scratch,
        built,
    } = fresh(admin, recipe).await?;
    let placed = async {
        let seeded = match seeds {
            Some(seeds) => Some(fill(admin, recipe.target, (&scratch, seeds)).await?),
            None => None,
        };
        let left = put_in_place(admin, &scratch, database, force).await?;
        Ok((left, seeded))
    };
    let (left, seeded) = match placed.await {
        Ok(placed) => placed,
        Err(failure) => {
            discard(admin, &scratch).await;
            return Err(failure);
        }
    };
    let folder = recipe.folder;
    let done = Reset {
        name: recipe.target.name(),
        database: database.clone(),
        migrations: folder.migrations.len() + folder.repeatables.len(),
        built,
        left,
        seconds: Seconds(began.elapsed()),
    };
    Ok((done, seeded))
}

/// Runs `seeds` in the new database, which has its final name later.
async fn fill(
    admin: &Connection,
    target: &Target,
    (scratch, seeds): (&str, &Seeds),
) -> Result<Seeded, Failure> {
    let seeded = seed(target, scratch, seeds).await.map_err(|failure| {
        let message = format!("{}; the database is as it was", failure.message);
        failure.saying(message)
    })?;
    // Its session must be gone before the database can be renamed.
    let left = databases::lasting_clients(admin, scratch).await;
    left.map_err(|error| failure(&error))?;
    Ok(seeded)
}

/// A subscription or replication slot would stay with the old database, or go with it unseen.
async fn refuse_replicated(admin: &Connection, database: &str) -> Result<(), Failure> {
    let found = databases::replication(admin, database).await;
    let found = found.map_err(|error| failure(&error))?;
    if found.is_empty() {
        return Ok(());
    }
    let message = format!("Database `{database}` takes part in a replication");
    Err(Failure::new(Kind::Failed, message)
        .excerpt("It has:", found)
        .hint("drop these first, or reset a branch"))
}

/// What would be made in its place were no branch any more.
async fn refuse_gone_branch(admin: &Connection, target: &Target) -> Result<(), Failure> {
    let Some(branch) = &target.branch else {
        return Ok(());
    };
    let there = databases::exists(admin, &target.address.database).await;
    if there.map_err(|error| failure(&error))? {
        return Ok(());
    }
    let message = format!("The branch `{branch}` that is used now is gone");
    Err(Failure::new(Kind::Failed, message)
        .hint("use the environment's own database: poststack db switch --main")
        .hint(format!(
            "or make the branch again: poststack db branch {branch} --fresh"
        )))
}

/// Gives what is to be told of the old database when it is still there.
async fn put_in_place(
    admin: &Connection,
    scratch: &str,
    database: &str,
    force: bool,
) -> Result<Option<String>, Failure> {
    let there = databases::exists(admin, database).await;
    if !there.map_err(|error| failure(&error))? {
        let renamed = rename_with_comment(admin, scratch, (database, None)).await;
        return renamed.map(|()| None).map_err(|error| failure(&error));
    }
    // The settings it has already: they are part of what the migrations ran with.
    let copied = copy_privileges(admin, database, scratch).await;
    copied.map_err(|error| failure(&error))?;
    alone(admin, database, force, async || {
        swap(admin, database, scratch).await
    })
    .await?;
    // The scratch name is the old database's now.
    let dropped = drop_database(admin, scratch, true).await;
    Ok(dropped
        .err()
        .map(|error| format!("the old database stays as `{scratch}` until the next run: {error}")))
}
