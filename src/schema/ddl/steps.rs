//! The order in which things are made and altered.
//!
//! A new table takes its columns and most of its checks with it. What closes circles comes apart from
//! the objects: attaching partitions and their indexes, giving a sequence to its column.

use std::collections::{BTreeMap, BTreeSet};

use super::super::compare::{owner_of_sequence, parents};
use super::super::name;
use super::{
    Context, Kind, Object, ObjectId, Property, Statement, alter, attach, create, finish, index,
    is_foreign_key, order,
};

/// In the order in which they come where nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step<'a> {
    /// Makes or alters.
    Make(Rank, &'a ObjectId),
    /// Makes a table a partition or an heir.
    Attach(&'a ObjectId),
    AttachIndex(&'a ObjectId),
    /// After everything is attached.
    Attached,
    GiveSequence(&'a ObjectId),
    ForeignKey(&'a ObjectId),
    /// Last: event triggers would fire, default privileges apply to what is made after them.
    Last(&'a ObjectId),
}

/// Columns of a table come in its order.
type Rank = (Kind, usize);

pub(super) fn make_all(context: &Context<'_>) -> Vec<Statement> {
    let plan = Plan::new(context);
    let mut statements = Vec::new();
    for step in order::sort(&plan.steps, |step| plan.needs(step)) {
        match step {
            Step::Make(_, id) | Step::ForeignKey(id) | Step::Last(id) => {
                statements.extend(plan.make(id));
            }
            Step::Attach(id) => statements.extend(attach::table(context, id)),
            Step::AttachIndex(id) => statements.extend(attach::index(context, id)),
            Step::GiveSequence(id) => statements.extend(attach::sequence(context, id)),
            Step::Attached => {}
        }
    }
    statements
}

struct Plan<'a> {
    context: &'a Context<'a>,
    steps: BTreeSet<Step<'a>>,
    /// The step that makes each object.
    made_by: BTreeMap<&'a ObjectId, Step<'a>>,
    /// What comes with a new table.
    absorbed: BTreeMap<&'a ObjectId, Vec<&'a ObjectId>>,
    /// What is made for each table.
    parts: BTreeMap<(&'a str, &'a str), Vec<&'a ObjectId>>,
    /// What is attached to each table.
    attached: BTreeMap<ObjectId, Vec<Step<'a>>>,
}

impl<'a> Plan<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let mut plan = Self {
            context,
            steps: BTreeSet::from([Step::Attached]),
            made_by: BTreeMap::new(),
            absorbed: BTreeMap::new(),
            parts: BTreeMap::new(),
            attached: BTreeMap::new(),
        };
        for (id, object) in &context.to.objects {
            let before = context.from.get(id);
            if before.is_some_and(|before| before.properties == object.properties) {
                continue;
            }
            plan.add(id, object);
        }
        plan
    }

    fn add(&mut self, id: &'a ObjectId, object: &'a Object) {
        let rank = self.rank(id);
        let step = match self.new_table_of(id, object) {
            Some(table) => {
                self.absorbed.entry(table).or_default().push(id);
                Step::Make((Kind::Table, 0), table)
            }
            None if is_last(id.kind) => Step::Last(id),
            None if is_foreign_key(object) => Step::ForeignKey(id),
            None => Step::Make(rank, id),
        };
        self.steps.insert(step);
        self.made_by.insert(id, step);
        if !id.table.is_empty() {
            self.parts
                .entry((&id.schema, &id.table))
                .or_default()
                .push(id);
        }
        if id.kind == Kind::Table && attach::is_due(self.context, id) {
            self.steps.insert(Step::Attach(id));
            for (schema, parent) in parents(object) {
                let parent = ObjectId::new(Kind::Table, &schema, &parent);
                self.attached
                    .entry(parent)
                    .or_default()
                    .push(Step::Attach(id));
            }
        }
        if object.is(Property::AttachedTo) {
            self.steps.insert(Step::AttachIndex(id));
        }
        if id.kind == Kind::Sequence && attach::is_given(self.context, id) {
            self.steps.insert(Step::GiveSequence(id));
        }
    }

    fn rank(&self, id: &ObjectId) -> Rank {
        let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
        let columns = self
            .context
            .to
            .get(&table)
            .filter(|_| id.kind == Kind::Column);
        let place = columns.and_then(|table| {
            let name = name::identifier(&id.name);
            table
                .lines(Property::ColumnOrder)
                .position(|column| column == name)
        });
        (id.kind, place.unwrap_or_default())
    }

    /// The table whose `CREATE` takes `id` with it.
    fn new_table_of(&self, id: &ObjectId, object: &Object) -> Option<&'a ObjectId> {
        let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
        let (table, _) = self.context.to.objects.get_key_value(&table)?;
        let is_taken = match id.kind {
            Kind::Column => true,
            Kind::Constraint => index::is_check_within_table(object),
            _ => false,
        };
        (is_taken && self.context.from.get(table).is_none()).then_some(table)
    }

    fn make(&self, id: &'a ObjectId) -> Vec<Statement> {
        let Some(object) = self.context.to.get(id) else {
            return Vec::new();
        };
        let mut statements = match self.context.from.get(id) {
            Some(before) => alter::alter(self.context, id, before, object),
            None => create::create(self.context, id, object),
        };
        statements.extend(finish(self.context, id, object));
        for part in self.absorbed.get(id).into_iter().flatten() {
            if let Some(object) = self.context.to.get(part) {
                statements.extend(finish(self.context, part, object));
            }
        }
        statements
    }

    fn needs(&self, step: &Step<'a>) -> Vec<Step<'a>> {
        match *step {
            Step::Make(_, id) | Step::Last(id) => self.needs_of_object(id),
            Step::ForeignKey(id) => {
                let mut needs = self.needs_of_object(id);
                needs.push(Step::Attached);
                needs.extend(self.keys_of_parents(id));
                needs
            }
            Step::Attach(id) => {
                let mut needs = self.needs_of_object(id);
                needs.extend(self.steps_of_parts(id, |kind| {
                    matches!(kind, Kind::Index | Kind::Constraint | Kind::Column)
                }));
                needs.extend(self.made_by.get(id));
                needs
            }
            Step::AttachIndex(id) => {
                let mut needs: Vec<Step<'a>> = self.made_by.get(id).copied().into_iter().collect();
                needs.extend(self.step_of_parent_index(id));
                let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
                let table = self.context.to.objects.get_key_value(&table);
                needs.extend(table.map(|(table, _)| Step::Attach(table)));
                needs
            }
            Step::Attached => {
                let is_attaching =
                    |step: &&Step<'a>| matches!(step, Step::Attach(_) | Step::AttachIndex(_));
                self.steps.iter().filter(is_attaching).copied().collect()
            }
            Step::GiveSequence(id) => {
                let mut needs: Vec<Step<'a>> = self.made_by.get(id).copied().into_iter().collect();
                needs.extend(self.step_of_owner(id));
                needs
            }
        }
    }

    fn needs_of_object(&self, id: &'a ObjectId) -> Vec<Step<'a>> {
        let mut needs = Vec::new();
        self.add_needs(id, &mut needs);
        for part in self.absorbed.get(id).into_iter().flatten() {
            self.add_needs(part, &mut needs);
        }
        needs
    }

    fn add_needs(&self, id: &'a ObjectId, needs: &mut Vec<Step<'a>>) {
        let Some(object) = self.context.to.get(id) else {
            return;
        };
        let step = |id: &ObjectId| self.made_by.get(id).copied();
        needs.extend(object.needs.iter().filter_map(step));
        needs.extend(step(&ObjectId::new(Kind::Schema, "", &id.schema)));
        let in_schema = object.get(Property::InSchema);
        needs.extend(in_schema.and_then(|schema| step(&ObjectId::new(Kind::Schema, "", schema))));
        needs.extend(id.containers().iter().filter_map(step));
        for (schema, parent) in parents(object) {
            let parent = ObjectId::new(Kind::Table, &schema, &parent);
            needs.extend(step(&parent));
            // An heir made after a column of its parent has it at its place.
            let columns = self
                .parts
                .get(&(parent.schema.as_str(), parent.name.as_str()));
            let columns = columns
                .into_iter()
                .flatten()
                .filter(|part| part.kind == Kind::Column);
            needs.extend(columns.filter_map(|column| self.made_by.get(column)));
        }
        if !id.table.is_empty() && !matches!(id.kind, Kind::Column | Kind::DomainConstraint) {
            needs.extend(self.steps_of_parts(id, |kind| kind == Kind::Column));
        }
        // Made before, the index would take any index of the partition that is like it.
        let constraint = object.get(Property::ConstraintType);
        let is_unique = matches!(constraint, Some("primary key" | "unique" | "exclusion"));
        if id.kind == Kind::Index || is_unique {
            let table = ObjectId::new(Kind::Table, &id.schema, &id.table);
            needs.extend(self.attached.get(&table).into_iter().flatten());
        }
        if object.is(Property::OfIdentity) {
            needs.extend(self.step_of_owner(id));
        }
        if id.kind == Kind::Column {
            needs.extend(self.step_of_column_before(id));
        }
    }

    /// Of the table that `id` is or belongs to.
    fn steps_of_parts(&self, id: &'a ObjectId, is_meant: impl Fn(Kind) -> bool) -> Vec<Step<'a>> {
        let table = if id.table.is_empty() {
            &id.name
        } else {
            &id.table
        };
        let parts = self.parts.get(&(id.schema.as_str(), table.as_str()));
        let parts = parts.into_iter().flatten();
        let steps = parts
            .filter(|part| is_meant(part.kind))
            .filter_map(|part| self.made_by.get(part));
        steps
            .filter(|step| !matches!(step, Step::ForeignKey(_)))
            .copied()
            .collect()
    }

    /// Made later, the key of a partitioned table would take one of the partition that is like it.
    fn keys_of_parents(&self, id: &ObjectId) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        let mut table = ObjectId::new(Kind::Table, &id.schema, &id.table);
        while let Some(object) = self.context.to.get(&table)
            && object.is(Property::PartitionOf)
            && let Some((schema, parent)) = parents(object).next()
        {
            let parts = self.parts.get(&(schema.as_str(), parent.as_str()));
            let keys = parts
                .into_iter()
                .flatten()
                .filter_map(|part| self.made_by.get(part))
                .filter(|step| matches!(step, Step::ForeignKey(_)));
            steps.extend(keys.copied());
            table = ObjectId::new(Kind::Table, &schema, &parent);
        }
        steps
    }

    fn step_of_parent_index(&self, id: &ObjectId) -> Option<Step<'a>> {
        let parent = name::split(self.context.to.get(id)?.get(Property::AttachedTo)?);
        let mut made = self.made_by.iter();
        let is_parent = |other: &ObjectId| {
            other.kind == id.kind && parent == [other.schema.as_str(), other.name.as_str()]
        };
        made.find(|(other, _)| is_parent(other))
            .map(|(_, step)| *step)
    }

    fn step_of_owner(&self, sequence: &ObjectId) -> Option<Step<'a>> {
        let [schema, table, column] = owner_of_sequence(self.context.to.get(sequence)?)?;
        let column = ObjectId::of_table(Kind::Column, &schema, &table, &column);
        self.made_by.get(&column).copied()
    }

    /// New columns of a table come one after the other.
    fn step_of_column_before(&self, id: &'a ObjectId) -> Option<Step<'a>> {
        let own = self.rank(id);
        let columns = self.steps_of_parts(id, |kind| kind == Kind::Column);
        let is_new = |id: &ObjectId| self.context.from.get(id).is_none();
        let before = columns.into_iter().filter(|step| match step {
            Step::Make(rank, column) => *rank < own && is_new(column) && is_new(id),
            _ => false,
        });
        before.max()
    }
}

fn is_last(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::EventTrigger | Kind::Publication | Kind::DefaultPrivileges
    )
}
