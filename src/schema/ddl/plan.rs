//! What has to go before anything is made: what can only be replaced, what hangs on that, and what
//! nobody misses.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Object, ObjectId, Property, Schema, is_foreign_key, persistence};

/// What goes first.
#[derive(Debug, Default)]
pub(super) struct Early {
    pub dropped: BTreeSet<ObjectId>,
    /// Columns whose default stands in the way.
    pub without_default: BTreeSet<ObjectId>,
}

/// Decides what goes first on the way from `from` to `to`.
pub(super) fn early(from: &Schema, to: &Schema) -> Early {
    let dependents = dependents(from);
    let ties_change = do_ties_change(from, to);
    let mut early = Early::default();
    let mut waiting: Vec<&ObjectId> = Vec::new();
    for (id, before) in &from.objects {
        let goes = match to.get(id) {
            None if goes_with_table(id, before, from, to) => false,
            None => {
                holds_no_data(id.kind)
                    || is_name_taken(id, from, to)
                    || id.kind == Kind::Column && ties_change
            }
            Some(after) => is_replaced(id.kind, before, after),
        };
        if goes {
            waiting.push(id);
        } else if to
            .get(id)
            .is_some_and(|after| is_retyped(id.kind, before, after))
        {
            let hanging = dependents.get(id).into_iter().flatten();
            // The server rebuilds the others by itself.
            waiting.extend(hanging.filter(|id| is_replaceable(id.kind) && !is_rebuilt(id.kind)));
        }
    }
    while let Some(id) = waiting.pop() {
        if !early.dropped.insert(id.clone()) {
            continue;
        }
        for dependent in dependents.get(id).into_iter().flatten() {
            if is_replaceable(dependent.kind) {
                waiting.push(dependent);
            } else if from
                .get(dependent)
                .is_some_and(|object| object.is(Property::Default))
            {
                early.without_default.insert((*dependent).clone());
            }
        }
    }
    let Early {
        dropped,
        without_default,
    } = &mut early;
    without_default.retain(|id| {
        !id.containers()
            .iter()
            .any(|container| dropped.contains(container))
    });
    let keys = persistence::keys_in_the_way(from, &early, to);
    early.dropped.extend(keys);
    early
}

/// `schema` after `early` went.
pub(super) fn without(schema: &Schema, early: &Early) -> Schema {
    let mut rest = schema.clone();
    let goes_along = |id: &ObjectId| {
        let containers = id.containers();
        containers
            .iter()
            .any(|container| early.dropped.contains(container))
    };
    rest.objects
        .retain(|id, _| !early.dropped.contains(id) && !goes_along(id));
    for id in &early.without_default {
        if let Some(column) = rest.objects.get_mut(id) {
            column.properties.remove(&Property::Default);
        }
    }
    rest
}

/// Whether a table becomes a partition, an heir or one of a type: a column too many on either side
/// would be in the way.
fn do_ties_change(from: &Schema, to: &Schema) -> bool {
    let ties = [Property::PartitionOf, Property::Inherits, Property::OfType];
    to.objects.iter().any(|(id, after)| {
        let before = |property| from.get(id).and_then(|before| before.get(property));
        let is_new =
            |property: &Property| after.is(*property) && after.get(*property) != before(*property);
        id.kind == Kind::Table && ties.iter().any(is_new)
    })
}

/// Whether dropping its table is enough. Foreign keys and policies tie tables to each other.
fn goes_with_table(id: &ObjectId, object: &Object, from: &Schema, to: &Schema) -> bool {
    let is_dropped = |table: &ObjectId| from.get(table).is_some() && to.get(table).is_none();
    let is_tied = matches!(id.kind, Kind::Policy | Kind::Rule | Kind::Trigger);
    !is_foreign_key(object) && !is_tied && id.containers().iter().any(is_dropped)
}

/// Who needs an object, its parts among them where they cannot outlive it.
fn dependents(schema: &Schema) -> BTreeMap<&ObjectId, BTreeSet<&ObjectId>> {
    let mut dependents: BTreeMap<&ObjectId, BTreeSet<&ObjectId>> = BTreeMap::new();
    for (id, object) in &schema.objects {
        for needed in &object.needs {
            dependents.entry(needed).or_default().insert(id);
        }
        for container in id.containers() {
            if let Some((container, _)) = schema.objects.get_key_value(&container)
                && container.kind != Kind::Table
            {
                dependents.entry(container).or_default().insert(id);
            }
        }
    }
    dependents
}

/// Whether an object is a definition and nothing else, so that it can be dropped and made again.
fn is_replaceable(kind: Kind) -> bool {
    holds_no_data(kind) || matches!(kind, Kind::Function | Kind::Procedure)
}

fn holds_no_data(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Aggregate
            | Kind::Operator
            | Kind::Cast
            | Kind::View
            | Kind::MaterializedView
            | Kind::Constraint
            | Kind::DomainConstraint
            | Kind::Index
            | Kind::Statistics
            | Kind::Rule
            | Kind::Trigger
            | Kind::Policy
            | Kind::EventTrigger
            | Kind::Publication
    )
}

/// Whether `ALTER COLUMN … TYPE` takes care of it.
fn is_rebuilt(kind: Kind) -> bool {
    matches!(kind, Kind::Constraint | Kind::Index | Kind::Statistics)
}

fn is_retyped(kind: Kind, before: &Object, after: &Object) -> bool {
    let differs = |property| before.get(property) != after.get(property);
    kind == Kind::Column && (differs(Property::Type) || differs(Property::Collation))
}

/// Whether no `ALTER` leads from `before` to `after`, but making it anew does.
fn is_replaced(kind: Kind, before: &Object, after: &Object) -> bool {
    let differs = |property| before.get(property) != after.get(property);
    match kind {
        Kind::Function | Kind::Procedure => {
            differs(Property::Arguments) || differs(Property::Returns)
        }
        Kind::Constraint => differs(Property::Definition) && !is_validated(before, after),
        Kind::Index => differs(Property::Definition) || differs(Property::Invalid),
        Kind::MaterializedView => differs(Property::Definition) || differs(Property::AccessMethod),
        Kind::Publication => differs(Property::Definition) || differs(Property::Options),
        _ => holds_no_data(kind) && differs(Property::Definition),
    }
}

/// Whether all that happened to a constraint is that it was checked.
pub(super) fn is_validated(before: &Object, after: &Object) -> bool {
    let before = before.get(Property::Definition).unwrap_or_default();
    before.strip_suffix(" NOT VALID") == after.get(Property::Definition)
}

/// Whether something else is going to have the name.
fn is_name_taken(id: &ObjectId, from: &Schema, to: &Schema) -> bool {
    let rivals: &[Kind] = match id.kind {
        Kind::Function | Kind::Procedure => &[Kind::Function, Kind::Procedure, Kind::Aggregate],
        Kind::Sequence
        | Kind::Table
        | Kind::Enum
        | Kind::Composite
        | Kind::Domain
        | Kind::Range => &[
            Kind::Sequence,
            Kind::Table,
            Kind::View,
            Kind::MaterializedView,
            Kind::Enum,
            Kind::Composite,
            Kind::Domain,
            Kind::Range,
        ],
        _ => return false,
    };
    rivals.iter().any(|kind| {
        let rival = ObjectId::new(*kind, &id.schema, &id.name);
        to.objects.contains_key(&rival) && !from.objects.contains_key(&rival)
    })
}
