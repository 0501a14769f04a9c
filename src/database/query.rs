//! `db query SQL`: runs what the user wrote and gives what the server answers, whole.

use std::ops::ControlFlow;

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Target;
use super::login::{TIMEOUT, unreachable};
use crate::diagnostic::Diagnostic;
use crate::environment::{Failure, Kind};
use crate::migration::Script;
use crate::postgres::{Answer, Column, Query, QueryError, query};
use crate::text::{Source, SourceFile, Span};

/// What one statement gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultSet {
    /// Empty for a statement that gives no rows.
    pub columns: Vec<Column>,
    /// As `psql` shows the values; a null is `None`.
    pub rows: Vec<Vec<Option<String>>>,
    /// In the server's words, for instance `INSERT 0 3`.
    pub tag: String,
    /// What `COPY … TO STDOUT` gave.
    pub copied: String,
}

/// Everything the server answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Answered {
    pub results: Vec<ResultSet>,
    /// Notices and warnings.
    pub notices: Vec<String>,
}

/// `sql` as a text that messages can show a place of; `name` is what they call it.
#[must_use]
pub fn source(name: &str, sql: &str) -> Source {
    SourceFile::new(name, sql)
}

/// Runs `sql` as one message: several statements are one transaction, unless they say otherwise.
///
/// # Errors
/// No login, or the server's refusal at its place in the text.
pub async fn run(target: &Target, sql: &Source) -> Result<Answered, Failure> {
    target.has_started()?;
    let script = Script::parse(sql);
    let statements: Vec<Span> = script
        .iter()
        .flat_map(|script| script.statements.iter().map(|one| one.span))
        .collect();
    let wanted = Query {
        sql,
        statements: &statements,
        login_timeout: TIMEOUT,
    };
    let mut answered = Answered::default();
    let mut current = ResultSet::default();
    let outcome = query(&target.address, wanted, |answer| {
        match answer {
            Answer::Columns(columns) => current.columns = columns.to_vec(),
            Answer::Row(row) => {
                let row = row.iter().map(|value| value.as_deref().map(str::to_owned));
                current.rows.push(row.collect());
            }
            Answer::Copy(bytes) => current.copied.push_str(&String::from_utf8_lossy(bytes)),
            Answer::Complete { tag, .. } => {
                tag.clone_into(&mut current.tag);
                answered.results.push(std::mem::take(&mut current));
            }
            Answer::Notice(notice) => answered.notices.push(notice.to_string()),
        }
        ControlFlow::Continue(())
    });
    outcome.await.map_err(|error| failed(target, error))?;
    Ok(answered)
}

/// Why there is no whole answer.
pub(super) fn failed(target: &Target, error: QueryError) -> Failure {
    match error {
        QueryError::Connect(error) => unreachable(target, &error),
        QueryError::Failed(diagnostic) => refused(*diagnostic),
        QueryError::Lost { .. } => Failure::new(
            Kind::Unreachable,
            super::login::sentence(&error.to_string()),
        ),
    }
}

fn refused(diagnostic: Diagnostic) -> Failure {
    Failure {
        diagnostics: vec![diagnostic],
        ..Failure::new(Kind::Failed, "The server refused the SQL")
    }
}

/// `{"columns": […], "rows": [{"name": value}], "tag": "SELECT 1"}`: numbers, booleans and JSON are
/// values of JSON, everything else is text.
impl Serialize for ResultSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ResultSet", 4)?;
        let names = names(&self.columns);
        fields.serialize_field("tag", &self.tag)?;
        fields.serialize_field("columns", &names)?;
        let rows: Vec<Row<'_>> = { self.rows.iter() }
            .map(|values| Row {
                names: &names,
                columns: &self.columns,
                values,
            })
            .collect();
        fields.serialize_field("rows", &rows)?;
        if self.copied.is_empty() {
            fields.skip_field("copied")?;
        } else {
            fields.serialize_field("copied", &self.copied)?;
        }
        fields.end()
    }
}

/// Each column's name; of those with the same one, later ones get a number.
fn names(columns: &[Column]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let numbered = (2..).map(|number| format!("{}_{number}", column.name));
        let mut candidates = std::iter::once(column.name.clone()).chain(numbered);
        let free = candidates.find(|name| !names.contains(name));
        names.extend(free);
    }
    names
}

struct Row<'a> {
    names: &'a [String],
    columns: &'a [Column],
    values: &'a [Option<String>],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for ((name, column), value) in self.names.iter().zip(self.columns).zip(self.values) {
            map.serialize_entry(name, &as_json(column, value.as_deref()))?;
        }
        map.end()
    }
}

/// Numbers that JSON cannot hold exactly stay text.
fn as_json(column: &Column, value: Option<&str>) -> Value {
    let Some(text) = value else {
        return Value::Null;
    };
    let parsed = match column.type_name.as_deref() {
        Some("bool") => Some(Value::Bool(text == "t")),
        Some("int2" | "int4" | "int8" | "oid" | "float4" | "float8" | "json" | "jsonb") => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str) -> Column {
        Column {
            name: name.to_owned(),
            type_name: Some(type_name.to_owned()),
        }
    }

    #[test]
    fn values_are_those_of_json_where_json_has_them() {
        let cases = [
            ("int8", "9223372036854775807", "9223372036854775807"),
            ("float8", "-1.5e3", "-1500.0"),
            ("float8", "NaN", "\"NaN\""),
            ("numeric", "1.10", "\"1.10\""),
            ("bool", "f", "false"),
            ("jsonb", "{\"a\": [1]}", "{\"a\":[1]}"),
            ("text", "1", "\"1\""),
        ];
        for (type_name, text, json) in cases {
            let value = as_json(&column("a", type_name), Some(text));
            assert_eq!(value.to_string(), json, "{type_name}");
        }
        assert_eq!(as_json(&column("a", "int4"), None), Value::Null);
    }

    #[test]
    fn columns_of_one_name_are_numbered_apart() {
        let columns = ["a", "a_2", "a", "b", "a"].map(|name| column(name, "int4"));
        assert_eq!(names(&columns), ["a", "a_2", "a_3", "b", "a_4"]);
    }
}
