//! `DROP`, before and after everything else.

use std::collections::BTreeSet;

use super::super::compare::{owner_of_sequence, parents};
use super::super::name;
use super::plan::Early;
use super::{
    Kind, Object, ObjectId, Property, Schema, Statement, attach, column, is_foreign_key, order,
    reference,
};

/// Drops what goes first, what hangs on others before these.
pub(super) fn early(from: &Schema, early: &Early) -> Vec<Statement> {
    let defaults = early.without_default.iter().map(|id| {
        let sql = format!(
            "ALTER TABLE ONLY {} ALTER COLUMN {} DROP DEFAULT",
            id.sql_table(),
            id.sql_name()
        );
        Statement::new(id, sql)
    });
    let dropped = early.dropped.iter().collect();
    defaults.chain(drop_all(from, &dropped)).collect()
}

/// Drops what is in `from` and not in `to`.
pub(super) fn late(from: &Schema, to: &Schema) -> Vec<Statement> {
    let gone = |id: &&ObjectId| {
        let is_gone_already = id.kind == Kind::Column && attach::follows_type(from, to, id);
        !to.objects.contains_key(*id) && !is_gone_already
    };
    drop_all(from, &from.objects.keys().filter(gone).collect())
}

fn drop_all(from: &Schema, dropped: &BTreeSet<&ObjectId>) -> Vec<Statement> {
    let mut order = order::sort(dropped, |id| needs(from, id));
    order.reverse();
    let objects = order.into_iter().filter_map(|id| Some((id, from.get(id)?)));
    objects
        .filter(|(id, object)| !goes_along(from, dropped, id, object))
        .map(|(id, object)| drop(id, object))
        .flat_map(|statements| statements.into_iter())
        .collect()
}

fn needs<'a>(from: &'a Schema, id: &ObjectId) -> Vec<&'a ObjectId> {
    let Some((id, object)) = from.objects.get_key_value(id) else {
        return Vec::new();
    };
    let mut needs: Vec<&ObjectId> = object.needs.iter().collect();
    let mut others = id.containers();
    others.push(ObjectId::new(Kind::Schema, "", &id.schema));
    others.extend(parents(object).map(|(schema, name)| ObjectId::new(Kind::Table, &schema, &name)));
    if let Some(schema) = object.get(Property::InSchema) {
        others.push(ObjectId::new(Kind::Schema, "", schema));
    }
    let known = others
        .iter()
        .filter_map(|id| from.objects.get_key_value(id));
    needs.extend(known.map(|(id, _)| id));
    // A table keeps the needs of its parts until it goes.
    if id.kind == Kind::Table {
        for kind in [
            Kind::Column,
            Kind::Constraint,
            Kind::Index,
            Kind::Statistics,
        ] {
            needs.extend(from.parts(id, kind).flat_map(|(_, part)| &part.needs));
        }
    }
    needs
}

/// Whether another drop takes it along.
fn goes_along(
    from: &Schema,
    dropped: &BTreeSet<&ObjectId>,
    id: &ObjectId,
    object: &Object,
) -> bool {
    let is_dropped = |id: &ObjectId| dropped.contains(id);
    if object.is(Property::OfIdentity) {
        return true;
    }
    if let Some([schema, table, column]) = owner_of_sequence(object) {
        let column = ObjectId::of_table(Kind::Column, &schema, &table, &column);
        return is_dropped(&column) || is_dropped(&ObjectId::new(Kind::Table, &schema, &table));
    }
    if let Some(parent) = object.get(Property::AttachedTo) {
        let mut others = dropped.iter();
        let is_parent = |other: &&&ObjectId| {
            other.kind == id.kind
                && name::split(parent) == [other.schema.as_str(), other.name.as_str()]
        };
        if others.any(|other| is_parent(&other)) {
            return true;
        }
    }
    if object.is(Property::Inherited) && inherits_drop(from, dropped, id) {
        return true;
    }
    !is_foreign_key(object) && id.containers().iter().any(is_dropped)
}

fn inherits_drop(from: &Schema, dropped: &BTreeSet<&ObjectId>, id: &ObjectId) -> bool {
    let table = from.get(&ObjectId::new(Kind::Table, &id.schema, &id.table));
    table.into_iter().flat_map(parents).any(|(schema, parent)| {
        dropped.contains(&ObjectId::of_table(id.kind, &schema, &parent, &id.name))
    })
}

fn drop(id: &ObjectId, object: &Object) -> Vec<Statement> {
    let statement = match id.kind {
        Kind::DefaultPrivileges => {
            return super::grant::change(id, Some(object), &Object::default());
        }
        Kind::Column => {
            let sql = format!(
                "ALTER TABLE {} DROP COLUMN {}",
                id.sql_table(),
                id.sql_name()
            );
            let is_computed = object.is(Property::Generated);
            let statement = Statement::new(id, sql);
            return match (object.is(Property::Type), is_computed) {
                (false, _) => column::reset(id, object),
                (true, true) => vec![statement],
                (true, false) => vec![statement.losing(format!("every value of column {id}"))],
            };
        }
        Kind::Constraint => Statement::new(
            id,
            format!(
                "ALTER TABLE {} DROP CONSTRAINT {}",
                id.sql_table(),
                id.sql_name()
            ),
        ),
        Kind::DomainConstraint => Statement::new(
            id,
            format!(
                "ALTER DOMAIN {} DROP CONSTRAINT {}",
                id.sql_table(),
                id.sql_name()
            ),
        ),
        Kind::Table => {
            let statement = Statement::new(id, format!("DROP TABLE {}", id.sql()));
            // The rows of a partitioned table are those of its partitions.
            if object.is(Property::PartitionKey) {
                statement
            } else {
                statement.losing(format!("every row of table {id}"))
            }
        }
        Kind::Sequence => Statement::new(id, format!("DROP SEQUENCE {}", id.sql()))
            .losing(format!("the place of sequence {id}")),
        _ => Statement::new(id, format!("DROP {}", reference(id))),
    };
    vec![statement]
}
