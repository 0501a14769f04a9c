//! `CREATE`, kind by kind.

use super::{Context, Kind, Object, ObjectId, Property, Rows, Statement, column, index, table};

/// Makes what is not there yet.
pub(super) fn create(context: &Context<'_>, id: &ObjectId, object: &Object) -> Vec<Statement> {
    match id.kind {
        Kind::Range => range(id, object),
        Kind::Sequence => sequence(id, object),
        Kind::Table => table::create(context, id, object),
        Kind::Column => column::add(context, id, object),
        Kind::Constraint => index::add_constraint(context, id, object),
        Kind::Index => index::create(id, object),
        Kind::DefaultPrivileges => Vec::new(),
        _ => {
            let mut statements = vec![Statement::new(id, statement(context, id, object))];
            statements.extend(enabled(id, None, object));
            statements.extend(statistics_target(id, None, object));
            statements
        }
    }
}

/// Of those that one statement makes.
fn statement(context: &Context<'_>, id: &ObjectId, object: &Object) -> String {
    let name = id.sql();
    let definition = object.get(Property::Definition).unwrap_or_default();
    match id.kind {
        Kind::Schema => format!("CREATE SCHEMA {name}"),
        Kind::Extension => extension(&name, object),
        Kind::Collation => format!("CREATE COLLATION {name} ({definition})"),
        Kind::Enum => {
            let labels = lines(object, Property::Labels);
            format!("CREATE TYPE {name} AS ENUM ({labels})")
        }
        Kind::Composite => {
            let attributes = lines(object, Property::Attributes);
            format!("CREATE TYPE {name} AS ({attributes})")
        }
        Kind::Domain => domain(&name, object),
        Kind::DomainConstraint => {
            let domain = id.sql_table();
            format!("ALTER DOMAIN {domain} ADD CONSTRAINT {name} {definition}")
        }
        Kind::Aggregate => format!("CREATE AGGREGATE {name} (\n    {definition}\n)"),
        Kind::Operator => {
            let bare = name
                .split_once(" (")
                .map_or(name.as_str(), |(bare, _)| bare);
            format!("CREATE OPERATOR {bare} (\n    {definition}\n)")
        }
        Kind::Cast => format!("CREATE CAST {name} {definition}"),
        Kind::View => format!("CREATE VIEW {name}{} AS\n{definition}", with(object)),
        Kind::MaterializedView => materialized_view(context, &name, object),
        Kind::Policy => format!("CREATE POLICY {name} ON {} {definition}", id.sql_table()),
        Kind::EventTrigger => format!("CREATE EVENT TRIGGER {name} {definition}"),
        Kind::Publication => publication(&name, object),
        // The server gives the whole statement of the others.
        _ => definition.to_owned(),
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

/// That of an identity column comes with the column.
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

/// How closely an extended statistics object looks, where that is to change.
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
    Some(Statement::new(id, sql))
}
