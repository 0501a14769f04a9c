//! What a server has beside its databases: roles, memberships, settings, subscriptions, replication
//! slots. A scratch database shares it with the real one.

use std::collections::BTreeMap;

use tokio_postgres::Error;

use super::{DatabaseError, rows_about};
use crate::postgres::Connection;

/// What the server shares at one moment: what it is called → a hash of what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared(BTreeMap<String, String>);

impl Shared {
    /// What is not as before any more, in words.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let gone = self
            .0
            .iter()
            .filter_map(|(name, said)| match now.0.get(name) {
                Some(now) if now == said => None,
                Some(_) => Some(format!("{name} was changed")),
                None => Some(format!("{name} is gone")),
            });
        let new = now.0.keys().filter(|name| !self.0.contains_key(*name));
        gone.chain(new.map(|name| format!("{name} is new")))
            .collect()
    }
}

/// Reads it, as far as our user may see it; without what belongs to databases of poststack's own.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn shared(admin: &Connection) -> Result<Shared, DatabaseError> {
    let read = read(admin).await;
    read.map_err(DatabaseError::reading(
        "the roles and settings of the server",
    ))
}

async fn read(admin: &Connection) -> Result<Shared, Error> {
    let may = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')";
    let may_see: bool = admin.client().query_typed_one(may, &[]).await?.try_get(0)?;
    // Only a superuser sees hashes of passwords.
    let roles = if may_see { "pg_authid" } else { "pg_roles" };
    let sql = format!(
        "SELECT name, pg_catalog.md5(said) FROM (
            SELECT pg_catalog.format('role `%s`', rolname) AS name, r::text AS said
              FROM pg_catalog.{roles} AS r
            UNION ALL
            SELECT pg_catalog.format('membership of `%s` in `%s`',
                   pg_catalog.pg_get_userbyid(member), pg_catalog.pg_get_userbyid(roleid)),
                   pg_catalog.string_agg(m::text, ' ' ORDER BY m::text)
              FROM pg_catalog.pg_auth_members AS m GROUP BY 1
            UNION ALL
            SELECT pg_catalog.format('the settings of %s', pg_catalog.concat_ws(' in ',
                   CASE WHEN s.setrole <> 0 THEN
                        pg_catalog.format('role `%s`', pg_catalog.pg_get_userbyid(s.setrole)) END,
                   CASE WHEN s.setdatabase <> 0 THEN
                        pg_catalog.format('database `%s`', d.datname) END)),
                   s.setconfig::text
              FROM pg_catalog.pg_db_role_setting AS s
              LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
             WHERE s.setdatabase = 0 OR d.datname !~ '^poststack_'
            UNION ALL
            SELECT pg_catalog.format('subscription `%s`', subname),
                   pg_catalog.concat(oid, subdbid, subowner, subenabled)
              FROM pg_catalog.pg_subscription
            UNION ALL
            SELECT pg_catalog.format('replication slot `%s`', slot_name), slot_type
              FROM pg_catalog.pg_replication_slots WHERE NOT temporary
         ) AS shared"
    );
    let rows = admin.client().query_typed(&sql, &[]).await?;
    let pairs = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(Shared(pairs.collect::<Result<_, Error>>()?))
}

/// The subscriptions and replication slots of one database, in words.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn replication(admin: &Connection, name: &str) -> Result<Vec<String>, DatabaseError> {
    let sql = "SELECT pg_catalog.format('subscription `%s`', subname)
       FROM pg_catalog.pg_subscription AS s
       JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid WHERE d.datname = $1
      UNION ALL
     SELECT pg_catalog.format('replication slot `%s`', slot_name)
       FROM pg_catalog.pg_replication_slots WHERE database = $1
      ORDER BY 1";
    let asked = async {
        let rows = rows_about(admin, sql, name).await?;
        rows.iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
    };
    asked
        .await
        .map_err(DatabaseError::reading("the replication of a database"))
}
