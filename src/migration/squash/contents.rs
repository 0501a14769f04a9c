//! The text of a squashed file: the schema of a database, and the rows and sequences in it.

use std::fmt::Write;

use super::rows;
use crate::migration::Migration;
use crate::postgres::quote::identifier;
use crate::postgres::{Connection, describe};
use crate::schema::{
    self, Ddl, Effect, Kind, Property, ReadError, Schema, Statement, migration_ddl,
};

/// A squashed file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub text: String,
    /// Statements that make the schema.
    pub statements: usize,
    /// Rows that the migrations wrote.
    pub rows: usize,
}

/// Why the contents of a database cannot be written down.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    #[error(transparent)]
    Schema(#[from] ReadError),
    #[error("failed to read the rows: {}", describe(.0))]
    Rows(#[from] tokio_postgres::Error),
    /// Each in words.
    #[error("the migrations made what cannot be written down: {}", .0.join(", "))]
    NotCovered(Vec<String>),
}

/// Everything in `full`, a database in which `files` were applied, as SQL for one that is like
/// `empty`.
///
/// # Errors
/// A [`ContentsError`].
pub async fn contents(
    (full, empty): (&Connection, &Connection),
    files: &[Migration],
) -> Result<Contents, ContentsError> {
    let from = ownerless(schema::read(empty).await?, full);
    let to = ownerless(schema::read(full).await?, full);
    let ddl = migration_ddl(&from, &to);
    let mut left: Vec<String> = to.not_covered.iter().cloned().collect();
    left.extend(todos(&ddl));
    if rows::has_large_objects(full).await? {
        left.push("large objects".to_owned());
    }
    if !left.is_empty() {
        return Err(ContentsError::NotCovered(left));
    }
    let tables = rows::read(full).await?;
    let sequences = rows::sequences(full).await?;
    let mut text = super::header(files);
    text.push_str(PROLOGUE);
    let (before, after) = split(&ddl, &to);
    write_all(
        &mut text,
        before.iter().map(|statement| statement.sql.clone()),
    );
    write_all(
        &mut text,
        tables.iter().flat_map(rows::TableRows::statements),
    );
    write_all(&mut text, sequences.into_iter());
    if !tables.is_empty() {
        text.push_str("\nSET CONSTRAINTS ALL IMMEDIATE;\n");
    }
    write_all(
        &mut text,
        after.iter().map(|statement| statement.sql.clone()),
    );
    write_all(&mut text, refreshes(&ddl));
    Ok(Contents {
        text,
        statements: ddl.statements.len(),
        rows: tables.iter().map(rows::TableRows::count).sum(),
    })
}

/// What is in rows that two runs of the same files wrote differently, in words: random values, or
/// the name of the database. A squashed file would give every database those of one run.
///
/// # Errors
/// The rows cannot be read.
pub async fn unstable(one: &Connection, other: &Connection) -> Result<Vec<String>, ContentsError> {
    let rows = (rows::read(one).await?, rows::read(other).await?);
    Ok(rows::differences(&rows.0, &rows.1))
}

const PROLOGUE: &str =
    "-- Made by `poststack db squash` from the files that are in `.squashed` now.

SELECT pg_catalog.set_config('search_path', '', true);
SET LOCAL check_function_bodies = off;
SET LOCAL client_min_messages = warning;
";

fn write_all(text: &mut String, statements: impl Iterator<Item = String>) {
    for statement in statements {
        let _ = write!(text, "\n{statement};\n");
    }
}

/// Objects belong to whoever applies the file, as those of the files it stands for did.
fn ownerless(mut schema: Schema, connection: &Connection) -> Schema {
    let user = &connection.address().user;
    let is_ours = |owner: &str| owner == user || owner == identifier(user);
    for object in schema.objects.values_mut() {
        if object.get(Property::Owner).is_some_and(is_ours) {
            object.properties.remove(&Property::Owner);
        }
    }
    schema
}

fn todos(ddl: &Ddl) -> impl Iterator<Item = String> {
    let statements = ddl.statements.iter();
    let todos = statements.filter(|statement| statement.effect == Effect::Todo);
    todos.map(|statement| statement.sql.clone())
}

/// What is made before the rows, and what only then: what would act on them, or refuse them in
/// the order in which they come.
fn split<'a>(ddl: &'a Ddl, schema: &Schema) -> (Vec<&'a Statement>, Vec<&'a Statement>) {
    ddl.statements.iter().partition(|statement| {
        let object = schema.get(&statement.object);
        let constraint = object.and_then(|object| object.get(Property::ConstraintType));
        let acts = matches!(
            statement.object.kind,
            Kind::Rule | Kind::Trigger | Kind::Policy | Kind::EventTrigger
        );
        let definition = object.and_then(|object| object.get(Property::Definition));
        let may_be_broken = definition.is_some_and(|text| text.ends_with(" NOT VALID"));
        !acts && !may_be_broken && constraint != Some("foreign key")
    })
}

/// Materialized views are filled when they are made, which is before there are rows. One that the
/// migrations left behind the rows is up to date then.
fn refreshes(ddl: &Ddl) -> impl Iterator<Item = String> {
    let mut seen = std::collections::BTreeSet::new();
    let views = ddl.statements.iter().map(|statement| &statement.object);
    let views = views.filter(|object| object.kind == Kind::MaterializedView);
    let views = views.filter(move |object| seen.insert((*object).clone()));
    views.map(|object| format!("REFRESH MATERIALIZED VIEW {}", object.sql()))
}

/// What tables and sequences hold now.
///
/// # Errors
/// [`ContentsError::Rows`].
pub async fn state(connection: &Connection) -> Result<rows::State, ContentsError> {
    Ok(rows::state(connection).await?)
}
