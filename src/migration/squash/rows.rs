//! The rows and sequences that migrations left in a database: as `INSERT` and as hashes.

use std::collections::BTreeMap;

use tokio_postgres::{Error, SimpleQueryMessage};

use crate::postgres::Connection;
use crate::postgres::quote::{identifier, literal};

/// So that texts mean the same wherever they are read.
const SETTINGS: &str = "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';
    SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1;
    SET search_path = ''";

/// Rows in one `INSERT`.
const AT_ONCE: usize = 100;

const TABLES: &str = "SELECT class.oid::regclass::text,
           coalesce(string_agg(quote_ident(attribute.attname), ', ' ORDER BY attribute.attnum), '')
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_namespace AS tables ON tables.oid = class.relnamespace
      LEFT JOIN pg_catalog.pg_attribute AS attribute
             ON attribute.attrelid = class.oid AND attribute.attnum > 0
            AND NOT attribute.attisdropped AND attribute.attgenerated = ''
     WHERE class.relkind = 'r' AND class.relpersistence <> 't'
       AND tables.nspname NOT IN ('poststack', 'information_schema')
       AND tables.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend
                        WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = class.oid
                          AND deptype = 'e')
     GROUP BY class.oid, tables.nspname, class.relname ORDER BY tables.nspname, class.relname";

const SEQUENCES: &str = "SELECT class.oid::regclass::text, sequence.seqstart::text
      FROM pg_catalog.pg_sequence AS sequence
      JOIN pg_catalog.pg_class AS class ON class.oid = sequence.seqrelid
      JOIN pg_catalog.pg_namespace AS tables ON tables.oid = class.relnamespace
     WHERE tables.nspname NOT IN ('poststack', 'information_schema')
       AND tables.nspname NOT LIKE 'pg\\_%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend
                        WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = class.oid
                          AND deptype = 'e')
     ORDER BY tables.nspname, class.relname";

/// What the tables hold, as far as two databases can be told apart by it: table → number and hash
/// of its rows; sequence → its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State(pub BTreeMap<String, String>);

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// As SQL, with its schema.
    pub table: String,
    /// As SQL, in order.
    columns: String,
    rows: Vec<Vec<Option<String>>>,
}

impl TableRows {
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        if self.rows.len() != other.rows.len() {
            return vec![format!("{}: the number of rows", self.table)];
        }
        let is_same = |one: &Option<String>, other: &Option<String>| {
            let values = one.as_deref().zip(other.as_deref());
            one == other || values.is_some_and(|(a, b)| is_moment(a) && is_moment(b))
        };
        let columns = self.columns.split(", ").enumerate();
        let differs = |index: usize| {
            let mut rows = self.rows.iter().zip(&other.rows);
            rows.any(|(one, other)| {
                let values = one.get(index).zip(other.get(index));
                values.is_some_and(|(one, other)| !is_same(one, other))
            })
        };
        columns
            .filter(|(index, _)| differs(*index))
            .map(|(_, column)| format!("{}: column {column}", self.table))
            .collect()
    }

    /// The statements that bring the rows back.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let Self { table, columns, .. } = self;
        if columns.is_empty() {
            return vec![format!("INSERT INTO {table} DEFAULT VALUES"); self.rows.len()];
        }
        let value = |value: &Option<String>| {
            let value = value.as_deref();
            value.map_or_else(|| "NULL".to_owned(), literal)
        };
        let row = |row: &Vec<Option<String>>| {
            let values: Vec<String> = row.iter().map(value).collect();
            format!("    ({})", values.join(", "))
        };
        let portions = self.rows.chunks(AT_ONCE).map(|rows| {
            let rows: Vec<String> = rows.iter().map(row).collect();
            let rows = rows.join(",\n");
            format!("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES\n{rows}")
        });
        portions.collect()
    }
}

/// What two runs of the same files wrote differently, in words. Moments are: they are those of the
/// run that is kept.
pub(super) fn differences(one: &[TableRows], other: &[TableRows]) -> Vec<String> {
    let missing = |a: &[TableRows], b: &[TableRows]| {
        let is_missing = |table: &&TableRows| !b.iter().any(|found| found.table == table.table);
        let tables = a.iter().filter(is_missing);
        tables.map(|one| one.table.clone()).collect::<Vec<_>>()
    };
    let mut found = missing(one, other);
    found.extend(missing(other, one));
    for table in one {
        if let Some(again) = other.iter().find(|again| again.table == table.table) {
            found.extend(table.differences(again));
        }
    }
    found
}

/// `2026-01-02…`
fn is_moment(value: &str) -> bool {
    let mut parts = value.splitn(3, '-');
    let mut is_number = |length| {
        let part = parts.next().and_then(|part| part.get(..length));
        part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    is_number(4) && is_number(2) && is_number(2)
}

/// All rows of the user's tables, tables without any left out.
pub(super) async fn read(connection: &Connection) -> Result<Vec<TableRows>, Error> {
    let client = connection.client();
    client.batch_execute(SETTINGS).await?;
    let mut all = Vec::new();
    for table in texts(connection, TABLES).await? {
        let [Some(table), Some(columns)] = table.as_slice() else {
            continue;
        };
        // In the order in which they were written.
        let sql = format!("SELECT {columns} FROM ONLY {table} ORDER BY ctid");
        let rows = texts(connection, &sql).await?;
        if !rows.is_empty() {
            let (table, columns) = (table.clone(), columns.clone());
            all.push(TableRows {
                table,
                columns,
                rows,
            });
        }
    }
    Ok(all)
}

/// The statements that set the sequences, where they are not as they were made.
pub(super) async fn sequences(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut statements = Vec::new();
    for (sequence, start, last, called) in values(connection).await? {
        if called != "f" || last != start {
            let name = literal(&sequence);
            statements.push(format!(
                "SELECT pg_catalog.setval({name}, {last}, {})",
                called != "f"
            ));
        }
    }
    Ok(statements)
}

/// Name, start, last value, whether it was used.
async fn values(connection: &Connection) -> Result<Vec<(String, String, String, String)>, Error> {
    let mut all = Vec::new();
    for sequence in texts(connection, SEQUENCES).await? {
        let [Some(name), Some(start)] = sequence.as_slice() else {
            continue;
        };
        let sql = format!("SELECT last_value, is_called FROM {name}");
        if let Some([Some(last), Some(called)]) =
            texts(connection, &sql).await?.first().map(Vec::as_slice)
        {
            all.push((name.clone(), start.clone(), last.clone(), called.clone()));
        }
    }
    Ok(all)
}

/// What is in the database now.
pub(super) async fn state(connection: &Connection) -> Result<State, Error> {
    connection.client().batch_execute(SETTINGS).await?;
    let mut state = State::default();
    for table in texts(connection, TABLES).await? {
        let Some(Some(table)) = table.first() else {
            continue;
        };
        let row = identifier("row");
        let sql = format!(
            "SELECT count(*) || ' rows ' || coalesce(sum(pg_catalog.hashtextextended(
                 {row}::text, 0)::numeric), 0) FROM ONLY {table} AS {row}"
        );
        let rows = texts(connection, &sql).await?;
        let said = rows.into_iter().flatten().flatten().next();
        state.0.insert(table.clone(), said.unwrap_or_default());
    }
    for (sequence, _, last, called) in values(connection).await? {
        state
            .0
            .insert(sequence, format!("value {last}, used {called}"));
    }
    Ok(state)
}

/// Whether there are large objects, which belong to no table.
pub(super) async fn has_large_objects(connection: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)";
    connection.client().query_one(sql, &[]).await?.try_get(0)
}

/// The rows as the server words them.
async fn texts(connection: &Connection, sql: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
    let messages = connection.client().simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = 0..row.len();
            let column = |index| row.try_get(index).ok().flatten().map(str::to_owned);
            Some(columns.map(column).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
