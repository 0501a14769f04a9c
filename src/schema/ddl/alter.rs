//! `ALTER`, kind by kind: what leads from one state of an object to another.

use super::{
    Context, Kind, Object, ObjectId, Property, Statement, column, create, index, table, types,
};

/// Alters what is there; what can only be made anew is not there any more.
pub(super) fn alter(
    context: &Context<'_>,
    id: &ObjectId,
    before: &Object,
    after: &Object,
) -> Vec<Statement> {
    let differs = |property| before.get(property) != after.get(property);
    match id.kind {
        Kind::Extension => types::alter_extension(id, before, after),
        Kind::Enum => types::alter_enum(id, before, after),
        Kind::Composite => types::alter_composite(id, before, after),
        Kind::Domain => types::alter_domain(id, before, after),
        Kind::Range | Kind::Collation if differs(Property::Definition) => {
            let what = "it cannot be changed: make a new one and retype the columns";
            vec![Statement::todo(id, what)]
        }
        Kind::Function | Kind::Procedure if differs(Property::Definition) => {
            let definition = after.get(Property::Definition).unwrap_or_default();
            vec![Statement::new(id, definition)]
        }
        Kind::Sequence => sequence(id, before, after),
        Kind::Table => table::alter(id, before, after),
        Kind::Column => column::alter(context, id, before, after),
        Kind::View | Kind::MaterializedView => view(id, before, after),
        Kind::Constraint | Kind::Index => index::alter(context, id, before, after),
        Kind::Statistics => create::statistics_target(id, Some(before), after)
            .into_iter()
            .collect(),
        Kind::Rule | Kind::Trigger | Kind::EventTrigger => create::enabled(id, Some(before), after)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

fn sequence(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let is_identity = |object: &Object| object.is(Property::OfIdentity);
    match (is_identity(before), is_identity(after)) {
        // The identity goes with its sequence, and a sequence of the same name takes its place.
        (true, false) => {
            let owner = super::super::compare::owner_of_sequence(before);
            let mut statements = Vec::new();
            if let Some([schema, table, column]) = owner {
                let column = ObjectId::of_table(Kind::Column, &schema, &table, &column);
                let sql = format!(
                    "ALTER TABLE ONLY {} ALTER COLUMN {} DROP IDENTITY",
                    column.sql_table(),
                    column.sql_name()
                );
                let statement = Statement::new(id, sql);
                statements.push(statement.losing(format!("the place of sequence {id}")));
            }
            statements.extend(create::sequence(id, after));
            return statements;
        }
        // The column brings it.
        (false, true) => return Vec::new(),
        _ => {}
    }
    let options = [
        Property::Type,
        Property::Start,
        Property::Increment,
        Property::Minimum,
        Property::Maximum,
        Property::Cache,
        Property::Cycle,
    ];
    let mut statements = Vec::new();
    if options
        .iter()
        .any(|option| before.get(*option) != after.get(*option))
    {
        let kind = match after.get(Property::Type) {
            Some(kind) if !is_identity(after) => format!("AS {kind} "),
            _ => String::new(),
        };
        let sql = format!(
            "ALTER SEQUENCE {} {kind}{}",
            id.sql(),
            create::sequence_options(after)
        );
        statements.push(Statement::new(id, sql));
    }
    statements
}

fn view(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let mut changes = table::option_changes(before, after);
    if before.get(Property::Tablespace) != after.get(Property::Tablespace) {
        let tablespace = after.get(Property::Tablespace).unwrap_or("pg_default");
        changes.push(format!(
            "SET TABLESPACE {}",
            super::super::name::identifier(tablespace)
        ));
    }
    let alter = |change| Statement::new(id, format!("ALTER {} {change}", super::reference(id)));
    changes.into_iter().map(alter).collect()
}
