//! An empty database that is like another one in everything but its contents.
//!
//! See <https://www.postgresql.org/docs/current/sql-createdatabase.html>.

use std::fmt::Write;

use tokio_postgres::Error;

use super::{DatabaseError, rows_about, run};
use crate::postgres::Connection;
use crate::postgres::quote::{identifier, literal};

/// What a database is made with.
struct Making {
    encoding: String,
    collation: String,
    character_type: String,
    owner: String,
    /// `c` libc, `i` ICU, `b` built in; servers before 15 do not say.
    provider: Option<String>,
    /// Of ICU or the server's own provider.
    locale: Option<String>,
    icu_rules: Option<String>,
    /// `None`: the one the server takes by itself, or one in which we may not create anything.
    tablespace: Option<String>,
    /// Whether the owner is who we are.
    is_ours: bool,
}

/// Makes a database without any object of its own. With `like` it takes encoding, collation,
/// tablespace and owner from that database, else what the server's `template1` gives it.
///
/// # Errors
/// [`DatabaseError::Exists`], [`DatabaseError::Missing`] for `like`, [`DatabaseError::Privilege`]
/// without `CREATEDB`, or another.
pub async fn create_empty(
    admin: &Connection,
    name: &str,
    like: Option<&str>,
) -> Result<(), DatabaseError> {
    let mut sql = format!("CREATE DATABASE {}", identifier(name));
    if let Some(like) = like {
        let making = read(admin, like)
            .await
            .map_err(DatabaseError::reading("the databases"))?
            .ok_or_else(|| DatabaseError::missing(like))?;
        sql.push_str(&making.clauses());
    }
    run(admin, "create", name, &sql).await
}

/// ` TABLESPACE t OWNER x` for a clone of `source`; neither where it comes by itself.
pub(super) async fn place_clauses(
    admin: &Connection,
    source: &str,
) -> Result<String, DatabaseError> {
    let making = read(admin, source)
        .await
        .map_err(DatabaseError::reading("the databases"))?
        .ok_or_else(|| DatabaseError::missing(source))?;
    Ok(making.place_clauses())
}

/// The columns of some majors only are read by name out of the whole row.
async fn read(admin: &Connection, name: &str) -> Result<Option<Making>, Error> {
    let sql = "SELECT pg_catalog.pg_encoding_to_char(encoding)::text,
            datcollate::text, datctype::text,
            pg_catalog.pg_get_userbyid(datdba)::text,
            whole ->> 'datlocprovider',
            coalesce(whole ->> 'datlocale', whole ->> 'daticulocale'),
            whole ->> 'daticurules',
            pg_catalog.pg_get_userbyid(datdba) = current_user,
            (SELECT spcname::text FROM pg_catalog.pg_tablespace AS t
              WHERE t.oid = dattablespace AND spcname <> 'pg_default'
                AND pg_catalog.has_tablespace_privilege(t.oid, 'CREATE'))
       FROM pg_catalog.pg_database AS d, pg_catalog.to_jsonb(d) AS whole
      WHERE datname = $1";
    let rows = rows_about(admin, sql, name).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Making {
        encoding: row.try_get(0)?,
        collation: row.try_get(1)?,
        character_type: row.try_get(2)?,
        owner: row.try_get(3)?,
        provider: row.try_get(4)?,
        locale: row.try_get(5)?,
        icu_rules: row.try_get(6)?,
        is_ours: row.try_get(7)?,
        tablespace: row.try_get(8)?,
    }))
}

impl Making {
    /// Only `template0` can be copied with another encoding or collation than its own.
    fn clauses(&self) -> String {
        let mut sql = format!(
            " TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            literal(&self.encoding),
            literal(&self.collation),
            literal(&self.character_type),
        );
        let locale = self.locale.as_deref().map(literal).unwrap_or_default();
        let _ = match self.provider.as_deref() {
            Some("i") => write!(sql, " LOCALE_PROVIDER icu ICU_LOCALE {locale}"),
            Some("b") => write!(sql, " LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale}"),
            Some("c") => write!(sql, " LOCALE_PROVIDER libc"),
            _ => Ok(()),
        };
        if let Some(rules) = &self.icu_rules {
            let _ = write!(sql, " ICU_RULES {}", literal(rules));
        }
        sql.push_str(&self.place_clauses());
        sql
    }

    fn place_clauses(&self) -> String {
        let mut sql = String::new();
        if let Some(tablespace) = &self.tablespace {
            let _ = write!(sql, " TABLESPACE {}", identifier(tablespace));
        }
        if !self.is_ours {
            let _ = write!(sql, " OWNER {}", identifier(&self.owner));
        }
        sql
    }
}
