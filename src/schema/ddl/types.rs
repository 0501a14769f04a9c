//! What `ALTER TYPE` and `ALTER DOMAIN` can change.

use super::super::name;
use super::{Effect, Object, ObjectId, Property, Statement};

/// Adds labels; one cannot be removed or moved.
pub(super) fn alter_enum(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let old: Vec<&str> = before.lines(Property::Labels).collect();
    let new: Vec<&str> = after.lines(Property::Labels).collect();
    let kept: Vec<&str> = new
        .iter()
        .filter(|label| old.contains(label))
        .copied()
        .collect();
    if kept != old {
        let what = format!(
            "its labels are to be {}; one that exists cannot be removed or moved",
            new.join(", ")
        );
        return vec![Statement::todo(id, &what)];
    }
    let mut statements = Vec::new();
    let mut previous: Option<&str> = None;
    for label in &new {
        if !old.contains(label) {
            let place = match (previous, old.first()) {
                (Some(previous), _) => format!(" AFTER {previous}"),
                (None, Some(first)) => format!(" BEFORE {first}"),
                (None, None) => String::new(),
            };
            let sql = format!("ALTER TYPE {} ADD VALUE {label}{place}", id.sql());
            let statement = Statement::new(id, sql);
            statements.push(Statement {
                effect: Effect::NeedsCommit,
                ..statement
            });
        }
        previous = Some(label);
    }
    statements
}

/// Adds, drops and retypes attributes.
pub(super) fn alter_composite(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let attributes = |object: &Object| -> Vec<(String, String)> {
        let lines = object.lines(Property::Attributes);
        lines.filter_map(attribute).collect()
    };
    let (old, new) = (attributes(before), attributes(after));
    let find = |list: &[(String, String)], name: &str| {
        list.iter()
            .find(|(other, _)| other == name)
            .map(|(_, kind)| kind.clone())
    };
    let own = id.sql();
    let mut statements = Vec::new();
    for (attribute, _) in &old {
        if find(&new, attribute).is_none() {
            let sql = format!("ALTER TYPE {own} DROP ATTRIBUTE {attribute} CASCADE");
            let lost = format!("attribute {attribute} of every value of type {id}");
            statements.push(Statement::new(id, sql).losing(lost));
        }
    }
    for (attribute, kind) in &new {
        let change = match find(&old, attribute) {
            Some(old) if old == *kind => continue,
            Some(_) => format!("ALTER ATTRIBUTE {attribute} TYPE {kind} CASCADE"),
            None => format!("ADD ATTRIBUTE {attribute} {kind} CASCADE"),
        };
        statements.push(Statement::new(id, format!("ALTER TYPE {own} {change}")));
    }
    let names = |list: &[(String, String)]| -> Vec<String> {
        list.iter().map(|(name, _)| name.clone()).collect()
    };
    let (old, new) = (names(&old), names(&new));
    let kept = old.iter().filter(|name| new.contains(name));
    let added = new.iter().filter(|name| !old.contains(name));
    if kept.chain(added).ne(new.iter()) {
        let what = format!(
            "its attributes are to stand in the order {}",
            new.join(", ")
        );
        statements.push(Statement::todo(id, &what));
    }
    statements
}

/// `"the name" type` as name and type.
fn attribute(line: &str) -> Option<(String, String)> {
    let mut is_quoted = false;
    let end = line.find(|character| {
        is_quoted ^= character == '"';
        character == ' ' && !is_quoted
    })?;
    let (name, rest) = line.split_at_checked(end)?;
    Some((name.to_owned(), rest.trim_start().to_owned()))
}

pub(super) fn alter_domain(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let differs = |property| before.get(property) != after.get(property);
    let mut statements = Vec::new();
    if differs(Property::Type) || differs(Property::Collation) {
        let what = format!(
            "its base type is to be `{}`: make a new domain and retype the columns",
            after.get(Property::Type).unwrap_or_default()
        );
        statements.push(Statement::todo(id, &what));
    }
    let mut changes = Vec::new();
    if differs(Property::Default) {
        changes.push(match after.get(Property::Default) {
            Some(default) => format!("SET DEFAULT {default}"),
            None => "DROP DEFAULT".to_owned(),
        });
    }
    if differs(Property::NotNull) {
        let verb = if after.is(Property::NotNull) {
            "SET"
        } else {
            "DROP"
        };
        changes.push(format!("{verb} NOT NULL"));
    }
    let alter = |change| Statement::new(id, format!("ALTER DOMAIN {} {change}", id.sql()));
    statements.extend(changes.into_iter().map(alter));
    statements
}

pub(super) fn alter_extension(id: &ObjectId, before: &Object, after: &Object) -> Vec<Statement> {
    let changed = |property| {
        let value = after.get(property);
        value.filter(|value| before.get(property) != Some(*value))
    };
    let mut changes = Vec::new();
    if let Some(version) = changed(Property::Version) {
        changes.push(format!(
            "UPDATE TO {}",
            crate::postgres::quote::literal(version)
        ));
    }
    if let Some(schema) = changed(Property::InSchema) {
        changes.push(format!("SET SCHEMA {}", name::identifier(schema)));
    }
    let alter = |change| Statement::new(id, format!("ALTER EXTENSION {} {change}", id.sql()));
    changes.into_iter().map(alter).collect()
}
