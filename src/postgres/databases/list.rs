//! The databases of a server with what there is to say of each.

use tokio_postgres::{Error, Row};

use super::{DatabaseError, size_from};
use crate::postgres::Connection;

/// One database of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseInfo {
    pub name: String,
    pub owner: String,
    /// On the server's disk; `None` without `CONNECT` on it.
    pub size_bytes: Option<u64>,
    pub comment: Option<String>,
    pub is_template: bool,
    pub allows_connections: bool,
    /// For instance `UTF8`.
    pub encoding: String,
    /// For instance `en_US.utf8`.
    pub collation: String,
}

/// Every database of the server, sorted by name.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn list(admin: &Connection) -> Result<Vec<DatabaseInfo>, DatabaseError> {
    let sql = "SELECT datname::text,
            pg_catalog.pg_get_userbyid(datdba)::text,
            CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
                 THEN pg_catalog.pg_database_size(oid) END,
            pg_catalog.shobj_description(oid, 'pg_database'),
            datistemplate,
            datallowconn,
            pg_catalog.pg_encoding_to_char(encoding)::text,
            datcollate::text
       FROM pg_catalog.pg_database
      ORDER BY 1";
    let asked = async {
        let rows = admin.client().query_typed(sql, &[]).await?;
        rows.iter().map(info).collect::<Result<_, _>>()
    };
    asked.await.map_err(DatabaseError::reading("the databases"))
}

fn info(row: &Row) -> Result<DatabaseInfo, Error> {
    Ok(DatabaseInfo {
        name: row.try_get(0)?,
        owner: row.try_get(1)?,
        size_bytes: size_from(row.try_get(2)?),
        comment: row.try_get(3)?,
        is_template: row.try_get(4)?,
        allows_connections: row.try_get(5)?,
        encoding: row.try_get(6)?,
        collation: row.try_get(7)?,
    })
}
