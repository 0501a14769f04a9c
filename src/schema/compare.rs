//! What differs between two schemas, one entry per object.
//!
//! What follows from another difference is left out: the columns of a table that is gone, what a
//! partition has from its parent. Two schemas without a difference have the same fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Kind, Object, ObjectId, Property, Schema, name};

/// One object that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub object: ObjectId,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Removed,
    Changed(Vec<PropertyChange>),
}

/// `None` is the usual value, or that the property does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PropertyChange {
    pub property: Property,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Difference {
    /// Whether only the order of columns differs, which no rollback of a dropped column can restore.
    #[must_use]
    pub fn is_minor(&self) -> bool {
        match &self.change {
            Change::Changed(changes) => changes
                .iter()
                .all(|change| change.property == Property::ColumnOrder),
            Change::Added | Change::Removed => false,
        }
    }

    /// As a sentence about a rollback, with the schema before the migration as `before` and the one
    /// after its rollback as `after`.
    #[must_use]
    pub fn after_rollback(&self) -> String {
        let Self { object, change } = self;
        let what = format!("{} `{object}`", object.kind);
        match change {
            Change::Added => format!("{what} is left behind"),
            Change::Removed => format!("{what} is missing"),
            Change::Changed(changes) => format!("{what} is not as before: {}", list(changes)),
        }
    }
}

/// As a sentence about two states of one database.
impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { object, change } = self;
        write!(f, "{} `{object}` ", object.kind)?;
        match change {
            Change::Added => f.write_str("was added"),
            Change::Removed => f.write_str("was removed"),
            Change::Changed(changes) => write!(f, "was changed: {}", list(changes)),
        }
    }
}

fn list(changes: &[PropertyChange]) -> String {
    let texts: Vec<String> = changes.iter().map(PropertyChange::to_string).collect();
    texts.join("; ")
}

impl std::fmt::Display for PropertyChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let property = self.property.word().replace('_', " ");
        let is_short = |value: &&String| value.len() <= 60 && !value.contains('\n');
        let before = self.before.as_ref();
        let after = self.after.as_ref();
        match (before, after) {
            (Some(before), Some(after)) if self.property == Property::ColumnOrder => {
                let one_line = |order: &str| order.replace('\n', ", ");
                write!(
                    f,
                    "its columns stand in the order {}, before {}",
                    one_line(after),
                    one_line(before)
                )
            }
            (None, Some(after)) if after == "true" => write!(f, "{property} was set"),
            (Some(before), None) if before == "true" => write!(f, "{property} was taken away"),
            _ if !before.iter().chain(&after).all(is_short) => write!(f, "another {property}"),
            (Some(before), Some(after)) => write!(f, "{property} `{before}` → `{after}`"),
            (None, Some(after)) => write!(f, "{property} `{after}` was set"),
            (Some(before), None) => write!(f, "{property} `{before}` was taken away"),
            (None, None) => Ok(()),
        }
    }
}

/// What one would have to do to `before` to get `after`, by kind and name.
#[must_use]
pub fn compare(before: &Schema, after: &Schema) -> Vec<Difference> {
    let changes = all_changes(before, after);
    let explained = |id: &ObjectId, change: &Change| {
        let object = after.get(id).or_else(|| before.get(id));
        object.is_some_and(|object| {
            let causes = Causes {
                before,
                after,
                changes: &changes,
            };
            causes.container(id, object, change) || causes.parent(id, object, change)
        })
    };
    changes
        .iter()
        .filter(|(id, change)| !explained(id, change))
        .map(|(id, change)| Difference {
            object: (*id).clone(),
            change: change.clone(),
        })
        .collect()
}

type Changes<'a> = BTreeMap<&'a ObjectId, Change>;

fn all_changes<'a>(before: &'a Schema, after: &'a Schema) -> Changes<'a> {
    let ids: BTreeSet<&ObjectId> = before.objects.keys().chain(after.objects.keys()).collect();
    ids.into_iter()
        .filter_map(|id| {
            let change = match (before.get(id), after.get(id)) {
                (Some(before), Some(after)) => changed(before, after)?,
                (Some(_), None) => Change::Removed,
                (None, _) => Change::Added,
            };
            Some((id, change))
        })
        .collect()
}

fn changed(before: &Object, after: &Object) -> Option<Change> {
    if before.properties == after.properties {
        return None;
    }
    let properties: BTreeSet<Property> = before
        .properties
        .keys()
        .chain(after.properties.keys())
        .copied()
        .collect();
    let changes: Vec<PropertyChange> = properties
        .into_iter()
        .filter(|property| before.get(*property) != after.get(*property))
        .filter(|property| *property != Property::ColumnOrder || is_reordered(before, after))
        .map(|property| PropertyChange {
            property,
            before: before.get(property).map(str::to_owned),
            after: after.get(property).map(str::to_owned),
        })
        .collect();
    (!changes.is_empty()).then_some(Change::Changed(changes))
}

/// Whether the columns that both have stand in another order.
fn is_reordered(before: &Object, after: &Object) -> bool {
    let in_both = |one: &Object, other: &Object| -> Vec<String> {
        let others: BTreeSet<&str> = other.lines(Property::ColumnOrder).collect();
        let columns = one.lines(Property::ColumnOrder);
        columns
            .filter(|column| others.contains(column))
            .map(str::to_owned)
            .collect()
    };
    in_both(before, after) != in_both(after, before)
}

/// Differences that explain others.
struct Causes<'a> {
    before: &'a Schema,
    after: &'a Schema,
    changes: &'a Changes<'a>,
}

impl Causes<'_> {
    /// What belongs to a table comes and goes with it.
    fn container(&self, id: &ObjectId, object: &Object, change: &Change) -> bool {
        if matches!(change, Change::Changed(_)) {
            return false;
        }
        let is_same = |id: &ObjectId| self.changes.get(id) == Some(change);
        if id.containers().iter().any(is_same) {
            return true;
        }
        let Some([schema, table, column]) = owner_of_sequence(object) else {
            return false;
        };
        let column = ObjectId::of_table(Kind::Column, &schema, &table, &column);
        is_same(&ObjectId::new(Kind::Table, &schema, &table))
            || object.is(Property::OfIdentity) && self.changes.contains_key(&column)
    }

    /// What is inherited changes with where it is inherited from.
    fn parent(&self, id: &ObjectId, object: &Object, change: &Change) -> bool {
        let is_same = |id: &ObjectId| self.changes.get(id) == Some(change);
        if let Some(parent) = object.get(Property::AttachedTo) {
            let mut changed = self.changes.keys();
            return changed
                .any(|other| other.kind == id.kind && is_called(other, parent) && is_same(other));
        }
        if !object.is(Property::Inherited) {
            return false;
        }
        let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
        let versions = [self.before.get(&table), self.after.get(&table)];
        versions.into_iter().flatten().any(|table| {
            parents(table).any(|(schema, parent)| {
                is_same(&ObjectId::of_table(id.kind, &schema, &parent, &id.name))
            })
        })
    }
}

fn is_called(id: &ObjectId, qualified: &str) -> bool {
    name::split(qualified) == [id.schema.as_str(), id.name.as_str()]
}

/// Schema, table and column a sequence belongs to.
pub(super) fn owner_of_sequence(sequence: &Object) -> Option<[String; 3]> {
    name::split(sequence.get(Property::OwnedBy)?)
        .try_into()
        .ok()
}

/// Schema and name of each table that `table` inherits from or is a partition of.
pub(super) fn parents(table: &Object) -> impl Iterator<Item = (String, String)> {
    let parents = table
        .lines(Property::PartitionOf)
        .chain(table.lines(Property::Inherits));
    parents.filter_map(|parent| {
        let [schema, name] = name::split(parent).try_into().ok()?;
        Some((schema, name))
    })
}
