//! `CREATE`, kind by kind.

use super::{
    Context, Effect, Kind, Object, ObjectId, Property, Rows, Statement, attach, column, table,
};

/// Makes what is not there yet.
pub(super) fn create(context: &Context<'_>, id: &ObjectId, object: &Object) -> Vec<Statement> {
    let name = id.sql();
    let definition = object.get(Property::Definition).unwrap_or_default();
    let one = |sql: String| vec![Statement::new(id, sql)];
    match id.kind {
        Kind::Schema => one(format!("CREATE SCHEMA {name}")),
        Kind::Extension => one(extension(&name, object)),
        Kind::Collation => one(format!("CREATE COLLATION {name} ({definition})")),
        Kind::Enum => one(format!(
            "CREATE TYPE {name} AS ENUM ({})",
            lines(object, Property::Labels)
        )),
        Kind::Composite => one(format!(
            "CREATE TYPE {name} AS ({})",
            lines(object, Property::Attributes)
        )),
        Kind::Domain => one(domain(&name, object)),
        Kind::Range => range(id, object),
        Kind::Function | Kind::Procedure => one(definition.to_owned()),
        Kind::Aggregate => one(format!("CREATE AGGREGATE {name} (\n    {definition}\n)")),
        Kind::Operator => {
            let bare = name
                .split_once(" (")
                .map_or(name.as_str(), |(bare, _)| bare);
            one(format!("CREATE OPERATOR {bare} (\n    {definition}\n)"))
        }
        Kind::Cast => one(format!("CREATE CAST {name} {definition}")),
        Kind::Sequence => sequence(id, object),
        Kind::Table => table::create(context, id, object),
        Kind::Column => column::add(context, id, object),
        Kind::View => one(format!(
            "CREATE VIEW {name}{} AS\n{definition}",
            with(object)
        )),
        Kind::MaterializedView => one(materialized_view(context, &name, object)),
        Kind::DomainConstraint => {
            let domain = id.sql_table();
            one(format!(
                "ALTER DOMAIN {domain} ADD CONSTRAINT {name} {definition}"
            ))
        }
        Kind::Constraint => constraint(context, id, object),
        Kind::Index => index(id, object),
        Kind::Policy => one(format!(
            "CREATE POLICY {name} ON {} {definition}",
            id.sql_table()
        )),
        Kind::EventTrigger => {
            let mut statements = one(format!("CREATE EVENT TRIGGER {name} {definition}"));
            statements.extend(enabled(id, None, object));
            statements
        }
        Kind::Publication => one(publication(&name, object)),
        Kind::Rule | Kind::Trigger => {
            let mut statements = one(definition.to_owned());
            statements.extend(enabled(id, None, object));
            statements
        }
        Kind::Statistics => {
            let mut statements = one(definition.to_owned());
            statements.extend(statistics_target(id, None, object));
            statements
        }
        Kind::DefaultPrivileges => Vec::new(),
    }
}

fn lines(object: &Object, property: Property) -> String {
    let lines: Vec<&str> = object.lines(property).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("\n    {}\n", lines.join(",\n    "))
}

/// ` WITH (…)` of a table or view.
pub(super) fn with(object: &Object) -> String {
    let options: Vec<String> = object.lines(Property::Options).map(option).collect();
    if options.is_empty() {
        return String::new();
    }
    format!(" WITH ({})", options.join(", "))
}

/// `name=value` as SQL.
pub(super) fn option(line: &str) -> String {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    format!("{name}={}", crate::postgres::quote::literal(value))
}

fn extension(name: &str, object: &Object) -> String {
    let schema = object.get(Property::InSchema).unwrap_or_default();
    let schema = super::super::name::identifier(schema);
    format!("CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {schema}")
}

fn domain(name: &str, object: &Object) -> String {
    let part = |property, words: &str| {
        let value = object.get(property);
        value.map_or_else(String::new, |value| format!("{words}{value}"))
    };
    let not_null = if object.is(Property::NotNull) {
        " NOT NULL"
    } else {
        ""
    };
    format!(
        "CREATE DOMAIN {name}{}{}{not_null}{}",
        part(Property::Type, " AS "),
        part(Property::Collation, " COLLATE "),
        part(Property::Default, " DEFAULT "),
    )
}

fn range(id: &ObjectId, object: &Object) -> Vec<Statement> {
    let mut definition: Vec<String> = object
        .lines(Property::Definition)
        .map(str::to_owned)
        .collect();
    definition.extend(
        object
            .get(Property::Collation)
            .map(|collation| format!("collation = {collation}")),
    );
    let sql = format!(
        "CREATE TYPE {} AS RANGE (\n    {}\n)",
        id.sql(),
        definition.join(",\n    ")
    );
    let mut statements = vec![Statement::new(id, sql)];
    if let Some(canonical) = object.get(Property::Canonical) {
        let what = format!("its canonical function `{canonical}` needs a shell type first");
        statements.push(Statement::todo(id, &what));
    }
    statements
}

/// The options of a sequence as `CREATE` and `ALTER` write them.
pub(super) fn sequence_options(object: &Object) -> String {
    let value = |property| object.get(property).unwrap_or_default();
    let cycle = if object.is(Property::Cycle) {
        " CYCLE"
    } else {
        " NO CYCLE"
    };
    format!(
        "START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{cycle}",
        value(Property::Start),
        value(Property::Increment),
        value(Property::Minimum),
        value(Property::Maximum),
        value(Property::Cache),
    )
}

pub(super) fn sequence(id: &ObjectId, object: &Object) -> Vec<Statement> {
    if object.is(Property::OfIdentity) {
        return Vec::new();
    }
    let unlogged = if object.is(Property::Persistence) {
        "UNLOGGED "
    } else {
        ""
    };
    let kind = object.get(Property::Type).unwrap_or("bigint");
    let sql = format!(
        "CREATE {unlogged}SEQUENCE {} AS {kind} {}",
        id.sql(),
        sequence_options(object)
    );
    vec![Statement::new(id, sql)]
}

fn materialized_view(context: &Context<'_>, name: &str, object: &Object) -> String {
    let part = |property, words: &str| {
        let value = object.get(property).map(super::super::name::identifier);
        value.map_or_else(String::new, |value| format!("{words}{value}"))
    };
    let rows = match context.rows {
        Rows::Present => "",
        Rows::Absent => "\n  WITH NO DATA",
    };
    format!(
        "CREATE MATERIALIZED VIEW {name}{}{}{} AS\n{}{rows}",
        part(Property::AccessMethod, " USING "),
        with(object),
        part(Property::Tablespace, " TABLESPACE "),
        object.get(Property::Definition).unwrap_or_default(),
    )
}

/// Whether `CREATE TABLE` says it.
pub(super) fn is_check_within_table(constraint: &Object) -> bool {
    let definition = constraint.get(Property::Definition).unwrap_or_default();
    constraint.get(Property::ConstraintType) == Some("check") && !definition.ends_with(" NOT VALID")
}

fn constraint(context: &Context<'_>, id: &ObjectId, object: &Object) -> Vec<Statement> {
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
    statements.extend(index_settings(id, None, object));
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

fn index(id: &ObjectId, object: &Object) -> Vec<Statement> {
    let definition = object.get(Property::Definition).unwrap_or_default();
    if object.is(Property::Invalid) && !definition.contains(" ON ONLY ") {
        return vec![Statement::todo(
            id,
            "it is invalid, what a failed build left; nothing to make",
        )];
    }
    let mut statements = vec![Statement::new(id, definition)];
    statements.extend(index_settings(id, None, object));
    statements
}

/// What is said of an index beside its definition: storage, clustering, replica identity.
pub(super) fn index_settings(
    id: &ObjectId,
    before: Option<&Object>,
    object: &Object,
) -> Vec<Statement> {
    let index = format!(
        "{}.{}",
        super::super::name::identifier(&id.schema),
        id.sql_name()
    );
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
        let tablespace = super::super::name::identifier(tablespace);
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

fn publication(name: &str, object: &Object) -> String {
    let mut text = format!("CREATE PUBLICATION {name}");
    let mut last = "";
    for line in object.lines(Property::Definition) {
        // Before version 15 the word may stand once only.
        let (word, rest) = match line.strip_prefix("TABLE ") {
            Some(rest) => ("TABLE ", rest),
            None => ("", line),
        };
        text.push_str(if last.is_empty() { " FOR " } else { ", " });
        text.push_str(if last == "TABLE " { "" } else { word });
        text.push_str(rest);
        last = if word.is_empty() { "ALL" } else { word };
    }
    text + &with_options(object)
}

fn with_options(object: &Object) -> String {
    let options = object.get(Property::Options);
    options.map_or_else(String::new, |options| format!(" WITH ({options})"))
}

/// When a trigger or rule fires, where that is to change.
pub(super) fn enabled(
    id: &ObjectId,
    before: Option<&Object>,
    object: &Object,
) -> Option<Statement> {
    let state = object.get(Property::Enabled);
    if before.and_then(|before| before.get(Property::Enabled)) == state {
        return None;
    }
    let state = match state {
        Some("disabled") => "DISABLE",
        Some("replica") => "ENABLE REPLICA",
        Some("always") => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    let name = id.sql_name();
    let sql = match id.kind {
        Kind::EventTrigger => format!("ALTER EVENT TRIGGER {name} {state}"),
        kind => {
            let word = kind.word().to_uppercase();
            format!("ALTER TABLE {} {state} {word} {name}", id.sql_table())
        }
    };
    Some(Statement::new(id, sql))
}

pub(super) fn statistics_target(
    id: &ObjectId,
    before: Option<&Object>,
    object: &Object,
) -> Option<Statement> {
    let target = object.get(Property::Statistics);
    if before.and_then(|before| before.get(Property::Statistics)) == target {
        return None;
    }
    let sql = format!(
        "ALTER STATISTICS {} SET STATISTICS {}",
        id.sql(),
        target.unwrap_or("-1")
    );
    Some(Statement {
        effect: Effect::KeepsData,
        ..Statement::new(id, sql)
    })
}
