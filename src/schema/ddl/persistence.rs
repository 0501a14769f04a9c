//! `SET LOGGED` and `SET UNLOGGED`. No such change may leave a logged table that refers to an unlogged
//! one, not even through a partition, so tables change one after the other, and a foreign key for which
//! no order will do goes first and comes back.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compare::{owner_of_sequence, parents};
use super::plan::{self, Early};
use super::{Kind, Object, ObjectId, Property, Schema, Statement, is_foreign_key, order};

/// Since this version there are unlogged sequences, and a table takes its own along.
const UNLOGGED_SEQUENCES: u32 = 15;

/// Changes the tables and sequences that stay, while what belongs to what is as in `from`.
pub(super) fn change_all(from: &Schema, to: &Schema) -> Vec<Statement> {
    let change = Change::new(from, to);
    let tables = change.in_order().into_iter();
    let tables = tables.filter_map(|id| Some(set(id, to.get(id)?)));
    let todo = partitioned(from, to);
    tables.chain(todo).chain(sequences(&change)).collect()
}

/// Foreign keys that keep tables from changing, in whatever order, after `early` went.
pub(super) fn keys_in_the_way(from: &Schema, early: &Early, to: &Schema) -> Vec<ObjectId> {
    if changed_tables(from, to).next().is_none() {
        return Vec::new();
    }
    let from = plan::without(from, early);
    let change = Change::new(&from, to);
    let order = change.in_order().into_iter();
    let place: BTreeMap<&ObjectId, usize> = order.zip(0..).collect();
    let is_too_late = |link: &Link<'_>| {
        let [dependent, needed] = change.dependence(link).map(|table| place.get(table));
        dependent
            .zip(needed)
            .is_some_and(|(own, other)| own < other)
    };
    let links = change.links.iter();
    let in_the_way = links.filter(|link| change.is_impossible(link) || is_too_late(link));
    in_the_way.map(|link| link.key.clone()).collect()
}

/// That a table refers to another, by itself or as one of its partitions.
struct Link<'a> {
    key: &'a ObjectId,
    referring: &'a ObjectId,
    referenced: &'a ObjectId,
}

struct Change<'a> {
    from: &'a Schema,
    to: &'a Schema,
    tables: BTreeSet<&'a ObjectId>,
    links: Vec<Link<'a>>,
}

impl<'a> Change<'a> {
    fn new(from: &'a Schema, to: &'a Schema) -> Self {
        let tables: BTreeSet<&ObjectId> = changed_tables(from, to)
            .filter(|(_, table)| !table.is(Property::PartitionKey))
            .map(|(id, _)| id)
            .collect();
        let links = if tables.is_empty() {
            Vec::new()
        } else {
            links(from)
        };
        Self {
            from,
            to,
            tables,
            links,
        }
    }

    fn in_order(&self) -> Vec<&'a ObjectId> {
        let mut needs: BTreeMap<&ObjectId, BTreeSet<&ObjectId>> = BTreeMap::new();
        for link in &self.links {
            let [dependent, needed] = self.dependence(link);
            needs.entry(dependent).or_default().insert(needed);
        }
        order::sort(&self.tables, |table| {
            let needed = needs.get(table).into_iter().flatten();
            needed.copied().collect()
        })
    }

    /// Which end changes after which: to logged the referring one, to unlogged the other.
    fn dependence(&self, link: &Link<'a>) -> [&'a ObjectId; 2] {
        if self.gets_unlogged(link.referenced) {
            [link.referenced, link.referring]
        } else {
            [link.referring, link.referenced]
        }
    }

    /// The server keeps such a key where a partition is the unlogged table, but allows no change under
    /// it.
    fn is_impossible(&self, link: &Link<'_>) -> bool {
        let changes = |table| self.tables.contains(table);
        (changes(link.referring) || changes(link.referenced))
            && !self.gets_unlogged(link.referring)
            && self.gets_unlogged(link.referenced)
    }

    /// Whether a table is unlogged after the changes.
    fn gets_unlogged(&self, table: &ObjectId) -> bool {
        let schema = if self.tables.contains(table) {
            self.to
        } else {
            self.from
        };
        schema.get(table).is_some_and(is_unlogged)
    }
}

fn links(schema: &Schema) -> Vec<Link<'_>> {
    let mut partitions: BTreeMap<ObjectId, Vec<&ObjectId>> = BTreeMap::new();
    for (id, object) in &schema.objects {
        if object.is(Property::PartitionOf) {
            for (schema, parent) in parents(object) {
                let parent = ObjectId::new(Kind::Table, &schema, &parent);
                partitions.entry(parent).or_default().push(id);
            }
        }
    }
    let with_partitions = |table: &ObjectId| {
        let table = schema.objects.get_key_value(table).map(|(table, _)| table);
        let mut tables: Vec<&ObjectId> = table.into_iter().collect();
        let mut place = 0;
        while let Some(table) = tables.get(place) {
            tables.extend(partitions.get(*table).into_iter().flatten());
            place += 1;
        }
        tables
    };
    let mut links = Vec::new();
    let keys = schema.objects.iter();
    for (key, object) in keys.filter(|(_, object)| is_foreign_key(object)) {
        let own = with_partitions(&table_of(key));
        let targets: BTreeSet<ObjectId> = object.needs.iter().map(table_of).collect();
        for referenced in targets.iter().flat_map(with_partitions) {
            links.extend(own.iter().map(|referring| Link {
                key,
                referring,
                referenced,
            }));
        }
    }
    links
}

fn table_of(part: &ObjectId) -> ObjectId {
    ObjectId::new(Kind::Table, &part.schema, &part.table)
}

/// The server ignores or refuses the change, but minds the mark where a foreign key is added.
fn partitioned(from: &Schema, to: &Schema) -> Vec<Statement> {
    let tables = changed_tables(from, to).filter(|(_, table)| table.is(Property::PartitionKey));
    let todo = |(id, table)| {
        let persistence = persistence(table).to_lowercase();
        let what = format!(
            "a partitioned table cannot become {persistence}: make a new one and attach the partitions"
        );
        Statement::todo(id, &what)
    };
    tables.map(todo).collect()
}

/// As they are to be. One with another partition key is made anew.
fn changed_tables<'a>(
    from: &'a Schema,
    to: &'a Schema,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
    both(from, to)
        .filter(|(id, before, after)| {
            id.kind == Kind::Table
                && before.get(Property::PartitionKey) == after.get(Property::PartitionKey)
                && is_unlogged(before) != is_unlogged(after)
        })
        .map(|(id, _, after)| (id, after))
}

fn sequences<'a>(change: &Change<'a>) -> Vec<Statement> {
    let Change { from, to, .. } = change;
    if from.server_major < UNLOGGED_SEQUENCES {
        return Vec::new();
    }
    let is_unlogged_by_now = |before: &Object| {
        let table = owner_of_sequence(before)
            .map(|[schema, table, _]| ObjectId::new(Kind::Table, &schema, &table));
        match table {
            Some(table) if change.tables.contains(&table) => change.gets_unlogged(&table),
            _ => is_unlogged(before),
        }
    };
    // The others are made anew.
    let stays = |before: &Object, after: &Object| {
        before.is(Property::OfIdentity) == after.is(Property::OfIdentity)
    };
    both(from, to)
        .filter(|(id, before, after)| {
            id.kind == Kind::Sequence
                && stays(before, after)
                && is_unlogged_by_now(before) != is_unlogged(after)
        })
        .map(|(id, _, after)| set(id, after))
        .collect()
}

fn both<'a>(
    from: &'a Schema,
    to: &'a Schema,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object, &'a Object)> {
    let objects = from.objects.iter();
    objects.filter_map(|(id, before)| Some((id, before, to.get(id)?)))
}

fn is_unlogged(object: &Object) -> bool {
    object.is(Property::Persistence)
}

fn set(id: &ObjectId, after: &Object) -> Statement {
    let sql = format!("ALTER {} SET {}", super::reference(id), persistence(after));
    Statement::new(id, sql)
}

fn persistence(object: &Object) -> &'static str {
    if is_unlogged(object) {
        "UNLOGGED"
    } else {
        "LOGGED"
    }
}
