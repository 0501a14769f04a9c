//! A database copied inside its server, with everything that belongs to it.
//!
//! `CREATE DATABASE … TEMPLATE` copies what is inside a database. Its settings (`ALTER DATABASE …
//! SET`) and its privileges are of the server, so they are copied here.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row};

use super::sessions::require_unused;
use super::{
    DatabaseError, ScratchOf, create, create_scratch, drop_database, exists, rename_with_comment,
    rows_about, size,
};
use crate::postgres::Connection;
use crate::postgres::quote::{identifier, literal};

/// From here on copying files beats writing every page to the log: of 1 GB it takes a quarter of the
/// time, of 30 MB in 1,000 tables half. An almost empty database is not worth the two checkpoints.
const FILE_COPY_FROM: u64 = 16 * 1024 * 1024;

/// Settings whose value the server keeps as a list of quoted names, ready to be written again; quoted
/// once more it would be one name.
const QUOTED_LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// How a clone is made, where the server can choose (15 and later; before it is always by files).
///
/// See <https://www.postgresql.org/docs/current/sql-createdatabase.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// By the size of the source.
    #[default]
    Fitting,
    /// Fast for large ones; the server makes two checkpoints.
    FileCopy,
    /// Through the write-ahead log: no checkpoints.
    WalLog,
}

/// Makes `name` as a copy of `source`: objects, rows, encoding, collation, owner, settings,
/// privileges; with `comment`, where there is one, from its first moment. It gets its name when it is complete: however this ends, there is no half a clone of
/// that name, and [`remove_stale_scratch`](super::remove_stale_scratch) finds what is left.
///
/// # Errors
/// [`DatabaseError::InUse`] when anybody is connected to `source`, [`DatabaseError::Missing`] for
/// it, [`DatabaseError::Exists`] for `name`, [`DatabaseError::Privilege`], or another.
pub async fn clone_as(
    admin: &Connection,
    source: &str,
    (name, comment): (&str, Option<&str>),
    strategy: Strategy,
) -> Result<(), DatabaseError> {
    if exists(admin, name).await? {
        return Err(DatabaseError::Exists {
            name: name.to_owned(),
        });
    }
    let scratch = create_scratch(admin, ScratchOf::Clone(source, strategy)).await?;
    let renamed = rename_with_comment(admin, &scratch, (name, comment)).await;
    if renamed.is_err() {
        discard(admin, &scratch).await;
    }
    renamed
}

/// As [`clone_as`], under its final name from the beginning.
pub(super) async fn copy(
    admin: &Connection,
    source: &str,
    name: &str,
    strategy: Strategy,
) -> Result<(), DatabaseError> {
    let place = create::place_clauses(admin, source).await?;
    require_unused(admin, "clone", source).await?;
    let sql = format!(
        "CREATE DATABASE {} TEMPLATE {}{}{place}",
        identifier(name),
        identifier(source),
        strategy_clause(admin, source, strategy).await,
    );
    if let Err(error) = admin.client().batch_execute(&sql).await {
        return Err(match error.code() {
            Some(code) if *code == SqlState::DUPLICATE_DATABASE => DatabaseError::Exists {
                name: name.to_owned(),
            },
            _ => DatabaseError::of(admin, "clone", source, error).await,
        });
    }
    let copied = async {
        copy_settings(admin, source, name).await?;
        copy_privileges(admin, source, name).await
    };
    if let Err(error) = copied.await {
        discard(admin, name).await;
        return Err(error);
    }
    Ok(())
}

/// Gives `name` the settings of `source`: `ALTER DATABASE … SET`, which is no part of what is inside.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn copy_settings(
    admin: &Connection,
    source: &str,
    name: &str,
) -> Result<(), DatabaseError> {
    let copied = async {
        let settings = read_settings(admin, source).await?;
        let sql: String = settings.iter().map(|one| one.statement(name)).collect();
        execute(admin, &sql).await
    };
    match copied.await {
        Ok(()) => Ok(()),
        Err(error) => Err(DatabaseError::of(admin, "clone the settings of", source, error).await),
    }
}

/// Gives `name` the privileges and the connection limit of `source`, which are no part of what is
/// inside either.
///
/// # Errors
/// A [`DatabaseError`].
pub async fn copy_privileges(
    admin: &Connection,
    source: &str,
    name: &str,
) -> Result<(), DatabaseError> {
    let copied = async {
        let sql = privileges(admin, source, name).await?;
        execute(admin, &sql).await
    };
    match copied.await {
        Ok(()) => Ok(()),
        Err(error) => Err(DatabaseError::of(admin, "clone the privileges of", source, error).await),
    }
}

/// What [`copy_settings`] would copy, one text for each: `role name=value`, the role empty for
/// everybody.
///
/// # Errors
/// A [`DatabaseError`] when the server cannot be asked.
pub async fn settings(admin: &Connection, source: &str) -> Result<Vec<String>, DatabaseError> {
    let settings = read_settings(admin, source).await;
    let settings = settings.map_err(DatabaseError::reading("the settings of a database"))?;
    let text = |one: &Setting| format!("{} {}", one.role.as_deref().unwrap_or(""), one.line);
    Ok(settings.iter().map(text).collect())
}

async fn execute(admin: &Connection, sql: &str) -> Result<(), Error> {
    match sql {
        "" => Ok(()),
        sql => admin.client().batch_execute(sql).await,
    }
}

async fn discard(admin: &Connection, name: &str) {
    if let Err(error) = drop_database(admin, name, false).await {
        tracing::debug!("a clone that failed stays until the next run: {error}");
    }
}

async fn strategy_clause(admin: &Connection, source: &str, strategy: Strategy) -> &'static str {
    if admin.server_major() < 15 {
        return "";
    }
    let by_files = match strategy {
        Strategy::FileCopy => true,
        Strategy::WalLog => false,
        // Whoever may not see the size may not copy it either, which the server will say.
        Strategy::Fitting => size(admin, source)
            .await
            .is_ok_and(|bytes| bytes >= FILE_COPY_FROM),
    };
    if by_files {
        " STRATEGY FILE_COPY"
    } else {
        " STRATEGY WAL_LOG"
    }
}

/// One line of `ALTER DATABASE … SET`, for everybody or for one role.
struct Setting {
    role: Option<String>,
    /// `name=value`
    line: String,
}

impl Setting {
    fn statement(&self, database: &str) -> String {
        let (name, value) = self.line.split_once('=').unwrap_or((&self.line, ""));
        // A name with a dot belongs to an extension; each part is quoted by itself.
        let parts: Vec<String> = name.split('.').map(identifier).collect();
        let value = match value {
            "" => "''".to_owned(),
            list if QUOTED_LISTS.contains(&name) => list.to_owned(),
            value => literal(value),
        };
        let database = identifier(database);
        let whose = match &self.role {
            Some(role) => format!("ROLE {} IN DATABASE {database}", identifier(role)),
            None => format!("DATABASE {database}"),
        };
        format!("ALTER {whose} SET {} TO {value};", parts.join("."))
    }
}

async fn read_settings(admin: &Connection, source: &str) -> Result<Vec<Setting>, Error> {
    let sql = "SELECT r.rolname::text, line
       FROM pg_catalog.pg_db_role_setting AS s
       JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
       LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
       CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS line
      WHERE d.datname = $1
      ORDER BY 1 NULLS FIRST, 2";
    let setting = |row: &Row| {
        Ok(Setting {
            role: row.try_get(0)?,
            line: row.try_get(1)?,
        })
    };
    let rows = rows_about(admin, sql, source).await?;
    rows.iter().map(setting).collect()
}

/// What makes limit and privileges of `name` those of `source`; nothing when nobody changed them.
async fn privileges(admin: &Connection, source: &str, name: &str) -> Result<String, Error> {
    let sql = "SELECT coalesce(r.rolname::text, ''), a.grantee = 0, a.privilege_type,
            a.is_grantable
       FROM pg_catalog.pg_database AS d
       CROSS JOIN LATERAL pg_catalog.aclexplode(d.datacl) AS a
       LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee
      WHERE d.datname = $1 AND (a.grantee = 0 OR r.oid IS NOT NULL) AND a.grantee <> d.datdba
      ORDER BY 2, 1, 3";
    let limit = "SELECT datconnlimit FROM pg_catalog.pg_database
      WHERE datname = $1 AND datconnlimit >= 0";
    let limit = rows_about(admin, limit, source).await?;
    let limit = limit.first().map(|row| row.try_get::<_, i32>(0));
    let limit = limit.transpose()?.map_or_else(String::new, |limit| {
        let database = identifier(name);
        format!("ALTER DATABASE {database} CONNECTION LIMIT {limit};")
    });
    let changed = "SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND datacl IS NOT NULL";
    if rows_about(admin, changed, source).await?.is_empty() {
        return Ok(limit);
    }
    let rows = rows_about(admin, sql, source).await?;
    let grants = rows.iter().map(|row| grant(row, name));
    let grants: String = grants.collect::<Result<_, _>>()?;
    let database = identifier(name);
    Ok(format!(
        "{limit}REVOKE ALL ON DATABASE {database} FROM PUBLIC;{grants}"
    ))
}

fn grant(row: &Row, name: &str) -> Result<String, Error> {
    let (role, is_public): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    let (privilege, is_grantable): (String, bool) = (row.try_get(2)?, row.try_get(3)?);
    let grantee = if is_public {
        "PUBLIC".to_owned()
    } else {
        identifier(&role)
    };
    let option = if is_grantable {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    let database = identifier(name);
    Ok(format!(
        "GRANT {privilege} ON DATABASE {database} TO {grantee}{option};"
    ))
}
