//! The catalogue as data: objects, each with an identity and a few properties of text.
//!
//! A property that has its usual value is absent, so that a version that knows more properties
//! agrees with one that knows fewer. Nothing here depends on OIDs or the order of creation.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::name;
use super::words::words;

words! {
    /// What an object is. In the order in which they are made where nothing else decides.
    Kind {
        Schema = "schema",
        Extension = "extension",
        Collation = "collation",
        Enum = "enum type",
        Composite = "composite type",
        Domain = "domain",
        DomainConstraint = "domain constraint",
        Range = "range type",
        Function = "function",
        Procedure = "procedure",
        Aggregate = "aggregate",
        Operator = "operator",
        Cast = "cast",
        Sequence = "sequence",
        Table = "table",
        Column = "column",
        View = "view",
        MaterializedView = "materialized view",
        Constraint = "constraint",
        Index = "index",
        Statistics = "statistics object",
        Rule = "rule",
        Trigger = "trigger",
        Policy = "policy",
        EventTrigger = "event trigger",
        Publication = "publication",
        DefaultPrivileges = "default privileges",
    }
}

words! {
    /// What can be said of an object. The text is SQL wherever SQL can say it.
    Property {
        Owner = "owner",
        /// One `GRANT … TO …` or `REVOKE … FROM …` per line, beyond what a new object has. `OWNER`
        /// stands for whoever owns the object.
        Privileges = "privileges",
        Comment = "comment",
        Definition = "definition",
        Type = "type",
        Collation = "collation",
        Default = "default",
        Generated = "generated",
        Virtual = "virtual",
        Identity = "identity",
        NotNull = "not_null",
        Storage = "storage",
        Compression = "compression",
        Statistics = "statistics",
        /// One `name=value` per line.
        Options = "options",
        /// Comes from the parent table alone.
        Inherited = "inherited",
        ConstraintType = "constraint_type",
        Tablespace = "tablespace",
        AccessMethod = "access_method",
        /// The index of the partitioned table this one is part of.
        AttachedTo = "attached_to",
        Clustered = "clustered",
        ReplicaIdentity = "replica_identity",
        /// An index that a failed `CREATE INDEX CONCURRENTLY` left.
        Invalid = "invalid",
        Enabled = "enabled",
        Persistence = "persistence",
        PartitionKey = "partition_key",
        PartitionOf = "partition_of",
        PartitionBound = "partition_bound",
        /// Parent tables, one per line.
        Inherits = "inherits",
        OfType = "of_type",
        RowSecurity = "row_security",
        ForceRowSecurity = "force_row_security",
        /// Quoted names, one per line.
        ColumnOrder = "column_order",
        Arguments = "arguments",
        Returns = "returns",
        /// Quoted labels of an enum type, one per line.
        Labels = "labels",
        /// Attributes of a composite type, one per line.
        Attributes = "attributes",
        Canonical = "canonical",
        Start = "start",
        Increment = "increment",
        Minimum = "minimum",
        Maximum = "maximum",
        Cache = "cache",
        Cycle = "cycle",
        /// The column a sequence belongs to.
        OwnedBy = "owned_by",
        /// The sequence of an identity column.
        OfIdentity = "of_identity",
        InSchema = "in_schema",
        Version = "version",
    }
}

/// What an object is called. `schema` is empty for what belongs to the whole database, `table` for
/// what belongs to no table (for the constraint of a domain it is the domain).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectId {
    pub kind: Kind,
    pub schema: String,
    pub table: String,
    /// As stored; of routines, operators and casts as SQL with the types of the arguments.
    pub name: String,
}

impl ObjectId {
    /// A table, view or another thing that stands in a schema by itself.
    #[must_use]
    pub fn new(kind: Kind, schema: &str, name: &str) -> Self {
        Self {
            kind,
            schema: schema.to_owned(),
            table: String::new(),
            name: name.to_owned(),
        }
    }

    /// A column, constraint, index or the like of a table.
    #[must_use]
    pub fn of_table(kind: Kind, schema: &str, table: &str, name: &str) -> Self {
        Self {
            table: table.to_owned(),
            ..Self::new(kind, schema, name)
        }
    }

    /// The name alone, as SQL.
    #[must_use]
    pub fn sql_name(&self) -> String {
        match self.kind {
            Kind::Function
            | Kind::Procedure
            | Kind::Aggregate
            | Kind::Operator
            | Kind::Cast
            | Kind::DefaultPrivileges => self.name.clone(),
            _ => name::identifier(&self.name),
        }
    }

    /// The name with its schema, as SQL; what only has a name inside a table gets no schema.
    #[must_use]
    pub fn sql(&self) -> String {
        if self.schema.is_empty() || self.lives_in_table() {
            return self.sql_name();
        }
        format!("{}.{}", name::identifier(&self.schema), self.sql_name())
    }

    /// The table (or domain) with its schema, as SQL.
    #[must_use]
    pub fn sql_table(&self) -> String {
        format!(
            "{}.{}",
            name::identifier(&self.schema),
            name::identifier(&self.table)
        )
    }

    /// What the object may be a part of, by its name.
    #[must_use]
    pub fn containers(&self) -> Vec<Self> {
        let kinds: &[Kind] = match self.kind {
            _ if self.table.is_empty() => &[],
            Kind::DomainConstraint => &[Kind::Domain],
            Kind::Column => &[
                Kind::Table,
                Kind::View,
                Kind::MaterializedView,
                Kind::Composite,
            ],
            _ => &[Kind::Table, Kind::View, Kind::MaterializedView],
        };
        let container = |kind: &Kind| Self::new(*kind, &self.schema, &self.table);
        kinds.iter().map(container).collect()
    }

    /// Whether the name is one within the table only.
    #[must_use]
    pub fn lives_in_table(&self) -> bool {
        matches!(
            self.kind,
            Kind::Column
                | Kind::Constraint
                | Kind::DomainConstraint
                | Kind::Rule
                | Kind::Trigger
                | Kind::Policy
        )
    }
}

/// As people write it: `table public.orders`, `column public.orders.note`.
impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.lives_in_table() {
            write!(f, "{}.{}", self.sql_table(), self.sql_name())
        } else {
            f.write_str(&self.sql())
        }
    }
}

/// One object and what differs from the usual about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Object {
    pub properties: BTreeMap<Property, String>,
    /// Objects that must be there before this one. No part of comparison.
    #[serde(skip)]
    pub needs: BTreeSet<ObjectId>,
}

impl Object {
    #[must_use]
    pub fn get(&self, property: Property) -> Option<&str> {
        self.properties.get(&property).map(String::as_str)
    }

    /// For properties that are there or not.
    #[must_use]
    pub fn is(&self, property: Property) -> bool {
        self.properties.contains_key(&property)
    }

    /// The lines of a property that is a list.
    pub fn lines(&self, property: Property) -> impl Iterator<Item = &str> {
        self.get(property).into_iter().flat_map(str::lines)
    }
}

/// Everything of the user in one database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    pub objects: BTreeMap<ObjectId, Object>,
    /// The server's, for instance 15; 0 where nobody asked one.
    pub server_major: u32,
    /// Objects of kinds that are not read (foreign tables, operator classes …), in words.
    pub not_covered: BTreeSet<String>,
}

impl Schema {
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id)
    }

    /// Without who owns what: for databases of different users.
    #[must_use]
    pub fn without_owners(self) -> Self {
        self.without(&[Property::Owner])
    }

    /// Without who may do what.
    #[must_use]
    pub fn without_privileges(self) -> Self {
        let mut schema = self.without(&[Property::Privileges]);
        let objects = &mut schema.objects;
        objects.retain(|id, _| id.kind != Kind::DefaultPrivileges);
        schema
    }

    fn without(mut self, properties: &[Property]) -> Self {
        for object in self.objects.values_mut() {
            object
                .properties
                .retain(|property, _| !properties.contains(property));
        }
        self
    }

    /// The objects of `table`, of one kind.
    pub fn parts<'a>(
        &'a self,
        table: &'a ObjectId,
        kind: Kind,
    ) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
        let first = ObjectId::of_table(kind, &table.schema, &table.name, "");
        self.objects.range(first..).take_while(move |(id, _)| {
            id.kind == kind && id.schema == table.schema && id.table == table.name
        })
    }
}
