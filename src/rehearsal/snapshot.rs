//! The tables of the scratch database at one moment: which there are, and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::Count;
use crate::postgres::Connection;
use crate::postgres::relations::{
    Closeness, Contents, Oid, Relation, RelationError, contents, relations, table_bytes,
};

/// Contents of tables up to this size are compared, in bytes: less than a tenth of a second.
const COMPARED: u64 = 64 * 1024 * 1024;
/// Rows of tables up to this size are counted, in bytes: about as long.
const COUNTED: u64 = 1024 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub relations: BTreeMap<Oid, Relation>,
    contents: BTreeMap<Oid, Contents>,
}

/// Which tables may have other rows than before.
#[derive(Debug, Clone)]
pub(super) enum Touched {
    Anything,
    These(BTreeSet<Oid>),
}

impl Touched {
    pub fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::These(all), Self::These(more)) => all.extend(more),
            _ => *self = Self::Anything,
        }
    }

    fn has(&self, oid: Oid) -> bool {
        match self {
            Self::Anything => true,
            Self::These(these) => these.contains(&oid),
        }
    }
}

impl Snapshot {
    /// The tables without a look inside: for a schema without rows.
    pub async fn of_schema(connection: &Connection) -> Result<Self, RelationError> {
        Ok(Self {
            relations: relations(connection).await?,
            contents: BTreeMap::new(),
        })
    }

    /// The tables, with a look into those that are new since `previous` or `touched`.
    pub async fn take(
        connection: &Connection,
        previous: &Self,
        touched: &Touched,
    ) -> Result<Self, RelationError> {
        let relations = relations(connection).await?;
        let is_known = |relation: &Relation| {
            !touched.has(relation.oid)
                && previous.relations.get(&relation.oid).is_some_and(|before| {
                    before.columns == relation.columns && before.file == relation.file
                })
        };
        let (known, open): (Vec<_>, Vec<_>) = relations.values().partition(|one| is_known(one));
        let mut found = look_into(connection, open).await?;
        let known = known.iter().map(|relation| relation.oid);
        let known = known.filter_map(|oid| Some((oid, previous.contents.get(&oid)?.clone())));
        found.extend(known);
        Ok(Self {
            relations,
            contents: found,
        })
    }

    /// What is now in the tables of `before`, looked at through the columns they had then.
    pub async fn look_again(
        &self,
        connection: &Connection,
        before: &Self,
        touched: &Touched,
    ) -> Result<Self, RelationError> {
        let mut relations = BTreeMap::new();
        for old in before.relations.values() {
            let Some(now) = self.now(old) else { continue };
            let has_all = old
                .columns
                .iter()
                .all(|column| now.columns.contains(column));
            let mut seen = now.clone();
            if has_all {
                seen.columns.clone_from(&old.columns);
            }
            relations.insert(seen.oid, seen);
        }
        let open = relations.values().filter(|now| {
            let is_same = before.relations.get(&now.oid);
            touched.has(now.oid) || is_same.is_none_or(|old| old.file != now.file)
        });
        let mut found = look_into(connection, open).await?;
        for oid in relations.keys() {
            if let Some(known) = before.contents.get(oid) {
                found.entry(*oid).or_insert_with(|| known.clone());
            }
        }
        Ok(Self {
            relations,
            contents: found,
        })
    }

    /// What became of `old`: the same table, whatever it is called now, or one of its name.
    pub fn now(&self, old: &Relation) -> Option<&Relation> {
        self.relations.get(&old.oid).or_else(|| {
            let mut relations = self.relations.values();
            relations.find(|one| one.schema == old.schema && one.name == old.name)
        })
    }

    pub fn count(&self, relation: &Relation) -> Option<Count> {
        match self.contents.get(&relation.oid) {
            Some(contents) => Some(Count {
                rows: contents.rows,
                exact: true,
            }),
            None => relation
                .estimated_rows
                .map(|rows| Count { rows, exact: false }),
        }
    }

    pub fn hash(&self, relation: &Relation) -> Option<&str> {
        self.contents.get(&relation.oid)?.hash.as_deref()
    }
}

/// Looks into tables, each as closely as it is worth.
async fn look_into<'a>(
    connection: &Connection,
    relations: impl IntoIterator<Item = &'a Relation>,
) -> Result<BTreeMap<Oid, Contents>, RelationError> {
    let relations = relations.into_iter();
    let tables: Vec<&Relation> = relations
        .filter(|relation| relation.has_rows() && relation.readable)
        .collect();
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let oids: Vec<Oid> = tables.iter().map(|table| table.oid).collect();
    let bytes = table_bytes(connection, &oids).await?;
    let closely = tables
        .into_iter()
        .filter_map(|table| match bytes.get(&table.oid)? {
            ..=COMPARED => Some((table, Closeness::Contents)),
            bytes if *bytes <= COUNTED => Some((table, Closeness::Count)),
            _ => None,
        });
    contents(connection, &closely.collect::<Vec<_>>()).await
}
