//! Tables: `CREATE TABLE` with columns and checks, and what `ALTER TABLE` can change of one.

use super::super::name;
use super::{Context, Kind, Object, ObjectId, Property, Schema, Statement, column, create, index};

pub(super) fn create(context: &Context<'_>, id: &ObjectId, table: &Object) -> Vec<Statement> {
    let unlogged = if table.is(Property::Persistence) {
        "UNLOGGED "
    } else {
        ""
    };
    let mut sql = format!("CREATE {unlogged}TABLE {}", id.sql());
    let mut parts = columns(context.to, id, table);
    parts.extend(checks(context.to, id, table));
    let body = if parts.is_empty() {
        String::new()
    } else {
        format!("\n    {}\n", parts.join(",\n    "))
    };
    match table.get(Property::OfType) {
        Some(of) if parts.is_empty() => sql.push_str(&format!(" OF {of}")),
        Some(of) => sql.push_str(&format!(" OF {of} ({body})")),
        None => sql.push_str(&format!(" ({body})")),
    }
    let parents: Vec<&str> = table.lines(Property::Inherits).collect();
    if !parents.is_empty() {
        sql.push_str(&format!("\nINHERITS ({})", parents.join(", ")));
    }
    if let Some(key) = table.get(Property::PartitionKey) {
        sql.push_str(&format!("\nPARTITION BY {key}"));
    }
    if let Some(method) = table.get(Property::AccessMethod) {
        sql.push_str(&format!("\nUSING {}", name::identifier(method)));
    }
    if table.is(Property::Options) {
        sql.push_str(&format!("\n{}", create::with(table).trim_start()));
    }
    if let Some(tablespace) = table.get(Property::Tablespace) {
        sql.push_str(&format!("\nTABLESPACE {}", name::identifier(tablespace)));
    }
    let mut statements = vec![Statement::new(id, sql)];
    for (id, column) in context.to.parts(id, Kind::Column) {
        statements.extend(column::after_create(context.to, id, column, table));
    }
    statements.extend(settings(id, &Object::default(), table));
    statements
}

/// Those a table has by itself, in order.
fn columns(schema: &Schema, id: &ObjectId, table: &Object) -> Vec<String> {
    let order = table.lines(Property::ColumnOrder).flat_map(name::split);
    order
        .filter_map(|name| {
            let id = ObjectId::of_table(Kind::Column, &id.schema, &id.name, &name);
            let column = schema.get(&id)?;
            if table.is(Property::OfType) {
                return column::definition_of_typed(schema, &id, column);
            }
            let is_own = !column.is(Property::Inherited) || table.is(Property::PartitionOf);
            is_own.then(|| column::definition(schema, &id, column))
        })
        .collect()
}

fn checks(schema: &Schema, id: &ObjectId, table: &Object) -> Vec<String> {
    let is_own = |check: &Object| !check.is(Property::Inherited) || table.is(Property::PartitionOf);
    schema
        .parts(id, Kind::Constraint)
        .filter(|(_, check)| index::is_check_within_table(check) && is_own(check))
        .map(|(id, check)| {
            let definition = check.get(Property::Definition).unwrap_or_default();
            format!("CONSTRAINT {} {definition}", id.sql_name())
        })
        .collect()
}

/// Row security and replica identity.
fn settings(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let mut changes = Vec::new();
    let differs = |property| before.get(property) != after.get(property);
    if differs(Property::RowSecurity) {
        let verb = if after.is(Property::RowSecurity) {
            "ENABLE"
        } else {
            "DISABLE"
        };
        changes.push(format!("{verb} ROW LEVEL SECURITY"));
    }
    if differs(Property::ForceRowSecurity) {
        let verb = if after.is(Property::ForceRowSecurity) {
            "FORCE"
        } else {
            "NO FORCE"
        };
        changes.push(format!("{verb} ROW LEVEL SECURITY"));
    }
    if differs(Property::ReplicaIdentity) {
        let identity = after.get(Property::ReplicaIdentity).unwrap_or("default");
        changes.push(format!("REPLICA IDENTITY {}", identity.to_uppercase()));
    }
    let statement =
        |change: String| Statement::new(id, format!("ALTER TABLE ONLY {} {change}", id.sql()));
    changes.into_iter().map(statement).collect()
}

pub(super) fn alter(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let mut statements = Vec::new();
    let differs = |property| before.get(property) != after.get(property);
    let mut changes = Vec::new();
    if differs(Property::Tablespace) {
        let tablespace = after.get(Property::Tablespace).unwrap_or("pg_default");
        changes.push(format!("SET TABLESPACE {}", name::identifier(tablespace)));
    }
    if differs(Property::AccessMethod) {
        let method = after.get(Property::AccessMethod).unwrap_or("heap");
        changes.push(format!("SET ACCESS METHOD {}", name::identifier(method)));
    }
    if differs(Property::OfType) {
        let of = after.get(Property::OfType);
        changes.push(of.map_or("NOT OF".to_owned(), |of| format!("OF {of}")));
    }
    changes.extend(option_changes(before, after));
    let own = id.sql();
    let alter = |change| Statement::new(id, format!("ALTER TABLE {own} {change}"));
    statements.extend(changes.into_iter().map(alter));
    statements.extend(settings(id, before, after));
    if differs(Property::PartitionKey) {
        let key = after.get(Property::PartitionKey).unwrap_or("none");
        let what = format!(
            "the partition key cannot be changed to `{key}`: make a new table and move the rows"
        );
        statements.push(Statement::todo(id, &what));
    }
    statements.extend(order_todo(id, before, after));
    statements
}

/// `SET` and `RESET` of storage parameters.
pub(super) fn option_changes(before: &Object, after: &Object) -> Vec<String> {
    let name = |line: &str| line.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<String> = after
        .lines(Property::Options)
        .filter(|line| !before.lines(Property::Options).any(|other| other == *line))
        .map(create::option)
        .collect();
    let reset: Vec<String> = before
        .lines(Property::Options)
        .map(name)
        .filter(|old| {
            !after
                .lines(Property::Options)
                .any(|line| name(line) == *old)
        })
        .collect();
    let mut changes = Vec::new();
    if !reset.is_empty() {
        changes.push(format!("RESET ({})", reset.join(", ")));
    }
    if !set.is_empty() {
        changes.push(format!("SET ({})", set.join(", ")));
    }
    changes
}

/// Columns cannot be moved.
fn order_todo(id: &ObjectId, before: &Object, after: &Object) -> Option<Statement> {
    let old: Vec<&str> = before.lines(Property::ColumnOrder).collect();
    let wanted: Vec<&str> = after.lines(Property::ColumnOrder).collect();
    let kept = old.iter().filter(|column| wanted.contains(column));
    let added = wanted.iter().filter(|column| !old.contains(column));
    let reached: Vec<&str> = kept.chain(added).copied().collect();
    (reached != wanted).then(|| {
        let what = format!(
            "its columns are to stand in the order {}, which no `ALTER` does",
            wanted.join(", ")
        );
        Statement::todo(id, &what)
    })
}
