//! What beside its files decides what is in a database that is made like another one.

use tokio_postgres::types::Type;

use super::DatabaseError;
use crate::postgres::Connection;

/// Who we are and whom that makes the owner of new objects, the settings of the server and of our
/// user, every column of `like` about its text and place, and the versions of extensions that the
/// server would install. One text for each, in an order that does not change.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn surroundings(admin: &Connection, like: &str) -> Result<Vec<String>, DatabaseError> {
    // Settings of databases are left to `settings`: this session is with another one.
    let sql = "SELECT said FROM (
        SELECT 1 AS part, session_user::text AS said
        UNION ALL
        SELECT 2, pg_catalog.format('%s %s', setrole = 0, setconfig)
          FROM pg_catalog.pg_db_role_setting AS s
         WHERE setdatabase = 0 AND (setrole = 0 OR setrole = session_user::regrole)
        UNION ALL
        SELECT 3, pg_catalog.format('%s=%s', name, setting) FROM pg_catalog.pg_settings
         WHERE source IN ('configuration file', 'command line', 'environment variable')
        UNION ALL
        SELECT 4, pg_catalog.format('%s=%s', key, value)
          FROM pg_catalog.pg_database AS d, pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(d))
         WHERE datname = $1 AND (key ~ '^dat(collate|ctype|locprovider|.*locale|icurules)$'
            OR key IN ('dattablespace', 'datcollversion'))
        UNION ALL
        SELECT 5, pg_catalog.format('%s %s', name, default_version)
          FROM pg_catalog.pg_available_extensions
     ) AS surroundings ORDER BY part, said";
    let asked = async {
        let client = admin.client();
        let rows = client.query_typed(sql, &[(&like, Type::TEXT)]).await?;
        rows.iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
    };
    asked
        .await
        .map_err(DatabaseError::reading("the settings of the server"))
}
