//! Indexes built with `CONCURRENTLY`: a build that fails leaves an invalid index behind, which
//! `IF NOT EXISTS` would then hide.
//!
//! See <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>.

use tokio_postgres::types::{ToSql, Type};

use super::sql;
use crate::postgres::Connection;

/// The index that a statement builds, as the statement writes its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewIndex {
    /// `None`: the server is to choose one.
    pub name: Option<String>,
    /// With its schema, where the statement gives one.
    pub table: String,
}

/// What is there under the name of a [`NewIndex`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Valid,
    /// With its full name, quoted.
    Invalid(String),
}

/// `CREATE [UNIQUE] INDEX CONCURRENTLY [IF NOT EXISTS] [name] ON [ONLY] table …`; `None` for any
/// other statement.
pub(super) fn new_index(statement: &str) -> Option<NewIndex> {
    let mut tokens = sql::tokens(statement).peekable();
    let mut next_is = |word: &str| tokens.next_if(|(token, _)| token.is_word(word)).is_some();
    if !next_is("create") {
        return None;
    }
    next_is("unique");
    if !(next_is("index") && next_is("concurrently")) {
        return None;
    }
    if next_is("if") {
        next_is("not");
        next_is("exists");
    }
    let mut name = None;
    if !next_is("on") {
        name = tokens.next().map(|(_, text)| text.to_owned());
        tokens.next_if(|(token, _)| token.is_word("on"))?;
    }
    tokens.next_if(|(token, _)| token.is_word("only"));
    let mut table = tokens.next()?.1.to_owned();
    while tokens.next_if(|(_, text)| *text == ".").is_some() {
        table.push('.');
        table.push_str(tokens.next()?.1);
    }
    Some(NewIndex { name, table })
}

/// Looks the index up in the schemas that the session searches. One that another session builds at
/// this moment is not its to judge.
pub(super) async fn look_up(
    connection: &Connection,
    index: &NewIndex,
) -> Result<Found, tokio_postgres::Error> {
    let question = "SELECT built.indisvalid, built.indexrelid::regclass::text
        FROM pg_catalog.pg_index AS built
        JOIN pg_catalog.pg_class AS class ON class.oid = built.indexrelid
       WHERE built.indrelid = to_regclass($1) AND class.relname = (parse_ident($2))[1]
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS progress
                          WHERE progress.index_relid = built.indexrelid)";
    let Some(name) = &index.name else {
        return Ok(Found::Nothing);
    };
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&index.table, Type::TEXT), (name, Type::TEXT)];
    let client = connection.client();
    Ok(match client.query_typed_opt(question, &parameters).await? {
        None => Found::Nothing,
        Some(row) if row.try_get(0)? => Found::Valid,
        Some(row) => Found::Invalid(row.try_get(1)?),
    })
}

/// Full names, quoted, of the invalid copies that a `REINDEX CONCURRENTLY` left that failed.
///
/// See <https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY>.
pub(super) async fn left_by_reindex(
    connection: &Connection,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let question = "SELECT copy.indexrelid::regclass::text
        FROM pg_catalog.pg_index AS copy
        JOIN pg_catalog.pg_class AS class ON class.oid = copy.indexrelid
       WHERE NOT copy.indisvalid AND class.relname ~ '_cc(new|old)[0-9]*$'
         AND class.relnamespace <> 'pg_toast'::regnamespace
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS progress
                          WHERE progress.index_relid = copy.indexrelid)";
    let rows = connection.client().query_typed(question, &[]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Drops what a failed build left, keeping nobody from the table.
pub(super) async fn drop(
    connection: &Connection,
    index: &str,
) -> Result<(), tokio_postgres::Error> {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
    connection.client().batch_execute(&sql).await
}
