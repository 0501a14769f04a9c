//! Columns: within `CREATE TABLE`, added, altered.

use super::super::compare::{owner_of_sequence, parents};
use super::{Context, Kind, Object, ObjectId, Property, Schema, Statement, attach, create, table};

/// As `CREATE TABLE` and `ADD COLUMN` write it.
pub(super) fn definition(schema: &Schema, id: &ObjectId, column: &Object) -> String {
    let kind = column.get(Property::Type).unwrap_or_default();
    let collation = column.get(Property::Collation);
    let collation = collation.map_or_else(String::new, |collation| format!(" COLLATE {collation}"));
    format!(
        "{} {kind}{collation}{}",
        id.sql_name(),
        constraints(schema, id, column)
    )
}

/// Of a table that has its columns from a type; `None` where there is nothing to add.
pub(super) fn definition_of_typed(
    schema: &Schema,
    id: &ObjectId,
    column: &Object,
) -> Option<String> {
    let constraints = constraints(schema, id, column);
    (!constraints.is_empty()).then(|| format!("{} WITH OPTIONS{constraints}", id.sql_name()))
}

fn constraints(schema: &Schema, id: &ObjectId, column: &Object) -> String {
    let mut text = String::new();
    if let Some(default) = column.get(Property::Default) {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(expression) = column.get(Property::Generated) {
        let storage = if column.is(Property::Virtual) {
            "VIRTUAL"
        } else {
            "STORED"
        };
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {storage}"));
    }
    if let Some(identity) = identity(schema, id, column) {
        text.push_str(&format!(" {identity}"));
    }
    if column.is(Property::NotNull) {
        text.push_str(" NOT NULL");
    }
    text
}

/// `None` also for partitions, which have it from the partitioned table (since version 17).
fn identity(schema: &Schema, id: &ObjectId, column: &Object) -> Option<String> {
    let how = column.get(Property::Identity)?;
    let (sequence_id, sequence) = identity_sequence(schema, id)?;
    Some(format!(
        "GENERATED {how} AS IDENTITY (SEQUENCE NAME {} {})",
        sequence_id.sql(),
        create::sequence_options(sequence)
    ))
}

fn identity_sequence<'a>(schema: &'a Schema, id: &ObjectId) -> Option<(&'a ObjectId, &'a Object)> {
    let owner = [id.schema.clone(), id.table.clone(), id.name.clone()];
    let first = ObjectId::new(Kind::Sequence, "", "");
    let mut sequences = schema
        .objects
        .range(first..)
        .take_while(|(id, _)| id.kind == Kind::Sequence);
    sequences.find(|(_, sequence)| {
        sequence.is(Property::OfIdentity)
            && sequence
                .get(Property::OwnedBy)
                .is_some_and(|owned| owned.contains(&id.table))
            && owner_of_sequence(sequence).as_ref() == Some(&owner)
    })
}

/// What `CREATE TABLE` leaves to say of a column.
pub(super) fn after_create(
    schema: &Schema,
    id: &ObjectId,
    column: &Object,
    table: &Object,
) -> Vec<Statement> {
    let inherited = column.is(Property::Inherited) && !table.is(Property::PartitionOf);
    let parent = attach::inherited_from(schema, id).filter(|_| inherited);
    match parent {
        Some((_, parent)) => {
            let mut statements = value_changes(id, parent, column);
            statements.extend(settings(schema, id, parent, column));
            statements
        }
        None => settings(schema, id, &Object::default(), column),
    }
}

/// Storage and statistics.
fn settings(schema: &Schema, id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let differs = |property| before.get(property) != after.get(property);
    let mut changes = Vec::new();
    if differs(Property::Storage) {
        let usual = if schema.server_major >= 16 {
            "DEFAULT"
        } else {
            "EXTENDED"
        };
        let storage = after.get(Property::Storage).unwrap_or(usual);
        changes.push(format!("SET STORAGE {storage}"));
    }
    if differs(Property::Compression) {
        let compression = after.get(Property::Compression).unwrap_or("default");
        changes.push(format!("SET COMPRESSION {compression}"));
    }
    if differs(Property::Statistics) {
        let target = after.get(Property::Statistics).unwrap_or("-1");
        changes.push(format!("SET STATISTICS {target}"));
    }
    changes.extend(table::option_changes(before, after));
    changes
        .into_iter()
        .map(|change| alter_only(id, &change))
        .collect()
}

/// Default and not null, without the children.
fn value_changes(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let (old, new) = (before.get(Property::Default), after.get(Property::Default));
    let mut statements: Vec<Statement> = default_change(id, old, new).into_iter().collect();
    if before.get(Property::NotNull) != after.get(Property::NotNull) {
        statements.push(alter_only(id, not_null(after)));
    }
    statements
}

fn default_change(id: &ObjectId, old: Option<&str>, new: Option<&str>) -> Option<Statement> {
    match new {
        _ if old == new => None,
        Some(default) => Some(alter_only(id, &format!("SET DEFAULT {default}"))),
        None => Some(alter_only(id, "DROP DEFAULT")),
    }
}

fn not_null(column: &Object) -> &'static str {
    if column.is(Property::NotNull) {
        "SET NOT NULL"
    } else {
        "DROP NOT NULL"
    }
}

fn alter_only(id: &ObjectId, change: &str) -> Statement {
    let sql = format!(
        "ALTER TABLE ONLY {} ALTER COLUMN {} {change}",
        id.sql_table(),
        id.sql_name()
    );
    Statement::new(id, sql)
}

fn alter_with_children(id: &ObjectId, change: &str) -> Statement {
    let sql = format!(
        "ALTER TABLE {} ALTER COLUMN {} {change}",
        id.sql_table(),
        id.sql_name()
    );
    Statement::new(id, sql)
}

/// Adds a column to a table, or says what is to be said of one of a view.
pub(super) fn add(context: &Context<'_>, id: &ObjectId, column: &Object) -> Vec<Statement> {
    if !column.is(Property::Type) {
        return value_changes(id, &Object::default(), column);
    }
    if let Some((parent, parent_column)) = followed(context, id)
        && column.is(Property::Inherited)
        && context.from.get(parent).is_none()
    {
        let mut statements = value_changes(id, parent_column, column);
        statements.extend(settings(context.to, id, &Object::default(), column));
        return statements;
    }
    if attach::follows_type(context.from, context.to, id) {
        return value_changes(id, &Object::default(), column);
    }
    let definition = definition(context.to, id, column);
    let sql = format!("ALTER TABLE {} ADD COLUMN {definition}", id.sql_table());
    let mut statements = vec![Statement::new(id, sql)];
    statements.extend(settings(context.to, id, &Object::default(), column));
    statements
}

/// The column `id` has from a parent whose changes it already follows.
fn followed<'a>(context: &Context<'a>, id: &ObjectId) -> Option<(&'a ObjectId, &'a Object)> {
    follows_parent(context, id).then(|| attach::inherited_from(context.to, id))?
}

/// Whether the table of `id` already is an heir or a partition of what it is to be one of.
pub(super) fn follows_parent(context: &Context<'_>, id: &ObjectId) -> bool {
    let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
    let Some(before) = context.from.get(&table) else {
        return false;
    };
    let after = context.to.get(&table);
    let mut wanted = after.into_iter().flat_map(parents);
    wanted.any(|parent| parents(before).any(|other| other == parent))
}

/// From one state of a column to another.
pub(super) fn alter(
    context: &Context<'_>,
    id: &ObjectId,
    before: &Object,
    after: &Object,
) -> Vec<Statement> {
    let differs = |property| before.get(property) != after.get(property);
    let is_retyped = (differs(Property::Type) || differs(Property::Collation))
        && !attach::follows_type(context.from, context.to, id);
    let mut default = before.get(Property::Default);
    let mut statements = Vec::new();
    // Neither does a default fit every type, nor can it stand beside what computes a value.
    let is_in_the_way = is_retyped || after.is(Property::Identity) || after.is(Property::Generated);
    if is_in_the_way && differs(Property::Default) {
        statements.extend(default_change(id, default.take(), None));
    }
    statements.extend(generation(context, id, before, after));
    // An identity cannot be without `NOT NULL`.
    let (removed, added) = match before.is(Property::Identity) {
        true => (identity_change(context, id, before, after), Vec::new()),
        false => (Vec::new(), identity_change(context, id, before, after)),
    };
    statements.extend(removed);
    if is_retyped && !follows_parent_in(context, id, &[Property::Type, Property::Collation]) {
        statements.push(retype(id, before, after));
    }
    if differs(Property::NotNull) && !follows_parent_in(context, id, &[Property::NotNull]) {
        statements.push(alter_with_children(id, not_null(after)));
    }
    statements.extend(added);
    statements.extend(default_change(id, default, after.get(Property::Default)));
    statements.extend(settings(context.to, id, before, after));
    statements
}

/// Whether the parent's column, whose changes `id` follows, changes in the same way.
fn follows_parent_in(context: &Context<'_>, id: &ObjectId, properties: &[Property]) -> bool {
    let Some((parent, wanted)) = followed(context, id) else {
        return false;
    };
    let (before, own) = (context.from.get(parent), context.to.get(id));
    let value = |object: Option<&Object>| -> Vec<Option<String>> {
        let value = |property| object.and_then(|object| object.get(property).map(str::to_owned));
        properties.iter().map(|property| value(*property)).collect()
    };
    value(before) != value(Some(wanted)) && value(own) == value(Some(wanted))
}

fn retype(id: &ObjectId, before: &Object, after: &Object) -> Statement {
    let (old, new) = (before.get(Property::Type), after.get(Property::Type));
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let collation = after.get(Property::Collation);
    let collation = collation.map_or_else(String::new, |collation| format!(" COLLATE {collation}"));
    let change = format!("TYPE {new}{collation}");
    if old == new || keeps_values(old, new) {
        return alter_with_children(id, &change);
    }
    let name = id.sql_name();
    // Every value can be written as text and read as something else; or the server refuses it.
    let by = if has_cast(old, new) { "" } else { "::text" };
    alter_with_children(id, &format!("{change} USING {name}{by}::{new}")).losing(format!(
        "what of the values of column {id} does not survive the cast"
    ))
}

/// Whether a cast leads from one type to the other for certain.
fn has_cast(old: &str, new: &str) -> bool {
    const NUMBERS: &[&str] = &["smallint", "integer", "bigint", "numeric", "real", "double"];
    const TIMES: &[&str] = &["date", "timestamp"];
    let both_of = |family: &[&str]| {
        let is_one = |kind: &str| family.iter().any(|member| kind.starts_with(member));
        is_one(old) && is_one(new)
    };
    let is_array = old.ends_with(']') || new.ends_with(']');
    is_text(old) || is_text(new) || !is_array && (both_of(NUMBERS) || both_of(TIMES))
}

fn is_text(kind: &str) -> bool {
    kind == "text" || kind.starts_with("character varying") && !kind.ends_with(']')
}

/// Whether every value stays as it is, or the server refuses.
fn keeps_values(old: &str, new: &str) -> bool {
    const NUMBERS: &[&str] = &["smallint", "integer", "bigint", "numeric"];
    let place = |kind: &str| NUMBERS.iter().position(|number| *number == kind);
    match (place(old), place(new)) {
        (Some(old), Some(new)) => old < new,
        _ => is_text(old) && is_text(new),
    }
}

fn generation(
    context: &Context<'_>,
    id: &ObjectId,
    before: &Object,
    after: &Object,
) -> Option<Statement> {
    let old = before.get(Property::Generated);
    match (old, after.get(Property::Generated)) {
        (old, new) if old == new => None,
        (Some(_), None) => Some(alter_only(id, "DROP EXPRESSION")),
        (Some(_), Some(new)) if context.to.server_major >= 17 => Some(alter_with_children(
            id,
            &format!("SET EXPRESSION AS ({new})"),
        )),
        (_, new) => {
            let new = new.unwrap_or_default();
            let what = format!("drop the column and add it again to have it generated as `{new}`");
            Some(Statement::todo(id, &what))
        }
    }
}

fn identity_change(
    context: &Context<'_>,
    id: &ObjectId,
    before: &Object,
    after: &Object,
) -> Vec<Statement> {
    let (old, new) = (
        before.get(Property::Identity),
        after.get(Property::Identity),
    );
    match (old, new) {
        (old, new) if old == new => Vec::new(),
        (Some(_), Some(new)) => vec![alter_only(id, &format!("SET GENERATED {new}"))],
        // The sequence may be wanted on its own: then its own step made room for it.
        (Some(_), None) => vec![alter_only(id, "DROP IDENTITY IF EXISTS")],
        (None, _) => {
            let Some(identity) = identity(context.to, id, after) else {
                return Vec::new();
            };
            let mut statements = Vec::new();
            let sequence = identity_sequence(context.to, id).map(|(sequence, _)| sequence);
            if let Some(sequence) = sequence.filter(|sequence| context.from.get(sequence).is_some())
            {
                let drop = Statement::new(sequence, format!("DROP SEQUENCE {}", sequence.sql()));
                statements.push(drop.losing(format!("the place of sequence {sequence}")));
            }
            statements.push(alter_only(id, &format!("ADD {identity}")));
            statements
        }
    }
}

/// Takes back what was said of the column of a view that stays.
pub(super) fn reset(id: &ObjectId, column: &Object) -> Vec<Statement> {
    let mut statements = value_changes(id, column, &Object::default());
    if column.is(Property::Comment) {
        let sql = format!(
            "COMMENT ON COLUMN {}.{} IS NULL",
            id.sql_table(),
            id.sql_name()
        );
        statements.push(Statement::new(id, sql));
    }
    statements.extend(super::grant::change(id, Some(column), &Object::default()));
    statements
}
