//! `SET LOGGED` and `SET UNLOGGED`. At no time may a logged table refer to an unlogged one, not even
//! through a partition, so tables change one after the other, and a foreign key for which no order will
//! do goes first and comes back.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compare::{owner_of_sequence, parents};
use super::{Kind, Object, ObjectId, Property, Schema, Statement, is_foreign_key, order};

/// Changes the tables and sequences that stay, while what belongs to what is as in `from`.
pub(super) fn change_all(from: &Schema, to: &Schema) -> Vec<Statement> {
    let change = Change::new(from, to);
    let tables = order::sort(&change.tables, |table| change.needs(table));
    let tables = tables
        .into_iter()
        .filter_map(|id| Some(set(id, to.get(id)?)));
    let todo = partitioned(from, to);
    tables
        .chain(todo)
        .chain(sequences(&change, from, to))
        .collect()
}

/// Foreign keys of `from` that keep tables from changing, in whatever order.
pub(super) fn keys_in_the_way(from: &Schema, to: &Schema) -> Vec<ObjectId> {
    let change = Change::new(from, to);
    let links = change.links.iter();
    let in_the_way = links.filter(|link| change.is_impossible(link) || change.is_in_circle(link));
    in_the_way.map(|link| link.key.clone()).collect()
}

/// That a table refers to another, by itself or as one of its partitions.
struct Link<'a> {
    key: &'a ObjectId,
    referring: &'a ObjectId,
    referenced: &'a ObjectId,
}

struct Change<'a> {
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
        Self { to, tables, links }
    }

    /// What changes before `table`: to logged what it refers to, to unlogged what refers to it.
    fn needs(&self, table: &ObjectId) -> Vec<&'a ObjectId> {
        let is_to_be_unlogged = self.is_to_be_unlogged(table);
        let needed = self.links.iter().filter_map(|link| {
            let (dependent, needed) = if is_to_be_unlogged {
                (link.referenced, link.referring)
            } else {
                (link.referring, link.referenced)
            };
            (dependent == table && self.tables.contains(needed)).then_some(needed)
        });
        needed.collect()
    }

    fn is_to_be_unlogged(&self, table: &ObjectId) -> bool {
        self.to.get(table).is_some_and(is_unlogged)
    }

    /// The server accepts such a key where a partition is the unlogged table, but no change under it.
    fn is_impossible(&self, link: &Link<'_>) -> bool {
        let changes = |table| self.tables.contains(table);
        (changes(link.referring) || changes(link.referenced))
            && !self.is_to_be_unlogged(link.referring)
            && self.is_to_be_unlogged(link.referenced)
    }

    fn is_in_circle(&self, link: &Link<'a>) -> bool {
        let ends = [link.referring, link.referenced];
        if link.referring == link.referenced || !ends.iter().all(|end| self.tables.contains(end)) {
            return false;
        }
        let mut seen: BTreeSet<&ObjectId> = BTreeSet::new();
        let mut waiting = vec![link.referenced];
        while let Some(table) = waiting.pop() {
            if table == link.referring {
                return true;
            }
            if seen.insert(table) {
                let own = self.links.iter().filter(|other| other.referring == table);
                let changing = own.filter(|other| self.tables.contains(other.referenced));
                waiting.extend(changing.map(|other| other.referenced));
            }
        }
        false
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

/// As they are to be.
fn changed_tables<'a>(
    from: &'a Schema,
    to: &'a Schema,
) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
    both(from, to)
        .filter(|(id, before, after)| {
            id.kind == Kind::Table && is_unlogged(before) != is_unlogged(after)
        })
        .map(|(id, _, after)| (id, after))
}

/// A table takes its sequences along. Before version 15 all are logged, and no statement knows them as
/// anything else, so none is made for one that is the same at both ends.
fn sequences<'a>(change: &Change<'a>, from: &'a Schema, to: &'a Schema) -> Vec<Statement> {
    let is_unlogged_by_now = |before: &Object| {
        let table = owner_of_sequence(before)
            .map(|[schema, table, _]| ObjectId::new(Kind::Table, &schema, &table));
        match table {
            Some(table) if change.tables.contains(&table) => change.is_to_be_unlogged(&table),
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
                && is_unlogged(before) != is_unlogged(after)
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
