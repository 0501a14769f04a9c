//! Schemas as SQL: all of one, or what turns one into another.
//!
//! The second is the general case: all of a schema is what turns an empty database into it. First
//! goes what has to be made anew ([`plan`]), then tables become logged or unlogged ([`persistence`]),
//! everything is made or altered after what it needs ([`steps`]), last goes what nobody needs any more.
//! Where a definition can only be replaced, the statements replace it; what SQL cannot do without the
//! data becomes a `TODO`.

mod alter;
mod attach;
mod column;
mod create;
mod drop;
mod grant;
mod index;
mod order;
mod persistence;
mod plan;
mod steps;
mod table;
mod types;

use std::fmt::Write;

use serde::Serialize;

use super::{Kind, Object, ObjectId, Property, Schema};
use crate::postgres::quote::literal;

/// Statements, in the order in which they have to run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Ddl {
    pub statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it makes, alters or drops.
    pub object: ObjectId,
    /// Without a semicolon at its end; of a `TODO` what is to be done, in words.
    pub sql: String,
    pub effect: Effect,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    KeepsData,
    /// What is lost, in words.
    LosesData(String),
    /// Must be committed before a later statement may use it.
    NeedsCommit,
    /// Not a statement: SQL alone cannot do it.
    Todo,
}

impl Statement {
    fn new(object: &ObjectId, sql: impl Into<String>) -> Self {
        Self {
            object: object.clone(),
            sql: sql.into(),
            effect: Effect::KeepsData,
        }
    }

    fn losing(mut self, what: impl Into<String>) -> Self {
        self.effect = Effect::LosesData(what.into());
        self
    }

    fn todo(object: &ObjectId, what: &str) -> Self {
        let mut statement = Self::new(object, format!("{} {object}: {what}", object.kind));
        statement.effect = Effect::Todo;
        statement
    }
}

/// With the mark that its effect asks for.
impl std::fmt::Display for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sql = &self.sql;
        match &self.effect {
            Effect::KeepsData => writeln!(f, "{sql};"),
            Effect::LosesData(what) => writeln!(f, "-- loses data: {}\n{sql};", one_line(what)),
            Effect::NeedsCommit => {
                writeln!(f, "-- commit this before a statement uses it\n{sql};")
            }
            Effect::Todo => writeln!(f, "-- TODO: {}", one_line(sql)),
        }
    }
}

/// As a file to run.
impl std::fmt::Display for Ddl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.statements
            .iter()
            .try_for_each(|statement| write!(f, "{statement}"))
    }
}

impl Ddl {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether something is left for people to do.
    #[must_use]
    pub fn has_todo(&self) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| statement.effect == Effect::Todo)
    }

    /// Whether rows or columns of rows are lost.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| matches!(statement.effect, Effect::LosesData(_)))
    }
}

/// What the session needs to be for the statements to mean what they say, as `pg_dump` sets it.
const HEADER: &str = "SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
";

/// `schema` as SQL that makes it in an empty database, in the form `pg_dump --schema-only` gives it.
/// What is not covered is named in comments at the end.
#[must_use]
pub fn ddl(schema: &Schema) -> String {
    let mut text = format!("{HEADER}\n");
    let statements = make(&pristine(schema), schema, Rows::Absent).statements;
    let mut last: Option<&ObjectId> = None;
    for statement in &statements {
        let object = &statement.object;
        if last != Some(object) {
            let owner = schema
                .get(object)
                .and_then(|object| object.get(Property::Owner));
            let _ = write!(text, "\n{}", heading(object, owner));
        }
        last = Some(object);
        let _ = write!(text, "\n{statement}");
    }
    for what in &schema.not_covered {
        let _ = writeln!(text, "\n-- TODO: {} is not written here", one_line(what));
    }
    text
}

fn heading(object: &ObjectId, owner: Option<&str>) -> String {
    let or_none = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    let name = if object.lives_in_table() {
        format!("{} {}", object.table, object.name)
    } else {
        object.name.clone()
    };
    let heading = format!(
        "Name: {name}; Type: {}; Schema: {}; Owner: {}",
        object.kind.word().to_uppercase(),
        or_none(&object.schema),
        or_none(owner.unwrap_or_default()),
    );
    format!("--\n-- {}\n--\n", one_line(&heading))
}

/// For a comment: what a name holds after a line break would be run.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// The statements that turn a database with `from` into one with `to`. They expect what the header
/// of [`ddl`] sets, above all an empty `search_path`.
///
/// A renamed object cannot be told from one that was removed beside one that was added. Data is never
/// moved. Default privileges that `from` has also apply to what is made here.
#[must_use]
pub fn migration_ddl(from: &Schema, to: &Schema) -> Ddl {
    make(from, to, Rows::Present)
}

/// Whether a materialized view is filled when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Present,
    Absent,
}

/// A database as `CREATE DATABASE` gives it.
fn pristine(like: &Schema) -> Schema {
    let mut schema = Schema::default();
    let public = ObjectId::new(Kind::Schema, "", "public");
    schema.objects.insert(public, Object::default());
    let plpgsql = ObjectId::new(Kind::Extension, "", "plpgsql");
    let object = like.get(&plpgsql).cloned().unwrap_or_default();
    schema.objects.insert(plpgsql, object);
    schema
}

fn make(from: &Schema, to: &Schema, rows: Rows) -> Ddl {
    let (mut statements, from) = attach::detach_all(from, to);
    let early = plan::early(&from, to);
    statements.extend(drop::early(&from, &early));
    let middle = plan::without(&from, &early);
    let context = Context {
        from: &middle,
        to,
        rows,
    };
    statements.extend(persistence::change_all(&middle, to));
    statements.extend(steps::make_all(&context));
    statements.extend(drop::late(&middle, to));
    Ddl { statements }
}

/// What is there and what is to be there, while things are made.
struct Context<'a> {
    from: &'a Schema,
    to: &'a Schema,
    rows: Rows,
}

/// What the statement that names an object calls it: `TABLE public.orders`.
fn reference(id: &ObjectId) -> String {
    let name = id.sql();
    match id.kind {
        Kind::Enum | Kind::Composite | Kind::Range => format!("TYPE {name}"),
        Kind::Column => format!("COLUMN {}.{name}", id.sql_table()),
        Kind::DomainConstraint => format!("CONSTRAINT {name} ON DOMAIN {}", id.sql_table()),
        Kind::Constraint | Kind::Rule | Kind::Trigger | Kind::Policy => {
            format!(
                "{} {name} ON {}",
                id.kind.word().to_uppercase(),
                id.sql_table()
            )
        }
        Kind::Statistics => format!("STATISTICS {name}"),
        _ => format!("{} {name}", id.kind.word().to_uppercase()),
    }
}

fn is_foreign_key(constraint: &Object) -> bool {
    constraint.get(Property::ConstraintType) == Some("foreign key")
}

/// Whose an object is of which nothing is said: since version 15 `public` belongs to whoever owns the
/// database. See <https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PUBLIC>.
fn usual_owner(id: &ObjectId) -> Option<&'static str> {
    (id.kind == Kind::Schema && id.name == "public").then_some("pg_database_owner")
}

/// Whether a sequence has the owner of its table.
fn follows_table(before: Option<&Object>, sequence: &Object) -> bool {
    let was_owned = before.is_some_and(|before| before.is(Property::OwnedBy));
    sequence.is(Property::OfIdentity) || was_owned && sequence.is(Property::OwnedBy)
}

/// Owner, comment and privileges of what was just made or altered.
fn finish(context: &Context<'_>, id: &ObjectId, object: &Object) -> Vec<Statement> {
    let before = context.from.get(id);
    let mut statements = Vec::new();
    let differs = |property| before.and_then(|before| before.get(property)) != object.get(property);
    let owner = object.get(Property::Owner).or_else(|| usual_owner(id));
    if let Some(owner) = owner.filter(|_| differs(Property::Owner))
        && !follows_table(before, object)
    {
        let owner = super::name::identifier(owner);
        let sql = format!("ALTER {} OWNER TO {owner}", reference(id));
        statements.push(Statement::new(id, sql));
    }
    if differs(Property::Comment) {
        let comment = object
            .get(Property::Comment)
            .map_or("NULL".to_owned(), literal);
        statements.push(Statement::new(
            id,
            format!("COMMENT ON {} IS {comment}", reference(id)),
        ));
    }
    if differs(Property::Privileges) {
        statements.extend(grant::change(id, before, object));
    }
    statements
}
