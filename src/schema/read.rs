//! Reads the catalogue: one message there, rows of text back.
//!
//! A row is an object (`keys`, `kind`, `schema`, `table`, `name`, and its properties under their
//! words), or says something about the object with a key. A key is a letter for the system
//! catalogue and the OID; it lives only while rows are read.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::{SimpleColumn, SimpleQueryMessage, SimpleQueryRow};

use super::{Kind, Object, ObjectId, Property, Schema, name, queries};
use crate::postgres::{Connection, describe};

/// Why the catalogue could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("failed to read the catalogue: {}", describe(.0))]
    Query(#[from] tokio_postgres::Error),
    /// A column of our own queries that nobody knows.
    #[error("failed to read the catalogue: unexpected `{0}`")]
    Unexpected(String),
}

/// The user's objects in the database: not the system's, not those of extensions, not schema
/// `poststack`. Read in a transaction of its own: `connection` must not be inside one.
///
/// # Errors
/// A [`ReadError`].
pub async fn read(connection: &Connection) -> Result<Schema, ReadError> {
    let outcome = read_rows(connection).await;
    if outcome.is_err() {
        // The message stopped half-way, inside its transaction.
        let _ = connection.client().batch_execute("ROLLBACK").await;
    }
    outcome
}

async fn read_rows(connection: &Connection) -> Result<Schema, ReadError> {
    let major = connection.server_major();
    let message = queries::catalogue(major);
    let mut answers = pin!(connection.client().simple_query_raw(&message).await?);
    let mut reading = Reading::default();
    let mut slots = Vec::new();
    while let Some(answer) = answers.try_next().await? {
        match answer {
            SimpleQueryMessage::RowDescription(columns) => slots = read_slots(&columns)?,
            SimpleQueryMessage::Row(row) => reading.take(&Row::new(&slots, &row))?,
            _ => {}
        }
    }
    reading.schema.server_major = major;
    Ok(reading.finish())
}

/// What a column of a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Keys,
    Kind,
    Schema,
    Table,
    Name,
    CommentOf,
    PrivilegesOf,
    Text,
    Dependent,
    Needs,
    As,
    Property(Property),
}

fn read_slots(columns: &[SimpleColumn]) -> Result<Vec<Slot>, ReadError> {
    let slot = |column: &SimpleColumn| {
        Ok(match column.name() {
            "keys" => Slot::Keys,
            "kind" => Slot::Kind,
            "schema" => Slot::Schema,
            "table" => Slot::Table,
            "name" => Slot::Name,
            "comment_of" => Slot::CommentOf,
            "privileges_of" => Slot::PrivilegesOf,
            "text" => Slot::Text,
            "dependent" => Slot::Dependent,
            "needs" => Slot::Needs,
            "as" => Slot::As,
            other => {
                let property = Property::from_word(other);
                Slot::Property(property.ok_or_else(|| ReadError::Unexpected(other.to_owned()))?)
            }
        })
    };
    columns.iter().map(slot).collect()
}

/// One row with what its columns hold.
struct Row<'a> {
    slots: &'a [Slot],
    row: &'a SimpleQueryRow,
}

impl<'a> Row<'a> {
    fn new(slots: &'a [Slot], row: &'a SimpleQueryRow) -> Self {
        Self { slots, row }
    }

    fn values(&self) -> impl Iterator<Item = (Slot, &'a str)> {
        let row = self.row;
        let slots = self.slots.iter().enumerate();
        slots.filter_map(move |(index, slot)| Some((*slot, row.try_get(index).ok()??)))
    }

    fn get(&self, slot: Slot) -> Option<&'a str> {
        let mut values = self.values();
        values.find_map(|(other, value)| (other == slot).then_some(value))
    }
}

#[derive(Default)]
struct Reading {
    schema: Schema,
    by_key: HashMap<String, ObjectId>,
}

impl Reading {
    fn take(&mut self, row: &Row<'_>) -> Result<(), ReadError> {
        if row.slots.contains(&Slot::Kind) {
            return self.take_object(row);
        }
        let text = || row.get(Slot::Text).unwrap_or_default().to_owned();
        if let Some(object) = self.object(row.get(Slot::CommentOf)) {
            object.properties.insert(Property::Comment, text());
        } else if let Some(object) = self.object(row.get(Slot::PrivilegesOf)) {
            object.properties.insert(Property::Privileges, text());
        } else if let Some(needed) = row.get(Slot::Needs).and_then(|key| self.by_key.get(key)) {
            let needed = needed.clone();
            if let Some(object) = self.object(row.get(Slot::Dependent)) {
                object.tie(needed, row.get(Slot::As));
            }
        }
        Ok(())
    }

    fn object(&mut self, key: Option<&str>) -> Option<&mut Object> {
        let id = self.by_key.get(key?)?;
        self.schema.objects.get_mut(id)
    }

    fn take_object(&mut self, row: &Row<'_>) -> Result<(), ReadError> {
        let text = |slot| row.get(slot).unwrap_or_default();
        if text(Slot::Kind) == "not covered" {
            self.schema.not_covered.insert(text(Slot::Name).to_owned());
            return Ok(());
        }
        let kind = Kind::from_word(text(Slot::Kind))
            .ok_or_else(|| ReadError::Unexpected(text(Slot::Kind).to_owned()))?;
        let id = ObjectId::of_table(
            kind,
            text(Slot::Schema),
            text(Slot::Table),
            text(Slot::Name),
        );
        let mut object = Object::default();
        for (slot, value) in row.values() {
            if let Slot::Property(property) = slot {
                object.properties.insert(property, value.to_owned());
            }
        }
        if kind == Kind::Column {
            self.append_to_order(&id);
        }
        for key in text(Slot::Keys).split(' ') {
            self.by_key.insert(key.to_owned(), id.clone());
        }
        self.schema.objects.insert(id, object);
        Ok(())
    }

    /// Columns come in the order of their table.
    fn append_to_order(&mut self, column: &ObjectId) {
        let table = ObjectId::new(Kind::Table, &column.schema, &column.table);
        if let Some(table) = self.schema.objects.get_mut(&table) {
            let order = table.properties.entry(Property::ColumnOrder).or_default();
            if !order.is_empty() {
                order.push('\n');
            }
            order.push_str(&name::identifier(&column.name));
        }
    }

    fn finish(mut self) -> Schema {
        // Columns of views follow from the definition, unless something is said of them alone.
        let says_something = |id: &ObjectId, object: &Object| {
            id.kind != Kind::Column || !object.properties.is_empty()
        };
        self.schema
            .objects
            .retain(|id, object| says_something(id, object));
        let ids: BTreeSet<ObjectId> = self.schema.objects.keys().cloned().collect();
        for (id, object) in &mut self.schema.objects {
            let tables = object.needs.iter().flat_map(ObjectId::containers);
            let tables: Vec<ObjectId> = tables.filter(|table| ids.contains(table)).collect();
            object.needs.extend(tables);
            object
                .needs
                .retain(|needed| needed != id && ids.contains(needed));
        }
        self.schema
    }
}

impl Object {
    /// To an object it needs, or that it belongs to.
    fn tie(&mut self, other: ObjectId, role: Option<&str>) {
        let Some(role) = role else {
            self.needs.insert(other);
            return;
        };
        self.properties.insert(Property::OwnedBy, other.to_string());
        if role == "identity" {
            self.properties
                .insert(Property::OfIdentity, "true".to_owned());
        }
    }
}
