//! Constraints and indexes: what is made for them and what can be altered.

use super::super::name;
use super::create::option;
use super::{Context, Kind, Object, ObjectId, Property, Statement, attach, column, plan, table};

/// Whether `CREATE TABLE` says it.
pub(super) fn is_check_within_table(constraint: &Object) -> bool {
    let definition = constraint.get(Property::Definition).unwrap_or_default();
    constraint.get(Property::ConstraintType) == Some("check") && !definition.ends_with(" NOT VALID")
}

/// `ADD CONSTRAINT`.
pub(super) fn add_constraint(
    context: &Context<'_>,
    id: &ObjectId,
    object: &Object,
) -> Vec<Statement> {
    let kind = object.get(Property::ConstraintType).unwrap_or_default();
    if kind == "check" && object.is(Property::Inherited) && comes_from_parent(context, id) {
        return Vec::new();
    }
    let only = match kind {
        "check" | "foreign key" => "",
        _ => "ONLY ",
    };
    let (table, name) = (id.sql_table(), id.sql_name());
    let definition = object.get(Property::Definition).unwrap_or_default();
    let sql = format!("ALTER TABLE {only}{table} ADD CONSTRAINT {name} {definition}");
    let mut statements = vec![Statement::new(id, sql)];
    statements.extend(settings(id, None, object));
    statements
}

/// Whether telling the parent, which happens too, is enough.
fn comes_from_parent(context: &Context<'_>, id: &ObjectId) -> bool {
    let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
    let is_partition = context
        .to
        .get(&table)
        .is_some_and(|table| table.is(Property::PartitionOf));
    if context.from.get(&table).is_none() {
        return !is_partition;
    }
    let parent = attach::inherited_from(context.to, id);
    let is_parent_new = parent.is_some_and(|(parent, _)| context.from.get(parent).is_none());
    is_parent_new && column::follows_parent(context, id)
}

/// `CREATE INDEX`.
pub(super) fn create(id: &ObjectId, object: &Object) -> Vec<Statement> {
    let definition = object.get(Property::Definition).unwrap_or_default();
    if object.is(Property::Invalid) && !definition.contains(" ON ONLY ") {
        return vec![Statement::todo(
            id,
            "it is invalid, what a failed build left; nothing to make",
        )];
    }
    let mut statements = vec![Statement::new(id, definition)];
    statements.extend(settings(id, None, object));
    statements
}

/// What is said of an index beside its definition: storage, clustering, replica identity.
pub(super) fn settings(id: &ObjectId, before: Option<&Object>, object: &Object) -> Vec<Statement> {
    let index = format!("{}.{}", name::identifier(&id.schema), id.sql_name());
    let (table, name) = (id.sql_table(), id.sql_name());
    let new = |property| {
        let value = object.get(property);
        value.filter(|value| before.and_then(|before| before.get(property)) != Some(*value))
    };
    let mut sql = Vec::new();
    if new(Property::Options).is_some() {
        let options: Vec<String> = object.lines(Property::Options).map(option).collect();
        sql.push(format!("ALTER INDEX {index} SET ({})", options.join(", ")));
    }
    if let Some(tablespace) = new(Property::Tablespace) {
        let tablespace = name::identifier(tablespace);
        sql.push(format!("ALTER INDEX {index} SET TABLESPACE {tablespace}"));
    }
    if new(Property::Clustered).is_some() {
        sql.push(format!("ALTER TABLE {table} CLUSTER ON {name}"));
    }
    if new(Property::ReplicaIdentity).is_some() {
        sql.push(format!(
            "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name}"
        ));
    }
    sql.into_iter().map(|sql| Statement::new(id, sql)).collect()
}

/// What can be altered of a constraint or index.
pub(super) fn alter(
    context: &Context<'_>,
    id: &ObjectId,
    before: &Object,
    after: &Object,
) -> Vec<Statement> {
    let table = id.sql_table();
    let mut statements = Vec::new();
    let mut add = |sql: String| statements.push(Statement::new(id, sql));
    if plan::is_validated(before, after) {
        add(format!(
            "ALTER TABLE {table} VALIDATE CONSTRAINT {}",
            id.sql_name()
        ));
    }
    let taken = |property| before.is(property) && !after.is(property);
    let another_has = |property| {
        let kinds = [Kind::Index, Kind::Constraint];
        let owner = ObjectId::new(Kind::Table, &id.schema, &id.table);
        kinds.iter().any(|kind| {
            context
                .to
                .parts(&owner, *kind)
                .any(|(_, other)| other.is(property))
        })
    };
    let index = format!("{}.{}", name::identifier(&id.schema), id.sql_name());
    if taken(Property::Clustered) && !another_has(Property::Clustered) {
        add(format!("ALTER TABLE {table} SET WITHOUT CLUSTER"));
    }
    let table_says = context
        .to
        .get(&ObjectId::new(Kind::Table, &id.schema, &id.table))
        .is_some_and(|table| table.is(Property::ReplicaIdentity));
    if taken(Property::ReplicaIdentity) && !another_has(Property::ReplicaIdentity) && !table_says {
        add(format!("ALTER TABLE ONLY {table} REPLICA IDENTITY DEFAULT"));
    }
    if taken(Property::Tablespace) {
        add(format!("ALTER INDEX {index} SET TABLESPACE pg_default"));
    }
    let reset = table::option_changes(before, after);
    for change in reset.iter().filter(|change| change.starts_with("RESET")) {
        add(format!("ALTER INDEX {index} {change}"));
    }
    statements.extend(settings(id, Some(before), after));
    statements
}
