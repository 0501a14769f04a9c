//! What ties objects together once they are there: partitions, heirs, indexes of partitions, sequences
//! of columns.

use super::super::compare::{owner_of_sequence, parents};
use super::super::name;
use super::{Context, Kind, Object, ObjectId, Property, Schema, Statement, is_foreign_key};

/// Whether the parents of a table have to be told of it. A new heir names them itself.
pub(super) fn is_due(context: &Context<'_>, id: &ObjectId) -> bool {
    let Some(table) = context.to.get(id) else {
        return false;
    };
    let tie = |table: &Object, property| table.get(property).map(str::to_owned);
    match context.from.get(id) {
        None => table.is(Property::PartitionOf),
        Some(before) => [
            Property::PartitionOf,
            Property::PartitionBound,
            Property::Inherits,
        ]
        .iter()
        .any(|property| tie(before, *property) != tie(table, *property)),
    }
}

/// Makes `id` the partition or the heir it is to be. What it no longer is was undone before.
pub(super) fn table(context: &Context<'_>, id: &ObjectId) -> Vec<Statement> {
    let Some(table) = context.to.get(id) else {
        return Vec::new();
    };
    let own = id.sql();
    if let Some(parent) = table.get(Property::PartitionOf) {
        let bound = table.get(Property::PartitionBound).unwrap_or_default();
        let sql = format!("ALTER TABLE ONLY {parent} ATTACH PARTITION {own} {bound}");
        return vec![Statement::new(id, sql)];
    }
    let before = context.from.get(id);
    let old = |parent: &&str| {
        before.is_some_and(|before| before.lines(Property::Inherits).any(|old| old == *parent))
    };
    table
        .lines(Property::Inherits)
        .filter(|parent| !old(parent))
        .map(|parent| Statement::new(id, format!("ALTER TABLE ONLY {own} INHERIT {parent}")))
        .collect()
}

/// Takes tables away from the parents they are to have no longer, with the schema after that.
pub(super) fn detach_all(from: &Schema, to: &Schema) -> (Vec<Statement>, Schema) {
    let mut rest = from.clone();
    let mut statements = Vec::new();
    for (id, before) in &from.objects {
        if id.kind != Kind::Table {
            continue;
        }
        let gone = Object::default();
        let after = match to.get(id) {
            Some(after) => after,
            None if is_referenced_through_parent(from, before) => &gone,
            None if is_bound_wanted(from, to, before) => &gone,
            None => continue,
        };
        let detaching = detach(id, before, after);
        if !detaching.is_empty() {
            forget_parents(&mut rest, from, to, id);
        }
        statements.extend(detaching);
    }
    (statements, rest)
}

fn detach(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let own = id.sql();
    let differs = |property| before.get(property) != after.get(property);
    if let Some(parent) = before.get(Property::PartitionOf)
        && (differs(Property::PartitionOf) || differs(Property::PartitionBound))
    {
        let sql = format!("ALTER TABLE {parent} DETACH PARTITION {own}");
        return vec![Statement::new(id, sql)];
    }
    let stays = |parent: &&str| {
        after
            .lines(Property::Inherits)
            .any(|other| other == *parent)
    };
    before
        .lines(Property::Inherits)
        .filter(|parent| !stays(parent))
        .map(|parent| Statement::new(id, format!("ALTER TABLE ONLY {own} NO INHERIT {parent}")))
        .collect()
}

/// Whether the parent gets another partition, which may take the rows of this one.
fn is_bound_wanted(from: &Schema, to: &Schema, table: &Object) -> bool {
    let bound = |table: &Object| {
        let tie = |property| table.get(property).map(str::to_owned);
        (tie(Property::PartitionOf), tie(Property::PartitionBound))
    };
    let parent = table.get(Property::PartitionOf);
    parent.is_some()
        && to.objects.iter().any(|(id, other)| {
            id.kind == Kind::Table
                && other.get(Property::PartitionOf) == parent
                && from
                    .get(id)
                    .is_none_or(|before| bound(before) != bound(other))
        })
}

/// Whether a foreign key to the partitioned table keeps the partition from being dropped.
fn is_referenced_through_parent(from: &Schema, table: &Object) -> bool {
    table.is(Property::PartitionOf)
        && parents(table).any(|(schema, parent)| {
            let parent = ObjectId::new(Kind::Table, &schema, &parent);
            let is_of_parent = |id: &ObjectId| {
                matches!(id.kind, Kind::Constraint | Kind::Index)
                    && id.schema == parent.schema
                    && id.table == parent.name
            };
            let mut objects = from.objects.values();
            objects.any(|object| object.needs.iter().any(is_of_parent))
                || from
                    .get(&parent)
                    .is_some_and(|table| is_referenced_through_parent(from, table))
        })
}

/// What a table had from its parents becomes its own.
fn forget_parents(rest: &mut Schema, from: &Schema, to: &Schema, id: &ObjectId) {
    for (key, key_object) in foreign_keys_of_parents(from, id) {
        let same = |other: &Object| {
            other.get(Property::Definition) == key_object.get(Property::Definition)
        };
        let own = to
            .parts(id, Kind::Constraint)
            .find(|(_, other)| same(other));
        let own = own.map_or_else(
            || ObjectId::of_table(key.kind, &id.schema, &id.name, &key.name),
            |(own, _)| own.clone(),
        );
        rest.objects.insert(own, key_object.clone());
    }
    let wanted = to.get(id).and_then(|table| table.get(Property::Inherits));
    let wanted: Vec<&str> = wanted.unwrap_or_default().lines().collect();
    for (part, object) in &mut rest.objects {
        let properties = &mut object.properties;
        if part == id {
            properties.remove(&Property::PartitionOf);
            properties.remove(&Property::PartitionBound);
            let inherits = properties.remove(&Property::Inherits).unwrap_or_default();
            let kept: Vec<&str> = inherits
                .lines()
                .filter(|parent| wanted.contains(parent))
                .collect();
            if !kept.is_empty() {
                properties.insert(Property::Inherits, kept.join("\n"));
            }
        } else if part.schema == id.schema && part.table == id.name {
            properties.remove(&Property::AttachedTo);
            properties.remove(&Property::Inherited);
        }
    }
}

/// A partition has copies of those, its parents' parents' too.
fn foreign_keys_of_parents<'a>(from: &'a Schema, id: &ObjectId) -> Vec<(&'a ObjectId, &'a Object)> {
    let Some(table) = from.get(id).filter(|table| table.is(Property::PartitionOf)) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    for (schema, parent) in parents(table) {
        let parent = ObjectId::new(Kind::Table, &schema, &parent);
        if let Some((parent, _)) = from.objects.get_key_value(&parent) {
            let constraints = from.parts(parent, Kind::Constraint);
            keys.extend(constraints.filter(|(_, constraint)| is_foreign_key(constraint)));
            keys.extend(foreign_keys_of_parents(from, parent));
        }
    }
    keys
}

/// Makes the index of a partition part of the partitioned table's. Where that was there before the
/// partition, the server did it.
pub(super) fn index(context: &Context<'_>, id: &ObjectId) -> Option<Statement> {
    let parent = context.to.get(id)?.get(Property::AttachedTo)?;
    let before = context.from.get(id);
    let is_attached = before.is_some_and(|before| before.is(Property::AttachedTo));
    let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
    let names = name::split(parent);
    let is_parent = |other: &ObjectId| {
        other.kind == id.kind && names == [other.schema.as_str(), other.name.as_str()]
    };
    if is_attached || is_due(context, &table) && context.from.objects.keys().any(is_parent) {
        return None;
    }
    let own = format!("{}.{}", name::identifier(&id.schema), id.sql_name());
    let sql = format!("ALTER INDEX {parent} ATTACH PARTITION {own}");
    Some(Statement::new(id, sql))
}

/// Whether a sequence has to be given to a column, or taken from it.
pub(super) fn is_given(context: &Context<'_>, id: &ObjectId) -> bool {
    let owner = |sequence: Option<&Object>| {
        let own = sequence.filter(|sequence| !sequence.is(Property::OfIdentity));
        own.and_then(owner_of_sequence)
    };
    let after = context.to.get(id);
    let is_own = after.is_some_and(|sequence| !sequence.is(Property::OfIdentity));
    is_own && owner(after) != owner(context.from.get(id))
}

/// Gives the sequence to its column.
pub(super) fn sequence(context: &Context<'_>, id: &ObjectId) -> Option<Statement> {
    let owner = context.to.get(id)?.get(Property::OwnedBy).unwrap_or("NONE");
    let sql = format!("ALTER SEQUENCE {} OWNED BY {owner}", id.sql());
    Some(Statement::new(id, sql))
}

/// The object of the same name that `id` has from a parent of its table.
pub(super) fn inherited_from<'a>(
    schema: &'a Schema,
    id: &ObjectId,
) -> Option<(&'a ObjectId, &'a Object)> {
    let table = schema.get(&ObjectId::new(Kind::Table, &id.schema, &id.table))?;
    parents(table).find_map(|(parent_schema, parent)| {
        let parent = ObjectId::of_table(id.kind, &parent_schema, &parent, &id.name);
        schema.objects.get_key_value(&parent)
    })
}

/// Whether the columns of `id`'s table are changed with the type the table is of.
pub(super) fn follows_type(from: &Schema, to: &Schema, id: &ObjectId) -> bool {
    let table = from.get(&ObjectId::new(Kind::Table, &id.schema, &id.table));
    let of = table
        .and_then(|table| table.get(Property::OfType))
        .map(name::split);
    let Some([schema, name]) = of.and_then(|of| <[String; 2]>::try_from(of).ok()) else {
        return false;
    };
    let of = ObjectId::new(Kind::Composite, &schema, &name);
    let attributes = |schema: &Schema| {
        let of = schema.get(&of)?;
        of.get(Property::Attributes).map(str::to_owned)
    };
    attributes(from) != attributes(to)
}
