//! The tables of a database as the server stores and locks them: files, rows, contents, and what
//! the transaction of our own session holds. Which of it is worth telling is for the caller.
//!
//! Tables of the system, of schema `poststack` and temporary ones are left out.

use std::collections::BTreeMap;
use std::fmt::Write;

use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row, SimpleQueryMessage};

use super::quote::identifier;
use super::{Connection, describe};

/// Tables asked about in one statement.
const AT_ONCE: usize = 200;

/// Why the server did not tell.
#[derive(Debug, thiserror::Error)]
#[error("failed to read {what}: {}", describe(.source))]
pub struct RelationError {
    what: &'static str,
    source: Error,
}

impl RelationError {
    fn reading(what: &'static str) -> impl FnOnce(Error) -> Self {
        move |source| Self { what, source }
    }
}

/// Identifies a table or index for as long as it lives, whatever it is called.
pub type Oid = u32;

/// What is stored in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    Table,
    /// Holds nothing itself; its partitions do.
    Partitioned,
    MaterializedView,
    View,
    /// An index of this table.
    Index(Oid),
    Sequence,
}

/// A table, index or the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub oid: Oid,
    pub kind: RelationKind,
    pub schema: String,
    pub name: String,
    /// Changes when the server writes all of it anew; `None` where nothing is stored.
    pub file: Option<Oid>,
    /// The planner's estimate; `None` when nobody has looked yet.
    pub estimated_rows: Option<u64>,
    /// Whether our user may read it.
    pub readable: bool,
    /// Names, sorted: what is the same after a column was dropped and made again.
    pub columns: Vec<String>,
}

impl Relation {
    /// `schema.name`, quoted where SQL needs it to be.
    #[must_use]
    pub fn sql_name(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.name))
    }

    /// `schema.name` for people.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Whether rows of its own are stored for it.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        matches!(
            self.kind,
            RelationKind::Table | RelationKind::MaterializedView
        )
    }
}

const RELATIONS: &str =
    "SELECT c.oid, c.relkind::text, i.indrelid, n.nspname::text, c.relname::text,
        pg_catalog.pg_relation_filenode(c.oid), c.reltuples::float8,
        c.relkind IN ('r', 'm') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
        CASE WHEN c.relkind IN ('r', 'm') THEN ARRAY(
            SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY 1) ELSE '{}' END
   FROM pg_catalog.pg_class AS c
   JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  WHERE c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I', 'S') AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'poststack')";

/// Every relation of the user's, by its identity.
///
/// # Errors
/// A [`RelationError`].
pub async fn relations(connection: &Connection) -> Result<BTreeMap<Oid, Relation>, RelationError> {
    let asked = async {
        let rows = connection.client().query_typed(RELATIONS, &[]).await?;
        let relations = rows.iter().map(relation);
        relations
            .map(|relation| relation.map(|relation| (relation.oid, relation)))
            .collect::<Result<_, Error>>()
    };
    asked.await.map_err(RelationError::reading("the tables"))
}

fn relation(row: &Row) -> Result<Relation, Error> {
    let kind: String = row.try_get(1)?;
    let table: Option<Oid> = row.try_get(2)?;
    let rows: f64 = row.try_get(6)?;
    Ok(Relation {
        oid: row.try_get(0)?,
        kind: match (kind.as_str(), table) {
            (_, Some(table)) => RelationKind::Index(table),
            ("p", _) => RelationKind::Partitioned,
            ("m", _) => RelationKind::MaterializedView,
            ("v", _) => RelationKind::View,
            ("S", _) => RelationKind::Sequence,
            _ => RelationKind::Table,
        },
        schema: row.try_get(3)?,
        name: row.try_get(4)?,
        file: row.try_get(5)?,
        estimated_rows: estimate(rows),
        readable: row.try_get(7)?,
        columns: row.try_get(8)?,
    })
}

/// The server keeps −1 (before 14: 0) where nobody has looked.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the server's estimate is a number of rows kept as a float"
)]
fn estimate(rows: f64) -> Option<u64> {
    (rows > 0.0).then_some(rows as u64)
}

/// Bytes on disk of tables and materialized views, with what is stored out of line. Of what is gone
/// there is none.
///
/// # Errors
/// A [`RelationError`].
pub async fn table_bytes(
    connection: &Connection,
    tables: &[Oid],
) -> Result<BTreeMap<Oid, u64>, RelationError> {
    let sql = "SELECT oid, pg_catalog.pg_table_size(oid) FROM pg_catalog.pg_class
      WHERE oid = ANY ($1) AND relkind IN ('r', 'm')";
    let asked = async {
        let client = connection.client();
        let rows = client
            .query_typed(sql, &[(&tables, Type::OID_ARRAY)])
            .await?;
        rows.iter()
            .map(|row| {
                let bytes: Option<i64> = row.try_get(1)?;
                let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
                Ok((row.try_get(0)?, bytes.unwrap_or_default()))
            })
            .collect::<Result<_, Error>>()
    };
    asked
        .await
        .map_err(RelationError::reading("the sizes of tables"))
}

/// How closely a table is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closeness {
    Count,
    /// With a hash over all rows, whatever their order.
    Contents,
}

/// What is in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub rows: u64,
    /// Equal for equal rows in equal columns, on servers of one major version.
    pub hash: Option<String>,
}

/// Counts the rows of tables, and hashes them where asked to, over `columns`.
///
/// # Errors
/// A [`RelationError`].
pub async fn contents(
    connection: &Connection,
    tables: &[(&Relation, Closeness)],
) -> Result<BTreeMap<Oid, Contents>, RelationError> {
    let mut found = BTreeMap::new();
    for some in tables.chunks(AT_ONCE) {
        let questions: Vec<String> = some
            .iter()
            .map(|(table, how)| question(table, *how))
            .collect();
        let sql = questions.join(" UNION ALL ");
        let answered = connection.client().simple_query(&sql).await;
        let answered = answered.map_err(RelationError::reading("the rows of tables"))?;
        for message in &answered {
            let SimpleQueryMessage::Row(row) = message else {
                continue;
            };
            let (Some(oid), Some(rows)) = (number(row.get(0)), number(row.get(1))) else {
                continue;
            };
            let hash = row.get(2).map(str::to_owned);
            found.insert(oid, Contents { rows, hash });
        }
    }
    Ok(found)
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// The text of a row hashes whatever its types are; some types have no hash function.
fn question(table: &Relation, how: Closeness) -> String {
    let mut sql = format!("SELECT {}, pg_catalog.count(*), ", table.oid);
    match how {
        Closeness::Count => sql.push_str("NULL::text"),
        Closeness::Contents => {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| format!("t.{}", identifier(column)))
                .collect();
            let _ = write!(
                sql,
                "coalesce(pg_catalog.sum(pg_catalog.hashtextextended(ROW({})::text, 0)::numeric), \
                 0)::text",
                columns.join(", ")
            );
        }
    }
    let _ = write!(sql, " FROM ONLY {} AS t", table.sql_name());
    sql
}

/// A lock mode of tables, the weakest first.
///
/// See <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl LockMode {
    const ALL: [(Self, &str, &str); 8] = [
        (Self::AccessShare, "AccessShareLock", "ACCESS SHARE"),
        (Self::RowShare, "RowShareLock", "ROW SHARE"),
        (Self::RowExclusive, "RowExclusiveLock", "ROW EXCLUSIVE"),
        (
            Self::ShareUpdateExclusive,
            "ShareUpdateExclusiveLock",
            "SHARE UPDATE EXCLUSIVE",
        ),
        (Self::Share, "ShareLock", "SHARE"),
        (
            Self::ShareRowExclusive,
            "ShareRowExclusiveLock",
            "SHARE ROW EXCLUSIVE",
        ),
        (Self::Exclusive, "ExclusiveLock", "EXCLUSIVE"),
        (
            Self::AccessExclusive,
            "AccessExclusiveLock",
            "ACCESS EXCLUSIVE",
        ),
    ];

    /// As `pg_locks` writes it.
    fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(mode, written, _)| (written == text).then_some(mode))
    }

    /// As `LOCK TABLE` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(mode, _, name)| (mode == self).then_some(name))
            .unwrap_or_default()
    }

    /// What others cannot do meanwhile.
    #[must_use]
    pub fn blocks(self) -> &'static str {
        match self {
            Self::AccessShare | Self::RowShare | Self::RowExclusive => {
                "blocks no reads and no writes"
            }
            Self::ShareUpdateExclusive => "blocks VACUUM and changes of the schema",
            Self::Share | Self::ShareRowExclusive => "blocks writes",
            Self::Exclusive => "blocks writes and SELECT … FOR UPDATE",
            Self::AccessExclusive => "blocks reads and writes",
        }
    }
}

/// The strongest lock our own transaction holds on each table and index.
///
/// # Errors
/// A [`RelationError`].
pub async fn held_locks(connection: &Connection) -> Result<BTreeMap<Oid, LockMode>, RelationError> {
    let sql = "SELECT relation, mode FROM pg_catalog.pg_locks
      WHERE locktype = 'relation' AND granted AND pid = pg_catalog.pg_backend_pid()
        AND database = (SELECT oid FROM pg_catalog.pg_database
                         WHERE datname = pg_catalog.current_database())";
    let asked = async {
        let mut locks = BTreeMap::new();
        for row in connection.client().query_typed(sql, &[]).await? {
            if let Some(mode) = LockMode::parse(row.try_get(1)?) {
                let strongest = locks.entry(row.try_get(0)?).or_insert(mode);
                *strongest = mode.max(*strongest);
            }
        }
        Ok(locks)
    };
    asked.await.map_err(RelationError::reading("our own locks"))
}

/// Which catalogues of the whole server our own transaction has written: roles, memberships,
/// settings, databases and what else no database has for itself. Their locks last until its end.
///
/// # Errors
/// A [`RelationError`] when the server cannot be asked.
pub async fn shared_writes(connection: &Connection) -> Result<Vec<String>, RelationError> {
    // Of their numbers, which never change, since `search_path` decides how names are read.
    let sql = "SELECT c.relname::text FROM pg_catalog.pg_locks AS l
       JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
      WHERE l.locktype = 'relation' AND l.granted AND l.pid = pg_catalog.pg_backend_pid()
        AND l.database = 0 AND l.mode <> 'AccessShareLock'
        AND l.relation IN (1213, 1260, 1261, 1262, 2396, 2964, 3592, 6100, 6243)
      ORDER BY 1";
    let asked = async {
        let rows = connection.client().query_typed(sql, &[]).await?;
        rows.iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
    };
    asked.await.map_err(RelationError::reading("our own locks"))
}
