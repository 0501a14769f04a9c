//! Answers inside one JSON document that is written while they come:
//! `{"v": 1, "results": [{"columns": […], "rows": [{"name": value}], "tag": "SELECT 1"}],
//! "notices": […]}`. `COPY … TO STDOUT` gives `copied` in place of `columns` and `rows`, a query
//! refused on the way ends with `error`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::environment::Failure;
use crate::postgres::{Answer, Column};
use crate::ui::json;

/// A loop may raise any number; later ones are told beside the document alone.
const MOST_NOTICES: usize = 1_000;

/// Where the document is.
#[derive(Default)]
pub struct Document {
    has_begun: bool,
    results: usize,
    /// The result in hand.
    result: Open,
    notices: Vec<String>,
}

#[derive(Default)]
enum Open {
    #[default]
    None,
    Rows {
        columns: Vec<Column>,
        names: Vec<String>,
        rows: usize,
    },
    Copied,
}

impl Document {
    /// Whether any of it is written.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub fn show(&mut self, out: &mut impl Write, answer: &Answer<'_>) -> io::Result<()> {
        match answer {
            Answer::Columns(columns) => self.columns(out, columns),
            Answer::Row(row) => self.row(out, row),
            Answer::Copy(bytes) => self.copy(out, bytes),
            Answer::Complete { tag, .. } => self.complete(out, tag),
            Answer::Notice(notice) => {
                if self.notices.len() < MOST_NOTICES {
                    self.notices.push(notice.to_string());
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        write!(out, "{{\n  \"v\": 1,\n  \"results\": [")
    }

    fn begin_result(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        self.results += 1;
        let comma = if self.results > 1 { "," } else { "" };
        write!(out, "{comma}\n    {{")
    }

    fn columns(&mut self, out: &mut impl Write, columns: &[Column]) -> io::Result<()> {
        self.begin_result(out)?;
        let names = names(columns);
        write!(out, "\n      \"columns\": ")?;
        serde_json::to_writer(&mut *out, &names)?;
        write!(out, ",\n      \"rows\": [")?;
        self.result = Open::Rows {
            columns: columns.to_vec(),
            names,
            rows: 0,
        };
        Ok(())
    }

    fn row(&mut self, out: &mut impl Write, values: &[Option<Cow<'_, str>>]) -> io::Result<()> {
        let Open::Rows {
            columns,
            names,
            rows,
        } = &mut self.result
        else {
            return Ok(());
        };
        *rows += 1;
        let comma = if *rows > 1 { "," } else { "" };
        write!(out, "{comma}\n        ")?;
        let row = Row {
            names,
            columns,
            values,
        };
        serde_json::to_writer(&mut *out, &row)?;
        Ok(())
    }

    /// A piece is a line of text, or a part of something that is no text at all.
    fn copy(&mut self, out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        if !matches!(self.result, Open::Copied) {
            self.begin_result(out)?;
            write!(out, "\n      \"copied\": \"")?;
            self.result = Open::Copied;
        }
        let piece = serde_json::to_string(&String::from_utf8_lossy(bytes))?;
        let inside = piece.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        write!(out, "{}", inside.unwrap_or_default())
    }

    fn close(&mut self, out: &mut impl Write) -> io::Result<()> {
        match std::mem::take(&mut self.result) {
            Open::None => Ok(()),
            Open::Rows { rows: 0, .. } => write!(out, "]"),
            Open::Rows { .. } => write!(out, "\n      ]"),
            Open::Copied => write!(out, "\""),
        }
    }

    fn complete(&mut self, out: &mut impl Write, tag: &str) -> io::Result<()> {
        if matches!(self.result, Open::None) {
            self.columns(out, &[])?;
        }
        self.close(out)?;
        write!(out, ",\n      \"tag\": ")?;
        serde_json::to_writer(&mut *out, tag)?;
        write!(out, "\n    }}")
    }

    /// Ends the document; `failure` is what stopped it half-way.
    pub fn end(&mut self, out: &mut impl Write, failure: Option<&Failure>) -> io::Result<()> {
        self.begin(out)?;
        if !matches!(self.result, Open::None) {
            self.close(out)?;
            write!(out, "\n    }}")?;
        }
        let end = if self.results > 0 { "\n  ]" } else { "]" };
        write!(out, "{end},\n  \"notices\": ")?;
        serde_json::to_writer(&mut *out, &self.notices)?;
        if let Some(failure) = failure {
            write!(out, ",\n  \"error\": ")?;
            serde_json::to_writer(&mut *out, &json::failure(failure))?;
        }
        write!(out, "\n}}\n")
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
    values: &'a [Option<Cow<'a, str>>],
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
