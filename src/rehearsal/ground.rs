//! The scratch database a rehearsal is held in: a clone with all data where that is possible, else
//! the schema alone.

use super::error::{CONNECT, RehearsalError};
use super::{Options, Way};
use crate::postgres::databases::{
    self, DatabaseError, ScratchOf, Strategy, create_scratch, drop_database, remove_stale_scratch,
};
use crate::postgres::{Address, Connection, connect, describe};
use crate::schema::{self, Schema};
use crate::units;

/// How large a database may be to be cloned with its data. Nobody can log in to it meanwhile; of
/// this size that takes about a second.
pub const DEFAULT_CLONE_LIMIT: u64 = 1024 * 1024 * 1024;

/// The scratch database. Goes with [`Ground::clear`], or, after a crash, with the next rehearsal.
pub(super) struct Ground {
    admin: Connection,
    pub name: String,
    pub way: Way,
    /// Why it is not a clone.
    pub reason: Option<String>,
}

impl Ground {
    /// Makes the scratch database for `address`, whose schema is `schema`.
    pub async fn prepare(
        admin: Connection,
        address: &Address,
        schema: &Schema,
        options: &Options<'_>,
    ) -> Result<Self, RehearsalError> {
        match remove_stale_scratch(&admin).await {
            Ok(removed) => tracing::debug!("scratch databases of earlier runs: {removed:?}"),
            Err(error) => tracing::debug!("scratch databases of earlier runs stay: {error}"),
        }
        let reason = match in_the_way(&admin, &address.database, options.clone_limit).await? {
            None => match clone(&admin, &address.database).await? {
                Ok(name) => {
                    return Ok(Self {
                        admin,
                        name,
                        way: Way::Clone,
                        reason: None,
                    });
                }
                Err(reason) => reason,
            },
            Some(reason) => reason,
        };
        let name = create_scratch(&admin, ScratchOf::EmptyLike(&address.database)).await?;
        let ground = Self {
            admin,
            name,
            way: Way::Schema,
            reason: Some(reason),
        };
        match ground.fill(address, schema).await {
            Ok(()) => Ok(ground),
            Err(error) => {
                ground.clear().await;
                Err(error)
            }
        }
    }

    async fn fill(&self, address: &Address, schema: &Schema) -> Result<(), RehearsalError> {
        databases::copy_settings(&self.admin, &address.database, &self.name).await?;
        let scratch = connect(&address.with_database(&self.name), CONNECT).await?;
        let sql = schema::ddl(schema);
        let made = scratch.client().batch_execute(&sql).await;
        made.map_err(|error| RehearsalError::Schema {
            message: describe(&error),
        })
    }

    /// A session with the server, not with the scratch database.
    pub fn admin(&self) -> &Connection {
        &self.admin
    }

    /// Drops the scratch database. Best effort: the next rehearsal looks for it too.
    pub async fn clear(self) {
        if let Err(error) = drop_database(&self.admin, &self.name, true).await {
            tracing::warn!("the scratch database `{}` stays: {error}", self.name);
        }
    }
}

/// Why the database cannot be cloned; nothing when it can be tried.
async fn in_the_way(
    admin: &Connection,
    database: &str,
    limit: u64,
) -> Result<Option<String>, RehearsalError> {
    // Whoever may not see the size may not clone it either, which the server will say.
    if let Ok(size) = databases::size(admin, database).await
        && size > limit
    {
        return Ok(Some(format!(
            "the database has {}, more than the {} that are cloned",
            units::bytes_text(size),
            units::bytes_text(limit)
        )));
    }
    let clients = databases::lasting_clients(admin, database).await?;
    Ok(clients.first().map(|first| match clients.len() {
        1 => format!("another session is connected to the database: {first}"),
        count => format!("{count} other sessions are connected to the database, such as {first}"),
    }))
}

/// A clone, or why there can be none although nothing seemed in the way.
async fn clone(
    admin: &Connection,
    database: &str,
) -> Result<Result<String, String>, RehearsalError> {
    let of = ScratchOf::Clone(database, Strategy::Fitting);
    match create_scratch(admin, of).await {
        Ok(name) => Ok(Ok(name)),
        Err(error @ DatabaseError::InUse { .. }) => Ok(Err(error.to_string())),
        Err(
            error @ DatabaseError::Privilege {
                needs_createdb: false,
                ..
            },
        ) => Ok(Err(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
